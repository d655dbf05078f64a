// SPDX-License-Identifier: MIT
/*
 * Model files: whatever one contains, opening it, asking about it, tokenizing and
 * running it end in a status, inside its own memory.
 *
 * Input: how to use it (1), then the file.  Checksums are made right first, as a hostile author
 * would.
 */
#include <stdlib.h>
#include <string.h>

#include <edgebert/edgebert.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/lib/tiny_model.h"
#include "tools/device/core/core.h"

#define USE_AS_IT_IS	(1u << 7)	/* keep the checksums */
#define FILE_MAX	(1u << 20)
/* Running longer than that only costs time: fuzz_commands.c is about streams. */
#define CYCLES_MAX	400000

/* The program's cost, read from the file without trusting it. */
static bool is_quick(const uint8_t *file, size_t size)
{
	static struct eb_core *core;
	const struct eb_model_section *section =
		tiny_model_section((uint8_t *)file, EB_MODEL_PROGRAM, 0);
	uint64_t cycles = 0;

	if (core == NULL)
		core = eb_core_create(NULL);
	if (section == NULL || section->offset > size || section->size > size - section->offset)
		return true;
	for (uint64_t at = sizeof(struct eb_model_program); at + 64 <= section->size; at += 64) {
		struct edgebert_hw_command command;

		memcpy(&command, file + section->offset + at, sizeof(command));
		cycles += eb_core_command_cycles(core, &command, EDGEBERT_HW_SEQUENCE_MAX, 65536);
	}
	return cycles < CYCLES_MAX;
}

static void ask(struct eb_model *model)
{
	struct eb_model_info info = { .size = sizeof(info) };
	uint32_t ids[8];
	size_t count;
	int truncated;

	FUZZ_CHECK(eb_model_get_info(model, &info) == EB_OK);
	FUZZ_CHECK(strlen(info.name) < FILE_MAX && strlen(info.architecture) < FILE_MAX);
	FUZZ_CHECK(info.classes >= 1 && info.classes <= EB_CLASSES_MAX);
	FUZZ_CHECK(info.layers >= 1 && info.layers <= EB_LAYERS_MAX);
	for (uint32_t i = 0; i < info.classes; i++) {
		if (eb_model_label(model, i) != NULL)
			FUZZ_CHECK(strlen(eb_model_label(model, i)) < FILE_MAX);
	}
	FUZZ_CHECK(eb_model_label(model, info.classes) == NULL);
	if (eb_model_tokenize(model, "a good film", 11, ids, 8, &count, &truncated) != EB_OK)
		return;
	for (size_t i = 0; i < count && i < 8; i++)
		FUZZ_CHECK(ids[i] < info.vocabulary_size);
}

static void classify(struct eb_model *model, enum eb_policy policy)
{
	static struct eb_device *device;
	const struct eb_device_options where = {
		.size = sizeof(where), .backend = EB_BACKEND_REFERENCE,
	};
	const struct eb_engine_options how = {
		.size = sizeof(how), .policy = policy, .entropy_threshold = -1,
		.target_latency_us = policy == EB_POLICY_LATENCY ? 10000 : 0,
		.operating_point = EB_OPERATING_POINT_HIGHEST,
	};
	struct eb_result result = { .size = sizeof(result) };
	struct eb_engine *engine;

	if (device == NULL)
		FUZZ_CHECK(eb_device_open(&where, &device) == EB_OK);
	if (eb_engine_create(device, model, &how, &engine) != EB_OK)
		return;
	if (eb_engine_run(engine, "a good film", 11, &result) == EB_OK) {
		FUZZ_CHECK(result.label < result.class_count);
		FUZZ_CHECK(result.exit_layer <= EB_LAYERS_MAX);
	}
	eb_engine_unref(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eb_model *model;
	uint8_t *file;

	if (size < 1 + sizeof(struct eb_model_header) || size > FILE_MAX)
		return 0;
	file = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);
	FUZZ_CHECK(file != NULL);
	size--;
	memcpy(file, data + 1, size);
	if (!(data[0] & USE_AS_IT_IS) && size > sizeof(struct eb_model_header) +
	    EB_MODEL_SECTIONS_MAX * sizeof(struct eb_model_section))
		tiny_model_seal(file, size);
	if (eb_model_open_memory(file, size, &model) == EB_OK) {
		ask(model);
		if (is_quick(file, size))
			classify(model, (enum eb_policy)(data[0] % 3));
		eb_model_unref(model);
	}
	free(file);
	return 0;
}

void fuzz_write_seeds(const char *directory)
{
	static const struct {
		const char *name;
		struct tiny_model_options options;
	} models[] = {
		{ "full", { .layers = 2 } },
		{ "entropy", { .layers = 2, .without_predictor = true } },
		{ "latency", { .layers = 3 } },
	};

	for (uint8_t i = 0; i < 3; i++) {
		size_t size;
		uint8_t *file = tiny_model_build(&models[i].options, &size);
		uint8_t *input = malloc(size + 1);

		FUZZ_CHECK(file != NULL && input != NULL);
		input[0] = i;
		memcpy(input + 1, file, size);
		fuzz_save_bytes(directory, models[i].name, input, size + 1);
		free(input);
		free(file);
	}
}
