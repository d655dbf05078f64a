// SPDX-License-Identifier: MIT
/*
 * Threads that share the parts of one piece of work: each takes the next part until none
 * is left.  Idle threads look for work a short while before they sleep, because the parts of
 * one command follow those of the last within some ten microseconds.
 */
#include "tools/device/core/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Some 200 microseconds, where every thread has a processor; otherwise hardly any. */
#define LOOKS_BEFORE_SLEEP 20000
#define LOOKS_WITHOUT_PROCESSOR 200

struct eb_workers {
	unsigned int count;		/* of pthreads, the caller not included */
	int looks;			/* for work, before a thread sleeps */
	pthread_mutex_t lock;
	pthread_cond_t begin, end;
	atomic_uint round;		/* a new number starts a round of work */
	atomic_uint busy;		/* threads that have not finished the round */
	bool stopping;
	eb_workers_part run;
	void *opaque;
	size_t parts;
	atomic_size_t next;
	struct thread {
		struct eb_workers *workers;
		unsigned int number;
		pthread_t thread;
	} threads[];
};

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static void run_parts(struct eb_workers *workers, unsigned int number)
{
	for (;;) {
		size_t part = atomic_fetch_add_explicit(&workers->next, 1, memory_order_relaxed);

		if (part >= workers->parts)
			return;
		workers->run(workers->opaque, part, number);
	}
}

/* Returns the number of a round after `seen`. */
static unsigned int wait_for_round(struct eb_workers *workers, unsigned int seen)
{
	unsigned int round;

	for (int look = 0; look < workers->looks; look++) {
		round = atomic_load_explicit(&workers->round, memory_order_acquire);
		if (round != seen)
			return round;
		relax();
	}
	pthread_mutex_lock(&workers->lock);
	while ((round = atomic_load_explicit(&workers->round, memory_order_acquire)) == seen)
		pthread_cond_wait(&workers->begin, &workers->lock);
	pthread_mutex_unlock(&workers->lock);
	return round;
}

static void *thread_main(void *opaque)
{
	struct thread *thread = opaque;
	struct eb_workers *workers = thread->workers;
	unsigned int round = 0;

	for (;;) {
		round = wait_for_round(workers, round);
		if (workers->stopping)
			return NULL;
		run_parts(workers, thread->number);
		if (atomic_fetch_sub_explicit(&workers->busy, 1, memory_order_acq_rel) == 1) {
			pthread_mutex_lock(&workers->lock);
			pthread_cond_signal(&workers->end);
			pthread_mutex_unlock(&workers->lock);
		}
	}
}

static void begin_round(struct eb_workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	atomic_store_explicit(&workers->busy, workers->count, memory_order_relaxed);
	atomic_fetch_add_explicit(&workers->round, 1, memory_order_release);
	pthread_cond_broadcast(&workers->begin);
	pthread_mutex_unlock(&workers->lock);
}

static bool round_ended(struct eb_workers *workers)
{
	return atomic_load_explicit(&workers->busy, memory_order_acquire) == 0;
}

static void wait_for_end(struct eb_workers *workers)
{
	for (int look = 0; look < workers->looks; look++) {
		if (round_ended(workers))
			return;
		relax();
	}
	pthread_mutex_lock(&workers->lock);
	while (!round_ended(workers))
		pthread_cond_wait(&workers->end, &workers->lock);
	pthread_mutex_unlock(&workers->lock);
}

void eb_workers_run(struct eb_workers *workers, eb_workers_part run, void *opaque, size_t count)
{
	if (!workers || count < 2) {
		for (size_t part = 0; part < count; part++)
			run(opaque, part, 0);
		return;
	}
	workers->run = run;
	workers->opaque = opaque;
	workers->parts = count;
	atomic_store_explicit(&workers->next, 0, memory_order_relaxed);
	begin_round(workers);
	run_parts(workers, 0);
	wait_for_end(workers);
}

struct eb_workers *eb_workers_create(unsigned int threads)
{
	struct eb_workers *workers = calloc(1, sizeof(*workers) +
					       threads * sizeof(workers->threads[0]));

	if (!workers)
		return NULL;
	workers->looks = (long)threads <= sysconf(_SC_NPROCESSORS_ONLN) ? LOOKS_BEFORE_SLEEP :
									LOOKS_WITHOUT_PROCESSOR;
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->begin, NULL);
	pthread_cond_init(&workers->end, NULL);
	for (unsigned int i = 0; i + 1 < threads; i++) {
		struct thread *thread = &workers->threads[i];
		int error;

		*thread = (struct thread){ .workers = workers, .number = i + 1 };
		error = pthread_create(&thread->thread, NULL, thread_main, thread);
		if (error) {
			eb_workers_destroy(workers);
			errno = error;
			return NULL;
		}
		workers->count++;
	}
	return workers;
}

void eb_workers_destroy(struct eb_workers *workers)
{
	if (!workers)
		return;
	workers->stopping = true;
	begin_round(workers);
	for (unsigned int i = 0; i < workers->count; i++)
		pthread_join(workers->threads[i].thread, NULL);
	pthread_cond_destroy(&workers->end);
	pthread_cond_destroy(&workers->begin);
	pthread_mutex_destroy(&workers->lock);
	free(workers);
}
