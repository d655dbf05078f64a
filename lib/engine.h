/* SPDX-License-Identifier: MIT */
/* An engine: a model on a device with a policy, and the queue of its requests. */
#ifndef EDGEBERT_LIB_ENGINE_H
#define EDGEBERT_LIB_ENGINE_H

#include <stdatomic.h>

#include "lib/exit_policy.h"

struct eb_request_queue;

struct eb_engine {
	atomic_uint references;
	struct eb_device *device;
	struct eb_model *model;
	struct eb_resident_model *resident;
	struct eb_policy_settings settings;
	struct eb_request_queue *queue;
};

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t eb_time_ns(void);

/* Tokenizes and runs; started_ns is what result->host_ns counts from. */
enum eb_status eb_engine_classify(struct eb_engine *engine, const char *text, size_t text_size,
				  uint64_t started_ns, struct eb_result *result);

/* request.c: the queue and its threads, which start with the first request. */
enum eb_status eb_request_queue_create(struct eb_engine *engine,
				       struct eb_request_queue **ret_queue);
/* No request may be left.  Accepts NULL. */
void eb_request_queue_destroy(struct eb_request_queue *queue);

#define EB_RESULT_FIRST_SIZE sizeof(struct eb_result)

#endif /* EDGEBERT_LIB_ENGINE_H */
