// SPDX-License-Identifier: MIT
/*
 * Opening model files: a good one, and every way in which one can be bad.  Each bad file
 * must be refused with the right status and a sentence that names what is wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <edgebert/edgebert.h>

#include "tests/unit/lib/tiny_model.h"

static uint8_t *pristine, *file;
static size_t file_size;

static int setup(void **state)
{
	(void)state;
	pristine = tiny_model_build(NULL, &file_size);
	file = aligned_alloc(EB_MODEL_SECTION_ALIGN, (file_size + 4095) & ~(size_t)4095);
	return !pristine || !file;
}

static int teardown(void **state)
{
	(void)state;
	free(pristine);
	free(file);
	return 0;
}

static int restore(void **state)
{
	(void)state;
	memcpy(file, pristine, file_size);
	return 0;
}

static enum eb_status try_open(size_t size)
{
	struct eb_model *model = (void *)1;
	enum eb_status status = eb_model_open_memory(file, size, &model);

	if (status)
		assert_ptr_equal(model, (void *)1);
	else
		eb_model_unref(model);
	return status;
}

static void expect(enum eb_status status, const char *words)
{
	enum eb_status got = try_open(file_size);

	if (got != status || (words && !strstr(eb_error_detail(), words)))
		fail_msg("got %s \"%s\", expected %s with \"%s\"", eb_status_name(got),
			 got ? eb_error_detail() : "", eb_status_name(status), words ? words : "");
}

static struct eb_model_header *header(void)
{
	return (struct eb_model_header *)(void *)file;
}

/* ---- good files ---- */

static void good_file_tells_what_it_is(void **state)
{
	struct eb_model_info info = { .size = sizeof(info) };
	struct eb_model *model;

	(void)state;
	assert_int_equal(eb_model_open_memory(file, file_size, &model), EB_OK);
	assert_int_equal(eb_model_get_info(model, &info), EB_OK);
	assert_string_equal(info.name, "tiny");
	assert_string_equal(info.architecture, "bert");
	assert_int_equal(info.layers, TINY_LAYERS);
	assert_int_equal(info.classes, TINY_CLASSES);
	assert_int_equal(info.exit_count, TINY_LAYERS);
	assert_int_equal(info.sequence_max, TINY_SEQUENCE_MAX);
	assert_int_equal(info.vocabulary_size, TINY_VOCABULARY);
	assert_int_equal(info.weight_bytes, tiny_model_section(file, EB_MODEL_WEIGHTS, 0)->size);
	assert_string_equal(eb_model_label(model, 0), "negative");
	assert_string_equal(eb_model_label(model, 1), "positive");
	assert_null(eb_model_label(model, 2));
	eb_model_unref(model);
}

static void references_keep_the_model(void **state)
{
	struct eb_model *model;

	(void)state;
	assert_int_equal(eb_model_open_memory(file, file_size, &model), EB_OK);
	assert_ptr_equal(eb_model_ref(model), model);
	assert_null(eb_model_unref(model));
	assert_string_equal(eb_model_label(model, 0), "negative");
	assert_null(eb_model_unref(model));
	assert_null(eb_model_unref(NULL));
}

static void optional_sections_may_be_absent(void **state)
{
	const struct tiny_model_options options = {
		.without_predictor = true, .without_cycles = true,
	};
	struct eb_model *model;
	uint8_t *bare;
	size_t size;

	(void)state;
	bare = tiny_model_build(&options, &size);
	assert_int_equal(eb_model_open_memory(bare, size, &model), EB_OK);
	eb_model_unref(model);
	free(bare);
}

static void tokenize_counts_and_cuts(void **state)
{
	uint32_t ids[64];
	struct eb_model *model;
	size_t count = 0;
	int truncated = 7;
	char text[1024] = "";

	(void)state;
	assert_int_equal(eb_model_open_memory(file, file_size, &model), EB_OK);
	assert_int_equal(eb_model_tokenize(model, "aa ba", 5, ids, 64, &count, &truncated), EB_OK);
	assert_int_equal(count, 4);
	assert_int_equal(truncated, 0);
	assert_int_equal(ids[0], 2);
	assert_int_equal(ids[1], 4);
	assert_int_equal(ids[2], 5);
	assert_int_equal(ids[3], 3);
	for (int i = 0; i < 200; i++)
		strcat(text, "aa ");
	assert_int_equal(eb_model_tokenize(model, text, strlen(text), ids, 64, &count,
					   &truncated), EB_OK);
	assert_int_equal(count, TINY_SEQUENCE_MAX);
	assert_int_equal(truncated, 1);
	assert_int_equal(eb_model_tokenize(model, "a\xff", 2, ids, 64, &count, &truncated),
			 EB_TEXT_INVALID);
	assert_int_equal(eb_model_tokenize(model, "  ", 2, ids, 64, NULL, NULL), EB_TEXT_EMPTY);
	assert_int_equal(eb_model_tokenize(NULL, "a", 1, ids, 64, NULL, NULL),
			 EB_INVALID_ARGUMENT);
	eb_model_unref(model);
}

/* ---- the frame ---- */

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t size = 0; size < file_size; size += size < 8192 ? 1 : 509) {
		uint8_t *copy = aligned_alloc(64, (size + 64) & ~(size_t)63);
		struct eb_model *model;
		enum eb_status status;

		/* Its own allocation: a read past the end is then seen by the sanitizer. */
		memcpy(copy, pristine, size);
		status = eb_model_open_memory(copy, size, &model);
		assert_int_equal(status, size < 8 ? EB_MODEL_NOT_A_MODEL : EB_MODEL_CORRUPT);
		if (size >= 8)
			assert_non_null(strstr(eb_error_detail(), "truncated"));
		free(copy);
	}
}

static void truncation_at_section_boundaries_is_refused_even_when_sealed(void **state)
{
	const uint32_t count = header()->section_count;

	(void)state;
	for (uint32_t i = 0; i < count; i++) {
		struct eb_model_section *section;

		restore(NULL);
		section = (struct eb_model_section *)(void *)(header() + 1) + i;
		for (int past = 0; past < 2; past++) {
			header()->file_size = section->offset + (past ? section->size - 1 : 0);
			tiny_model_seal(file, file_size);
			assert_int_equal(try_open(header()->file_size), EB_MODEL_CORRUPT);
		}
	}
}

static void appended_bytes_are_refused(void **state)
{
	(void)state;
	header()->file_size = file_size - 1;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "appended");
}

static void other_files_are_not_models(void **state)
{
	(void)state;
	memcpy(file, "\x7f" "ELF", 4);
	expect(EB_MODEL_NOT_A_MODEL, "edgebert compile");
	memset(file, 0, 64);
	expect(EB_MODEL_NOT_A_MODEL, NULL);
}

static void version_message_names_both_versions(void **state)
{
	(void)state;
	header()->magic[7] = 2;
	header()->version_major = 2;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_VERSION, "format 2.0, but this library (0.1.0) reads format 1");
	restore(NULL);
	header()->version_major = 7;
	header()->version_minor = 3;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_VERSION, "format 7.3");
	restore(NULL);
	header()->version_minor = EB_MODEL_VERSION_MINOR + 1;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_VERSION, "upgrade the library");
	restore(NULL);
	header()->version_major = 0;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_VERSION, "recompile");
}

static void wrong_checksums_are_refused(void **state)
{
	const uint32_t count = header()->section_count;

	(void)state;
	header()->header_crc ^= 1;
	expect(EB_MODEL_CORRUPT, "header checksum");
	restore(NULL);
	header()->reserved[31] = 1;
	expect(EB_MODEL_CORRUPT, "header checksum");
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "reserved bytes of the header");
	restore(NULL);
	((struct eb_model_section *)(void *)(header() + 1))->crc ^= 1;
	expect(EB_MODEL_CORRUPT, "section table checksum");
	for (uint32_t i = 0; i < count; i++) {
		struct eb_model_section *section;

		restore(NULL);
		section = (struct eb_model_section *)(void *)(header() + 1) + i;
		file[section->offset + section->size - 1] ^= 0x40;
		expect(EB_MODEL_CORRUPT, "checksum is");
	}
}

static void hostile_section_counts_are_refused(void **state)
{
	static const uint32_t counts[] = { 0, 33, 0x08000000, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		restore(NULL);
		header()->section_count = counts[i];
		tiny_model_seal(file, file_size);
		expect(EB_MODEL_CORRUPT, "sections, expected 1 to 32");
	}
}

static void hostile_section_bounds_are_refused(void **state)
{
	static const struct {
		uint64_t offset, size;
		const char *words;
	} rows[] = {
		{ 4096, UINT64_MAX, "does not fit" },
		{ UINT64_MAX & ~4095ull, 8192, "does not fit" },
		{ UINT64_MAX & ~4095ull, 1, "does not fit" },
		{ 1ull << 40, 16, "does not fit" },
		{ 4096, UINT64_MAX - 4095, "does not fit" },
		{ 4096, 0, "does not fit" },
		{ 0, 64, "inside the section table" },
		{ 4097, 64, "not a multiple" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct eb_model_section *section;

		restore(NULL);
		section = tiny_model_section(file, EB_MODEL_WEIGHTS, 0);
		section->offset = rows[i].offset;
		section->size = rows[i].size;
		tiny_model_seal(file, file_size);
		expect(EB_MODEL_CORRUPT, rows[i].words);
	}
}

static void overlapping_sections_are_refused(void **state)
{
	struct eb_model_section *weights, *program;

	(void)state;
	weights = tiny_model_section(file, EB_MODEL_WEIGHTS, 0);
	program = tiny_model_section(file, EB_MODEL_PROGRAM, 0);
	weights->size = program->offset - weights->offset + 1;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "overlap");
	restore(NULL);
	program->offset = weights->offset;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "overlap");
}

static void section_entries_are_checked(void **state)
{
	(void)state;
	tiny_model_section(file, EB_MODEL_PREDICTOR, 0)->type = 99;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "unknown type 99");
	restore(NULL);
	tiny_model_section(file, EB_MODEL_PREDICTOR, 0)->type = 0;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "unknown type 0");
	restore(NULL);
	tiny_model_section(file, EB_MODEL_WEIGHTS, 0)->reserved = 1;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "reserved");
	restore(NULL);
	tiny_model_section(file, EB_MODEL_PREDICTOR, 0)->type = EB_MODEL_WEIGHTS;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "are both WEIGHTS");
}

static void required_sections_are_required(void **state)
{
	static const enum eb_model_section_type types[] = {
		EB_MODEL_PARAMETERS, EB_MODEL_METADATA, EB_MODEL_VOCABULARY, EB_MODEL_WEIGHTS,
		EB_MODEL_PROGRAM,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct eb_model_section *section;

		restore(NULL);
		section = tiny_model_section(file, types[i], 0);
		/* The last entry moves into its place. */
		header()->section_count--;
		*section = ((struct eb_model_section *)(void *)(header() + 1))
				[header()->section_count];
		tiny_model_seal(file, file_size);
		expect(EB_MODEL_CORRUPT, "has no");
	}
}

/* ---- inside the sections ---- */

struct patch {
	enum eb_model_section_type section;
	size_t offset;
	uint32_t value;
	enum eb_status status;
	const char *words;
};

#define PARAMETER(field, value, words) \
	{ EB_MODEL_PARAMETERS, offsetof(struct eb_model_parameters, field), value, \
	  EB_MODEL_CORRUPT, words }
#define UNSUPPORTED(field, value, words) \
	{ EB_MODEL_PARAMETERS, offsetof(struct eb_model_parameters, field), value, \
	  EB_MODEL_UNSUPPORTED, words }
#define PROGRAM(field, value, words) \
	{ EB_MODEL_PROGRAM, offsetof(struct eb_model_program, field), value, EB_MODEL_CORRUPT, \
	  words }
#define CYCLES(field, value, words) \
	{ EB_MODEL_CYCLES, offsetof(struct eb_model_cycles, field), value, EB_MODEL_CORRUPT, \
	  words }
#define PREDICTOR(field, value, words) \
	{ EB_MODEL_PREDICTOR, offsetof(struct eb_model_predictor, field), value, \
	  EB_MODEL_CORRUPT, words }

static const struct patch patches[] = {
	UNSUPPORTED(hardware_major, 2, "hardware version 2"),
	UNSUPPORTED(tokenizer, 9, "tokenizer 9"),
	UNSUPPORTED(tokenizer_flags, 0x80, "flags 0x81"),
	UNSUPPORTED(flags, 4, "model flags 0x4"),
	PARAMETER(layers, 0, "layers is 0"),
	PARAMETER(layers, 25, "layers is 25"),
	PARAMETER(layers, TINY_LAYERS + 1, "output_bytes"),
	PARAMETER(layers, TINY_LAYERS - 1, "exit_count"),
	PARAMETER(hidden_size, 0, "hidden_size"),
	PARAMETER(hidden_size, UINT32_MAX, "hidden_size"),
	PARAMETER(attention_heads, 0, "attention_heads"),
	PARAMETER(attention_heads, 33, "attention_heads"),
	PARAMETER(intermediate_size, 0, "intermediate_size"),
	PARAMETER(embedding_size, 5000, "embedding_size"),
	PARAMETER(vocabulary_size, 0, "vocabulary_size"),
	PARAMETER(vocabulary_size, UINT32_MAX, "vocabulary_size"),
	PARAMETER(vocabulary_size, TINY_VOCABULARY + 1, "VOCABULARY has 32 tokens"),
	PARAMETER(classes, 1, "classes is 1"),
	PARAMETER(classes, 17, "classes is 17"),
	PARAMETER(classes, 3, "not an array of the model's 3 classes"),
	PARAMETER(exit_count, 0, "exit_count"),
	PARAMETER(exit_count, TINY_LAYERS - 1, "PROGRAM has exits at 4 layers"),
	PARAMETER(sequence_max, 2, "sequence_max"),
	PARAMETER(sequence_max, 513, "sequence_max"),
	PARAMETER(sequence_max, TINY_SEQUENCE_MAX + 1, "input_bytes"),
	PARAMETER(scratch_bytes, 0, "scratch_bytes"),
	PARAMETER(scratch_bytes, 0x10000001, "scratch_bytes"),
	PARAMETER(input_bytes, 8 * TINY_SEQUENCE_MAX - 1, "input_bytes"),
	PARAMETER(input_bytes, UINT32_MAX, "input_bytes"),
	PARAMETER(output_bytes, TINY_LAYERS * 32 - 1, "output_bytes"),
	PARAMETER(tables_bytes, UINT32_MAX, "tables_bytes"),
	PARAMETER(tables_bytes, 8, "tables_bytes is 8, PREDICT needs"),
	PARAMETER(default_threshold, UINT32_MAX, "default_threshold is -1"),
	PARAMETER(default_threshold, 0x8000, "default_threshold"),
	PARAMETER(token_cls, TINY_VOCABULARY, "token_cls"),
	PARAMETER(token_sep, UINT32_MAX, "token_sep"),
	PARAMETER(token_padding, 5, "special tokens"),
	PARAMETER(reserved[0], 1, "reserved field 0"),
	PARAMETER(reserved[8], 1, "reserved field 8"),
	PROGRAM(command_count, 0, "PROGRAM has 0 commands"),
	PROGRAM(command_count, UINT32_MAX, "PROGRAM has 4294967295 commands"),
	PROGRAM(command_count, 65537, "PROGRAM has 65537 commands"),
	PROGRAM(command_count, 3, "PROGRAM has 3 commands"),
	PROGRAM(layer_start[0], 1, "layer 1 begins at command 1"),
	PROGRAM(layer_start[1], 0, "layer 2 begins at command 0"),
	PROGRAM(layer_start[1], 1000, "layer 2 begins at command 1000"),
	PROGRAM(layer_start[1], 1, "is the exit of layer 1 among the commands of layer 2"),
	PROGRAM(layer_start[TINY_LAYERS], 100, "layer 5 begins"),
	PROGRAM(reserved[6], 1, "reserved field 6"),
	CYCLES(layers, 3, "CYCLES of profile"),
	CYCLES(vectors, 1u << 30, "CYCLES of profile"),
	CYCLES(profile, 0, "CYCLES names no profile"),
	CYCLES(reserved[1], 1, "reserved"),
	PREDICTOR(rows, 0, "0 rows"),
	PREDICTOR(rows, 65536, "65536 rows"),
	PREDICTOR(rows, 17, "PREDICTOR has"),
	PREDICTOR(step, 0, "step of 0"),
	PREDICTOR(step, 32768, "step of 32768"),
	PREDICTOR(columns, 1, "1 columns"),
	PREDICTOR(columns, UINT32_MAX, "columns"),
	PREDICTOR(first_layer, 0, "predicts layers 0"),
	PREDICTOR(first_layer, 1, "predicts layers 1"),
	PREDICTOR(first_layer, 5, "predicts layers 5 to 4"),
	PREDICTOR(last_layer, 25, "predicts layers 2 to 25"),
	PREDICTOR(last_layer, TINY_LAYERS + 1, "predicts layers 2 to 5"),
	PREDICTOR(reserved[2], 1, "reserved"),
};

static void every_field_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		const struct patch *patch = &patches[i];
		uint32_t value = patch->value, before;
		uint8_t *where;

		restore(NULL);
		where = (uint8_t *)tiny_model_contents(file, patch->section) + patch->offset;
		memcpy(&before, where, sizeof(before));
		if (patch->offset == offsetof(struct eb_model_parameters, tokenizer_flags))
			value |= before;
		memcpy(where, &value, sizeof(value));
		tiny_model_seal(file, file_size);
		expect(patch->status, patch->words);
	}
}

static void section_sizes_are_checked(void **state)
{
	static const enum eb_model_section_type types[] = {
		EB_MODEL_PARAMETERS, EB_MODEL_PROGRAM, EB_MODEL_CYCLES, EB_MODEL_PREDICTOR,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const uint64_t size = tiny_model_section(pristine, types[i], 0)->size;
		const uint64_t wrong[] = { 1, 31, size - 1, size - 2 };

		for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
			restore(NULL);
			tiny_model_section(file, types[i], 0)->size = wrong[j];
			tiny_model_seal(file, file_size);
			expect(EB_MODEL_CORRUPT, "bytes");
		}
	}
}

static void cycles_must_grow_and_profiles_differ(void **state)
{
	struct eb_model_cycles *cycles = tiny_model_contents(file, EB_MODEL_CYCLES);
	uint32_t *values = (uint32_t *)(cycles + 1);

	(void)state;
	values[1] = values[0];
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "layer 2 of row 0 takes no time");
	restore(NULL);
	memcpy(cycles->profile, file + tiny_model_section(file, EB_MODEL_CYCLES, 1)->offset,
	       sizeof(cycles->profile));
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "two CYCLES sections for profile");
}

static void program_without_last_exit_is_refused(void **state)
{
	struct eb_model_program *program = tiny_model_contents(file, EB_MODEL_PROGRAM);
	struct edgebert_hw_command *commands = (void *)(program + 1);

	(void)state;
	commands[program->command_count - 1].opcode = EDGEBERT_HW_OP_END;
	commands[program->command_count - 1].flags = 0;
	commands[program->command_count - 1].exit.layer = 0;
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "exits at 3 layers");
}

static void metadata_must_be_usable(void **state)
{
	static const char *const texts[] = {
		"", "[]", "nonsense", "{\"name\": \"x\"}",
		"{\"name\": 1, \"architecture\": \"bert\", \"labels\": [\"a\", \"b\"]}",
		"{\"name\": \"x\", \"architecture\": \"bert\", \"labels\": [\"a\"]}",
		"{\"name\": \"x\", \"architecture\": \"bert\", \"labels\": [\"a\", 2]}",
		"{\"name\": \"x\", \"architecture\": \"bert\", \"labels\": \"ab\"}",
		"{\"name\": \"\xff\", \"architecture\": \"bert\", \"labels\": [\"a\", \"b\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct eb_model_section *section;

		restore(NULL);
		section = tiny_model_section(file, EB_MODEL_METADATA, 0);
		memset(file + section->offset, ' ', section->size);
		memcpy(file + section->offset, texts[i], strlen(texts[i]));
		tiny_model_seal(file, file_size);
		expect(EB_MODEL_CORRUPT, "METADATA");
	}
}

static void vocabulary_must_be_usable(void **state)
{
	char *vocabulary = tiny_model_contents(file, EB_MODEL_VOCABULARY);

	(void)state;
	memcpy(vocabulary, "[DAP]", 5);
	tiny_model_seal(file, file_size);
	expect(EB_MODEL_CORRUPT, "VOCABULARY");
}

/* ---- chance ---- */

/* One byte, mostly where structure is: the beginning of the file or of a section. */
static void damage(uint64_t *random, bool in_section)
{
	const struct eb_model_section *sections =
		(const void *)(pristine + sizeof(struct eb_model_header));
	size_t where;

	*random = *random * 6364136223846793005ull + 1442695040888963407ull;
	where = (*random >> 33) % 160;
	if (in_section)
		where += sections[(*random >> 20) % 8].offset;
	file[where] = (uint8_t)(*random >> 56);
}

/*
 * Random damage, half of it under right checksums so that it reaches the inner checks.
 * Either the model is refused with a detail, or what it tells is within its limits.
 */
static void random_damage_never_gets_past_the_checks(void **state)
{
	const time_t end = time(NULL) + 4;
	uint64_t random = 12345;
	uint32_t opened = 0, refused = 0;

	(void)state;
	for (uint32_t round = 0; round < 6000 && time(NULL) < end; round++) {
		struct eb_model_info info = { .size = sizeof(info) };
		struct eb_model *model;
		enum eb_status status;

		restore(NULL);
		for (uint32_t i = 0; i <= round % 4; i++)
			damage(&random, round % 3 != 0);
		if (round & 1)
			tiny_model_seal(file, file_size);
		status = eb_model_open_memory(file, file_size, &model);
		if (status) {
			assert_true(strlen(eb_error_detail()) > 10);
			refused++;
			continue;
		}
		assert_int_equal(eb_model_get_info(model, &info), EB_OK);
		assert_in_range(info.layers, 1, EB_LAYERS_MAX);
		assert_in_range(info.classes, 2, EB_CLASSES_MAX);
		assert_non_null(eb_model_label(model, info.classes - 1));
		eb_model_unref(model);
		opened++;
	}
	assert_true(refused > 100);
	assert_true(opened > 0);
}

/* ---- paths ---- */

static void paths_that_are_no_file_are_told_apart(void **state)
{
	struct eb_model *model;
	char directory[] = "/tmp/edgebert-test-XXXXXX", path[64];

	(void)state;
	assert_int_equal(eb_model_open("/nonexistent/model.ebm", &model), EB_MODEL_NOT_FOUND);
	assert_non_null(strstr(eb_error_detail(), "/nonexistent/model.ebm"));
	assert_non_null(strstr(eb_error_detail(), "ENOENT"));
	assert_int_equal(eb_model_open("/tmp", &model), EB_MODEL_NOT_A_MODEL);
	assert_non_null(strstr(eb_error_detail(), "a directory"));
	assert_int_equal(eb_model_open("/dev/zero", &model), EB_MODEL_NOT_A_MODEL);
	assert_int_equal(eb_model_open(NULL, &model), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_model_open("/tmp", NULL), EB_INVALID_ARGUMENT);
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/pipe", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	/* Must return at once although nobody writes. */
	assert_int_equal(eb_model_open(path, &model), EB_MODEL_NOT_A_MODEL);
	unlink(path);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(eb_model_open(path, &model), EB_MODEL_NOT_A_MODEL);
	assert_non_null(strstr(eb_error_detail(), "is empty"));
	unlink(path);
	rmdir(directory);
}

static void file_may_change_while_it_is_open(void **state)
{
	char path[] = "/tmp/edgebert-test-XXXXXX";
	struct eb_model *model;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, pristine, file_size), (ssize_t)file_size);
	assert_int_equal(eb_model_open(path, &model), EB_OK);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_string_equal(eb_model_label(model, 1), "positive");
	eb_model_unref(model);
	close(fd);
	unlink(path);
}

static void memory_must_be_aligned(void **state)
{
	struct eb_model *model;

	(void)state;
	assert_int_equal(eb_model_open_memory(file + 8, file_size - 8, &model),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_model_open_memory(NULL, 64, &model), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_model_open_memory(file, SIZE_MAX, &model), EB_INVALID_ARGUMENT);
}

#define TEST(name) cmocka_unit_test_setup(name, restore)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_file_tells_what_it_is),
		TEST(references_keep_the_model),
		TEST(optional_sections_may_be_absent),
		TEST(tokenize_counts_and_cuts),
		TEST(every_truncation_is_refused),
		TEST(truncation_at_section_boundaries_is_refused_even_when_sealed),
		TEST(appended_bytes_are_refused),
		TEST(other_files_are_not_models),
		TEST(version_message_names_both_versions),
		TEST(wrong_checksums_are_refused),
		TEST(hostile_section_counts_are_refused),
		TEST(hostile_section_bounds_are_refused),
		TEST(overlapping_sections_are_refused),
		TEST(section_entries_are_checked),
		TEST(required_sections_are_required),
		TEST(every_field_is_checked),
		TEST(section_sizes_are_checked),
		TEST(cycles_must_grow_and_profiles_differ),
		TEST(program_without_last_exit_is_refused),
		TEST(metadata_must_be_usable),
		TEST(vocabulary_must_be_usable),
		TEST(random_damage_never_gets_past_the_checks),
		TEST(paths_that_are_no_file_are_told_apart),
		TEST(file_may_change_while_it_is_open),
		TEST(memory_must_be_aligned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
