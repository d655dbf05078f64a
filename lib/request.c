// SPDX-License-Identifier: MIT
/*
 * The calls on asynchronous requests.  A request belongs to its caller; eb_request_unref
 * alone lets it go, and waits for the thread that may have it.
 */
#include "lib/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/options.h"

/* Takes requests for all texts, or none. */
static enum eb_status take_requests(struct eb_request_queue *queue, const struct eb_batch_text *texts,
				    size_t count, struct eb_request **requests)
{
	enum eb_status status = EB_OK;
	size_t taken = 0;

	while (taken < count && !status) {
		status = eb_request_take(queue, &texts[taken], &requests[taken]);
		taken += !status;
	}
	while (status && taken)
		eb_request_give_back(queue, requests[--taken]);
	return status;
}

static enum eb_status submit(struct eb_engine *engine, const struct eb_batch_text *texts, size_t count,
			     struct eb_request **requests)
{
	struct eb_request_queue *queue = engine->queue;
	enum eb_status status = take_requests(queue, texts, count, requests);

	if (status)
		return status;
	pthread_mutex_lock(&queue->lock);
	status = eb_request_queue_reserve(queue, count);
	for (size_t i = 0; i < count && !status; i++) {
		requests[i]->engine = eb_engine_ref(engine);
		eb_request_queue_append(queue, requests[i]);
	}
	pthread_mutex_unlock(&queue->lock);
	for (size_t i = 0; i < count && status; i++)
		eb_request_give_back(queue, requests[i]);
	return status;
}

enum eb_status eb_engine_submit(struct eb_engine *engine, const char *text, size_t text_size,
				struct eb_request **ret_request)
{
	const struct eb_batch_text one = { .text = text, .size = text_size };
	struct eb_request *request = NULL;
	enum eb_status status;

	if (!engine || !ret_request || (!text && text_size))
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_submit: %s is NULL",
			       !engine ? "engine" : !ret_request ? "ret_request" : "text");
	status = submit(engine, &one, 1, &request);
	if (!status)
		*ret_request = request;
	return status;
}

enum eb_status eb_engine_submit_pair(struct eb_engine *engine, const char *first,
				     size_t first_size, const char *second, size_t second_size,
				     struct eb_request **ret_request)
{
	const struct eb_batch_text pair = { .text = first, .size = first_size, .second = second,
					    .second_size = second_size };
	struct eb_request *request = NULL;
	enum eb_status status;

	if (!engine || !first || !second || !ret_request)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_submit_pair: %s is NULL",
			       !engine ? "engine" : !first ? "first" : !second ? "second" :
			       "ret_request");
	status = submit(engine, &pair, 1, &request);
	if (!status)
		*ret_request = request;
	return status;
}

enum eb_status eb_engine_submit_batch(struct eb_engine *engine, const struct eb_batch_text *texts,
				      size_t count, struct eb_request **ret_requests)
{
	struct eb_request **requests;
	enum eb_status status;

	if (!engine || !texts || !ret_requests)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_submit_batch: %s is NULL",
			       !engine ? "engine" : !texts ? "texts" : "ret_requests");
	if (!count || count > EB_REQUESTS_QUEUED_MAX)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_submit_batch: %zu texts, 1 to %d can "
			       "be submitted at once", count, EB_REQUESTS_QUEUED_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!texts[i].text && (texts[i].size || texts[i].second))
			return eb_fail(EB_INVALID_ARGUMENT,
				       "eb_engine_submit_batch: text %zu is NULL", i);
	}
	/* Outputs stay untouched on failure. */
	requests = calloc(count, sizeof(struct eb_request *));
	if (!requests)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for %zu requests", count);
	status = submit(engine, texts, count, requests);
	if (!status)
		memcpy(ret_requests, requests, count * sizeof(struct eb_request *));
	free(requests);
	return status;
}

int eb_request_fd(struct eb_request *request)
{
	return request ? request->fd : -1;
}

/* Waits with the lock held; false when the time was up first. */
static bool wait_ended(struct eb_request_queue *queue, struct eb_request *request,
		       int64_t timeout_ns)
{
	uint64_t end_ns;
	struct timespec end;

	if (timeout_ns < 0) {
		while (request->state != EB_REQUEST_ENDED)
			pthread_cond_wait(&request->ended, &queue->lock);
		return true;
	}
	end_ns = eb_time_ns() + (uint64_t)timeout_ns;
	end.tv_sec = (time_t)(end_ns / 1000000000);
	end.tv_nsec = (long)(end_ns % 1000000000);
	while (request->state != EB_REQUEST_ENDED) {
		if (pthread_cond_timedwait(&request->ended, &queue->lock, &end) == ETIMEDOUT)
			break;
	}
	return request->state == EB_REQUEST_ENDED;
}

enum eb_status eb_request_wait(struct eb_request *request, int64_t timeout_ns, int *ret_done,
			       enum eb_status *ret_outcome, struct eb_result *result)
{
	struct eb_request_queue *queue;
	enum eb_status status;
	bool ended;

	if (!request || !ret_done || !ret_outcome)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_request_wait: %s is NULL",
			       !request ? "request" : !ret_done ? "ret_done" : "ret_outcome");
	status = eb_output_check(result, EB_RESULT_FIRST_SIZE, "eb_result");
	if (status)
		return status;
	queue = request->engine->queue;
	pthread_mutex_lock(&queue->lock);
	ended = wait_ended(queue, request, timeout_ns);
	pthread_mutex_unlock(&queue->lock);
	*ret_done = ended;
	if (!ended)
		return EB_OK;
	/* An ended request does not change any more: no lock is needed from here. */
	*ret_outcome = request->outcome;
	if (request->outcome)
		eb_fail(request->outcome, "%s", request->detail);
	else
		eb_output_write(result, &request->result, sizeof(request->result));
	return EB_OK;
}

struct eb_request *eb_request_unref(struct eb_request *request)
{
	struct eb_request_queue *queue;
	struct eb_engine *engine;

	if (!request)
		return NULL;
	engine = request->engine;
	queue = engine->queue;
	pthread_mutex_lock(&queue->lock);
	if (request->state == EB_REQUEST_QUEUED) {
		eb_request_queue_remove(queue, request);
		eb_tally_add_cancelled(&engine->tally);
	} else {
		wait_ended(queue, request, -1);
	}
	pthread_mutex_unlock(&queue->lock);
	eb_request_give_back(queue, request);
	eb_engine_unref(engine);
	return NULL;
}
