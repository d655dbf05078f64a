/* SPDX-License-Identifier: MIT */
/* A data set through the session's engine, several sentences at once. */
#ifndef EDGEBERT_TOOL_DATASET_RUN_H
#define EDGEBERT_TOOL_DATASET_RUN_H

#include "tools/edgebert/dataset.h"
#include "tools/edgebert/evaluation.h"
#include "tools/edgebert/pipeline.h"

struct dataset_run {
	struct session *session;
	const struct dataset *data;
	size_t limit;		/* sentences to run, at most the data's */
	const char *progress;	/* what the progress bar says; NULL: none */
	/*
	 * Takes each sentence in order, also those that were refused (reported already).
	 * Ends the run when it does not return 0.
	 */
	int (*take)(void *opaque, const struct sentence *sentence);
	void *opaque;
	int refused_status;	/* out: exit status of the first sentence that was refused */
	double seconds;		/* out: from the first to the last, measured */
};

/* Returns 0 or the exit status of what ended the run, reported already. */
int dataset_run(struct dataset_run *run);

/*
 * The same under a policy, with *evaluation made ready for what take adds to it; its
 * seconds are filled in at the end.
 */
int dataset_evaluate(struct dataset_run *run, const struct session_options *policy,
		     struct evaluation *evaluation);

#endif /* EDGEBERT_TOOL_DATASET_RUN_H */
