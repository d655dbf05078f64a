// SPDX-License-Identifier: MIT
/*
 * Bad command streams: each job fails alone, with a status that says why.
 */
#include "tests/kselftest/device.h"

/* Runs the (bad) job, then a good one, which must succeed. */
static struct drm_edgebert_result run_bad_job(struct workload *w)
{
	struct drm_edgebert_result result, after;
	struct workload good;

	result = result_of(w->fd, w->context, submit(w->fd, w->context, &w->job));
	CHECK_EQ(result.error, -EIO);
	workload_init(&good, w->fd, 1);
	after = result_of(good.fd, w->context, submit(good.fd, w->context, &good.job));
	CHECK_EQ(after.error, 0);
	CHECK_EQ(after.status, EDGEBERT_HW_OK);
	CHECK(!memcmp(good.destination.memory, good.source.memory, good.destination.size));
	return result;
}

static struct edgebert_hw_command *command_of(struct workload *w, uint32_t number)
{
	return (struct edgebert_hw_command *)w->stream.memory + number;
}

TEST(unmapped_source_faults)
{
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 3);
	command_of(&w, 1)->copy.source = EDGEBERT_HW_OPERAND(2, 0x40);
	w.job.segments[2] = 0xf0000000;
	result = run_bad_job(&w);
	CHECK_EQ(result.status, EDGEBERT_HW_PAGE_NOT_MAPPED);
	CHECK_EQ(result.fault_command, 1);
}

TEST(unmapped_stream_faults)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.stream_address = 0xf0000000;
	CHECK_EQ(run_bad_job(&w).status, EDGEBERT_HW_PAGE_NOT_MAPPED);
}

TEST(null_pointer_faults)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.segments[1] = 0;
	CHECK_EQ(run_bad_job(&w).status, EDGEBERT_HW_PAGE_NOT_MAPPED);
}

TEST(overrun_of_a_buffer_faults)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.segments[1] += PAGE_BYTES;
	CHECK_EQ(run_bad_job(&w).status, EDGEBERT_HW_PAGE_NOT_MAPPED);
}

TEST(writing_a_read_only_buffer_faults)
{
	struct workload w;
	struct buffer protected;

	workload_init(&w, device_open(), 1);
	protected = buffer_create(w.fd, EDGEBERT_HW_DATA_BUFFER_BYTES,
				  DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
	w.used[2].handle = protected.handle;
	w.used[2].flags = 0;
	w.job.segments[1] = protected.address;
	CHECK_EQ(run_bad_job(&w).status, EDGEBERT_HW_PAGE_READ_ONLY);
	CHECK_EQ(*(uint64_t *)((char *)protected.memory + 64), 0);
}

TEST(read_only_buffer_can_be_read)
{
	struct workload w;
	struct buffer protected;

	workload_init(&w, device_open(), 1);
	protected = buffer_create(w.fd, EDGEBERT_HW_DATA_BUFFER_BYTES,
				  DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
	memset(protected.memory, 0x5a, protected.size);
	w.used[1].handle = protected.handle;
	w.job.segments[0] = protected.address;
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, protected.memory, w.destination.size));
}

TEST(unknown_opcode_faults)
{
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 3);
	command_of(&w, 2)->opcode = 0xee;
	result = run_bad_job(&w);
	CHECK_EQ(result.status, EDGEBERT_HW_BAD_OPCODE);
	CHECK_EQ(result.fault_command, 2);
}

TEST(reserved_field_faults)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	command_of(&w, 0)->reserved = 1;
	CHECK_EQ(run_bad_job(&w).status, EDGEBERT_HW_BAD_COMMAND);
}

TEST(stream_without_end_faults)
{
	struct workload w;

	workload_init(&w, device_open(), 2);
	w.job.stream_commands = 2;
	CHECK_EQ(run_bad_job(&w).status, EDGEBERT_HW_NO_END);
}

TEST(bad_descriptor_faults)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.sequence_length = EDGEBERT_HW_SEQUENCE_MAX + 1;
	CHECK_EQ(run_bad_job(&w).status, EDGEBERT_HW_BAD_JOB);
}

/* A buffer that is not listed may vanish, and then it is not there. */
TEST(closed_buffer_is_not_mapped_any_more)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.buffers.count = 2;
	buffer_close(w.fd, &w.destination);
	CHECK_EQ(run_bad_job(&w).status, EDGEBERT_HW_PAGE_NOT_MAPPED);
}

/* A buffer that is listed stays until the job has ended, whatever becomes of its handle. */
TEST(listed_buffer_stays_mapped)
{
	struct workload slow, w;
	char *kept;

	workload_init_slow(&slow, device_open(), 300);
	workload_init(&w, slow.fd, 1);
	submit(slow.fd, slow.context, &slow.job);
	submit(w.fd, w.context, &w.job);
	kept = w.destination.memory;
	w.destination.memory = NULL;
	buffer_close(w.fd, &w.destination);
	buffer_close(w.fd, &w.stream);
	CHECK_EQ(result_of(w.fd, w.context, 1).error, 0);
	CHECK(!memcmp(kept, w.source.memory, w.destination.size));
}

/* Garbage in place of commands: always a fault, never more than that. */
TEST(random_streams_fail_alone)
{
	struct workload w;
	uint32_t seed = 1, round, i;

	workload_init(&w, device_open(), 15);
	for (round = 0; round < 100; round++) {
		for (i = 0; i < 16 * sizeof(struct edgebert_hw_command); i++) {
			seed = seed * 1664525 + 1013904223;
			((uint8_t *)w.stream.memory)[i] = seed >> 24;
		}
		/* Some get as far as their operands. */
		command_of(&w, 0)->opcode = round % 2 ? EDGEBERT_HW_OP_COPY : seed >> 24;
		CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, -EIO);
	}
	workload_init(&w, w.fd, 1);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
