// SPDX-License-Identifier: MIT
/* Opens the tiny model on the reference backend and runs its sentences. */
#include "tests/unit/lib/tiny_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THRESHOLD 0.45f

struct tiny tiny;

void tiny_open(struct tiny *it, const struct tiny_model_options *options)
{
	const struct eb_device_options device_options = {
		.size = sizeof(device_options), .backend = EB_BACKEND_REFERENCE,
	};

	it->file = tiny_model_build(options, &it->file_size);
	assert_int_equal(eb_model_open_memory(it->file, it->file_size, &it->model), EB_OK);
	assert_int_equal(eb_device_open(&device_options, &it->device), EB_OK);
}

void tiny_close(struct tiny *it)
{
	it->device = eb_device_unref(it->device);
	it->model = eb_model_unref(it->model);
	free(it->file);
}

int tiny_setup(void **state)
{
	(void)state;
	tiny_open(&tiny, NULL);
	return 0;
}

int tiny_teardown(void **state)
{
	(void)state;
	tiny_close(&tiny);
	return 0;
}

struct eb_engine_options tiny_options(enum eb_policy policy, uint32_t target_latency_us)
{
	return (struct eb_engine_options){
		.size = sizeof(struct eb_engine_options), .policy = policy,
		.entropy_threshold = THRESHOLD, .target_latency_us = target_latency_us,
		.operating_point = EB_OPERATING_POINT_HIGHEST,
	};
}

struct eb_engine *tiny_engine(const struct tiny *it, const struct eb_engine_options *options)
{
	struct eb_engine *engine;
	enum eb_status status = eb_engine_create(it->device, it->model, options, &engine);

	if (status)
		fail_msg("%s: %s", eb_status_name(status), eb_error_detail());
	return engine;
}

struct eb_result tiny_run(struct eb_engine *engine, uint32_t number)
{
	struct eb_result result = { .size = sizeof(result) };
	enum eb_status status;
	char text[256];

	tiny_model_text(number, text, sizeof(text));
	status = eb_engine_run(engine, text, strlen(text), &result);
	if (status)
		fail_msg("%s: %s", eb_status_name(status), eb_error_detail());
	return result;
}

void tiny_assert_same(const struct eb_result *one, const struct eb_result *other)
{
	struct eb_result first = *one, second = *other;

	first.host_ns = second.host_ns = 0;
	first.queue_ns = second.queue_ns = 0;
	assert_memory_equal(&first, &second, sizeof(first));
}
