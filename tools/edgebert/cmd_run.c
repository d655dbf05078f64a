// SPDX-License-Identifier: MIT
/* edgebert run: one sentence per line in, one result per line out. */
#include <stdio.h>

#include "tools/edgebert/line_reader.h"
#include "tools/edgebert/pipeline.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"
#include "tools/edgebert/result_record.h"

/* Of the sentence, as text; JSON has all of it. */
#define TEXT_COLUMNS 120

static struct {
	struct session_options session;
	bool json;
} options = { .session = SESSION_DEFAULTS(1) };

static const struct option_row rows[] = {
	SESSION_ROWS(options.session),
	OPTION_JSON(&options.json),
};

/* One run of the command. */
struct run {
	struct session session;
	struct pipeline pipeline;
	struct line_reader input;
	int label_width;
	int exit_status;	/* the first failure's */
	bool stop;		/* nothing more can be answered or written */
};

static int print_result(struct run *run, const struct sentence *sentence)
{
	const struct column columns[] = {
		{ .path = "label", .before = "", .after = "  ", .width = -run->label_width },
		{ .path = "exit_layer", .before = "exit ", .after = "  ", .width = 2 },
		{ .path = "predicted_layer", .before = "predicted ", .after = "  ", .width = 2 },
		{ .path = "operating_point.mhz", .before = "", .after = " MHz ", .width = 4 },
		{ .path = "operating_point.mv", .before = "", .after = " mV  ", .width = 4 },
		{ .path = "modelled.latency_us", .before = "modelled ", .after = " ms ",
		  .width = 7, .divisor = 1000, .decimals = 3 },
		{ .path = "modelled.energy_uj", .before = "", .after = " uJ  ",
		  .width = 7, .divisor = 1, .decimals = 1 },
		{ .path = "text", .before = "", .after = "", .width_max = TEXT_COLUMNS },
	};
	struct record *record = result_to_record(&run->session, sentence);
	int failed = options.json ? render_json_line(record) :
				    render_columns(record, columns,
						   sizeof(columns) / sizeof(columns[0]));

	record_free(record);
	return failed;
}

/* "error" stands where the label would. */
static int print_failure(const struct run *run, const struct sentence *sentence)
{
	char before[64];
	const struct column columns[] = {
		{ .path = "error.line", .before = before, .after = ": " },
		{ .path = "error.message", .before = "", .after = "" },
	};
	struct record *record = failure_to_record(sentence);
	int failed;

	snprintf(before, sizeof(before), "%-*s  line ", run->label_width, "error");
	failed = options.json ? render_json_line(record) :
				render_columns(record, columns,
					       sizeof(columns) / sizeof(columns[0]));
	record_free(record);
	return failed;
}

static void note_failure(struct run *run, const struct sentence *sentence)
{
	report_line(sentence->line, sentence->status, sentence->message);
	if (run->exit_status == 0)
		run->exit_status = failure_exit_status(sentence->status);
	if (!failure_is_of_sentence(sentence->status)) {
		run->exit_status = (int)sentence->status;
		run->stop = true;
	}
}

static void note_truncation(const struct run *run, const struct sentence *sentence)
{
	if (sentence->result.truncated)
		report_warning(sentence->line, "the text is longer than the model's %u tokens: only "
			       "its beginning was classified", run->session.model_info.sequence_max);
}

/* Takes the oldest sentence and prints what became of it. */
static void finish_one(struct run *run)
{
	struct sentence sentence;
	int failed;

	if (!pipeline_take(&run->pipeline, &sentence))
		return;
	if (sentence.status == EB_OK) {
		failed = print_result(run, &sentence);
		note_truncation(run, &sentence);
	} else {
		failed = print_failure(run, &sentence);
		note_failure(run, &sentence);
	}
	sentence_free(&sentence);
	if (failed) {
		run->exit_status = failed;
		run->stop = true;
	}
}

static bool start_one(struct run *run)
{
	const char *text;
	size_t size;

	switch (line_reader_next(&run->input, &text, &size)) {
	case LINE_READ:
		pipeline_submit(&run->pipeline, run->input.line, text, size, -1);
		return true;
	case LINE_TOO_LONG:
		pipeline_refuse(&run->pipeline, run->input.line, EB_TEXT_INVALID,
				"the line is longer than 1 MiB: split it");
		return true;
	case LINE_FAILED:
		run->exit_status = EXIT_INPUT;
		return false;
	case LINE_END:
		break;
	}
	return false;
}

/*
 * Reads ahead as far as sentences may be in flight, but never waits for input before
 * showing what is known: answers come line by line also in a dialogue.
 */
static void classify(struct run *run)
{
	bool more = true;

	while (more && !run->stop) {
		bool wait = run->pipeline.count > 0 && !line_reader_ready(&run->input);

		if (wait || pipeline_is_full(&run->pipeline))
			finish_one(run);
		else
			more = start_one(run);
	}
	while (run->pipeline.count > 0 && !run->stop)
		finish_one(run);
	pipeline_clear(&run->pipeline);
}

static int run_run(const struct arguments *arguments)
{
	struct run run = { 0 };
	int failed = line_reader_open(&run.input, arguments->count ? arguments->values[0] : NULL);

	if (failed)
		return failed;
	failed = session_open(&run.session, &options.session);
	if (!failed) {
		pipeline_init(&run.pipeline, &run.session);
		run.label_width = label_columns(&run.session);
		classify(&run);
		failed = run.exit_status;
	}
	session_close(&run.session);
	line_reader_close(&run.input);
	return failed;
}

const struct command command_run = {
	.name = "run",
	.summary = "classify sentences, one per line",
	.synopsis = "[FILE|-]",
	.description =
		"Reads one sentence per line and writes one result per line, in the same order; for\n"
		"a model of pairs, two texts with a tab between them.\n"
		"A line that can not be classified gets an error in its place, and the others go on.\n"
		"Latency and energy are modelled figures of the device.\n"
		"\n"
		"Policies: full runs all layers; entropy stops at the first layer whose entropy is\n"
		"below the threshold; latency predicts the layer to stop at and chooses the\n"
		"operating point of least modelled energy that meets the target.",
	.arguments_max = 1,
	OPTION_ROWS(rows),
	.run = run_run,
};
