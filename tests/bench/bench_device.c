// SPDX-License-Identifier: MIT
/*
 * Times the device core on a full-depth ALBERT-base-size encoder and prints one line per
 * thread count: "device KERNELS THREADS MEDIAN_MS LEAST_MS CHECKSUM MODELLED_CYCLES".
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/encoder.h"

#define RUNS_MAX 1000
#define WARM_UP 2

static const char usage[] =
	"usage: edgebert-bench-device [--kernels NAME] [--runs N] [--zeros PERCENT] THREADS...\n";

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(struct encoder *encoder, struct eb_core *core, unsigned int threads, int runs)
{
	struct edgebert_hw_completion completion;
	double times[RUNS_MAX];

	for (int i = -WARM_UP; i < runs; i++) {
		double start = now_ms();

		encoder_run(encoder, core, &completion);
		if (i >= 0)
			times[i] = now_ms() - start;
		if (completion.status != EDGEBERT_HW_OK) {
			fprintf(stderr, "bench: the device ended with status %u at command %u\n",
				completion.status, completion.fault_command);
			exit(1);
		}
	}
	qsort(times, (size_t)runs, sizeof(times[0]), compare);
	printf("device %s %u %.2f %.2f %016llx %llu\n", eb_core_kernels(core), threads,
	       times[runs / 2], times[0], (unsigned long long)encoder_checksum(encoder),
	       (unsigned long long)completion.cycles);
	fflush(stdout);
}

static unsigned int number(const char *text, unsigned int low, unsigned int high, const char *what)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value < low || value > high) {
		fprintf(stderr, "bench: %s is \"%s\", it must be from %u to %u\n%s", what, text,
			low, high, usage);
		exit(2);
	}
	return (unsigned int)value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kernels", required_argument, NULL, 'k' },
		{ "runs", required_argument, NULL, 'r' },
		{ "zeros", required_argument, NULL, 'z' },
		{ NULL, 0, NULL, 0 },
	};
	struct encoder_shape shape = { .layers = 12, .hidden = 768, .inner = 3072, .heads = 12,
				       .sequence = 128 };
	const char *kernels = NULL;
	struct encoder encoder;
	struct eb_core *core;
	int runs = 15, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'k') {
			kernels = optarg;
		} else if (option == 'r') {
			runs = (int)number(optarg, 1, RUNS_MAX, "--runs");
		} else if (option == 'z') {
			shape.zero_percent = number(optarg, 0, 99, "--zeros");
		} else {
			fputs(usage, stderr);
			return 2;
		}
	}
	core = eb_core_create(NULL);
	if (!core || !eb_core_use_kernels(core, kernels)) {
		fprintf(stderr, "bench: kernels \"%s\": %s\n", kernels ? kernels : "default",
			strerror(errno));
		return 1;
	}
	encoder_create(&shape, &encoder);
	for (; optind < argc; optind++) {
		unsigned int threads = number(argv[optind], 1, EB_CORE_THREADS_MAX, "THREADS");

		if (!eb_core_set_threads(core, threads)) {
			fprintf(stderr, "bench: %u threads: %s\n", threads, strerror(errno));
			return 1;
		}
		measure(&encoder, core, threads, runs);
	}
	encoder_destroy(&encoder);
	eb_core_destroy(core);
	return 0;
}
