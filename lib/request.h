/* SPDX-License-Identifier: MIT */
/* Requests and the queue of an engine, between the calls of the application and the threads. */
#ifndef EDGEBERT_LIB_REQUEST_H
#define EDGEBERT_LIB_REQUEST_H

#include <pthread.h>
#include <stdbool.h>

#include "lib/engine.h"

#define EB_REQUEST_THREADS_MAX 16
/* Bounds the memory that a caller who never waits can take. */
#define EB_REQUESTS_QUEUED_MAX 4096
#define EB_DETAIL_MAX 1024

enum eb_request_state {
	EB_REQUEST_QUEUED,
	EB_REQUEST_RUNNING,
	EB_REQUEST_ENDED,
};

struct eb_request {
	struct eb_request *next, *previous;	/* while queued or spare */
	struct eb_engine *engine;
	char *bytes;			/* the text, or both of a pair one after the other */
	size_t capacity;
	struct eb_batch_text text;	/* within */
	uint64_t submitted_ns;
	int fd;

	pthread_cond_t ended;
	enum eb_request_state state;	/* under the queue's lock, as is the rest */
	enum eb_status outcome;
	char detail[EB_DETAIL_MAX];
	struct eb_result result;
};

struct eb_request_queue {
	struct eb_engine *engine;	/* owns the queue */
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct eb_request *first, *last;
	struct eb_request *spare;	/* let go, kept with descriptor and memory */
	uint32_t queued, spare_count;
	uint32_t idle_threads, thread_count, threads_max;
	bool stopping;
	pthread_t threads[EB_REQUEST_THREADS_MAX];
};

/* All of these with the queue's lock held. */
void eb_request_queue_remove(struct eb_request_queue *queue, struct eb_request *request);
/* Room and threads for so many more; then eb_request_queue_append can not fail. */
enum eb_status eb_request_queue_reserve(struct eb_request_queue *queue, size_t count);
void eb_request_queue_append(struct eb_request_queue *queue, struct eb_request *request);

/* request_pool.c: with the lock not held. */
enum eb_status eb_request_take(struct eb_request_queue *queue, const struct eb_batch_text *text,
			       struct eb_request **ret_request);
/* Neither queued nor running.  Kept for the next one unless there are enough. */
void eb_request_give_back(struct eb_request_queue *queue, struct eb_request *request);
/* Frees what is kept. */
void eb_request_pool_clear(struct eb_request_queue *queue);

#endif /* EDGEBERT_LIB_REQUEST_H */
