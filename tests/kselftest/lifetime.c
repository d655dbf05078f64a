// SPDX-License-Identifier: MIT
/*
 * Files, contexts and processes that end at bad moments, and many of them at once.
 */
#include "tests/kselftest/device.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

static void sleep_ms(long milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* The device works, for somebody who comes new. */
static void check_device_works(void)
{
	struct workload w;

	workload_init(&w, device_open(), 2);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
	workload_close(&w);
}

TEST(file_is_closed_with_jobs_in_flight)
{
	uint32_t i;
	struct workload w;

	workload_init_slow(&w, device_open(), 200);
	for (i = 0; i < 10; i++)
		submit(w.fd, w.context, &w.job);
	workload_close(&w);
	check_device_works();
}

TEST(file_is_closed_with_mapped_buffers)
{
	struct workload w;

	workload_init_slow(&w, device_open(), 200);
	submit(w.fd, w.context, &w.job);
	close(w.fd);
	/* The mapping holds the open file: memory and jobs are still there. */
	memset(w.source.memory, 0x55, w.source.size);
	sleep_ms(300);
	CHECK_EQ(((uint8_t *)w.source.memory)[77], 0x55);
	munmap(w.stream.memory, w.stream.size);
	munmap(w.source.memory, w.source.size);
	munmap(w.destination.memory, w.destination.size);
	munmap(w.scratch.memory, w.scratch.size);
	check_device_works();
}

TEST(context_is_destroyed_with_jobs_in_flight)
{
	uint32_t i;
	struct workload w;

	workload_init_slow(&w, device_open(), 100);
	for (i = 0; i < 10; i++)
		submit(w.fd, w.context, &w.job);
	CHECK_OK(try_context_destroy(w.fd, w.context));
	CHECK_OK(try_buffer_wait(w.fd, w.destination.handle, 0, in_ns(30 * SECOND_NS)));
	check_device_works();
}

/* A waiter that is inside the kernel when its context ends is told. */
TEST(waiter_outlives_the_context)
{
	uint32_t i;
	struct drm_edgebert_result result;
	struct workload w;
	pid_t pid;
	int status;

	workload_init_slow(&w, device_open(), 400);
	for (i = 0; i < 10; i++)
		submit(w.fd, w.context, &w.job);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_OK(try_result(w.fd, w.context, 10, in_ns(30 * SECOND_NS), &result));
		CHECK_EQ(result.error, -ECANCELED);
		_exit(HARNESS_PASSED);
	}
	sleep_ms(200);
	CHECK_OK(try_context_destroy(w.fd, w.context));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HARNESS_PASSED);
}

/* Runs in a child until it is killed. */
static void keep_submitting(void)
{
	struct workload w;

	workload_init_slow(&w, device_open(), 20);
	for (;;)
		if (try_submit(w.fd, w.context, &w.job, 1))
			try_buffer_wait(w.fd, w.destination.handle, 0, in_ns(SECOND_NS));
}

TEST(process_is_killed_at_work)
{
	int round, status;
	pid_t pid;

	for (round = 0; round < 10; round++) {
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			keep_submitting();
		sleep_ms(50 + 30 * round);
		CHECK_OK(kill(pid, SIGKILL));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	check_device_works();
}

TEST_LIMIT(many_processes_work_at_once, 120)
{
	enum { PROCESSES = 8, JOBS = 30 };
	pid_t pids[PROCESSES];
	struct workload w;
	int i, job, status;

	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] != 0)
			continue;
		workload_init(&w, device_open(), 4);
		for (job = 0; job < JOBS; job++) {
			memset(w.source.memory, i * 16 + job, w.source.size);
			CHECK_EQ(result_of(w.fd, w.context,
					   submit(w.fd, w.context, &w.job)).error, 0);
			CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
		}
		_exit(HARNESS_PASSED);
	}
	for (i = 0; i < PROCESSES; i++) {
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HARNESS_PASSED);
	}
}

/* All contexts of a file share its memory and none waits for another's end. */
TEST(many_contexts_of_one_file_work)
{
	enum { CONTEXTS = 16 };
	uint32_t contexts[CONTEXTS], i;
	struct workload w;

	workload_init(&w, device_open(), 2);
	CHECK_OK(try_context_destroy(w.fd, w.context));
	for (i = 0; i < CONTEXTS; i++)
		contexts[i] = context_create(w.fd);
	for (i = 0; i < 4 * CONTEXTS; i++)
		submit(w.fd, contexts[i % CONTEXTS], &w.job);
	for (i = 0; i < 4 * CONTEXTS; i++)
		CHECK_EQ(result_of(w.fd, contexts[i % CONTEXTS], i / CONTEXTS + 1).error, 0);
}

/* A job of high priority overtakes those that have not been started. */
TEST(high_priority_overtakes)
{
	uint32_t low, high, i;
	struct drm_edgebert_result last_low, only_high;
	struct workload w, quick;

	if (geteuid() != 0)
		SKIP("not root");
	workload_init_slow(&w, device_open(), 100);
	workload_init(&quick, w.fd, 1);
	CHECK_OK(try_context_create(w.fd, DRM_EDGEBERT_PRIORITY_LOW, 0, UINT32_MAX, &low));
	CHECK_OK(try_context_create(w.fd, DRM_EDGEBERT_PRIORITY_HIGH, 0, UINT32_MAX, &high));
	for (i = 0; i < 12; i++)
		submit(w.fd, low, &w.job);
	submit(w.fd, high, &quick.job);
	only_high = result_of(w.fd, high, 1);
	last_low = result_of(w.fd, low, 12);
	CHECK_EQ(only_high.error, 0);
	CHECK_EQ(last_low.error, 0);
	CHECK(only_high.started_ns < last_low.started_ns);
}

/* File descriptors are inherited: the child's jobs are the parent's. */
TEST(file_is_shared_over_fork)
{
	struct workload w;
	int status;
	pid_t pid;

	workload_init(&w, device_open(), 1);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		submit(w.fd, w.context, &w.job);
		_exit(HARNESS_PASSED);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HARNESS_PASSED);
	CHECK_EQ(result_of(w.fd, w.context, 1).error, 0);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
