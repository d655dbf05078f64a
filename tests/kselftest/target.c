// SPDX-License-Identifier: MIT
/*
 * Targets of autonomous jobs: time in the queues of driver and device is spent of them.
 */
#include <string.h>

#include "tests/kselftest/device.h"

/* At the slowest point the predicted work takes some 13 ms of this. */
#define TARGET_US	150000
#define CYCLES		1000000
#define IN_FRONT_MS	400

/* Operands in the source buffer. */
#define LOGITS		EDGEBERT_HW_OPERAND(0, 0)
#define TABLE		EDGEBERT_HW_OPERAND(0, 0x100)
#define COUNTS		EDGEBERT_HW_OPERAND(0, 0x200)

static void write_commands(struct edgebert_hw_command *stream)
{
	memset(stream, 0, 3 * sizeof(*stream));
	stream[0].opcode = EDGEBERT_HW_OP_ENTROPY;
	stream[0].entropy.input = LOGITS;
	stream[0].entropy.input_format = EDGEBERT_HW_FORMAT_Q6_10;
	stream[0].entropy.classes = 2;
	stream[0].entropy.layer = 1;
	stream[1].opcode = EDGEBERT_HW_OP_PREDICT;
	stream[1].predict.table = TABLE;
	stream[1].predict.cycles = COUNTS;
	stream[1].predict.rows = 1;
	stream[1].predict.step = 512;
	stream[1].predict.columns = 1;
	stream[1].predict.first_layer = 2;
	stream[1].predict.last_layer = 2;
	stream[1].predict.cycle_rows = 1;
	stream[2].opcode = EDGEBERT_HW_OP_EXIT;
	stream[2].exit.layer = 2;
}

/* A workload whose job assesses two equal logits, predicts layer 2 and leaves there. */
static void predicting_init(struct workload *w, int fd)
{
	workload_init(w, fd, 1);
	write_commands(w->stream.memory);
	memset(w->source.memory, 0, w->source.size);
	memcpy((uint8_t *)w->source.memory + 0x200, &(uint32_t){ CYCLES }, sizeof(uint32_t));
	w->job.stream_commands = 3;
	w->job.flags = DRM_EDGEBERT_JOB_AUTONOMOUS;
	w->job.sequence_length = 1;
	w->job.entropy_threshold = 100;
	w->job.target_latency_us = TARGET_US;
	w->job.segments[0] = w->source.address;
}

/* Behind a job that takes longer than the target; what that job has asked for. */
static struct drm_edgebert_result run_behind(struct workload *slow, struct workload *w,
					     int64_t target_start_ns)
{
	struct drm_edgebert_result result;
	uint64_t first;

	first = submit(slow->fd, slow->context, &slow->job);
	w->job.target_start_ns = target_start_ns;
	result = result_of(w->fd, slow->context, submit(w->fd, slow->context, &w->job));
	CHECK_EQ(result.error, 0);
	CHECK_EQ(result.predicted_layer, 2);
	CHECK_EQ(result_of(slow->fd, slow->context, first).error, 0);
	return result;
}

static struct drm_edgebert_result run_alone(struct workload *w, int64_t target_start_ns)
{
	struct drm_edgebert_result result;

	w->job.target_start_ns = target_start_ns;
	result = result_of(w->fd, w->context, submit(w->fd, w->context, &w->job));
	CHECK_EQ(result.error, 0);
	return result;
}

static uint32_t highest_point(int fd)
{
	struct drm_edgebert_query_device device;
	struct drm_edgebert_dev_query query = {
		.type = DRM_EDGEBERT_QUERY_DEVICE, .size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	return device.operating_point_count - 1;
}

/* The job in front is at the device already: only the device knows when it ends. */
TEST(time_in_the_ring_counts)
{
	struct workload slow, w;
	uint32_t frugal;

	workload_init_slow(&slow, device_open(), IN_FRONT_MS);
	predicting_init(&w, slow.fd);
	frugal = run_alone(&w, 0).operating_point;
	CHECK(frugal < highest_point(w.fd));
	CHECK_EQ(run_behind(&slow, &w, 0).operating_point, frugal);
	CHECK_EQ(run_behind(&slow, &w, in_ns(0)).operating_point, highest_point(w.fd));
}

/* More jobs than the device takes at once are in front. */
TEST(time_in_the_drivers_queue_counts)
{
	struct drm_edgebert_result result;
	struct workload slow, w;
	int i;

	workload_init_slow(&slow, device_open(), IN_FRONT_MS / 4);
	predicting_init(&w, slow.fd);
	w.context = slow.context;
	for (i = 0; i < 8; i++)
		submit(slow.fd, slow.context, &slow.job);
	result = run_alone(&w, in_ns(0));
	CHECK(result.started_ns - result.queued_ns > TARGET_US * 1000ull);
	CHECK_EQ(result.operating_point, highest_point(w.fd));
}

TEST(time_before_the_submit_counts)
{
	struct workload w;

	predicting_init(&w, device_open());
	CHECK(run_alone(&w, in_ns(0)).operating_point < highest_point(w.fd));
	CHECK_EQ(run_alone(&w, 1).operating_point, highest_point(w.fd));
	/* What is still to come has not spent anything. */
	CHECK(run_alone(&w, in_ns(30 * SECOND_NS)).operating_point < highest_point(w.fd));
}

TEST(start_of_target_is_checked)
{
	struct workload w;

	predicting_init(&w, device_open());
	w.job.target_start_ns = -1;
	CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1), EINVAL);
	w.job.target_start_ns = 1;
	w.job.flags = 0;
	CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1), EINVAL);
	/* Nothing of that was accepted. */
	w.job.flags = DRM_EDGEBERT_JOB_AUTONOMOUS;
	w.job.target_start_ns = 0;
	CHECK_EQ(submit(w.fd, w.context, &w.job), 1);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
