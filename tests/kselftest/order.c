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
	struct workload load[2], w[3];
	int64_t start[3];
	int i, j;

	for (i = 0; i < 2; i++)
		workload_init_slow(&load[i], device_open(), 200);
	for (i = 0; i < 3; i++) {
		workload_init_slow(&w[i], device_open(), JOB_MS);
		if (try_context_create(w[i].fd, DRM_EDGEBERT_PRIORITY_HIGH, 0, 0xffffffff,
				       &(uint32_t){ 0 }) != 0)
			SKIP("high priority needs CAP_SYS_NICE");
		use_priority(&w[i], priorities[i]);
	}
	/* Two shares fill the device: what follows has to wait, and be chosen. */
	for (i = 0; i < 16; i++)
		submit(load[i % 2].fd, load[i % 2].context, &load[i % 2].job);
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

static void start_greedy(int64_t until_ns, int *ret_pipe)
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
}

/* Two processes that both want everything get about as much of it. */
TEST(processes_share_the_device)
{
	int64_t until = in_ns(SHARE_MS * 1000000ll * harness_time_scale());
	int pipes[2], counts[2], status, i;

	for (i = 0; i < 2; i++)
		start_greedy(until, &pipes[i]);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(read(pipes[i], &counts[i], sizeof(counts[i])), sizeof(counts[i]));
		CHECK(wait(&status) > 0);
	}
	CHECK(counts[0] >= 3);
	CHECK(counts[1] <= 2 * counts[0]);
	CHECK(counts[0] <= 2 * counts[1]);
}

/* When the jobs of a context ended. */
static void take_ends(const struct workload *w, uint32_t context, uint64_t jobs, uint64_t *ends)
{
	struct drm_edgebert_result result;
	uint64_t sequence;

	for (sequence = 1; sequence <= jobs; sequence++) {
		result = result_of(w->fd, context, sequence);
		CHECK_EQ(result.error, 0);
		*ends++ = result.ended_ns;
	}
}

/* How many jobs ended while another one waited and ran. */
static int ended_meanwhile(const uint64_t *ends, int jobs,
			   const struct drm_edgebert_result *waiting)
{
	int count = 0, i;

	for (i = 0; i < jobs; i++)
		count += ends[i] > waiting->queued_ns && ends[i] < waiting->ended_ns;
	return count;
}

/* What the device has already, and then a share: the rest of a queue comes later. */
#define AHEAD_MAX	7
#define GREEDY_JOBS	60

TEST_LIMIT(a_small_user_does_not_wait_for_a_long_queue, 120)
{
	struct drm_edgebert_result results[3];
	struct workload greedy, small;
	uint64_t ends[GREEDY_JOBS];
	int i;

	workload_init_slow(&greedy, device_open(), JOB_MS);
	workload_init(&small, device_open(), 1);
	for (i = 0; i < GREEDY_JOBS; i++)
		submit(greedy.fd, greedy.context, &greedy.job);
	for (i = 0; i < 3; i++) {
		results[i] = result_of(small.fd, small.context,
				       submit(small.fd, small.context, &small.job));
		CHECK_EQ(results[i].error, 0);
	}
	take_ends(&greedy, greedy.context, GREEDY_JOBS, ends);
	for (i = 0; i < 3; i++)
		CHECK(ended_meanwhile(ends, GREEDY_JOBS, &results[i]) <= AHEAD_MAX);
}

/* Several contexts of a file are one user. */
TEST_LIMIT(contexts_do_not_multiply_a_share, 120)
{
	struct drm_edgebert_result waiting;
	struct workload greedy, small;
	uint64_t ends[GREEDY_JOBS];
	uint32_t contexts[6];
	int i, j;

	workload_init_slow(&greedy, device_open(), JOB_MS);
	workload_init(&small, device_open(), 1);
	for (i = 0; i < 6; i++) {
		contexts[i] = context_create(greedy.fd);
		for (j = 0; j < 10; j++)
			submit(greedy.fd, contexts[i], &greedy.job);
	}
	waiting = result_of(small.fd, small.context, submit(small.fd, small.context, &small.job));
	CHECK_EQ(waiting.error, 0);
	for (i = 0; i < 6; i++)
		take_ends(&greedy, contexts[i], 10, ends + 10 * i);
	CHECK(ended_meanwhile(ends, GREEDY_JOBS, &waiting) <= AHEAD_MAX);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
