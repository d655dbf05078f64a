/* SPDX-License-Identifier: MIT */
/* An engine: a model on a device with a policy, and the queue of its requests. */
#ifndef EDGEBERT_LIB_ENGINE_H
#define EDGEBERT_LIB_ENGINE_H

#include <stdatomic.h>
#include <stddef.h>

#include "lib/clock.h"
#include "lib/place.h"
#include "lib/tally.h"

struct eb_request_queue;

struct eb_engine {
	atomic_uint references;
	struct eb_model *model;
	struct eb_policy_settings wanted;	/* as asked for, not settled */
	pthread_mutex_t place_lock;
	struct eb_place *place;			/* under place_lock */
	struct eb_tally tally;
	struct eb_request_queue *queue;
};

/* engine_options.c: checked settings for a model on a device, not yet settled. */
enum eb_status eb_engine_options_read(const struct eb_device *device,
				      const struct eb_model *model,
				      const struct eb_engine_options *options,
				      struct eb_policy_settings *ret_settings);

/* Where sentences run now; a reference. */
struct eb_place *eb_engine_take_place(struct eb_engine *engine);

/* Tokenizes and runs; started_ns is when the sentence was submitted. */
enum eb_status eb_engine_classify(struct eb_engine *engine, const struct eb_batch_text *text,
				  uint64_t started_ns, struct eb_result *result);

/* request.c: the queue and its threads, which start with the first request. */
enum eb_status eb_request_queue_create(struct eb_engine *engine,
				       struct eb_request_queue **ret_queue);
/* No request may be left.  Accepts NULL. */
void eb_request_queue_destroy(struct eb_request_queue *queue);

/* What the structures of callers had in the first release, 0.1.0; they never shrink. */
#define EB_RESULT_FIRST_SIZE offsetof(struct eb_result, jobs)
#define EB_ENGINE_OPTIONS_FIRST_SIZE offsetof(struct eb_engine_options, latency_mode)

#endif /* EDGEBERT_LIB_ENGINE_H */
