// SPDX-License-Identifier: MIT
/* Counters and percentiles of an engine. */
#include "lib/tally.h"

#include <string.h>

/* log2(EB_TIMES_STEPS) */
#define STEP_BITS 5

_Static_assert(1 << STEP_BITS == EB_TIMES_STEPS, "steps per power of two");

/* Below EB_TIMES_STEPS each value has a bucket; from there on the leading bits choose. */
static uint32_t bucket_of(uint64_t ns)
{
	uint32_t shift, bucket;

	if (ns < EB_TIMES_STEPS)
		return (uint32_t)ns;
	shift = 63 - (uint32_t)__builtin_clzll(ns) - STEP_BITS;
	bucket = (shift + 1) * EB_TIMES_STEPS + (uint32_t)(ns >> shift) - EB_TIMES_STEPS;
	return bucket < EB_TIMES_OCTAVES * EB_TIMES_STEPS ? bucket :
							    EB_TIMES_OCTAVES * EB_TIMES_STEPS - 1;
}

/* The largest value of a bucket. */
static uint64_t bound_of(uint32_t bucket)
{
	uint32_t shift;

	if (bucket < EB_TIMES_STEPS)
		return bucket;
	shift = bucket / EB_TIMES_STEPS - 1;
	return ((uint64_t)(bucket % EB_TIMES_STEPS + EB_TIMES_STEPS + 1) << shift) - 1;
}

void eb_times_add(struct eb_times *times, uint64_t ns)
{
	times->count++;
	times->sum += ns;
	if (ns > times->largest)
		times->largest = ns;
	times->buckets[bucket_of(ns)]++;
}

uint64_t eb_times_percentile(const struct eb_times *times, uint32_t per_mille)
{
	uint64_t wanted = (times->count * per_mille + 999) / 1000, seen = 0;

	for (uint32_t bucket = 0; bucket < EB_TIMES_OCTAVES * EB_TIMES_STEPS; bucket++) {
		seen += times->buckets[bucket];
		if (seen >= wanted && seen)
			return bound_of(bucket) < times->largest ? bound_of(bucket) :
								   times->largest;
	}
	return times->largest;
}

void eb_tally_init(struct eb_tally *tally)
{
	memset(tally, 0, sizeof(*tally));
	pthread_mutex_init(&tally->lock, NULL);
}

void eb_tally_destroy(struct eb_tally *tally)
{
	pthread_mutex_destroy(&tally->lock);
}

void eb_tally_add(struct eb_tally *tally, const struct eb_result *result,
		       uint64_t device_ns)
{
	struct eb_engine_statistics *totals = &tally->totals;

	pthread_mutex_lock(&tally->lock);
	totals->sentences++;
	totals->jobs += result->jobs;
	totals->deadline_misses += result->deadline_missed != 0;
	totals->targets_unreachable += result->target_unreachable != 0;
	totals->throttled += result->throttled != 0;
	totals->transitions += result->transitions;
	totals->exits[result->exit_layer - 1]++;
	if (result->predicted_layer)
		totals->predictions[result->predicted_layer - 1]++;
	totals->points[result->operating_point]++;
	totals->modelled_cycles += result->modelled_cycles;
	totals->modelled_energy_pj += result->modelled_energy_pj;
	totals->queue_ns += result->queue_ns;
	if (result->queue_ns > totals->queue_max_ns)
		totals->queue_max_ns = result->queue_ns;
	totals->device_ns += device_ns;
	eb_times_add(&tally->modelled, result->modelled_latency_ns);
	eb_times_add(&tally->host, result->host_ns);
	pthread_mutex_unlock(&tally->lock);
}

void eb_tally_add_failure(struct eb_tally *tally, enum eb_status status)
{
	pthread_mutex_lock(&tally->lock);
	tally->totals.failures++;
	tally->totals.targets_unreachable += status == EB_TARGET_UNREACHABLE;
	pthread_mutex_unlock(&tally->lock);
}

void eb_tally_add_cancelled(struct eb_tally *tally)
{
	pthread_mutex_lock(&tally->lock);
	tally->totals.cancelled++;
	pthread_mutex_unlock(&tally->lock);
}

void eb_tally_add_rerun(struct eb_tally *tally)
{
	pthread_mutex_lock(&tally->lock);
	tally->totals.reruns++;
	pthread_mutex_unlock(&tally->lock);
}

void eb_tally_add_failover(struct eb_tally *tally)
{
	pthread_mutex_lock(&tally->lock);
	tally->totals.failovers++;
	pthread_mutex_unlock(&tally->lock);
}

void eb_tally_read(struct eb_tally *tally,
			struct eb_engine_statistics *ret_statistics)
{
	pthread_mutex_lock(&tally->lock);
	*ret_statistics = tally->totals;
	ret_statistics->modelled_latency_ns = tally->modelled.sum;
	ret_statistics->modelled_latency_p50_ns = eb_times_percentile(&tally->modelled, 500);
	ret_statistics->modelled_latency_p90_ns = eb_times_percentile(&tally->modelled, 900);
	ret_statistics->modelled_latency_p99_ns = eb_times_percentile(&tally->modelled, 990);
	ret_statistics->modelled_latency_max_ns = tally->modelled.largest;
	ret_statistics->host_ns = tally->host.sum;
	ret_statistics->host_p50_ns = eb_times_percentile(&tally->host, 500);
	ret_statistics->host_p90_ns = eb_times_percentile(&tally->host, 900);
	ret_statistics->host_p99_ns = eb_times_percentile(&tally->host, 990);
	ret_statistics->host_max_ns = tally->host.largest;
	pthread_mutex_unlock(&tally->lock);
}
