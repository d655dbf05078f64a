// SPDX-License-Identifier: MIT
/*
 * JOB_RESULT: waiting, time limits, signals, what is forgotten, what is refused.
 */
#include "tests/kselftest/device.h"

#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>

static struct drm_edgebert_job_result arguments(const struct workload *w, uint64_t sequence,
						struct drm_edgebert_result *result)
{
	return (struct drm_edgebert_job_result) {
		.context_id = w->context,
		.size = sizeof(*result),
		.sequence = sequence,
		.timeout_ns = in_ns(30 * SECOND_NS),
		.pointer = (uintptr_t)result,
	};
}

TEST(result_is_read_once)
{
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 1);
	submit(w.fd, w.context, &w.job);
	CHECK_EQ(result_of(w.fd, w.context, 1).error, 0);
	CHECK_ERRNO(try_result(w.fd, w.context, 1, 0, &result), ENOENT);
}

TEST(results_can_be_read_in_any_order)
{
	struct workload w;
	int i;

	workload_init(&w, device_open(), 1);
	for (i = 0; i < 5; i++)
		submit(w.fd, w.context, &w.job);
	for (i = 5; i >= 1; i--)
		CHECK_EQ(result_of(w.fd, w.context, i).sequence, i);
}

TEST(old_results_are_forgotten)
{
	struct drm_edgebert_query_device device = { 0 };
	struct drm_edgebert_dev_query query = {
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};
	struct drm_edgebert_result result;
	uint32_t i, kept, total;
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_OK(try_ioctl(w.fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	kept = 4 * device.jobs_in_flight_max;
	total = kept + 2 * device.jobs_in_flight_max;
	for (i = 0; i < total; i++) {
		while (try_submit(w.fd, w.context, &w.job, 1)) {
			CHECK_EQ(errno, EBUSY);
			CHECK_OK(try_buffer_wait(w.fd, w.destination.handle, 0,
						 in_ns(30 * SECOND_NS)));
		}
	}
	CHECK_EQ(result_of(w.fd, w.context, total).error, 0);
	CHECK_ERRNO(try_result(w.fd, w.context, 1, 0, &result), ENOENT);
	/* These must be there. */
	for (i = total - kept; i < total; i++)
		CHECK_EQ(result_of(w.fd, w.context, i).error, 0);
}

TEST(unknown_number_is_refused)
{
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_ERRNO(try_result(w.fd, w.context, 0, 0, &result), ENOENT);
	CHECK_ERRNO(try_result(w.fd, w.context, 1, 0, &result), ENOENT);
	CHECK_ERRNO(try_result(w.fd, w.context, UINT64_MAX, 0, &result), ENOENT);
}

TEST(unknown_context_is_refused)
{
	struct drm_edgebert_result result;

	CHECK_ERRNO(try_result(device_open(), 4711, 1, 0, &result), ENOENT);
}

TEST(missing_pointer_is_refused)
{
	struct drm_edgebert_job_result args;
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 1);
	args = arguments(&w, submit(w.fd, w.context, &w.job), &result);
	args.pointer = 0;
	CHECK_ERRNO(try_ioctl(w.fd, DRM_IOCTL_EDGEBERT_JOB_RESULT, &args), EINVAL);
}

TEST(no_room_is_refused)
{
	struct drm_edgebert_job_result args;
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 1);
	args = arguments(&w, submit(w.fd, w.context, &w.job), &result);
	args.size = 7;
	CHECK_ERRNO(try_ioctl(w.fd, DRM_IOCTL_EDGEBERT_JOB_RESULT, &args), EINVAL);
}

/* After a bad pointer the result is still there. */
TEST(bad_pointer_loses_nothing)
{
	struct drm_edgebert_job_result args;
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 1);
	args = arguments(&w, submit(w.fd, w.context, &w.job), &result);
	args.pointer = 8;
	CHECK_ERRNO(try_ioctl(w.fd, DRM_IOCTL_EDGEBERT_JOB_RESULT, &args), EFAULT);
	CHECK_EQ(result_of(w.fd, w.context, 1).error, 0);
}

TEST(short_result_is_cut)
{
	struct drm_edgebert_job_result args;
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 1);
	memset(&result, 0xcc, sizeof(result));
	args = arguments(&w, submit(w.fd, w.context, &w.job), &result);
	args.size = 20;
	CHECK_OK(try_ioctl(w.fd, DRM_IOCTL_EDGEBERT_JOB_RESULT, &args));
	CHECK_EQ(args.size, 16);
	CHECK_EQ(result.sequence, 1);
	CHECK_EQ(result.status, EDGEBERT_HW_OK);
	CHECK_EQ(result.fault_command, 0xcccccccc);
}

TEST(waiting_ends_at_its_time)
{
	struct drm_edgebert_result result;
	struct workload w;
	int64_t begin;

	workload_init_slow(&w, device_open(), 600);
	submit(w.fd, w.context, &w.job);
	CHECK_ERRNO(try_result(w.fd, w.context, 1, 0, &result), ETIMEDOUT);
	begin = in_ns(0);
	CHECK_ERRNO(try_result(w.fd, w.context, 1, begin + SECOND_NS / 20, &result), ETIMEDOUT);
	CHECK(in_ns(0) - begin >= SECOND_NS / 20);
	CHECK_EQ(result_of(w.fd, w.context, 1).error, 0);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void start_alarms(int flags, int interval_us)
{
	struct itimerval timer = {
		.it_interval.tv_usec = interval_us,
		.it_value.tv_usec = interval_us,
	};
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };

	CHECK_OK(sigaction(SIGALRM, &action, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
}

TEST(signal_interrupts_waiting)
{
	struct drm_edgebert_job_result args;
	struct drm_edgebert_result result;
	struct workload w;

	workload_init_slow(&w, device_open(), 600);
	args = arguments(&w, submit(w.fd, w.context, &w.job), &result);
	start_alarms(0, 20000);
	CHECK_ERRNO(ioctl(w.fd, DRM_IOCTL_EDGEBERT_JOB_RESULT, &args), EINTR);
}

/* Restarted by the kernel again and again, with an absolute time, waiting still ends. */
TEST(waiting_survives_a_storm_of_signals)
{
	struct drm_edgebert_job_result args;
	struct drm_edgebert_result result;
	struct workload w;

	workload_init_slow(&w, device_open(), 300);
	args = arguments(&w, submit(w.fd, w.context, &w.job), &result);
	start_alarms(SA_RESTART, 2000);
	CHECK_OK(ioctl(w.fd, DRM_IOCTL_EDGEBERT_JOB_RESULT, &args));
	CHECK_EQ(result.error, 0);
	w.job.segments[0] = w.source.address;
	submit(w.fd, w.context, &w.job);
	CHECK_OK(try_buffer_wait(w.fd, w.destination.handle, 0, in_ns(30 * SECOND_NS)));
}

TEST(time_limit_holds_in_a_storm_of_signals)
{
	struct drm_edgebert_job_result args;
	struct drm_edgebert_result result;
	struct workload w;
	int64_t begin;

	workload_init_slow(&w, device_open(), 1500);
	args = arguments(&w, submit(w.fd, w.context, &w.job), &result);
	begin = in_ns(0);
	args.timeout_ns = begin + SECOND_NS / 10;
	start_alarms(SA_RESTART, 5000);
	CHECK_ERRNO(ioctl(w.fd, DRM_IOCTL_EDGEBERT_JOB_RESULT, &args), ETIMEDOUT);
	CHECK(in_ns(0) - begin >= SECOND_NS / 10);
}

static void *wait_for_first(void *argument)
{
	struct workload *w = argument;
	struct drm_edgebert_result result;

	if (!try_result(w->fd, w->context, 1, in_ns(30 * SECOND_NS), &result))
		return result.error ? "job failed" : NULL;
	/* Somebody else has read it. */
	return errno == ENOENT ? NULL : "unexpected error";
}

TEST(many_threads_may_wait_for_one_job)
{
	pthread_t threads[8];
	struct workload w;
	void *complaint;
	int i;

	workload_init_slow(&w, device_open(), 200);
	submit(w.fd, w.context, &w.job);
	for (i = 0; i < 8; i++)
		CHECK_OK(pthread_create(&threads[i], NULL, wait_for_first, &w));
	for (i = 0; i < 8; i++) {
		CHECK_OK(pthread_join(threads[i], &complaint));
		CHECK(complaint == NULL);
	}
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
