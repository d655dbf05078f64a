// SPDX-License-Identifier: MIT
/*
 * Every ioctl, with its first, second, third ... allocation or copy failing, until none is left.
 *
 * Each failure must be a clean one, and the same call must succeed right after it.  Whether
 * memory was lost is seen at the end of the boot.  A new ioctl needs one function that calls
 * it with what is on the stage, and one line that names it; the last test says if it is missing.
 */
#include "tests/kselftest/device.h"
#include "tests/kselftest/envm.h"
#include "tests/kselftest/fault.h"

#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* More chances to fail than any call has. */
#define NTH_MAX		2000
#define LIMIT_S		240

/* What operations find: a context with a finished job whose result has not been read. */
struct stage {
	struct workload w;
	int dma_buf;
	uint32_t imported;	/* handle of what prepare_imported() imports */
	/*
	 * The call before may have done its work, and only its answer was lost: what an ioctl
	 * returns in its argument is copied after the driver has had its say.
	 */
	bool may_be_done;
};

/* By number: which ioctls of the driver were called with a chance to fail; see main(). */
static bool *tried;
static bool armed;

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

/* prepare is called before each chance, or NULL. */
static void fail_nth(operation *prepare, operation *run)
{
	unsigned int nth, failed = 0;
	struct stage stage;
	int result, error;
	bool injected = true;

	for (nth = 1; injected; nth++) {
		CHECK(nth < NTH_MAX);
		stage_open(&stage);
		if (prepare)
			CHECK_OK(prepare(&stage));
		armed = true;
		fault_arm(nth);
		result = run(&stage);
		error = errno;
		injected = fault_disarm();
		armed = false;
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
	unsigned int number = _IOC_NR(request);

	if (armed && number >= DRM_COMMAND_BASE && number < DRM_COMMAND_END)
		tried[number - DRM_COMMAND_BASE] = true;
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

static int prime_import(struct stage *stage)
{
	struct drm_prime_handle prime = { .fd = stage->dma_buf };
	int result = call(stage, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);

	stage->imported = prime.handle;
	return result;
}

/* The stage's dma-buf is memory of this program, not a buffer of the driver. */
static int prepare_user_memory(struct stage *stage)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = 5 * PAGE_BYTES };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memory = memfd_create("shared", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	if (node < 0)
		SKIP("no udmabuf");
	CHECK(memory >= 0);
	CHECK_OK(ftruncate(memory, (off_t)create.size));
	CHECK_OK(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK));
	create.memfd = (uint32_t)memory;
	CHECK_OK(close(stage->dma_buf));
	stage->dma_buf = ioctl(node, UDMABUF_CREATE, &create);
	close(memory);
	close(node);
	return stage->dma_buf < 0 ? -1 : 0;
}

static int prepare_imported(struct stage *stage)
{
	return prepare_user_memory(stage) ? -1 : prime_import(stage);
}

static int bo_map(struct stage *stage)
{
	struct drm_edgebert_bo_map map = { .handle = stage->imported };

	if (call(stage, DRM_IOCTL_EDGEBERT_BO_MAP, &map))
		return -1;
	CHECK_EQ(map.size, 5 * PAGE_BYTES);
	return 0;
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

static int context_set(struct stage *stage)
{
	struct drm_edgebert_context_set argument = {
		.context_id = stage->w.context,
		.operating_point_high = UINT32_MAX,
	};

	return call(stage, DRM_IOCTL_EDGEBERT_CONTEXT_SET, &argument);
}

static int events(struct stage *stage)
{
	struct drm_edgebert_events argument = { .events = DRM_EDGEBERT_EVENT_DVFS };

	return call(stage, DRM_IOCTL_EDGEBERT_EVENTS, &argument);
}

/* The eNVM is not the stage's but stays: slot B is what these calls change. */

static uint8_t page[ENVM_PAGE];

static int prepare_erased(struct stage *stage)
{
	envm_deactivate(stage->w.fd);
	return try_envm_erase(stage->w.fd, SLOT_B);
}

static int prepare_page(struct stage *stage)
{
	envm_pattern(page, sizeof(page), 7);
	return prepare_erased(stage) ? -1 :
	       try_envm_program(stage->w.fd, SLOT_B, 0, page, sizeof(page));
}

static int envm_info_again(struct stage *stage)
{
	struct drm_edgebert_envm_info info;
	struct drm_edgebert_envm_query argument = {
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};

	return call(stage, DRM_IOCTL_EDGEBERT_ENVM_INFO, &argument);
}

static int transfer_page(struct stage *stage, unsigned long request, void *bytes)
{
	struct drm_edgebert_envm_transfer argument = {
		.slot = SLOT_B,
		.size = sizeof(page),
		.pointer = (uintptr_t)bytes,
	};

	return call(stage, request, &argument);
}

static int envm_read(struct stage *stage)
{
	uint8_t bytes[ENVM_PAGE] = { 0 };

	if (transfer_page(stage, DRM_IOCTL_EDGEBERT_ENVM_READ, bytes))
		return -1;
	CHECK(!memcmp(bytes, page, sizeof(page)));
	return 0;
}

static int envm_program(struct stage *stage)
{
	if (stage->may_be_done)
		CHECK_OK(prepare_erased(stage));
	return transfer_page(stage, DRM_IOCTL_EDGEBERT_ENVM_PROGRAM, page);
}

static int envm_verify(struct stage *stage)
{
	return transfer_page(stage, DRM_IOCTL_EDGEBERT_ENVM_VERIFY, page);
}

static int slot_operation(struct stage *stage, unsigned long request)
{
	struct drm_edgebert_envm_slot_operation argument = { .slot = SLOT_B };

	return call(stage, request, &argument);
}

static int envm_erase(struct stage *stage)
{
	return slot_operation(stage, DRM_IOCTL_EDGEBERT_ENVM_ERASE);
}

static int envm_commit(struct stage *stage)
{
	struct drm_edgebert_envm_commit argument = {
		.slot = SLOT_B,
		.image = envm_image_of(page, sizeof(page), "fail-nth"),
	};

	return call(stage, DRM_IOCTL_EDGEBERT_ENVM_COMMIT, &argument);
}

/* Only a reset lifts a lock. */
static int prepare_unlocked(struct stage *stage)
{
	char path[80];
	int fd, result;

	(void)stage;
	snprintf(path, sizeof(path), "/sys/class/accel/%s/device/reset",
		 strrchr(device_path(), '/') + 1);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	result = write(fd, "1", 1) == 1 ? 0 : -1;
	close(fd);
	return result;
}

static int envm_lock(struct stage *stage)
{
	return slot_operation(stage, DRM_IOCTL_EDGEBERT_ENVM_LOCK);
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

/* The same, of memory that is not the driver's own. */
static int prime_import_user_memory(struct stage *stage)
{
	return prime_import(stage);
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

#define FAIL_NTH(prepare, name) TEST_LIMIT(name, LIMIT_S) { fail_nth(prepare, name); }

FAIL_NTH(NULL, dev_query)
FAIL_NTH(NULL, dev_query_points)
FAIL_NTH(NULL, bo_create)
FAIL_NTH(NULL, bo_mmap_offset)
FAIL_NTH(prepare_imported, bo_map)
FAIL_NTH(NULL, bo_wait)
FAIL_NTH(NULL, context_create_again)
FAIL_NTH(NULL, context_destroy)
FAIL_NTH(NULL, submit_jobs)
FAIL_NTH(NULL, job_result)
FAIL_NTH(NULL, context_counters)
FAIL_NTH(NULL, context_set)
FAIL_NTH(NULL, events)
FAIL_NTH(NULL, envm_info_again)
FAIL_NTH(prepare_page, envm_read)
FAIL_NTH(prepare_erased, envm_erase)
FAIL_NTH(prepare_erased, envm_program)
FAIL_NTH(prepare_page, envm_verify)
FAIL_NTH(prepare_page, envm_commit)
FAIL_NTH(prepare_unlocked, envm_lock)
FAIL_NTH(NULL, open_node)
FAIL_NTH(NULL, map_and_touch)
FAIL_NTH(NULL, prime_export)
FAIL_NTH(NULL, prime_import)
FAIL_NTH(prepare_user_memory, prime_import_user_memory)
FAIL_NTH(NULL, gem_close)
FAIL_NTH(NULL, version)

/* So that the next test finds no locked slot and no image. */
TEST(nothing_is_left_in_the_envm)
{
	int fd = device_open();

	CHECK_OK(prepare_unlocked(NULL));
	envm_deactivate(fd);
	CHECK_OK(try_envm_erase(fd, SLOT_B));
}

#define NAME(id) case DRM_EDGEBERT_ ## id: return #id

/* NULL: there is none of that number.  The compiler's warning is how a new one gets here. */
static const char *ioctl_name(enum drm_edgebert_ioctl_id id)
{
	switch (id) {
	NAME(DEV_QUERY);
	NAME(BO_CREATE);
	NAME(BO_MMAP_OFFSET);
	NAME(BO_WAIT);
	NAME(CONTEXT_CREATE);
	NAME(CONTEXT_DESTROY);
	NAME(SUBMIT);
	NAME(JOB_RESULT);
	NAME(BO_MAP);
	NAME(CONTEXT_SET);
	NAME(CONTEXT_COUNTERS);
	NAME(EVENTS);
	NAME(ENVM_INFO);
	NAME(ENVM_READ);
	NAME(ENVM_ERASE);
	NAME(ENVM_PROGRAM);
	NAME(ENVM_VERIFY);
	NAME(ENVM_COMMIT);
	NAME(ENVM_LOCK);
	}
	return NULL;
}

/* The last test: all others have left in tried[] what they called. */
TEST(no_ioctl_was_left_out)
{
	unsigned int id, missing = 0;

	for (id = 0; id < DRM_COMMAND_END - DRM_COMMAND_BASE; id++) {
		const char *name = ioctl_name((enum drm_edgebert_ioctl_id)id);

		if (!name || tried[id])
			continue;
		printf("# %s is never called with a fault\n", name);
		missing++;
	}
	CHECK_EQ(missing, 0);
}

int main(void)
{
	const char *missing = fault_prepare();

	/* Shared: each test is a process of its own. */
	tried = mmap(NULL, DRM_COMMAND_END - DRM_COMMAND_BASE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tried == MAP_FAILED)
		return HARNESS_FAILED;
	return harness_main(missing ? missing : device_path() ? NULL : "no EdgeBERT device");
}
