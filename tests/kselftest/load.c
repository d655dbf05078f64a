// SPDX-License-Identifier: MIT
/*
 * edgebert-load: keeps the device busy, for the scripts that disturb it meanwhile.
 *
 * usage: edgebert-load SECONDS [JOB-MILLISECONDS [JOBS-AT-A-TIME [HIGHEST-POINT]]]
 * Ends earlier at SIGUSR1.  Prints what became of its jobs.  Exit status: 0 all jobs that ended
 * well copied what they should, at an operating point that is not higher, and no other error than
 * cancellation was seen; 3 the device was lost; 1 anything else.
 */
#include <signal.h>

#include "tests/kselftest/device.h"

#define JOBS_AT_A_TIME	7
#define STATUS_LOST	3

struct tally {
	unsigned int good, cancelled, lost, wrong;
	unsigned int highest_point;
};

static volatile sig_atomic_t told_to_end;

static void on_signal(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static void count(struct tally *tally, struct workload *w, const struct drm_edgebert_result *result)
{
	switch (result->error) {
	case 0:
		if (memcmp(w->destination.memory, w->source.memory, w->destination.size)) {
			printf("job %llu: wrong data\n", (unsigned long long)result->sequence);
			tally->wrong++;
		}
		if (result->operating_point > tally->highest_point) {
			printf("job %llu: ran at point %u\n", (unsigned long long)result->sequence,
			       result->operating_point);
			tally->wrong++;
		}
		tally->good++;
		break;
	case -ECANCELED:
		tally->cancelled++;
		break;
	case -ENODEV:
		tally->lost++;
		break;
	default:
		printf("job %llu: error %d, status %u\n", (unsigned long long)result->sequence,
		       result->error, result->status);
		tally->wrong++;
	}
}

/* One job in, the result of the oldest out; false when the device is lost. */
static bool step(struct tally *tally, struct workload *w, uint64_t *next_result,
		 unsigned int at_a_time)
{
	struct drm_edgebert_result result;

	if (try_submit(w->fd, w->context, &w->job, 1)) {
		if (errno != ENODEV) {
			printf("submit: %s\n", strerror(errno));
			tally->wrong++;
		}
		tally->lost += errno == ENODEV;
		return false;
	}
	if (w->job.sequence + 1 < *next_result + at_a_time)
		return true;
	if (try_result(w->fd, w->context, *next_result, in_ns(30 * SECOND_NS), &result)) {
		if (errno != ENODEV) {
			printf("result %llu: %s\n", (unsigned long long)*next_result,
			       strerror(errno));
			tally->wrong++;
		}
		tally->lost += errno == ENODEV;
		return false;
	}
	(*next_result)++;
	count(tally, w, &result);
	return result.error != -ENODEV;
}

int main(int argc, char **argv)
{
	int64_t end;
	struct tally tally = { .highest_point = UINT32_MAX };
	uint64_t next_result = 1;
	unsigned int at_a_time;
	struct workload w;

	if (argc < 2 || !device_path()) {
		fprintf(stderr, argc < 2 ?
			"usage: edgebert-load SECONDS [JOB-MILLISECONDS [JOBS-AT-A-TIME "
			"[HIGHEST-POINT]]]\n" :
			"edgebert-load: no EdgeBERT device\n");
		return 1;
	}
	end = in_ns(atoi(argv[1]) * SECOND_NS);
	workload_init_slow(&w, device_open(), argc > 2 ? atoi(argv[2]) : 20);
	at_a_time = argc > 3 ? (unsigned int)atoi(argv[3]) : JOBS_AT_A_TIME;
	if (argc > 4)
		tally.highest_point = (unsigned int)atoi(argv[4]);
	signal(SIGUSR1, on_signal);
	/* For scripts that must not disturb what has not begun. */
	printf("at work\n");
	fflush(stdout);
	while (!told_to_end && in_ns(0) < end &&
	       step(&tally, &w, &next_result, at_a_time))
		;
	printf("%u good, %u cancelled, %u lost, %u wrong\n", tally.good, tally.cancelled,
	       tally.lost, tally.wrong);
	if (tally.wrong)
		return 1;
	return tally.lost ? STATUS_LOST : 0;
}
