// SPDX-License-Identifier: MIT
/* Engines: their options and arguments, bad text and tokens, faults, many threads. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib/tiny_engine.h"

/* ---- devices ---- */

static void reference_device_describes_itself(void **state)
{
	struct eb_device_info info = { .size = sizeof(info) };

	(void)state;
	assert_int_equal(eb_device_get_info(tiny.device, &info), EB_OK);
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.backend, EB_BACKEND_REFERENCE);
	assert_string_equal(info.path, "reference");
	assert_string_equal(info.driver_name, "");
	assert_int_equal(info.hardware_version >> 16, 1);
	assert_true(info.profile[0] != '\0');
	assert_in_range(info.operating_point_count, 2, 16);
	for (uint32_t i = 1; i < info.operating_point_count; i++)
		assert_true(info.operating_points[i].khz > info.operating_points[i - 1].khz);
	info.size = 8;
	assert_int_equal(eb_device_get_info(tiny.device, &info), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_device_get_info(NULL, &info), EB_INVALID_ARGUMENT);
}

static void device_options_are_checked(void **state)
{
	struct eb_device_options options = {
		.size = sizeof(options), .backend = EB_BACKEND_REFERENCE, .profile = "nonsense",
	};
	struct eb_device *device = (void *)1;

	(void)state;
	assert_int_equal(eb_device_open(&options, &device), EB_INVALID_ARGUMENT);
	assert_non_null(strstr(eb_error_detail(), "there are: "));
	options.profile = NULL;
	options.path = "/dev/accel/accel0";
	assert_int_equal(eb_device_open(&options, &device), EB_INVALID_ARGUMENT);
	options.path = NULL;
	options.backend = (enum eb_backend)7;
	assert_int_equal(eb_device_open(&options, &device), EB_INVALID_ARGUMENT);
	options.backend = EB_BACKEND_REFERENCE;
	options.threads = 65;
	assert_int_equal(eb_device_open(&options, &device), EB_INVALID_ARGUMENT);
	assert_non_null(strstr(eb_error_detail(), "at most 64"));
	options.backend = EB_BACKEND_ACCEL;
	options.threads = 2;
	assert_int_equal(eb_device_open(&options, &device), EB_INVALID_ARGUMENT);
	assert_non_null(strstr(eb_error_detail(), "threads"));
	options.threads = 0;
	options.profile = "stp23";
	assert_int_equal(eb_device_open(&options, &device), EB_INVALID_ARGUMENT);
	options.size = 3;
	assert_int_equal(eb_device_open(&options, &device), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_device_open(NULL, NULL), EB_INVALID_ARGUMENT);
	assert_ptr_equal(device, (void *)1);
	assert_null(eb_device_unref(NULL));
}

/* A caller built before there were threads passes a shorter structure. */
static void older_device_options_are_accepted(void **state)
{
	const struct eb_device_options options = {
		.size = offsetof(struct eb_device_options, threads),
		.backend = EB_BACKEND_REFERENCE, .threads = 65,
	};
	struct eb_device *device;

	(void)state;
	assert_int_equal(eb_device_open(&options, &device), EB_OK);
	eb_device_unref(device);
}

static void every_profile_can_be_chosen(void **state)
{
	static const char *const names[] = { "stp23", "micro21" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct eb_device_options options = {
			.size = sizeof(options), .backend = EB_BACKEND_REFERENCE,
			.profile = names[i],
		};
		struct eb_device_info info = { .size = sizeof(info) };
		struct eb_device *device;

		assert_int_equal(eb_device_open(&options, &device), EB_OK);
		assert_int_equal(eb_device_get_info(device, &info), EB_OK);
		assert_string_equal(info.profile, names[i]);
		eb_device_unref(device);
	}
}

/* ---- engine options ---- */

static void engine_options_are_checked(void **state)
{
	const struct eb_engine_options good = tiny_options(EB_POLICY_ENTROPY, 0);
	struct eb_engine_options bad[6];
	struct eb_engine *engine = (void *)1;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		bad[i] = good;
	bad[0].policy = (enum eb_policy)9;
	bad[1].entropy_threshold = NAN;
	bad[2].operating_point = 16;
	bad[3].operating_point = -2;
	bad[4].target_latency_us = 100;			/* not with this policy */
	bad[5].policy = EB_POLICY_LATENCY;		/* not without a target */
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(eb_engine_create(tiny.device, tiny.model, &bad[i], &engine),
				 EB_INVALID_ARGUMENT);
		assert_non_null(strstr(eb_error_detail(), "eb_engine_options"));
	}
	assert_int_equal(eb_engine_create(NULL, tiny.model, &good, &engine), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_create(tiny.device, NULL, &good, &engine),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, NULL, &engine),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, &good, NULL),
			 EB_INVALID_ARGUMENT);
	assert_ptr_equal(engine, (void *)1);
	assert_null(eb_engine_unref(NULL));
}

static void missing_capability_is_refused(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_model_parameters *parameters;
	struct eb_engine *engine;
	struct eb_model *model;

	(void)state;
	parameters = tiny_model_contents(tiny.file, EB_MODEL_PARAMETERS);
	parameters->hardware_capabilities = 1u << 30;
	tiny_model_seal(tiny.file, tiny.file_size);
	assert_int_equal(eb_model_open_memory(tiny.file, tiny.file_size, &model), EB_OK);
	assert_int_equal(eb_engine_create(tiny.device, model, &options, &engine),
			 EB_MODEL_UNSUPPORTED);
	assert_non_null(strstr(eb_error_detail(), "0x40000000"));
	eb_model_unref(model);
}

static void engine_keeps_model_and_device(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	struct eb_result before = tiny_run(engine, 5), after;

	(void)state;
	tiny.model = eb_model_unref(tiny.model);
	tiny.device = eb_device_unref(tiny.device);
	assert_ptr_equal(eb_engine_ref(engine), engine);
	eb_engine_unref(engine);
	after = tiny_run(engine, 5);
	tiny_assert_same(&before, &after);
	eb_engine_unref(engine);
}

/* ---- text and tokens ---- */

static void bad_text_is_refused(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	struct eb_result result = { .size = sizeof(result), .label = 77 };

	(void)state;
	assert_int_equal(eb_engine_run(engine, "aa \xc0\xaf", 5, &result), EB_TEXT_INVALID);
	assert_non_null(strstr(eb_error_detail(), "byte"));
	assert_int_equal(eb_engine_run(engine, "", 0, &result), EB_TEXT_EMPTY);
	assert_int_equal(eb_engine_run(engine, NULL, 0, &result), EB_TEXT_EMPTY);
	assert_int_equal(eb_engine_run(engine, " \t\n", 3, &result), EB_TEXT_EMPTY);
	assert_int_equal(eb_engine_run(engine, NULL, 5, &result), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_run(NULL, "aa", 2, &result), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_run(engine, "aa", 2, NULL), EB_INVALID_ARGUMENT);
	assert_int_equal(result.label, 77);
	result.size = 5;
	assert_int_equal(eb_engine_run(engine, "aa", 2, &result), EB_INVALID_ARGUMENT);
	eb_engine_unref(engine);
}

static void long_text_is_cut_and_said_so(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	struct eb_result result = { .size = sizeof(result) };
	const size_t size = 30000;
	char *text = malloc(size);

	(void)state;
	for (size_t i = 0; i < size; i += 3)
		memcpy(text + i, "aa ", 3);
	assert_int_equal(eb_engine_run(engine, text, size, &result), EB_OK);
	assert_int_equal(result.token_count, TINY_SEQUENCE_MAX);
	assert_int_equal(result.truncated, 1);
	assert_int_equal(eb_engine_run(engine, text, 3, &result), EB_OK);
	assert_int_equal(result.token_count, 3);
	assert_int_equal(result.truncated, 0);
	free(text);
	eb_engine_unref(engine);
}

static void tokens_give_what_their_text_gives(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_ENTROPY, 0);
	struct eb_engine *engine = tiny_engine(&tiny, &options);

	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		struct eb_result text_result = tiny_run(engine, i);
		struct eb_result token_result = { .size = sizeof(token_result) };
		uint32_t ids[TINY_SEQUENCE_MAX];
		char text[256];
		size_t count;

		tiny_model_text(i, text, sizeof(text));
		assert_int_equal(eb_model_tokenize(tiny.model, text, strlen(text), ids,
						   TINY_SEQUENCE_MAX, &count, NULL), EB_OK);
		assert_int_equal(eb_engine_run_tokens(engine, ids, count, &token_result), EB_OK);
		tiny_assert_same(&text_result, &token_result);
	}
	eb_engine_unref(engine);
}

static void bad_tokens_are_refused(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	struct eb_result result = { .size = sizeof(result) };
	uint32_t ids[TINY_SEQUENCE_MAX + 1] = { 2, 3 };

	(void)state;
	assert_int_equal(eb_engine_run_tokens(engine, ids, 0, &result), EB_TEXT_EMPTY);
	assert_int_equal(eb_engine_run_tokens(engine, ids, TINY_SEQUENCE_MAX + 1, &result),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_run_tokens(engine, NULL, 2, &result), EB_INVALID_ARGUMENT);
	ids[1] = TINY_VOCABULARY;
	assert_int_equal(eb_engine_run_tokens(engine, ids, 2, &result), EB_INVALID_ARGUMENT);
	assert_non_null(strstr(eb_error_detail(), "token 1 is 32"));
	ids[1] = UINT32_MAX;
	assert_int_equal(eb_engine_run_tokens(engine, ids, 2, &result), EB_INVALID_ARGUMENT);
	ids[1] = 3;
	assert_int_equal(eb_engine_run_tokens(engine, ids, 2, &result), EB_OK);
	assert_int_equal(eb_engine_run_tokens(engine, ids, TINY_SEQUENCE_MAX, &result), EB_OK);
	eb_engine_unref(engine);
}

static void result_does_not_depend_on_earlier_sentences(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_result first[20];

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		struct eb_engine *fresh = tiny_engine(&tiny, &options);

		first[i] = tiny_run(fresh, i);
		eb_engine_unref(fresh);
	}
	for (int backwards = 0; backwards < 2; backwards++) {
		struct eb_engine *engine = tiny_engine(&tiny, &options);

		for (uint32_t i = 0; i < 20; i++) {
			uint32_t number = backwards ? 19 - i : i;
			struct eb_result again = tiny_run(engine, number);

			tiny_assert_same(&first[number], &again);
		}
		eb_engine_unref(engine);
	}
}

/* ---- faults ---- */

struct damage {
	uint8_t opcode;			/* first command with it */
	size_t offset;
	uint32_t value;
	const char *words;
};

static const struct damage damages[] = {
	{ EDGEBERT_HW_OP_EMBED, offsetof(struct edgebert_hw_command, embed.table), 0x0ff00000,
	  "EMBED" },
	{ EDGEBERT_HW_OP_MATMUL, offsetof(struct edgebert_hw_command, matmul.output), 0x00000000,
	  "MATMUL" },
	{ EDGEBERT_HW_OP_MATMUL, offsetof(struct edgebert_hw_command, matmul.input), 0x70000000,
	  "MATMUL" },
	{ EDGEBERT_HW_OP_SOFTMAX, offsetof(struct edgebert_hw_command, opcode), 0x000000ee,
	  "unknown opcode" },
	{ EDGEBERT_HW_OP_LAYERNORM, offsetof(struct edgebert_hw_command, layernorm.reserved), 1,
	  "LAYERNORM" },
	{ EDGEBERT_HW_OP_ENTROPY, offsetof(struct edgebert_hw_command, entropy.input), 0xe0000000,
	  "ENTROPY" },
};

static void faults_name_the_command_and_leave_the_device_usable(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *good = tiny_engine(&tiny, &options);
	struct eb_result before = tiny_run(good, 2);
	uint8_t *copy = aligned_alloc(4096, (tiny.file_size + 4095) & ~(size_t)4095);

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct eb_model_program *program;
		struct edgebert_hw_command *command;
		struct eb_result result = { .size = sizeof(result) }, after;
		struct eb_engine *engine;
		struct eb_model *model;

		memcpy(copy, tiny.file, tiny.file_size);
		program = tiny_model_contents(copy, EB_MODEL_PROGRAM);
		command = (void *)(program + 1);
		while (command->opcode != damages[i].opcode)
			command++;
		memcpy((uint8_t *)command + damages[i].offset, &damages[i].value, 4);
		tiny_model_seal(copy, tiny.file_size);
		assert_int_equal(eb_model_open_memory(copy, tiny.file_size, &model), EB_OK);
		assert_int_equal(eb_engine_create(tiny.device, model, &options, &engine), EB_OK);
		assert_int_equal(eb_engine_run(engine, "aa", 2, &result), EB_DEVICE_FAULT);
		assert_non_null(strstr(eb_error_detail(), damages[i].words));
		assert_non_null(strstr(eb_error_detail(), "at command"));
		after = tiny_run(good, 2);
		tiny_assert_same(&before, &after);
		eb_engine_unref(engine);
		eb_model_unref(model);
	}
	free(copy);
	eb_engine_unref(good);
}

/* ---- threads ---- */

#define THREADS 6
#define ROUNDS 15

struct worker {
	pthread_t thread;
	struct eb_engine *engine;
	const struct eb_result *expected;
	uint32_t start, different;
};

/* Assertions belong to the main thread: workers only count. */
static void *run_worker(void *opaque)
{
	struct worker *worker = opaque;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct eb_result result = { .size = sizeof(result) }, expected;
		uint32_t number = (worker->start + i) % ROUNDS;
		char text[256];

		tiny_model_text(number, text, sizeof(text));
		if (eb_engine_run(worker->engine, text, strlen(text), &result)) {
			worker->different++;
			continue;
		}
		expected = worker->expected[number];
		expected.host_ns = result.host_ns;
		expected.queue_ns = result.queue_ns;
		worker->different += memcmp(&expected, &result, sizeof(result)) != 0;
	}
	eb_engine_unref(worker->engine);
	return NULL;
}

static void many_threads_on_one_engine_get_the_same_results(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 200);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	struct eb_result expected[ROUNDS];
	struct worker workers[THREADS];

	(void)state;
	for (uint32_t i = 0; i < ROUNDS; i++)
		expected[i] = tiny_run(engine, i);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){
			.engine = eb_engine_ref(engine), .expected = expected, .start = i * 2,
		};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, run_worker,
						&workers[i]), 0);
	}
	/* The last user frees it, whichever that is. */
	eb_engine_unref(engine);
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].different, 0);
	}
}

static void threads_for_one_sentence_give_the_same_results(void **state)
{
	const struct eb_device_options device_options = {
		.size = sizeof(device_options), .backend = EB_BACKEND_REFERENCE, .threads = 3,
	};
	const struct eb_engine_options options = tiny_options(EB_POLICY_ENTROPY, 0);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	struct tiny threaded = tiny;
	struct eb_engine *threaded_engine;

	(void)state;
	assert_int_equal(eb_device_open(&device_options, &threaded.device), EB_OK);
	threaded_engine = tiny_engine(&threaded, &options);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct eb_result expected = tiny_run(engine, i);
		struct eb_result result = tiny_run(threaded_engine, i);

		tiny_assert_same(&result, &expected);
	}
	eb_engine_unref(threaded_engine);
	eb_device_unref(threaded.device);
	eb_engine_unref(engine);
}

/* Creates and drops engines while others run: uploads are shared and counted. */
static void *churn(void *opaque)
{
	struct worker *worker = opaque;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		const enum eb_policy policy = (enum eb_policy)(i % 2);
		const struct eb_engine_options options = tiny_options(policy, 0);
		struct eb_result result = { .size = sizeof(result) };
		struct eb_engine *engine;
		char text[256];

		if (eb_engine_create(tiny.device, tiny.model, &options, &engine)) {
			worker->different++;
			continue;
		}
		tiny_model_text(i, text, sizeof(text));
		if (eb_engine_run(engine, text, strlen(text), &result) ||
		    (policy == EB_POLICY_FULL &&
		     memcmp(result.logits, worker->expected[i].logits, sizeof(result.logits))))
			worker->different++;
		eb_engine_unref(engine);
	}
	return NULL;
}

static void engines_come_and_go_in_many_threads(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	struct eb_result expected[ROUNDS];
	struct worker workers[THREADS];

	(void)state;
	for (uint32_t i = 0; i < ROUNDS; i++)
		expected[i] = tiny_run(engine, i);
	eb_engine_unref(engine);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .expected = expected };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, churn, &workers[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].different, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tiny_setup, tiny_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reference_device_describes_itself),
		TEST(device_options_are_checked),
		TEST(older_device_options_are_accepted),
		TEST(every_profile_can_be_chosen),
		TEST(engine_options_are_checked),
		TEST(missing_capability_is_refused),
		TEST(engine_keeps_model_and_device),
		TEST(bad_text_is_refused),
		TEST(long_text_is_cut_and_said_so),
		TEST(tokens_give_what_their_text_gives),
		TEST(bad_tokens_are_refused),
		TEST(result_does_not_depend_on_earlier_sentences),
		TEST(faults_name_the_command_and_leave_the_device_usable),
		TEST(many_threads_on_one_engine_get_the_same_results),
		TEST(threads_for_one_sentence_give_the_same_results),
		TEST(engines_come_and_go_in_many_threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
