// SPDX-License-Identifier: MIT
/*
 * Whose jobs are taken first: priorities under load, and processes that want all of it.
 */
#include <sys/wait.h>

#include "tests/kselftest/device.h"

#define JOBS		6
#define JOB_MS		20
#define SHARE_MS	3000

static int64_t now_ns(void)
{
	return in_ns(0);
}

/* Mean time at which the device was told of a context's jobs. */
static int64_t mean_start(const struct workload *w)
{
	int64_t sum = 0;
	uint64_t i;

	for (i = 1; i <= JOBS; i++) {
		struct drm_edgebert_result result = result_of(w->fd, w->context, i);

		CHECK_EQ(result.error, 0);
		sum += (int64_t)result.started_ns / JOBS;
	}
	return sum;
}

static void use_priority(struct workload *w, uint32_t priority)
{
	CHECK_OK(try_context_destroy(w->fd, w->context));
	CHECK_OK(try_context_create(w->fd, priority, 0, 0xffffffff, &w->context));
}

/* All are queued behind the same load, the least urgent ones first. */
TEST(urgent_jobs_come_first)
{
	static const uint32_t priorities[] = {
		DRM_EDGEBERT_PRIORITY_LOW, DRM_EDGEBERT_PRIORITY_NORMAL,
		DRM_EDGEBERT_PRIORITY_HIGH,
	};
	struct workload load, w[3];
	int64_t start[3];
	int i, j;

	workload_init_slow(&load, device_open(), 200);
	for (i = 0; i < 3; i++) {
		workload_init_slow(&w[i], device_open(), JOB_MS);
		if (try_context_create(w[i].fd, DRM_EDGEBERT_PRIORITY_HIGH, 0, 0xffffffff,
				       &(uint32_t){ 0 }) != 0)
			SKIP("high priority needs CAP_SYS_NICE");
		use_priority(&w[i], priorities[i]);
	}
	/* More than the device takes at once: what follows has to wait, and be chosen. */
	for (i = 0; i < 6; i++)
		submit(load.fd, load.context, &load.job);
	for (i = 0; i < 3; i++)
		for (j = 0; j < JOBS; j++)
			submit(w[i].fd, w[i].context, &w[i].job);
	for (i = 0; i < 3; i++)
		start[i] = mean_start(&w[i]);
	CHECK(start[2] < start[1]);
	CHECK(start[1] < start[0]);
}

/* Keeps many jobs with the driver until the time is over; returns how many ended. */
static int be_greedy(int64_t until_ns)
{
	struct workload w;
	uint64_t newest = 0, oldest = 1;

	workload_init_slow(&w, device_open(), JOB_MS);
	while (now_ns() < until_ns) {
		while (newest - oldest + 1 < 8)
			newest = submit(w.fd, w.context, &w.job);
		CHECK_EQ(result_of(w.fd, w.context, oldest++).error, 0);
	}
	return (int)oldest - 1;
}

static pid_t start_greedy(int64_t until_ns, int *ret_pipe)
{
	int ends[2], count;
	pid_t pid;

	CHECK_OK(pipe(ends));
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		count = be_greedy(until_ns);
		_exit(write(ends[1], &count, sizeof(count)) != sizeof(count));
	}
	close(ends[1]);
	*ret_pipe = ends[0];
	return pid;
}

/* Two processes that both want everything get about as much of it. */
TEST(processes_share_the_device)
{
	int64_t until = in_ns(SHARE_MS * 1000000ll);
	int pipes[2], counts[2], status, i;

	for (i = 0; i < 2; i++)
		start_greedy(until, &pipes[i]);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(read(pipes[i], &counts[i], sizeof(counts[i])), sizeof(counts[i]));
		CHECK(wait(&status) > 0);
	}
	CHECK(counts[0] >= 5);
	CHECK(counts[1] <= 2 * counts[0]);
	CHECK(counts[0] <= 2 * counts[1]);
}

/* Between two jobs of a small user there is no more than the share of a greedy one. */
TEST(a_small_user_does_not_wait_for_a_long_queue)
{
	struct drm_edgebert_result result, last;
	struct workload greedy, small;
	uint64_t sequence;
	int i;

	workload_init_slow(&greedy, device_open(), JOB_MS);
	workload_init(&small, device_open(), 1);
	for (i = 0; i < 60; i++)
		submit(greedy.fd, greedy.context, &greedy.job);
	for (i = 0; i < 3; i++) {
		sequence = submit(small.fd, small.context, &small.job);
		result = result_of(small.fd, small.context, sequence);
		CHECK_EQ(result.error, 0);
	}
	last = result_of(greedy.fd, greedy.context, 60);
	CHECK_EQ(last.error, 0);
	/* Three times through what the device had, and not through the whole queue. */
	CHECK(result.ended_ns < last.started_ns);
	CHECK(result.ended_ns < result_of(greedy.fd, greedy.context, 30).ended_ns);
}

/* Several contexts of a file are one user. */
TEST(contexts_do_not_multiply_a_share)
{
	struct workload greedy, small;
	struct drm_edgebert_result result;
	uint32_t contexts[6];
	uint64_t sequence;
	int i, j;

	workload_init_slow(&greedy, device_open(), JOB_MS);
	workload_init(&small, device_open(), 1);
	for (i = 0; i < 6; i++) {
		contexts[i] = context_create(greedy.fd);
		for (j = 0; j < 10; j++)
			submit(greedy.fd, contexts[i], &greedy.job);
	}
	for (i = 0; i < 3; i++) {
		sequence = submit(small.fd, small.context, &small.job);
		result = result_of(small.fd, small.context, sequence);
		CHECK_EQ(result.error, 0);
	}
	j = 0;
	for (i = 0; i < 6; i++)
		for (sequence = 1; sequence <= 10; sequence++)
			j += result_of(greedy.fd, contexts[i], sequence).ended_ns < result.ended_ns;
	CHECK(j < 30);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
