// SPDX-License-Identifier: MIT
/*
 * Splitting work over two threads.
 */
#include "tools/model/workers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/status.h"

struct worker {
	enum eb_status (*work)(void *opaque, unsigned int worker);
	void *opaque;
	unsigned int index;
	enum eb_status status;
	char detail[1024];		/* the detail belongs to the thread that failed */
};

static void *run_worker(void *argument)
{
	struct worker *worker = argument;

	worker->status = worker->work(worker->opaque, worker->index);
	if (worker->status)
		snprintf(worker->detail, sizeof(worker->detail), "%s", eb_error_detail());
	return NULL;
}

enum eb_status eb_compile_workers_run(enum eb_status (*work)(void *opaque, unsigned int worker),
				      void *opaque)
{
	struct worker workers[EB_WORKERS] = {
		{ .work = work, .opaque = opaque, .index = 0 },
		{ .work = work, .opaque = opaque, .index = 1 },
	};
	pthread_t thread;
	bool threaded = pthread_create(&thread, NULL, run_worker, &workers[1]) == 0;

	run_worker(&workers[0]);
	if (threaded)
		pthread_join(thread, NULL);
	else
		run_worker(&workers[1]);
	for (unsigned int i = 0; i < EB_WORKERS; i++) {
		if (workers[i].status)
			return eb_fail(workers[i].status, "%s", workers[i].detail);
	}
	return EB_OK;
}
