/* SPDX-License-Identifier: MIT */
/* One job of a sentence, and what the jobs of a sentence took together. */
#ifndef EDGEBERT_LIB_SENTENCE_JOB_H
#define EDGEBERT_LIB_SENTENCE_JOB_H

#include "lib/resident_model.h"

/* What became of a sentence on the device. */
struct eb_sentence {
	uint64_t submitted_ns;		/* in: CLOCK_MONOTONIC */
	uint32_t exit_layer;
	uint32_t predicted_layer;	/* 0: none */
	uint32_t operating_point;
	uint32_t layers_assessed;
	uint32_t jobs, transitions;
	bool throttled;
	bool unreachable;		/* no point was known to meet the target */
	uint64_t cycles, time_ns, energy_pj;		/* modelled, all jobs together */
	uint64_t queue_ns;		/* measured: while no job of it was on the device */
	uint64_t device_ns;		/* measured: while one was */
	uint64_t last_wait_ns;		/* measured: the last job's, before it started */
	uint64_t ended_ns;		/* of the last job, CLOCK_MONOTONIC */
	uint16_t entropies[EDGEBERT_HW_LAYERS_MAX];	/* Q6.10 */
};

/* Entropy of a layer that no job assessed. */
#define EB_ENTROPY_ABSENT 0xffff

/* A sentence on its way: where it runs, in which buffers, what has become of it so far. */
struct eb_journey {
	const struct eb_resident_model *resident;
	const struct eb_lane *lane;
	uint32_t token_count;
	struct eb_sentence sentence;
};

/*
 * Runs one job of the sentence and adds what it took; it must end in an exit.  The job's
 * stream and segments are filled in here.
 */
enum eb_status eb_journey_run_job(struct eb_journey *journey, struct eb_job *job);

#endif /* EDGEBERT_LIB_SENTENCE_JOB_H */
