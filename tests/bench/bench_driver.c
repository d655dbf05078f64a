// SPDX-License-Identifier: MIT
/*
 * edgebert-bench-driver: what the driver costs, measured from inside the VM.
 *
 * usage: edgebert-bench-driver [RUNS [jobs]]
 * With "jobs" buffers are left out.
 * The jobs are empty: a stream of one END.  Prints one figure in each line: its name and
 * value; bench-driver.sh makes a table of the figures of several runs.
 *
 * The floor of a job is what lies between the doorbell and its interrupt: the times that
 * the driver takes right before the one and first thing in the other, and gives out with
 * the result.  Everything else is software: ours, and the kernel's.
 */
#include <sys/mman.h>
#include <time.h>

#include "tests/kselftest/device.h"

#define RUNS_DEFAULT	2000
#define RUNS_MAX	100000
#define CONTEXTS_MAX	16
#define BATCH_MAX	16
#define DEPTH		8

struct bench {
	int fd;
	struct buffer stream;
	struct drm_edgebert_job_buffer used;
	struct drm_edgebert_job job;
	unsigned int runs;
};

static uint64_t now_ns(void)
{
	return (uint64_t)in_ns(0);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_us(uint64_t *values, unsigned int count)
{
	qsort(values, count, sizeof(*values), compare);
	return (double)values[count / 2] / 1000;
}

static void bench_init(struct bench *bench, unsigned int runs)
{
	bench->runs = runs;
	bench->fd = device_open();
	bench->stream = buffer_create(bench->fd, PAGE_BYTES, DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
	command_end(&bench->stream, 0);
	bench->used.handle = bench->stream.handle;
	bench->job = job_of(&bench->stream, 1);
	bench->job.buffers = array_of(&bench->used, 1, sizeof(bench->used));
}

/* The stages of a job from before SUBMIT until after JOB_RESULT. */
enum stage { STAGE_TOTAL, STAGE_SUBMIT, STAGE_SCHEDULE, STAGE_FLOOR, STAGE_WAKE, STAGE_COUNT };

static const char *const stage_names[STAGE_COUNT] = {
	[STAGE_TOTAL] = "submit_to_completion_us",
	[STAGE_SUBMIT] = "ioctl_until_queued_us",
	[STAGE_SCHEDULE] = "queued_until_doorbell_us",
	[STAGE_FLOOR] = "doorbell_until_interrupt_us",
	[STAGE_WAKE] = "interrupt_until_return_us",
};

/* Medians, and what one job in ten stays below: how it is while the host has time. */
static void measure_depth_1(struct bench *bench, double medians[STAGE_COUNT],
			    double best_tenth[STAGE_COUNT])
{
	uint32_t context = context_create(bench->fd);
	uint64_t *values[STAGE_COUNT];
	unsigned int i, stage;

	for (stage = 0; stage < STAGE_COUNT; stage++) {
		values[stage] = calloc(bench->runs, sizeof(uint64_t));
		CHECK(values[stage]);
	}
	for (i = 0; i < bench->runs; i++) {
		uint64_t begin = now_ns(), end;
		struct drm_edgebert_result result =
			result_of(bench->fd, context, submit(bench->fd, context, &bench->job));

		end = now_ns();
		CHECK_EQ(result.error, 0);
		values[STAGE_TOTAL][i] = end - begin;
		values[STAGE_SUBMIT][i] = result.queued_ns - begin;
		values[STAGE_SCHEDULE][i] = result.started_ns - result.queued_ns;
		values[STAGE_FLOOR][i] = result.ended_ns - result.started_ns;
		values[STAGE_WAKE][i] = end - result.ended_ns;
	}
	for (stage = 0; stage < STAGE_COUNT; stage++) {
		medians[stage] = median_us(values[stage], bench->runs);
		best_tenth[stage] = (double)values[stage][bench->runs / 10] / 1000;
		free(values[stage]);
	}
	CHECK_OK(try_context_destroy(bench->fd, context));
}

/* Every context has so many jobs under way; one thread serves them all in turns. */
static double jobs_per_second(struct bench *bench, unsigned int contexts)
{
	uint32_t ids[CONTEXTS_MAX];
	unsigned int i, round, rounds = bench->runs / contexts + 1;
	uint64_t begin;
	double seconds;

	for (i = 0; i < contexts; i++)
		ids[i] = context_create(bench->fd);
	begin = now_ns();
	for (round = 0; round < rounds + DEPTH; round++)
		for (i = 0; i < contexts; i++) {
			if (round >= DEPTH)
				CHECK_EQ(result_of(bench->fd, ids[i], round - DEPTH + 1).error, 0);
			if (round < rounds)
				submit(bench->fd, ids[i], &bench->job);
		}
	seconds = (double)(now_ns() - begin) / 1e9;
	for (i = 0; i < contexts; i++)
		CHECK_OK(try_context_destroy(bench->fd, ids[i]));
	return rounds * contexts / seconds;
}

/* Time for each job when so many go into one SUBMIT, and only the last is waited for. */
static double batch_us(struct bench *bench, unsigned int size)
{
	struct drm_edgebert_job jobs[BATCH_MAX];
	uint32_t context = context_create(bench->fd);
	unsigned int i, run, runs = bench->runs / size + 1;
	uint64_t *values = calloc(runs, sizeof(*values)), begin;
	double median;

	CHECK(values);
	for (run = 0; run < runs; run++) {
		for (i = 0; i < size; i++)
			jobs[i] = bench->job;
		begin = now_ns();
		CHECK_OK(try_submit(bench->fd, context, jobs, size));
		CHECK_EQ(result_of(bench->fd, context, jobs[size - 1].sequence).error, 0);
		values[run] = now_ns() - begin;
	}
	median = median_us(values, runs) / size;
	free(values);
	CHECK_OK(try_context_destroy(bench->fd, context));
	return median;
}

struct buffer_cost {
	double create_us, map_us, close_us;
};

/* Create: allocate, zero and map for the device; map: mmap and touch every page. */
static struct buffer_cost buffer_cost(struct bench *bench, uint64_t bytes)
{
	const unsigned int runs = 15;
	uint64_t create[15], map[15], close_it[15], begin;
	struct buffer buffer;
	unsigned int i;

	for (i = 0; i < runs; i++) {
		struct drm_edgebert_bo_mmap_offset offset = { 0 };

		begin = now_ns();
		buffer = buffer_create(bench->fd, bytes, DRM_EDGEBERT_BO_NO_CPU_MAP);
		create[i] = now_ns() - begin;
		buffer_close(bench->fd, &buffer);

		buffer = buffer_create(bench->fd, bytes, 0);
		CHECK_OK(munmap(buffer.memory, buffer.size));
		begin = now_ns();
		offset.handle = buffer.handle;
		CHECK_OK(try_ioctl(bench->fd, DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET, &offset));
		buffer.memory = mmap(NULL, buffer.size, PROT_READ | PROT_WRITE, MAP_SHARED,
				     bench->fd, (off_t)offset.offset);
		CHECK(buffer.memory != MAP_FAILED);
		for (uint64_t page = 0; page < bytes; page += PAGE_BYTES)
			((volatile uint8_t *)buffer.memory)[page] = 1;
		map[i] = now_ns() - begin;
		begin = now_ns();
		buffer_close(bench->fd, &buffer);
		close_it[i] = now_ns() - begin;
	}
	return (struct buffer_cost) { median_us(create, runs), median_us(map, runs),
				      median_us(close_it, runs) };
}

static void report(const char *name, unsigned int size, const char *unit, double value)
{
	printf("%s_%u_%s %.1f\n", name, size, unit, value);
}

static void report_depth_1(struct bench *bench)
{
	double medians[STAGE_COUNT], best_tenth[STAGE_COUNT];
	unsigned int stage;

	/* The first time: awake, and all that is filled at the first use is filled. */
	measure_depth_1(bench, medians, best_tenth);
	measure_depth_1(bench, medians, best_tenth);
	for (stage = 0; stage < STAGE_COUNT; stage++)
		printf("%s %.1f\n", stage_names[stage], medians[stage]);
	for (stage = 0; stage < STAGE_COUNT; stage++)
		printf("best_tenth_%s %.1f\n", stage_names[stage], best_tenth[stage]);
	printf("times_the_floor %.2f\n", medians[STAGE_TOTAL] / medians[STAGE_FLOOR]);
	printf("best_tenth_times_the_floor %.2f\n",
	       best_tenth[STAGE_TOTAL] / best_tenth[STAGE_FLOOR]);
}

static void report_jobs(struct bench *bench)
{
	static const unsigned int contexts[] = { 1, 4, 16 }, batches[] = { 1, 2, 4, 8, 16 };
	unsigned int i;

	for (i = 0; i < sizeof(batches) / sizeof(batches[0]); i++)
		report("batch", batches[i], "us_per_job", batch_us(bench, batches[i]));
	for (i = 0; i < sizeof(contexts) / sizeof(contexts[0]); i++)
		report("contexts", contexts[i], "jobs_per_second",
		       jobs_per_second(bench, contexts[i]));
}

static void report_buffers(struct bench *bench)
{
	static const unsigned int kib[] = { 4, 1024, 16384 };
	unsigned int i;

	for (i = 0; i < sizeof(kib) / sizeof(kib[0]); i++) {
		struct buffer_cost cost = buffer_cost(bench, kib[i] * 1024ull);

		report("create", kib[i], "kib_us", cost.create_us);
		report("mmap_and_touch", kib[i], "kib_us", cost.map_us);
		report("unmap_and_close", kib[i], "kib_us", cost.close_us);
	}
}

int main(int argc, char **argv)
{
	unsigned int runs = argc > 1 ? (unsigned int)atoi(argv[1]) : RUNS_DEFAULT;
	bool jobs_only = argc > 2 && !strcmp(argv[2], "jobs");
	struct bench bench;

	if (!runs || runs > RUNS_MAX || argc > 2 + jobs_only || !device_path()) {
		fprintf(stderr,
			"usage: edgebert-bench-driver [RUNS [jobs]]; needs an EdgeBERT device\n");
		return 1;
	}
	bench_init(&bench, runs);
	report_depth_1(&bench);
	report_jobs(&bench);
	if (!jobs_only)
		report_buffers(&bench);
	return 0;
}
