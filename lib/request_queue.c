// SPDX-License-Identifier: MIT
/*
 * The queue of an engine and the threads that work it off.  As many sentences are with the
 * device as it takes, so that it goes from one to the next without waiting for the host.
 * Threads never own a request or an engine.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/request.h"

void eb_request_queue_remove(struct eb_request_queue *queue, struct eb_request *request)
{
	*(request->previous ? &request->previous->next : &queue->first) = request->next;
	*(request->next ? &request->next->previous : &queue->last) = request->previous;
	queue->queued--;
}

void eb_request_queue_append(struct eb_request_queue *queue, struct eb_request *request)
{
	request->next = NULL;
	request->previous = queue->last;
	*(queue->last ? &queue->last->next : &queue->first) = request;
	queue->last = request;
	queue->queued++;
	pthread_cond_signal(&queue->work);
}

/* Runs a request without the lock; takes and leaves with it held. */
static void run_request(struct eb_request_queue *queue, struct eb_request *request)
{
	struct eb_result result = { 0 };
	enum eb_status outcome;
	const uint64_t one = 1;

	eb_request_queue_remove(queue, request);
	request->state = EB_REQUEST_RUNNING;
	pthread_mutex_unlock(&queue->lock);
	outcome = eb_engine_classify(queue->engine, &request->text, request->submitted_ns,
				     &result);
	pthread_mutex_lock(&queue->lock);
	request->outcome = outcome;
	if (outcome)
		snprintf(request->detail, sizeof(request->detail), "%s", eb_error_detail());
	request->result = result;
	request->state = EB_REQUEST_ENDED;
	/* The only write to this counter: it can not block or fail. */
	while (write(request->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_cond_broadcast(&request->ended);
}

static void *work(void *opaque)
{
	struct eb_request_queue *queue = opaque;

	pthread_mutex_lock(&queue->lock);
	while (!queue->stopping) {
		if (queue->first) {
			run_request(queue, queue->first);
			continue;
		}
		queue->idle_threads++;
		pthread_cond_wait(&queue->work, &queue->lock);
		queue->idle_threads--;
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

static int start_thread(struct eb_request_queue *queue)
{
	sigset_t all, before;
	int error;

	/* Signals are the application's: its threads take them, not ours. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&queue->threads[queue->thread_count], NULL, work, queue);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		queue->thread_count++;
	return error;
}

enum eb_status eb_request_queue_reserve(struct eb_request_queue *queue, size_t count)
{
	if (count > EB_REQUESTS_QUEUED_MAX - queue->queued)
		return eb_fail(EB_BUSY, "%u requests of this engine are queued and %zu more are too "
			       "many; wait for some of them first", queue->queued, count);
	/* Waking threads count as idle still, for as many requests as are queued. */
	for (size_t idle = queue->idle_threads; idle < queue->queued + count; idle++) {
		int error;

		if (queue->thread_count == queue->threads_max)
			break;
		error = start_thread(queue);
		if (error && !queue->thread_count)
			return eb_fail(EB_OUT_OF_MEMORY, "no thread for requests: %s",
				       eb_errno_name(error));
		if (error)
			break;
	}
	return EB_OK;
}

enum eb_status eb_request_queue_create(struct eb_engine *engine,
				       struct eb_request_queue **ret_queue)
{
	struct eb_request_queue *queue = calloc(1, sizeof(*queue));
	const uint32_t parallel = engine->place->device->backend->parallel_jobs;

	if (!queue)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a queue of requests");
	queue->engine = engine;
	queue->threads_max = parallel < EB_REQUEST_THREADS_MAX ? parallel :
								 EB_REQUEST_THREADS_MAX;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->work, NULL);
	*ret_queue = queue;
	return EB_OK;
}

void eb_request_queue_destroy(struct eb_request_queue *queue)
{
	if (!queue)
		return;
	pthread_mutex_lock(&queue->lock);
	queue->stopping = true;
	pthread_cond_broadcast(&queue->work);
	pthread_mutex_unlock(&queue->lock);
	for (uint32_t i = 0; i < queue->thread_count; i++)
		pthread_join(queue->threads[i], NULL);
	eb_request_pool_clear(queue);
	pthread_cond_destroy(&queue->work);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}
