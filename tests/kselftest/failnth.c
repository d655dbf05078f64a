// SPDX-License-Identifier: MIT
/*
 * Every ioctl, with its first, second, third ... allocation or copy failing, until none is left.
 *
 * Each failure must be a clean one, and the same call must succeed right after it.  Whether
 * memory was lost is seen at the end of the boot.  A new ioctl needs one function that calls
 * it with what is on the stage, and one line that names it.
 */
#include "tests/kselftest/device.h"
#include "tests/kselftest/fault.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* More chances to fail than any call has. */
#define NTH_MAX		2000
#define LIMIT_S		240

/* What operations find: a context with a finished job whose result has not been read. */
struct stage {
	struct workload w;
	int dma_buf;
	/*
	 * The call before may have done its work, and only its answer was lost: what an ioctl
	 * returns in its argument is copied after the driver has had its say.
	 */
	bool may_be_done;
};

/* Returns 0, or -1 and errno. */
typedef int operation(struct stage *stage);

static void stage_open(struct stage *stage)
{
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };

	workload_init(&stage->w, device_open(), 1);
	submit(stage->w.fd, stage->w.context, &stage->w.job);
	CHECK_OK(try_buffer_wait(stage->w.fd, stage->w.destination.handle, 0, in_ns(30 * SECOND_NS)));
	prime.handle = stage->w.scratch.handle;
	CHECK_OK(try_ioctl(stage->w.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	stage->dma_buf = prime.fd;
	stage->may_be_done = false;
}

static void stage_close(struct stage *stage)
{
	CHECK_OK(close(stage->dma_buf));
	workload_close(&stage->w);
}

static void check_device_works(void)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
	workload_close(&w);
}

static void fail_nth(operation *run)
{
	unsigned int nth, failed = 0;
	struct stage stage;
	int result, error;
	bool injected = true;

	for (nth = 1; injected; nth++) {
		CHECK(nth < NTH_MAX);
		stage_open(&stage);
		fault_arm(nth);
		result = run(&stage);
		error = errno;
		injected = fault_disarm();
		if (result) {
			if (!injected || !fault_is_clean(error))
				harness_fail(__FILE__, __LINE__, "chance %u, %s: %s", nth,
					     injected ? "taken" : "not there", strerror(error));
			printf("# chance %u: %s\n", nth, strerror(error));
			failed++;
			stage.may_be_done = error == EFAULT;
			CHECK_OK(run(&stage));
		}
		stage_close(&stage);
	}
	printf("# %u chances to fail, %u made it fail\n", nth - 2, failed);
	check_device_works();
}

/* Not try_ioctl: that would try again. */
static int call(struct stage *stage, unsigned long request, void *argument)
{
	return ioctl(stage->w.fd, request, argument);
}

static int dev_query(struct stage *stage)
{
	struct drm_edgebert_query_device device;
	struct drm_edgebert_dev_query query = {
		.type = DRM_EDGEBERT_QUERY_DEVICE,
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	return call(stage, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query);
}

static int dev_query_points(struct stage *stage)
{
	struct drm_edgebert_operating_point points[64];
	struct drm_edgebert_dev_query query = {
		.type = DRM_EDGEBERT_QUERY_OPERATING_POINTS,
		.size = sizeof(points),
		.pointer = (uintptr_t)points,
	};

	return call(stage, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query);
}

static int bo_create(struct stage *stage)
{
	struct drm_edgebert_bo_create create = { .size = 5 * PAGE_BYTES };
	int result = call(stage, DRM_IOCTL_EDGEBERT_BO_CREATE, &create);

	/* No failure has kept a handle. */
	if (!result && !stage->may_be_done)
		CHECK_EQ(create.handle, stage->w.scratch.handle + 1);
	return result;
}

static int bo_mmap_offset(struct stage *stage)
{
	struct drm_edgebert_bo_mmap_offset offset = { .handle = stage->w.source.handle };

	return call(stage, DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET, &offset);
}

static int bo_wait(struct stage *stage)
{
	struct drm_edgebert_bo_wait wait = { .handle = stage->w.destination.handle };

	return call(stage, DRM_IOCTL_EDGEBERT_BO_WAIT, &wait);
}

/* Named so because device.h has a context_create(). */
static int context_create_again(struct stage *stage)
{
	struct drm_edgebert_context_create create = { .operating_point_high = UINT32_MAX };
	int result = call(stage, DRM_IOCTL_EDGEBERT_CONTEXT_CREATE, &create);

	if (!result)
		CHECK(create.context_id != 0);
	return result;
}

static int context_destroy(struct stage *stage)
{
	struct drm_edgebert_context_destroy destroy = { .context_id = stage->w.context };

	return call(stage, DRM_IOCTL_EDGEBERT_CONTEXT_DESTROY, &destroy);
}

static int submit_jobs(struct stage *stage)
{
	struct drm_edgebert_sync sync = { .flags = DRM_EDGEBERT_SYNC_SIGNAL };
	struct drm_syncobj_create syncobj = { 0 };
	struct drm_edgebert_job jobs[2] = { stage->w.job, stage->w.job };
	struct drm_edgebert_submit argument = {
		.context_id = stage->w.context,
		.jobs = array_of(jobs, 2, sizeof(jobs[0])),
	};

	if (call(stage, DRM_IOCTL_SYNCOBJ_CREATE, &syncobj))
		return -1;
	sync.handle = syncobj.handle;
	jobs[1].syncs = array_of(&sync, 1, sizeof(sync));
	if (call(stage, DRM_IOCTL_EDGEBERT_SUBMIT, &argument))
		return -1;
	/* All jobs or none: no failure has used up a number. */
	if (!stage->may_be_done)
		CHECK_EQ(jobs[0].sequence, 2);
	CHECK_EQ(jobs[1].sequence, jobs[0].sequence + 1);
	return 0;
}

static int job_result(struct stage *stage)
{
	struct drm_edgebert_result result;
	struct drm_edgebert_job_result argument = {
		.context_id = stage->w.context,
		.size = sizeof(result),
		.sequence = 1,
		.pointer = (uintptr_t)&result,
	};

	if (call(stage, DRM_IOCTL_EDGEBERT_JOB_RESULT, &argument))
		return stage->may_be_done && errno == ENOENT ? 0 : -1;
	CHECK_EQ(result.error, 0);
	return 0;
}

static int context_counters(struct stage *stage)
{
	struct drm_edgebert_counters counters;
	struct drm_edgebert_context_counters argument = {
		.context_id = stage->w.context,
		.size = sizeof(counters),
		.pointer = (uintptr_t)&counters,
	};

	return call(stage, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &argument);
}

/* What the driver adds to the calls of every node. */

static int open_node(struct stage *stage)
{
	char path[32];
	int fd;

	(void)stage;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", stage->w.fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -1 : close(fd);
}

static int map_and_touch(struct stage *stage)
{
	struct drm_edgebert_bo_mmap_offset offset = { .handle = stage->w.source.handle };
	void *memory;

	if (call(stage, DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET, &offset))
		return -1;
	memory = mmap(NULL, stage->w.source.size, PROT_READ | PROT_WRITE, MAP_SHARED, stage->w.fd,
		      (off_t)offset.offset);
	return memory == MAP_FAILED ? -1 : munmap(memory, stage->w.source.size);
}

static int prime_export(struct stage *stage)
{
	struct drm_prime_handle prime = {
		.handle = stage->w.source.handle,
		.flags = DRM_CLOEXEC,
	};

	return call(stage, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) ? -1 : close(prime.fd);
}

static int prime_import(struct stage *stage)
{
	struct drm_prime_handle prime = { .fd = stage->dma_buf };

	return call(stage, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);
}

static int gem_close(struct stage *stage)
{
	struct drm_gem_close argument = { .handle = stage->w.source.handle };

	return call(stage, DRM_IOCTL_GEM_CLOSE, &argument);
}

static int version(struct stage *stage)
{
	char name[32];
	struct drm_version argument = { .name = name, .name_len = sizeof(name) };

	return call(stage, DRM_IOCTL_VERSION, &argument);
}

#define FAIL_NTH(name) TEST_LIMIT(name, LIMIT_S) { fail_nth(name); }

FAIL_NTH(dev_query)
FAIL_NTH(dev_query_points)
FAIL_NTH(bo_create)
FAIL_NTH(bo_mmap_offset)
FAIL_NTH(bo_wait)
FAIL_NTH(context_create_again)
FAIL_NTH(context_destroy)
FAIL_NTH(submit_jobs)
FAIL_NTH(job_result)
FAIL_NTH(context_counters)
FAIL_NTH(open_node)
FAIL_NTH(map_and_touch)
FAIL_NTH(prime_export)
FAIL_NTH(prime_import)
FAIL_NTH(gem_close)
FAIL_NTH(version)

int main(void)
{
	const char *missing = fault_prepare();

	return harness_main(missing ? missing : device_path() ? NULL : "no EdgeBERT device");
}
