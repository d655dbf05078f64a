/* SPDX-License-Identifier: MIT */
/* What became of an engine's sentences: counters and latency percentiles. */
#ifndef EDGEBERT_LIB_TALLY_H
#define EDGEBERT_LIB_TALLY_H

#include <pthread.h>
#include <stdint.h>

#include <edgebert/edgebert.h>

/*
 * Times in buckets: EB_TIMES_STEPS per power of two, so that a percentile is at most
 * 1 / EB_TIMES_STEPS too high whatever the scale.  Nothing is allocated per sentence.
 */
#define EB_TIMES_STEPS 32
#define EB_TIMES_OCTAVES 42		/* up to 2^42 ns, over an hour; beyond in the last one */

struct eb_times {
	uint64_t count, sum, largest;
	uint32_t buckets[EB_TIMES_OCTAVES * EB_TIMES_STEPS];
};

void eb_times_add(struct eb_times *times, uint64_t ns);
/* The least bound that so many per mille of the times are within; 0 when there are none. */
uint64_t eb_times_percentile(const struct eb_times *times, uint32_t per_mille);

struct eb_tally {
	pthread_mutex_t lock;
	struct eb_engine_statistics totals;	/* all but the latencies */
	struct eb_times modelled, host;
};

void eb_tally_init(struct eb_tally *tally);
void eb_tally_destroy(struct eb_tally *tally);

/* device_ns: measured time that the device was at the sentence. */
void eb_tally_add(struct eb_tally *tally, const struct eb_result *result,
		       uint64_t device_ns);
void eb_tally_add_failure(struct eb_tally *tally, enum eb_status status);
void eb_tally_add_cancelled(struct eb_tally *tally);
void eb_tally_add_rerun(struct eb_tally *tally);
void eb_tally_add_failover(struct eb_tally *tally);

void eb_tally_read(struct eb_tally *tally,
			struct eb_engine_statistics *ret_statistics);

#endif /* EDGEBERT_LIB_TALLY_H */
