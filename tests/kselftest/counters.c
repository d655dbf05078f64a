// SPDX-License-Identifier: MIT
/*
 * CONTEXT_COUNTERS: sums over the jobs of a context, compared with their results and with
 * what fdinfo says of the file.
 */
#include "tests/kselftest/device.h"

#include <fcntl.h>

static int try_counters(int fd, uint32_t context, struct drm_edgebert_counters *counters)
{
	struct drm_edgebert_context_counters args = {
		.context_id = context,
		.size = sizeof(*counters),
		.pointer = (uintptr_t)counters,
	};
	int status;

	memset(counters, 0xcc, sizeof(*counters));
	status = try_ioctl(fd, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &args);
	if (!status)
		CHECK_EQ(args.size, sizeof(*counters));
	return status;
}

static struct drm_edgebert_counters counters_of(int fd, uint32_t context)
{
	struct drm_edgebert_counters counters;

	CHECK_OK(try_counters(fd, context, &counters));
	CHECK_EQ(counters.pad, 0);
	return counters;
}

/* The number in a line "KEY:<tab>NUMBER" of the file's fdinfo. */
static unsigned long long fdinfo_of(int fd, const char *key)
{
	char path[64], text[4096], pattern[64];
	const char *found;
	ssize_t length;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(info >= 0);
	length = read(info, text, sizeof(text) - 1);
	CHECK(length > 0);
	text[length] = '\0';
	CHECK_OK(close(info));
	snprintf(pattern, sizeof(pattern), "\n%s:\t", key);
	found = strstr(text, pattern);
	CHECK(found);
	return strtoull(found + strlen(pattern), NULL, 10);
}

TEST(a_new_context_has_counted_nothing)
{
	struct drm_edgebert_counters counters, zero = { 0 };
	int fd = device_open();

	counters = counters_of(fd, context_create(fd));
	CHECK(!memcmp(&counters, &zero, sizeof(zero)));
}

TEST(counters_are_the_sum_of_the_results)
{
	struct drm_edgebert_counters sum = { 0 }, counters;
	struct drm_edgebert_result result;
	struct workload w;
	int i, block;

	workload_init(&w, device_open(), 3);
	for (i = 0; i < 5; i++) {
		/* The fourth faults. */
		w.job.segments[1] = i == 3 ? 0xf0000000 : w.destination.address;
		w.job.operating_point = i % 2;
		result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
		CHECK_EQ(result.error, i == 3 ? -EIO : 0);
		sum.cycles += result.cycles;
		sum.time_ns += result.time_ns;
		sum.energy_pj += result.energy_pj;
		sum.queue_ns += result.started_ns - result.queued_ns;
		sum.transitions += result.transitions;
		for (block = 0; block < 8; block++)
			sum.block_energy_pj[block] += result.block_energy_pj[block];
	}
	counters = counters_of(w.fd, w.context);
	CHECK_EQ(counters.submitted, 5);
	CHECK_EQ(counters.completed, 4);
	CHECK_EQ(counters.faults, 1);
	CHECK_EQ(counters.cancelled, 0);
	CHECK_EQ(counters.deadline_misses, 0);
	CHECK_EQ(counters.cycles, sum.cycles);
	CHECK_EQ(counters.time_ns, sum.time_ns);
	CHECK_EQ(counters.energy_pj, sum.energy_pj);
	CHECK_EQ(counters.queue_ns, sum.queue_ns);
	CHECK_EQ(counters.transitions, sum.transitions);
	CHECK(!memcmp(counters.block_energy_pj, sum.block_energy_pj, sizeof(sum.block_energy_pj)));
	CHECK(sum.cycles > 0 && sum.energy_pj > 0 && sum.queue_ns > 0);
}

TEST(exits_are_counted_by_layer)
{
	struct drm_edgebert_counters counters;
	struct edgebert_hw_command *command;
	struct drm_edgebert_result result;
	struct workload w;
	uint32_t i;

	workload_init(&w, device_open(), 1);
	/* Two logits, then the exit that is always taken. */
	memset(w.stream.memory, 0, PAGE_BYTES);
	command = w.stream.memory;
	command[0].opcode = EDGEBERT_HW_OP_ENTROPY;
	command[0].entropy.input_format = EDGEBERT_HW_FORMAT_Q6_10;
	command[0].entropy.classes = 2;
	command[0].entropy.layer = 7;
	command[1].opcode = EDGEBERT_HW_OP_EXIT;
	command[1].flags = EDGEBERT_HW_CMD_LAST;
	command[1].exit.layer = 7;
	for (i = 0; i < 3; i++) {
		result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
		CHECK_EQ(result.error, 0);
		CHECK_EQ(result.exit_layer, 7);
	}
	counters = counters_of(w.fd, w.context);
	for (i = 0; i < 24; i++)
		CHECK_EQ(counters.exits[i], i == 6 ? 3 : 0);
}

TEST(contexts_are_counted_apart_and_fdinfo_adds_them_up)
{
	struct drm_edgebert_counters first, second;
	struct workload w;
	uint32_t other;
	int i;

	workload_init(&w, device_open(), 2);
	other = context_create(w.fd);
	for (i = 0; i < 3; i++)
		CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	w.job.segments[1] = 0xf0000000;
	CHECK_EQ(result_of(w.fd, other, submit(w.fd, other, &w.job)).error, -EIO);
	first = counters_of(w.fd, w.context);
	second = counters_of(w.fd, other);
	CHECK_EQ(first.submitted, 3);
	CHECK_EQ(second.submitted, 1);
	CHECK_EQ(second.faults, 1);
	CHECK_EQ(fdinfo_of(w.fd, "edgebert-jobs"), 4);
	CHECK_EQ(fdinfo_of(w.fd, "edgebert-faults"), 1);
	CHECK_EQ(fdinfo_of(w.fd, "drm-cycles-core"), first.cycles + second.cycles);
	CHECK_EQ(fdinfo_of(w.fd, "edgebert-modelled-ns"), first.time_ns + second.time_ns);
	CHECK_EQ(fdinfo_of(w.fd, "edgebert-modelled-energy-uj"),
		 (first.energy_pj + second.energy_pj) / 1000000);
}

/* The engine was busy, but for no longer than the jobs took on the host. */
TEST(fdinfo_engine_time_is_within_the_measured_time)
{
	struct drm_edgebert_result result;
	unsigned long long elapsed = 0, engine;
	struct workload w;
	int i;

	workload_init_slow(&w, device_open(), 50);
	for (i = 0; i < 4; i++) {
		result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
		CHECK_EQ(result.error, 0);
		elapsed += result.ended_ns - result.started_ns;
	}
	engine = fdinfo_of(w.fd, "drm-engine-core");
	CHECK(engine <= elapsed);
	/* The rest is the host's share, on a busy one most of it. */
	CHECK(engine > elapsed / 10);
}

TEST(cancelled_jobs_and_missed_deadlines_are_counted)
{
	struct drm_edgebert_counters counters;
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.deadline_ns = 1;
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, -ETIME);
	counters = counters_of(w.fd, w.context);
	CHECK_EQ(counters.submitted, 1);
	CHECK_EQ(counters.completed, 0);
	CHECK_EQ(counters.cancelled, 1);
	CHECK_EQ(counters.deadline_misses, 1);
	CHECK_EQ(counters.stopped, 0);
	CHECK_EQ(counters.queue_ns, 0);
	CHECK_EQ(counters.flags, 0);
}

TEST(an_answer_is_cut_to_the_room_there_is)
{
	uint64_t words[3] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	struct drm_edgebert_context_counters args = {
		.size = 2 * sizeof(words[0]) + 4,
		.pointer = (uintptr_t)words,
	};
	struct workload w;

	workload_init(&w, device_open(), 1);
	args.context_id = w.context;
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK_OK(try_ioctl(w.fd, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &args));
	CHECK_EQ(args.size, 2 * sizeof(words[0]));
	CHECK_EQ(words[0], 1);
	CHECK_EQ(words[1], 1);
	CHECK_EQ(words[2], UINT64_MAX);
}

TEST(unknown_context_is_refused)
{
	struct drm_edgebert_counters counters;
	int fd = device_open();

	CHECK_ERRNO(try_counters(fd, 0, &counters), ENOENT);
	CHECK_ERRNO(try_counters(fd, 4711, &counters), ENOENT);
}

TEST(context_of_another_file_is_unknown)
{
	struct drm_edgebert_counters counters;
	int fd = device_open();

	context_create(fd);
	CHECK_ERRNO(try_counters(device_open(), 1, &counters), ENOENT);
}

TEST(no_room_is_refused)
{
	struct drm_edgebert_counters counters;
	struct drm_edgebert_context_counters args = { .pointer = (uintptr_t)&counters, .size = 7 };
	int fd = device_open();

	args.context_id = context_create(fd);
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &args), EINVAL);
	args.size = sizeof(counters);
	args.pointer = 0;
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &args), EINVAL);
}

TEST(bad_pointer_is_refused)
{
	struct drm_edgebert_context_counters args = { .pointer = 8, .size = 64 };
	int fd = device_open();

	args.context_id = context_create(fd);
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &args), EFAULT);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
