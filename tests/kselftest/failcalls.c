// SPDX-License-Identifier: MIT
/*
 * edgebert-fail-calls: works with the device, each call with one allocation or copy failing, for
 * the scripts that take the device away meanwhile.
 *
 * usage: edgebert-fail-calls SECONDS [PERCENT]
 * Goes on for so long, or until the device is lost; calls it a few times more then, and closes
 * its file, failing all the while.  With PERCENT so many of all allocations below the driver fail,
 * whoever makes them: its workers, too.  Exit status: 0 every call did as it should or said
 * cleanly why not, 3 the same and the device was lost, 4 this kernel cannot inject faults, 1
 * anything else.
 */
#include "tests/kselftest/device.h"
#include "tests/kselftest/fault.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define STATUS_LOST	3
/* No call has more chances to fail than some hundred; most have a few. */
#define NTH_MAX		40
#define CALLS_WHEN_LOST	100
#define RESULT_WAIT_MS	200

struct tally {
	unsigned int calls, injected, failed, good, ended, lost;
};

struct work {
	struct workload w;
	struct tally tally;
	uint64_t next_result;
};

/* The same numbers in every run. */
static unsigned int random_below(unsigned int limit)
{
	static uint32_t state = 1;

	state = state * 1664525u + 1013904223u;
	return (state >> 16) % limit;
}

/* What calls may say besides that memory or a copy was refused. */
static bool is_expected(int error, bool lost)
{
	/* The last: a result that was taken, by a call that could not say so, or is of no job. */
	if (fault_is_clean(error) || error == ENODEV || error == ENOENT || error == ETIMEDOUT)
		return true;
	/* No room for more jobs, a ban. */
	return !lost && (error == EBUSY || error == EIO);
}

/* Not try_ioctl: that would try again.  Returns 0 or an errno. */
static int call(struct work *work, unsigned long request, void *argument)
{
	struct tally *tally = &work->tally;
	bool lost = tally->lost != 0;
	int error;

	fault_arm(1 + random_below(NTH_MAX));
	error = ioctl(work->w.fd, request, argument) ? errno : 0;
	tally->injected += fault_disarm();
	tally->calls++;
	tally->failed += error != 0;
	tally->lost += error == ENODEV;
	if (error && !is_expected(error, lost))
		harness_fail(__FILE__, __LINE__, "call %u: %s", (unsigned int)_IOC_NR(request),
			     strerror(error));
	return error;
}

static void submit_one(struct work *work)
{
	struct drm_edgebert_submit argument = {
		.context_id = work->w.context,
		.jobs = array_of(&work->w.job, 1, sizeof(work->w.job)),
	};

	call(work, DRM_IOCTL_EDGEBERT_SUBMIT, &argument);
}

static void count_result(struct work *work, const struct drm_edgebert_result *result)
{
	work->tally.ended++;
	switch (result->error) {
	case 0:
		CHECK(!memcmp(work->w.destination.memory, work->w.source.memory,
			      work->w.destination.size));
		work->tally.good++;
		break;
	case -ENODEV:
		work->tally.lost++;
		break;
	case -ECANCELED:
	case -ETIMEDOUT:
		break;
	default:
		harness_fail(__FILE__, __LINE__, "job %llu: error %d, status %u",
			     (unsigned long long)result->sequence, result->error, result->status);
	}
}

/* One at a time from the first: a number that is not known yet will be some time. */
static void take_result(struct work *work)
{
	struct drm_edgebert_result result;
	struct drm_edgebert_job_result argument = {
		.context_id = work->w.context,
		.size = sizeof(result),
		.sequence = work->next_result,
		.timeout_ns = in_ns(RESULT_WAIT_MS * 1000 * 1000),
		.pointer = (uintptr_t)&result,
	};
	int error = call(work, DRM_IOCTL_EDGEBERT_JOB_RESULT, &argument);

	/* Copied, though the call may not have been able to say so; then it is not there again. */
	if (error == ENOENT && work->w.job.sequence >= work->next_result)
		work->next_result++;
	if (error)
		return;
	count_result(work, &result);
	work->next_result++;
}

static void use_buffer(struct work *work)
{
	struct drm_edgebert_bo_create create = { .size = 3 * PAGE_BYTES };
	struct drm_edgebert_bo_mmap_offset offset = { 0 };
	struct drm_gem_close handle = { 0 };
	uint8_t *memory;

	if (call(work, DRM_IOCTL_EDGEBERT_BO_CREATE, &create))
		return;
	handle.handle = create.handle;
	offset.handle = create.handle;
	if (!call(work, DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET, &offset)) {
		memory = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, work->w.fd,
			      (off_t)offset.offset);
		if (memory != MAP_FAILED) {
			CHECK_EQ(memory[0], 0);
			CHECK_OK(munmap(memory, create.size));
		}
	}
	if (call(work, DRM_IOCTL_GEM_CLOSE, &handle))
		try_ioctl(work->w.fd, DRM_IOCTL_GEM_CLOSE, &handle);
}

static void use_context(struct work *work)
{
	struct drm_edgebert_context_create create = { .operating_point_high = UINT32_MAX };
	struct drm_edgebert_context_destroy destroy = { 0 };

	if (call(work, DRM_IOCTL_EDGEBERT_CONTEXT_CREATE, &create))
		return;
	destroy.context_id = create.context_id;
	if (call(work, DRM_IOCTL_EDGEBERT_CONTEXT_DESTROY, &destroy))
		try_context_destroy(work->w.fd, create.context_id);
}

static void ask(struct work *work)
{
	struct drm_edgebert_query_dvfs dvfs;
	struct drm_edgebert_dev_query query = {
		.type = DRM_EDGEBERT_QUERY_DVFS,
		.size = sizeof(dvfs),
		.pointer = (uintptr_t)&dvfs,
	};
	struct drm_edgebert_envm_info info;
	struct drm_edgebert_envm_query envm = {
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};

	call(work, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query);
	call(work, DRM_IOCTL_EDGEBERT_ENVM_INFO, &envm);
}

static void wait_for_buffer(struct work *work)
{
	struct drm_edgebert_bo_wait wait = {
		.handle = work->w.destination.handle,
		.timeout_ns = in_ns(RESULT_WAIT_MS * 1000 * 1000),
	};

	call(work, DRM_IOCTL_EDGEBERT_BO_WAIT, &wait);
}

static void step(struct work *work)
{
	static void (*const steps[])(struct work *work) = {
		submit_one, submit_one, submit_one, submit_one, take_result, take_result,
		take_result, use_buffer, use_context, ask, wait_for_buffer,
	};

	steps[random_below(sizeof(steps) / sizeof(steps[0]))](work);
}

/* Whatever became of the device, the last job has ended, or does so soon. */
static void check_jobs_end(struct work *work)
{
	struct drm_edgebert_result result;

	if (work->w.job.sequence &&
	    try_result(work->w.fd, work->w.context, work->w.job.sequence,
		       in_ns(30 * harness_time_scale() * SECOND_NS), &result))
		CHECK(errno == ENOENT || errno == ENODEV);
}

static void close_failing(struct work *work)
{
	unsigned int i;

	for (i = 0; i < sizeof(work->w.used) / sizeof(work->w.used[0]); i++) {
		struct drm_gem_close handle = { .handle = work->w.used[i].handle };

		call(work, DRM_IOCTL_GEM_CLOSE, &handle);
	}
	fault_arm(1);
	CHECK_OK(close(work->w.fd));
	work->tally.injected += fault_disarm();
}

/* With the file open; returns the exit status. */
static int work_until(int64_t end, unsigned int percent)
{
	struct work work = { .next_result = 1 };
	unsigned int when_lost = 0;

	workload_init_slow(&work.w, device_open(), 20);
	if (percent)
		CHECK(fault_everywhere("edgebert", percent));
	printf("at work\n");
	fflush(stdout);
	while (in_ns(0) < end && when_lost < CALLS_WHEN_LOST) {
		step(&work);
		when_lost += work.tally.lost != 0;
	}
	check_jobs_end(&work);
	close_failing(&work);
	printf("%u calls, %u faults, %u calls failed; %u jobs ended, %u of them well%s\n",
	       work.tally.calls, work.tally.injected, work.tally.failed, work.tally.ended,
	       work.tally.good, work.tally.lost ? "; the device was lost" : "");
	CHECK(work.tally.injected > 0);
	return work.tally.lost ? STATUS_LOST : HARNESS_PASSED;
}

/* In a child, so that however that ends the kernel gets its memory back. */
static int work_with_faults_everywhere(int64_t end, unsigned int percent)
{
	pid_t child;
	int status;

	child = fork();
	if (!child)
		exit(work_until(end, percent));
	if (child < 0 || waitpid(child, &status, 0) != child)
		status = -1;
	CHECK(fault_everywhere("edgebert", 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : HARNESS_FAILED;
}

int main(int argc, char **argv)
{
	const char *missing;
	int64_t end;

	if (argc < 2 || argc > 3 || !device_path()) {
		fprintf(stderr, argc < 2 || argc > 3 ?
			"usage: edgebert-fail-calls SECONDS [PERCENT]\n" :
			"edgebert-fail-calls: no EdgeBERT device\n");
		return HARNESS_FAILED;
	}
	missing = fault_prepare();
	if (missing)
		SKIP(missing);
	end = in_ns(atoi(argv[1]) * SECOND_NS);
	return argc == 3 ? work_with_faults_everywhere(end, (unsigned int)atoi(argv[2])) :
			   work_until(end, 0);
}
