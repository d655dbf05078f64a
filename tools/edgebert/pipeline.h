/* SPDX-License-Identifier: MIT */
/* Sentences in flight: submitted in order, taken back in order, failures in their place. */
#ifndef EDGEBERT_TOOL_PIPELINE_H
#define EDGEBERT_TOOL_PIPELINE_H

#include <edgebert/edgebert.h>

#include "tools/edgebert/session.h"

struct sentence {
	uint64_t line;		/* of the input, from 1 */
	char *text;
	size_t size;
	int32_t expected;	/* label of the data set, -1: unknown */
	enum eb_status status;
	char *message;		/* when status is not EB_OK */
	struct eb_result result;	/* when it is */
	struct eb_request *request;
};

struct pipeline {
	struct session *session;
	uint32_t first, count;	/* ring */
	struct sentence sentences[IN_FLIGHT_MAX];
};

void pipeline_init(struct pipeline *pipeline, struct session *session);
bool pipeline_is_full(const struct pipeline *pipeline);

/* Not when full.  text is copied. */
void pipeline_submit(struct pipeline *pipeline, uint64_t line, const char *text, size_t size,
		     int32_t expected);
/* A line that was refused before it came here. */
void pipeline_refuse(struct pipeline *pipeline, uint64_t line, enum eb_status status,
		     const char *message);

/* Waits for the oldest; false when there is none.  Release it with sentence_free(). */
bool pipeline_take(struct pipeline *pipeline, struct sentence *ret_sentence);
void sentence_free(struct sentence *sentence);

/* Ends what is still in flight. */
void pipeline_clear(struct pipeline *pipeline);

/* Whether a failure concerns this sentence only, so that the next may still succeed. */
bool failure_is_of_sentence(enum eb_status status);

/* Exit status when such a failure was the first. */
int failure_exit_status(enum eb_status status);

#endif /* EDGEBERT_TOOL_PIPELINE_H */
