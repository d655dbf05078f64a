// SPDX-License-Identifier: MIT
/*
 * Texts of any bytes: tokenizing gives ids of the vocabulary, the same every time and
 * whatever room there is for them, or a status.
 */
#include <stdlib.h>
#include <string.h>

#include <edgebert/edgebert.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/lib/tiny_model.h"

#define IDS_MAX	64

static struct eb_model *open_model(void)
{
	static struct eb_model *model;
	uint8_t *file;
	size_t size;

	if (model != NULL)
		return model;
	file = tiny_model_build(NULL, &size);
	FUZZ_CHECK(file != NULL && eb_model_open_memory(file, size, &model) == EB_OK);
	return model;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eb_model *model = open_model();
	uint32_t ids[IDS_MAX], few[IDS_MAX];
	int truncated, truncated_again;
	size_t count, count_again, room = size % IDS_MAX;
	char *text = malloc(size + 1);

	/* The text has no terminator, so reading past it is seen. */
	FUZZ_CHECK(text != NULL);
	text = realloc(text, size > 0 ? size : 1);
	FUZZ_CHECK(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	if (eb_model_tokenize(model, text, size, ids, IDS_MAX, &count, &truncated) == EB_OK) {
		FUZZ_CHECK(count >= 2 && count <= TINY_SEQUENCE_MAX);
		for (size_t i = 0; i < count; i++)
			FUZZ_CHECK(ids[i] < TINY_VOCABULARY);
		memset(few, 0xee, sizeof(few));
		FUZZ_CHECK(eb_model_tokenize(model, text, size, few, room, &count_again,
					     &truncated_again) == EB_OK);
		FUZZ_CHECK(count_again == count && truncated_again == truncated);
		FUZZ_CHECK(memcmp(ids, few, 4 * (room < count ? room : count)) == 0);
		for (size_t i = room; i < IDS_MAX; i++)
			FUZZ_CHECK(few[i] == 0xeeeeeeee);
	}
	free(text);
	return 0;
}

void fuzz_write_seeds(const char *directory)
{
	static const char *const texts[] = {
		"a good film", "Caf\xc3\xa9 na\xc3\xafve \xe6\x9d\xb1\xe4\xba\xac!", "",
		"\xf0\x9f\x98\x80 e\xcc\x81\xcc\xa7 \xe2\x80\x8b\x01\x7f", "\xff\xc0\x80\xed\xa0\x80",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa film",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char name[2] = { (char)('a' + i) };

		fuzz_save_bytes(directory, name, texts[i], strlen(texts[i]));
	}
}
