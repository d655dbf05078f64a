// SPDX-License-Identifier: MIT
/*
 * Asynchronous requests: a queue per engine and a few threads that work it off.  A
 * request belongs to its caller and is freed by eb_request_unref alone, which waits for
 * the thread that may have it; threads never own a request or an engine.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/engine.h"
#include "lib/options.h"

#define THREADS_MAX 16
/* Bounds the memory that a caller who never waits can take. */
#define QUEUED_MAX 4096

enum request_state {
	REQUEST_QUEUED,
	REQUEST_RUNNING,
	REQUEST_ENDED,
};

struct eb_request {
	struct eb_request *next, *previous;	/* while queued */
	struct eb_engine *engine;
	char *text;
	size_t text_size;
	uint64_t submitted_ns;
	int fd;

	pthread_cond_t ended;
	enum request_state state;	/* under the queue's lock, as is the rest */
	enum eb_status outcome;
	char *detail;			/* NULL: none, or no memory to keep it */
	struct eb_result result;
};

struct eb_request_queue {
	struct eb_engine *engine;	/* owns the queue */
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct eb_request *first, *last;
	uint32_t queued;
	uint32_t idle_threads, thread_count, threads_max;
	bool stopping;
	pthread_t threads[THREADS_MAX];
};

/* ---- threads ---- */

static void remove_queued(struct eb_request_queue *queue, struct eb_request *request)
{
	*(request->previous ? &request->previous->next : &queue->first) = request->next;
	*(request->next ? &request->next->previous : &queue->last) = request->previous;
	queue->queued--;
}

static void append_queued(struct eb_request_queue *queue, struct eb_request *request)
{
	request->next = NULL;
	request->previous = queue->last;
	*(queue->last ? &queue->last->next : &queue->first) = request;
	queue->last = request;
	queue->queued++;
}

/* Runs a request without the lock; takes and leaves with it held. */
static void run_request(struct eb_request_queue *queue, struct eb_request *request)
{
	struct eb_result result = { 0 };
	enum eb_status outcome;
	char *detail = NULL;
	const uint64_t one = 1;

	remove_queued(queue, request);
	request->state = REQUEST_RUNNING;
	pthread_mutex_unlock(&queue->lock);
	outcome = eb_engine_classify(queue->engine, request->text, request->text_size,
				     request->submitted_ns, &result);
	if (outcome)
		detail = strdup(eb_error_detail());
	pthread_mutex_lock(&queue->lock);
	request->outcome = outcome;
	request->detail = detail;
	request->result = result;
	request->state = REQUEST_ENDED;
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

/* One more thread when none is idle; with the lock held. */
static enum eb_status provide_thread(struct eb_request_queue *queue)
{
	sigset_t all, before;
	int error;

	if (queue->idle_threads > queue->queued || queue->thread_count == queue->threads_max)
		return EB_OK;
	/* Signals are the application's: its threads take them, not ours. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&queue->threads[queue->thread_count], NULL, work, queue);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		queue->thread_count++;
	/* Fewer threads than wanted still make progress; none does not. */
	return queue->thread_count ? EB_OK :
		eb_fail(EB_OUT_OF_MEMORY, "no thread for asynchronous requests: %s",
			eb_errno_name(error));
}

enum eb_status eb_request_queue_create(struct eb_engine *engine,
				       struct eb_request_queue **ret_queue)
{
	struct eb_request_queue *queue = calloc(1, sizeof(*queue));
	const uint32_t parallel = engine->device->backend->parallel_jobs;

	if (!queue)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a queue of requests");
	queue->engine = engine;
	queue->threads_max = parallel < THREADS_MAX ? parallel : THREADS_MAX;
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
	pthread_cond_destroy(&queue->work);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

/* ---- requests ---- */

static void free_request(struct eb_request *request)
{
	if (request->fd >= 0)
		close(request->fd);
	pthread_cond_destroy(&request->ended);
	free(request->detail);
	free(request->text);
	free(request);
}

static enum eb_status create_request(const char *text, size_t text_size,
				     struct eb_request **ret_request)
{
	struct eb_request *request = calloc(1, sizeof(*request));
	pthread_condattr_t attributes;

	if (!request)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a request");
	request->submitted_ns = eb_time_ns();
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&request->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	request->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	request->text = malloc(text_size + 1);
	request->text_size = text_size;
	if (request->fd < 0 || !request->text) {
		enum eb_status status = eb_fail(EB_OUT_OF_MEMORY, "no %s for a request: %s",
						request->fd < 0 ? "event descriptor" : "memory",
						eb_errno_name(errno));

		free_request(request);
		return status;
	}
	if (text_size)
		memcpy(request->text, text, text_size);
	*ret_request = request;
	return EB_OK;
}

enum eb_status eb_engine_submit(struct eb_engine *engine, const char *text, size_t text_size,
				struct eb_request **ret_request)
{
	struct eb_request *request = NULL;
	struct eb_request_queue *queue;
	enum eb_status status;

	if (!engine || !ret_request || (!text && text_size))
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_submit: %s is NULL",
			       !engine ? "engine" : !ret_request ? "ret_request" : "text");
	status = create_request(text, text_size, &request);
	if (status)
		return status;
	queue = engine->queue;
	pthread_mutex_lock(&queue->lock);
	if (queue->queued >= QUEUED_MAX)
		status = eb_fail(EB_BUSY, "%u requests of this engine are queued; wait for some "
				 "of them first", queue->queued);
	else
		status = provide_thread(queue);
	if (!status) {
		request->engine = eb_engine_ref(engine);
		append_queued(queue, request);
		pthread_cond_signal(&queue->work);
	}
	pthread_mutex_unlock(&queue->lock);
	if (status)
		free_request(request);
	else
		*ret_request = request;
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
		while (request->state != REQUEST_ENDED)
			pthread_cond_wait(&request->ended, &queue->lock);
		return true;
	}
	end_ns = eb_time_ns() + (uint64_t)timeout_ns;
	end.tv_sec = (time_t)(end_ns / 1000000000);
	end.tv_nsec = (long)(end_ns % 1000000000);
	while (request->state != REQUEST_ENDED) {
		if (pthread_cond_timedwait(&request->ended, &queue->lock, &end) == ETIMEDOUT)
			break;
	}
	return request->state == REQUEST_ENDED;
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
		eb_fail(request->outcome, "%s", request->detail ? request->detail :
			eb_status_text(request->outcome));
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
	if (request->state == REQUEST_QUEUED) {
		remove_queued(queue, request);
		eb_tally_add_cancelled(&engine->tally);
	} else {
		wait_ended(queue, request, -1);
	}
	pthread_mutex_unlock(&queue->lock);
	free_request(request);
	eb_engine_unref(engine);
	return NULL;
}
