// SPDX-License-Identifier: MIT
/*
 * SUBMIT: what jobs do, arrays that grow, limits, and everything that is refused.
 */
#include "tests/kselftest/device.h"

#include <sys/mman.h>

/* Like try_submit(), with every field of the ioctl open. */
static int try_submit_array(int fd, uint32_t context, uint32_t flags,
			    struct drm_edgebert_array jobs)
{
	struct drm_edgebert_submit args = { .context_id = context, .flags = flags, .jobs = jobs };

	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_SUBMIT, &args);
}

TEST(copy_job_copies)
{
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 1);
	result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
	CHECK_EQ(result.error, 0);
	CHECK_EQ(result.status, EDGEBERT_HW_OK);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

TEST(result_is_complete)
{
	struct drm_edgebert_result result;
	struct workload w;
	uint64_t blocks = 0;
	int64_t before, after;
	int i;

	workload_init(&w, device_open(), 4);
	before = in_ns(0);
	result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
	after = in_ns(0);
	CHECK(result.cycles > 0 && result.time_ns > 0 && result.energy_pj > 0);
	for (i = 0; i < 8; i++)
		blocks += result.block_energy_pj[i];
	CHECK_EQ(blocks, result.energy_pj);
	CHECK((int64_t)result.queued_ns >= before);
	CHECK(result.started_ns >= result.queued_ns);
	CHECK(result.ended_ns > result.started_ns);
	CHECK((int64_t)result.ended_ns <= after);
	CHECK_EQ(result.exit_layer, 0);
	CHECK_EQ(result.layers_assessed, 0);
	CHECK_EQ(result.pad, 0);
	for (i = 0; i < EDGEBERT_HW_LAYERS_MAX; i++)
		CHECK_EQ(result.entropies[i], 0xffff);
}

/* Input and weights are all 1.0, so that each output is the depth. */
TEST(matmul_job_multiplies)
{
	enum { ROWS = 16, DEPTH = 32, COLUMNS = 16 };
	const uint8_t one = 0x30;	/* exponent 3, mantissa 0, bias 7: 2^(3 + 7 - 10) */
	int fd = device_open(), i;
	uint32_t context = context_create(fd);
	struct buffer stream = buffer_create(fd, PAGE_BYTES, 0);
	struct buffer operands = buffer_create(fd, 3 * PAGE_BYTES, 0);
	struct drm_edgebert_job_buffer used[] = {
		{ .handle = stream.handle },
		{ .handle = operands.handle, .flags = DRM_EDGEBERT_JOB_BUFFER_WRITE },
	};
	struct drm_edgebert_job job = job_of(&stream, 2);
	const int16_t *output = (int16_t *)((char *)operands.memory + 2 * PAGE_BYTES);
	struct drm_edgebert_result result;

	command_matmul(&stream, 0, EDGEBERT_HW_OPERAND(2, 0), EDGEBERT_HW_OPERAND(0, 0),
		       EDGEBERT_HW_OPERAND(1, 0), ROWS, DEPTH, COLUMNS);
	command_end(&stream, 1);
	memset(operands.memory, one, 2 * PAGE_BYTES);
	for (i = 0; i < 3; i++)
		job.segments[i] = operands.address + i * PAGE_BYTES;
	job.buffers = array_of(used, 2, sizeof(used[0]));
	result = result_of(fd, context, submit(fd, context, &job));
	CHECK_EQ(result.status, EDGEBERT_HW_OK);
	/* Q6.10 ends at 32 - 1/1024, where the device saturates. */
	for (i = 0; i < ROWS * COLUMNS; i++)
		CHECK_EQ(output[i], 0x7fff);
	CHECK_EQ(output[ROWS * COLUMNS], 0);

	/* Half the depth: exactly 16.0. */
	command_matmul(&stream, 0, EDGEBERT_HW_OPERAND(2, 0), EDGEBERT_HW_OPERAND(0, 0),
		       EDGEBERT_HW_OPERAND(1, 0), ROWS, DEPTH / 2, COLUMNS);
	CHECK_EQ(result_of(fd, context, submit(fd, context, &job)).status, EDGEBERT_HW_OK);
	for (i = 0; i < ROWS * COLUMNS; i++)
		CHECK_EQ(output[i], 16 << 10);
}

TEST(jobs_are_numbered_from_1)
{
	struct drm_edgebert_job jobs[3];
	struct workload w;
	int i;

	workload_init(&w, device_open(), 1);
	CHECK_EQ(submit(w.fd, w.context, &w.job), 1);
	for (i = 0; i < 3; i++)
		jobs[i] = w.job;
	CHECK_OK(try_submit(w.fd, w.context, jobs, 3));
	for (i = 0; i < 3; i++)
		CHECK_EQ(jobs[i].sequence, i + 2);
	CHECK_EQ(result_of(w.fd, w.context, 4).error, 0);
}

/* The first job copies to the destination, the second from there to a further buffer. */
TEST(jobs_of_a_submit_run_in_order)
{
	struct drm_edgebert_job jobs[2];
	struct drm_edgebert_job_buffer used[4];
	struct buffer last;
	struct workload w;

	workload_init(&w, device_open(), 1);
	last = buffer_create(w.fd, w.destination.size, 0);
	jobs[0] = w.job;
	jobs[1] = w.job;
	jobs[1].segments[0] = w.destination.address;
	jobs[1].segments[1] = last.address;
	memcpy(used, w.used, sizeof(used));
	used[1].handle = w.destination.handle;
	used[2].handle = last.handle;
	jobs[1].buffers.array = (uintptr_t)used;
	CHECK_OK(try_submit(w.fd, w.context, jobs, 2));
	CHECK_OK(try_buffer_wait(w.fd, last.handle, 0, in_ns(30 * SECOND_NS)));
	CHECK(!memcmp(last.memory, w.source.memory, last.size));
}

TEST(many_jobs_all_end)
{
	enum { BATCH = 8, ROUNDS = 40 };
	struct drm_edgebert_job jobs[BATCH];
	struct workload w;
	uint32_t round, i;

	workload_init(&w, device_open(), 1);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < BATCH; i++)
			jobs[i] = w.job;
		while (try_submit(w.fd, w.context, jobs, BATCH)) {
			CHECK_EQ(errno, EBUSY);
			CHECK_OK(try_buffer_wait(w.fd, w.destination.handle, 0,
						 in_ns(30 * SECOND_NS)));
		}
	}
	for (i = ROUNDS * BATCH - 100; i <= ROUNDS * BATCH; i++)
		CHECK_EQ(result_of(w.fd, w.context, i).error, 0);
}

TEST(first_command_may_be_skipped)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.first_command = 1;
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK_EQ(*(uint64_t *)((char *)w.destination.memory + 64), 0);
}

TEST(longer_elements_with_zero_tail_are_accepted)
{
	struct {
		struct drm_edgebert_job job;
		uint64_t future;
	} longer = { .future = 0 };
	struct workload w;

	workload_init(&w, device_open(), 1);
	longer.job = w.job;
	CHECK_OK(try_submit_array(w.fd, w.context, 0, array_of(&longer, 1, sizeof(longer))));
	CHECK_EQ(longer.job.sequence, 1);
	CHECK_EQ(result_of(w.fd, w.context, 1).error, 0);
}

TEST(longer_elements_with_content_are_refused)
{
	struct {
		struct drm_edgebert_job job;
		uint64_t future;
	} longer = { .future = 1 };
	struct workload w;

	workload_init(&w, device_open(), 1);
	longer.job = w.job;
	CHECK_ERRNO(try_submit_array(w.fd, w.context, 0, array_of(&longer, 1, sizeof(longer))),
		    E2BIG);
}

/* The structure has grown since. */
#define JOB_SIZE_1_0	(offsetof(struct drm_edgebert_job, sequence) + sizeof(uint64_t))

TEST(short_stride_is_refused)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_ERRNO(try_submit_array(w.fd, w.context, 0, array_of(&w.job, 1, 8)), EINVAL);
	CHECK_ERRNO(try_submit_array(w.fd, w.context, 0,
				     array_of(&w.job, 1, JOB_SIZE_1_0 - 1)), EINVAL);
}

/* What they do not know is zero, whatever lies behind their jobs in memory. */
TEST(jobs_of_version_1_0_are_accepted)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.deadline_ns = -1;
	CHECK_OK(try_submit_array(w.fd, w.context, 0, array_of(&w.job, 1, JOB_SIZE_1_0)));
	CHECK_EQ(w.job.sequence, 1);
	CHECK_EQ(result_of(w.fd, w.context, 1).error, 0);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

TEST(gigantic_stride_is_refused)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_ERRNO(try_submit_array(w.fd, w.context, 0, array_of(&w.job, 1, 1u << 31)), E2BIG);
}

TEST(no_jobs_are_refused)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 0), EINVAL);
}

TEST(too_many_jobs_are_refused)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1u << 20), E2BIG);
}

TEST(unfinished_jobs_are_limited)
{
	struct drm_edgebert_query_device device = { 0 };
	struct drm_edgebert_dev_query query = {
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};
	struct workload slow, w;
	int fd = device_open();
	uint32_t i;

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	workload_init_slow(&slow, fd, 1500);
	workload_init(&w, fd, 1);
	submit(fd, slow.context, &slow.job);
	for (i = 0; i < device.jobs_in_flight_max; i++)
		submit(fd, w.context, &w.job);
	CHECK_ERRNO(try_submit(fd, w.context, &w.job, 1), EBUSY);
	CHECK_EQ(result_of(fd, w.context, device.jobs_in_flight_max).error, 0);
	submit(fd, w.context, &w.job);
}

TEST(unknown_context_is_refused)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_ERRNO(try_submit(w.fd, 4711, &w.job, 1), ENOENT);
}

TEST(submit_flags_must_be_zero)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_ERRNO(try_submit_array(w.fd, w.context, 1, array_of(&w.job, 1, sizeof(w.job))),
		    EINVAL);
}

TEST(bad_jobs_pointer_is_refused)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_ERRNO(try_submit(w.fd, w.context, (struct drm_edgebert_job *)8, 1), EFAULT);
}

/* Each refusal has one reason: a good job with one field changed. */
#define REFUSED(name, change, error)					\
	TEST(name##_is_refused)						\
	{								\
		struct workload w;					\
									\
		workload_init(&w, device_open(), 1);			\
		change;							\
		CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1), error); \
	}

REFUSED(unknown_job_flag, w.job.flags = 1u << 31, EINVAL)
REFUSED(job_pad, w.job.pad = 1, EINVAL)
REFUSED(misaligned_stream, w.job.stream_address += 32, EINVAL)
REFUSED(empty_stream, w.job.stream_commands = 0, EINVAL)
REFUSED(too_long_stream, w.job.stream_commands = EDGEBERT_HW_STREAM_COMMANDS_MAX + 1, EINVAL)
REFUSED(beginning_after_the_stream, w.job.first_command = w.job.stream_commands, EINVAL)
REFUSED(unknown_operating_point, w.job.operating_point = 200, EINVAL)
REFUSED(unknown_buffer, w.used[1].handle = 4711, ENOENT)
REFUSED(unknown_buffer_flag, w.used[1].flags = 1u << 31, EINVAL)
REFUSED(writing_a_read_only_buffer, w.used[0].flags = DRM_EDGEBERT_JOB_BUFFER_WRITE, EINVAL)
REFUSED(bad_buffers_pointer, w.job.buffers.array = 8, EFAULT)
REFUSED(short_buffer_stride, w.job.buffers.stride = 4, EINVAL)
REFUSED(too_many_buffers, w.job.buffers.count = 1u << 20, E2BIG)

/* The second job is bad: the first, which is good, must not run either. */
TEST(all_jobs_are_accepted_or_none)
{
	struct drm_edgebert_job jobs[2];
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 1);
	jobs[0] = w.job;
	jobs[1] = w.job;
	jobs[1].pad = 1;
	CHECK_ERRNO(try_submit(w.fd, w.context, jobs, 2), EINVAL);
	CHECK_ERRNO(try_result(w.fd, w.context, 1, 0, &result), ENOENT);
	/* The next one is the first. */
	CHECK_EQ(submit(w.fd, w.context, &w.job), 1);
}

/* Numbers are written back before anything runs: if they can not be, nothing does. */
TEST(jobs_in_read_only_memory_are_refused)
{
	struct drm_edgebert_result result;
	struct drm_edgebert_job *job;
	struct workload w;

	workload_init(&w, device_open(), 1);
	job = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(job != MAP_FAILED);
	*job = w.job;
	CHECK_OK(mprotect(job, PAGE_BYTES, PROT_READ));
	CHECK_ERRNO(try_submit(w.fd, w.context, job, 1), EFAULT);
	CHECK_ERRNO(try_result(w.fd, w.context, 1, 0, &result), ENOENT);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
