// SPDX-License-Identifier: MIT
/*
 * What the runtime costs on this machine: host time and driver calls per sentence (SUBMIT, and
 * all others) for each policy and latency mode, and how long the device waits for the host, by
 * sentences in flight.
 *
 *	edgebert-bench-runtime accel|reference MODEL SENTENCES TARGET_US [COUNT [POINT]]
 *
 * POINT is the operating point of full and entropy; at a low one a paced device takes so long for
 * a job that the host's own speed does not matter.
 * Host times are measured; latency and energy are modelled.
 */
#include <drm/edgebert_accel.h>
#include <edgebert/edgebert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SENTENCES_MAX 2000

struct bench {
	struct eb_device *device;
	char busy_file[256];		/* "": the device says nothing of it */
	struct eb_model *model;
	struct eb_batch_text texts[SENTENCES_MAX];
	struct eb_request *requests[SENTENCES_MAX];
	size_t count;
	uint32_t target_us;
	int point;			/* of full and entropy */
};

struct run {
	const char *name;
	enum eb_policy policy;
	enum eb_latency_mode mode;
};

static const struct run runs[] = {
	{ "full", EB_POLICY_FULL, EB_LATENCY_AUTOMATIC },
	{ "entropy", EB_POLICY_ENTROPY, EB_LATENCY_AUTOMATIC },
	{ "latency, two jobs", EB_POLICY_LATENCY, EB_LATENCY_TWO_JOBS },
	{ "latency, one job", EB_POLICY_LATENCY, EB_LATENCY_ONE_JOB },
};

static void check(enum eb_status status, const char *step)
{
	if (!status)
		return;
	fprintf(stderr, "edgebert-bench-runtime: %s: %s: %s\n", step, eb_status_text(status),
		eb_error_detail());
	exit((int)status);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void read_sentences(struct bench *bench, const char *path, size_t most)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	if (!file) {
		perror(path);
		exit(66);
	}
	while (bench->count < most && (length = getline(&line, &room, file)) > 0) {
		size_t size = strcspn(line, "\t\n");

		bench->texts[bench->count++] = (struct eb_batch_text){
			.text = strndup(line, size), .size = size,
		};
	}
	free(line);
	fclose(file);
}

/*
 * Time that the device has executed jobs, by its own clock: unlike the time between telling it
 * and hearing back, it has no gaps between jobs in it.
 */
static uint64_t busy_us(const struct bench *bench)
{
	unsigned long long microseconds = 0;
	FILE *file = fopen(bench->busy_file, "r");

	if (file) {
		if (fscanf(file, "%llu", &microseconds) != 1)
			microseconds = 0;
		fclose(file);
	}
	return microseconds;
}

static void find_busy_file(struct bench *bench)
{
	struct eb_device_info info = { .size = sizeof(info) };

	check(eb_device_get_info(bench->device, &info), "describing the device");
	if (info.backend == EB_BACKEND_ACCEL)
		snprintf(bench->busy_file, sizeof(bench->busy_file),
			 "/sys/class/accel/%s/device/busy_time_us", strrchr(info.path, '/') + 1);
}

/* So many at a time, each group submitted when the one before has ended but for one. */
static uint64_t classify(struct bench *bench, struct eb_engine *engine, size_t in_flight)
{
	const uint64_t started = now_ns();
	size_t submitted = 0;

	for (size_t ended = 0; ended < bench->count; ended++) {
		struct eb_result result = { .size = sizeof(result) };
		enum eb_status outcome;
		int done;

		while (submitted < bench->count && submitted < ended + in_flight) {
			const struct eb_batch_text *text = &bench->texts[submitted];

			check(eb_engine_submit(engine, text->text, text->size,
					       &bench->requests[submitted]), "submitting");
			submitted++;
		}
		check(eb_request_wait(bench->requests[ended], -1, &done, &outcome, &result),
		      "waiting");
		check(outcome, "classifying");
		eb_request_unref(bench->requests[ended]);
	}
	return now_ns() - started;
}

static struct eb_engine *create(struct bench *bench, const struct run *run)
{
	const bool latency = run->policy == EB_POLICY_LATENCY;
	const struct eb_engine_options options = {
		.size = sizeof(options), .policy = run->policy, .entropy_threshold = -1,
		.operating_point = latency ? EB_OPERATING_POINT_HIGHEST : bench->point,
		.target_latency_us = latency ? bench->target_us : 0,
		.latency_mode = run->mode,
	};
	struct eb_engine *engine;

	check(eb_engine_create(bench->device, bench->model, &options, &engine), run->name);
	return engine;
}

/* Calls of the driver; the linker puts this in front of ioctl(). */
static atomic_uint_fast64_t submits, others;

int __real_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	atomic_fetch_add(request == DRM_IOCTL_EDGEBERT_SUBMIT ? &submits : &others, 1);
	return __real_ioctl(fd, request, argument);
}

static void measure(struct bench *bench, const struct run *run, size_t in_flight, int accel)
{
	struct eb_engine_statistics figures = { .size = sizeof(figures) };
	struct eb_engine *first = create(bench, run), *engine;
	uint64_t wall_ns, device_ns, busy_before, submitted, called;
	double count;

	/*
	 * Once for buffers and caches, in an engine of its own so that it is not counted; it is
	 * kept, and with it the model on the device.
	 */
	classify(bench, first, in_flight);
	engine = create(bench, run);
	busy_before = busy_us(bench);
	submitted = submits;
	called = others;
	wall_ns = classify(bench, engine, in_flight);
	submitted = submits - submitted;
	called = others - called;
	check(eb_engine_get_statistics(engine, &figures), "reading statistics");
	count = (double)figures.sentences;
	device_ns = accel ? 1000 * (busy_us(bench) - busy_before) : figures.device_ns;
	printf("%-18s %9zu %9.1f %9.1f ", run->name, in_flight, (double)wall_ns / count / 1e3,
	       (double)device_ns / count / 1e3);
	/* Several cores of the reference are at work at once. */
	if (accel || in_flight == 1)
		printf("%8.1f ", 100 * (1 - (double)device_ns / (double)wall_ns));
	else
		printf("%8s ", "-");
	printf("%8.2f %6.2f %5.2f %10.3f %10.3f %7llu\n", (double)submitted / count,
	       (double)called / count, (double)figures.jobs / count, (double)figures.modelled_latency_ns / count / 1e6,
	       (double)figures.modelled_energy_pj / count / 1e6,
	       (unsigned long long)figures.deadline_misses);
	fflush(stdout);
	eb_engine_unref(engine);
	eb_engine_unref(first);
}

int main(int argc, char **argv)
{
	static const size_t in_flight[] = { 1, 2, 4, 8, 16 };
	static struct bench bench;
	struct eb_device_options where = { .size = sizeof(where) };
	size_t most;

	if (argc < 5 || argc > 7) {
		fprintf(stderr, "usage: edgebert-bench-runtime accel|reference MODEL SENTENCES "
			"TARGET_US [COUNT [POINT]]\n");
		return 64;
	}
	where.backend = strcmp(argv[1], "accel") ? EB_BACKEND_REFERENCE : EB_BACKEND_ACCEL;
	bench.target_us = (uint32_t)strtoul(argv[4], NULL, 10);
	bench.point = argc > 6 ? atoi(argv[6]) : EB_OPERATING_POINT_HIGHEST;
	most = argc > 5 ? strtoul(argv[5], NULL, 10) : SENTENCES_MAX;
	read_sentences(&bench, argv[3], most < SENTENCES_MAX ? most : SENTENCES_MAX);
	check(eb_device_open(&where, &bench.device), "opening the device");
	find_busy_file(&bench);
	check(eb_model_open(argv[2], &bench.model), "opening the model");
	printf("%zu sentences, target %u us\n", bench.count, bench.target_us);
	printf("%-18s %9s %9s %9s %8s %8s %6s %5s %10s %10s %7s\n", "policy", "in flight",
	       "wall us", "device us", "idle %", "submits", "calls", "jobs", "modelled ms",
	       "modelled uJ", "misses");
	for (size_t r = 0; r < sizeof(runs) / sizeof(runs[0]); r++) {
		for (size_t i = 0; i < sizeof(in_flight) / sizeof(in_flight[0]); i++)
			measure(&bench, &runs[r], in_flight[i], where.backend == EB_BACKEND_ACCEL);
	}
	for (size_t i = 0; i < bench.count; i++)
		free((char *)(uintptr_t)bench.texts[i].text);
	eb_model_unref(bench.model);
	eb_device_unref(bench.device);
	return 0;
}
