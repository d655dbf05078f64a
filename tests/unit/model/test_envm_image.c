// SPDX-License-Identifier: MIT
/*
 * Models whose word embedding lies in the eNVM: they answer as with it in the model, share
 * one image, and are refused where the image is not.
 */
#include "tests/unit/model/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/model/compile.h"

#define TEXTS 12

/* Compiles the folder's checkpoint; image NULL: the embedding stays in the model. */
static enum eb_status compile(const char *folder, const char *output, const char *image,
			      struct eb_compile_summary *summary)
{
	const struct eb_compile_options options = {
		.checkpoint = folder, .output = path_in(folder, output), .summary = summary,
		.calibration = path_in(folder, "sentences.tsv"),
		.envm_image = image ? path_in(folder, image) : NULL,
	};

	return eb_compile(&options);
}

static void write_task(const char *folder, uint64_t seed, uint64_t task_seed)
{
	struct tiny_checkpoint tiny = tiny_albert;

	tiny.seed = seed;
	tiny.task_seed = task_seed;
	tiny_checkpoint_write(folder, &tiny);
	tiny_sentences_write(path_in(folder, "sentences.tsv"), 48);
}

static struct eb_device *open_reference(const char *image)
{
	const struct eb_device_options options = {
		.size = sizeof(options), .backend = EB_BACKEND_REFERENCE, .envm_image = image,
	};
	struct eb_device *device;

	assert_int_equal(eb_device_open(&options, &device), EB_OK);
	return device;
}

static enum eb_status open_engine(struct eb_device *device, const char *path,
				  struct eb_engine **ret_engine)
{
	const struct eb_engine_options options = {
		.size = sizeof(options), .policy = EB_POLICY_FULL, .entropy_threshold = -1,
		.operating_point = EB_OPERATING_POINT_HIGHEST,
	};
	struct eb_model *model;
	enum eb_status status;

	assert_int_equal(eb_model_open(path, &model), EB_OK);
	status = eb_engine_create(device, model, &options, ret_engine);
	eb_model_unref(model);
	return status;
}

static struct eb_engine *engine_of(struct eb_device *device, const char *path)
{
	struct eb_engine *engine;

	if (open_engine(device, path, &engine))
		fail_msg("%s", eb_error_detail());
	return engine;
}

/* Different token ids each time, between the special ones. */
static void classify(struct eb_engine *engine, uint32_t number, struct eb_result *result)
{
	uint32_t ids[6] = { 2, 5 + number % 40, 6 + number % 30, 7 + number % 20, 8 + number % 10, 3 };

	memset(result, 0, sizeof(*result));
	result->size = sizeof(*result);
	if (eb_engine_run_tokens(engine, ids, 6, result))
		fail_msg("%s", eb_error_detail());
}

static void answers_are_those_of_the_embedding_in_the_model(void **state)
{
	struct eb_compile_summary summary;
	struct eb_device *plain, *device;
	struct eb_engine *inside, *outside;

	write_task(*state, 7, 0);
	assert_int_equal(compile(*state, "inside.ebm", NULL, &summary), EB_OK);
	assert_false(summary.embedding_in_envm);
	assert_int_equal(compile(*state, "outside.ebm", "words.evm", &summary), EB_OK);
	assert_true(summary.embedding_in_envm);
	assert_string_equal(summary.envm_name, "words");
	plain = open_reference(NULL);
	device = open_reference(path_in(*state, "words.evm"));
	inside = engine_of(plain, path_in(*state, "inside.ebm"));
	outside = engine_of(device, path_in(*state, "outside.ebm"));
	for (uint32_t i = 0; i < TEXTS; i++) {
		struct eb_result here, there;

		classify(inside, i, &here);
		classify(outside, i, &there);
		assert_memory_equal(here.logits, there.logits, sizeof(here.logits));
		assert_int_equal(here.exit_layer, there.exit_layer);
	}
	eb_engine_unref(inside);
	eb_engine_unref(outside);
	eb_device_unref(plain);
	eb_device_unref(device);
}

static void tasks_share_an_image(void **state)
{
	struct eb_compile_summary first, second;
	struct eb_device_counters counters = { .size = sizeof(counters) };
	struct eb_result one, two;
	struct eb_engine *engines[2];
	struct eb_device *device;
	uint64_t loaded;

	write_task(*state, 7, 100);
	assert_int_equal(compile(*state, "one.ebm", "words.evm", &first), EB_OK);
	write_task(*state, 7, 200);
	assert_int_equal(compile(*state, "two.ebm", "words.evm", &second), EB_OK);
	assert_string_equal(first.envm_id, second.envm_id);
	device = open_reference(path_in(*state, "words.evm"));
	engines[0] = engine_of(device, path_in(*state, "one.ebm"));
	engines[1] = engine_of(device, path_in(*state, "two.ebm"));
	classify(engines[0], 0, &one);
	classify(engines[1], 0, &two);
	assert_memory_not_equal(one.logits, two.logits, sizeof(one.logits));
	assert_int_equal(eb_device_get_counters(device, &counters), EB_OK);
	assert_int_equal(counters.models_loaded, 2);
	loaded = counters.bytes_loaded;
	/* Switching back and forth brings nothing to the device again. */
	for (uint32_t i = 0; i < TEXTS; i++)
		classify(engines[i % 2], i, &one);
	assert_int_equal(eb_device_get_counters(device, &counters), EB_OK);
	assert_int_equal(counters.models_loaded, 2);
	assert_int_equal(counters.bytes_loaded, loaded);
	eb_engine_unref(engines[0]);
	eb_engine_unref(engines[1]);
	eb_device_unref(device);
}

static void an_image_of_another_embedding_is_not_shared(void **state)
{
	write_task(*state, 7, 100);
	assert_int_equal(compile(*state, "one.ebm", "words.evm", NULL), EB_OK);
	write_task(*state, 8, 100);
	assert_detail(compile(*state, "two.ebm", "words.evm", NULL), EB_INVALID_ARGUMENT,
		      "another word embedding");
	assert_int_equal(access(path_in(*state, "two.ebm"), F_OK), -1);
}

static void what_is_no_image_is_not_overwritten(void **state)
{
	write_task(*state, 7, 100);
	write_text(path_in(*state, "words.evm"), "something else entirely");
	assert_detail(compile(*state, "one.ebm", "words.evm", NULL), EB_IMAGE_CORRUPT,
		      "words.evm");
}

static void a_model_without_its_image_says_which(void **state)
{
	struct eb_compile_summary summary;
	struct eb_engine *engine;
	struct eb_device *device;

	write_task(*state, 7, 100);
	assert_int_equal(compile(*state, "one.ebm", "words.evm", &summary), EB_OK);
	device = open_reference(NULL);
	assert_detail(open_engine(device, path_in(*state, "one.ebm"), &engine),
		      EB_IMAGE_NOT_INSTALLED, summary.envm_id);
	eb_device_unref(device);
	write_task(*state, 8, 100);
	assert_int_equal(compile(*state, "two.ebm", "others.evm", NULL), EB_OK);
	device = open_reference(path_in(*state, "others.evm"));
	assert_detail(open_engine(device, path_in(*state, "one.ebm"), &engine),
		      EB_IMAGE_NOT_INSTALLED, "others");
	eb_device_unref(device);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(answers_are_those_of_the_embedding_in_the_model),
		WITH_FOLDER(tasks_share_an_image),
		WITH_FOLDER(an_image_of_another_embedding_is_not_shared),
		WITH_FOLDER(what_is_no_image_is_not_overwritten),
		WITH_FOLDER(a_model_without_its_image_says_which),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
