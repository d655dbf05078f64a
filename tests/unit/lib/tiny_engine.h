/* SPDX-License-Identifier: MIT */
/* The tiny model opened on the reference backend, for tests of what is above it. */
#ifndef EDGEBERT_TESTS_TINY_ENGINE_H
#define EDGEBERT_TESTS_TINY_ENGINE_H

#include <edgebert/edgebert.h>

#include "tests/unit/lib/tiny_model.h"

struct tiny {
	uint8_t *file;
	size_t file_size;
	struct eb_model *model;
	struct eb_device *device;
};

/* For tests with one of them, which is most. */
extern struct tiny tiny;

/* cmocka fixtures: opens it with defaults, closes it. */
int tiny_setup(void **state);
int tiny_teardown(void **state);

/* Fails the test when anything does.  options NULL: defaults. */
void tiny_open(struct tiny *it, const struct tiny_model_options *options);
void tiny_close(struct tiny *it);

/* Options with a threshold that makes the model's sentences exit at all layers. */
struct eb_engine_options tiny_options(enum eb_policy policy, uint32_t target_latency_us);

struct eb_engine *tiny_engine(const struct tiny *it, const struct eb_engine_options *options);

/* Runs sentence "number" of tiny_model_text. */
struct eb_result tiny_run(struct eb_engine *engine, uint32_t number);

/* Everything but the measured time. */
void tiny_assert_same(const struct eb_result *one, const struct eb_result *other);

#endif /* EDGEBERT_TESTS_TINY_ENGINE_H */
