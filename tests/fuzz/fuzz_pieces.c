// SPDX-License-Identifier: MIT
/*
 * SentencePiece models of any bytes: refused, or tokenizing texts and pairs with them gives
 * ids of the model.
 *
 * Input: flags (1), size of the first text (1), of the second (1), both texts, then the model.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/tokenizer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/tokenizer/piece_model.h"

#define SEQUENCE 32
#define ONE_RULE_UNITS 512
#define UNIT(offset, value, label) ((uint32_t)(offset) << 10 | (uint32_t)(value) << 8 | (label))

static void check_ids(const struct eb_tokenizer *tokenizer, const uint32_t *ids, size_t count)
{
	FUZZ_CHECK(count >= 3 && count <= SEQUENCE);
	for (size_t i = 0; i < count; i++)
		FUZZ_CHECK(ids[i] < eb_tokenizer_vocabulary_size(tokenizer));
}

static void use(const struct eb_tokenizer *tokenizer, const struct eb_text texts[2])
{
	uint32_t ids[SEQUENCE], types[SEQUENCE];
	int truncated;
	size_t count;

	for (int i = 0; i < 2; i++) {
		if (eb_tokenizer_encode(tokenizer, texts[i].bytes, texts[i].size, ids, SEQUENCE,
					&count, &truncated) == EB_OK)
			check_ids(tokenizer, ids, count);
	}
	if (eb_tokenizer_encode_pair(tokenizer, texts, ids, types, SEQUENCE, &count,
				     &truncated) != EB_OK)
		return;
	check_ids(tokenizer, ids, count);
	for (size_t i = 1; i < count; i++)
		FUZZ_CHECK(types[i] <= 1 && types[i] >= types[i - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	uint32_t flags = fuzz_u8(&input) & (EB_MODEL_TOKENIZER_LOWER_CASE |
					    EB_MODEL_TOKENIZER_KEEP_ACCENTS |
					    EB_MODEL_TOKENIZER_KEEP_SPACES);
	char bytes[2][255];
	struct eb_text texts[2];
	struct eb_tokenizer *tokenizer;

	texts[0].size = fuzz_u8(&input);
	texts[1].size = fuzz_u8(&input);
	for (int i = 0; i < 2; i++) {
		fuzz_take(&input, bytes[i], texts[i].size);
		texts[i].bytes = bytes[i];
	}
	if (eb_tokenizer_create(EB_MODEL_TOKENIZER_SENTENCEPIECE, flags, (const char *)input.next,
				input.left, SEQUENCE, &tokenizer) != EB_OK)
		return 0;
	use(tokenizer, texts);
	eb_tokenizer_destroy(tokenizer);
	return 0;
}

/* One rule: "a" becomes "b". */
static void put_map(struct piece_model *model)
{
	struct {
		uint32_t bytes;
		uint32_t units[ONE_RULE_UNITS];
		char strings[4];
	} map = { .bytes = sizeof(map.units), .strings = "b" };

	for (unsigned int i = 0; i < ONE_RULE_UNITS; i++)
		map.units[i] = UNIT(0, 0, ~i & 0xff);
	map.units[0] = UNIT(256, 0, 0);
	map.units[256 ^ 'a'] = UNIT('a' ^ 3, 1, 'a');
	map.units[256 ^ 3] = 1u << 31;
	piece_model_put_map(model, &map, sizeof(map));
}

static void save(const struct piece_model *model, const char *directory, const char *name)
{
	static const char first[] = "ab 12, A\xcc\x81 \xe2\x91\xa0", second[] = "b\xe6\x9d\xb1 ``x''";
	struct fuzz_seed seed = { .size = 0 };

	fuzz_put_u8(&seed, EB_MODEL_TOKENIZER_LOWER_CASE);
	fuzz_put_u8(&seed, sizeof(first) - 1);
	fuzz_put_u8(&seed, sizeof(second) - 1);
	fuzz_put(&seed, first, sizeof(first) - 1);
	fuzz_put(&seed, second, sizeof(second) - 1);
	fuzz_put(&seed, model->bytes, model->size);
	fuzz_save(&seed, directory, name);
}

void fuzz_write_seeds(const char *directory)
{
	struct piece_model model = { .size = 0 };

	piece_model_put_specials(&model);
	piece_model_put(&model, "\xe2\x96\x81" "ab", -1, PIECE_NORMAL);
	piece_model_put(&model, "12,", -2, PIECE_NORMAL);
	piece_model_put(&model, "b", -3, PIECE_USER_DEFINED);
	save(&model, directory, "pieces");
	put_map(&model);
	save(&model, directory, "map");
}
