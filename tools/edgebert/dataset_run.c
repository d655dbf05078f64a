// SPDX-License-Identifier: MIT
/* Keeps the pipeline full and hands out what comes back. */
#include "tools/edgebert/dataset_run.h"

#include <time.h>

#include "tools/edgebert/progress.h"
#include "tools/edgebert/report.h"

/* Returns what ends the run. */
static int note_failure(struct dataset_run *run, const struct sentence *sentence)
{
	progress_end();
	report_line(sentence->line, sentence->status, sentence->message);
	if (!failure_is_of_sentence(sentence->status))
		return (int)sentence->status;
	if (!run->refused_status)
		run->refused_status = failure_exit_status(sentence->status);
	return 0;
}

static int take_one(struct dataset_run *run, struct pipeline *pipeline)
{
	struct sentence sentence;
	int failed = 0;

	if (!pipeline_take(pipeline, &sentence))
		return 0;
	if (sentence.status != EB_OK)
		failed = note_failure(run, &sentence);
	if (!failed)
		failed = run->take(run->opaque, &sentence);
	sentence_free(&sentence);
	return failed;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int dataset_run(struct dataset_run *run)
{
	const double start = now();
	struct pipeline pipeline;
	int failed = 0;

	run->refused_status = 0;
	pipeline_init(&pipeline, run->session);
	for (size_t next = 0; next < run->limit && !failed; next++) {
		const struct example *example = &run->data->examples[next];

		if (pipeline_is_full(&pipeline))
			failed = take_one(run, &pipeline);
		if (failed)
			break;
		pipeline_submit(&pipeline, example->line, example->text, example->size,
				(int32_t)example->label);
		if (run->progress)
			progress_show(run->progress, next + 1, run->limit);
	}
	while (pipeline.count && !failed)
		failed = take_one(run, &pipeline);
	run->seconds = now() - start;
	pipeline_clear(&pipeline);
	progress_end();
	return failed;
}

int dataset_evaluate(struct dataset_run *run, const struct session_options *policy,
		     struct evaluation *evaluation)
{
	int failed = session_set_policy(run->session, policy);

	if (failed)
		return failed;
	*evaluation = (struct evaluation){
		.policy = policy_names[policy->policy],
		.layers = run->session->model_info.layers,
		.classes = run->session->model_info.classes,
	};
	failed = dataset_run(run);
	evaluation->seconds = run->seconds;
	return failed;
}
