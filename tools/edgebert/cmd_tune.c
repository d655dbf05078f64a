// SPDX-License-Identifier: MIT
/* edgebert tune: the entropy threshold that saves most modelled energy for an accuracy. */
#include <stdlib.h>

#include "tools/edgebert/dataset_run.h"
#include "tools/edgebert/progress.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"
#include "tools/edgebert/tuning.h"

/* Of the curve, in steps of 1/1024 nat. */
#define CURVE_STEP 32

static struct {
	struct session_options session;
	const char *data;
	int32_t limit;
	double accuracy_drop;
	bool curve;
	bool json;
} options = { .session = SESSION_DEFAULTS(4), .accuracy_drop = 1 };

static const struct option_row rows[] = {
	SESSION_ENGINE_ROWS(options.session),
	OPTION_REQUIRED_TEXT("data", 0, "TSV", &options.data,
			     "labelled sentences: a header line with text and label, tabs"),
	OPTION_REAL("accuracy-drop", 'a', "POINTS", &options.accuracy_drop, 0, 100,
		    "accuracy that may be lost against policy full, in percentage points "
		    "(default: 1)"),
	OPTION_WHOLE("limit", 'n', "COUNT", &options.limit, 1, 1e9, "use the first sentences only"),
	OPTION_FLAG("curve", 0, &options.curve, "show accuracy and energy over the thresholds"),
	OPTION_JSON(&options.json),
};

struct tune {
	struct session session;
	struct dataset data;
	size_t limit;
	struct tuning tuning;
	struct evaluation full, confirmed;
	struct evaluation *evaluation;	/* of the pass that runs now */
	struct operating_figures chosen;
	struct record *curve;		/* NULL: none */
	int refused_status;
};

static int take_sentence(void *opaque, const struct sentence *sentence)
{
	struct tune *tune = opaque;

	evaluation_add(tune->evaluation, sentence);
	if (sentence->status == EB_OK && tune->evaluation == &tune->full)
		tuning_add(&tune->tuning, sentence);
	return 0;
}

static int run_policy(struct tune *tune, const struct session_options *policy,
		      struct evaluation *evaluation)
{
	struct dataset_run run = {
		.session = &tune->session, .data = &tune->data, .limit = tune->limit,
		.progress = policy_names[policy->policy], .take = take_sentence, .opaque = tune,
	};
	int failed;

	tune->evaluation = evaluation;
	failed = dataset_evaluate(&run, policy, evaluation);
	tune->refused_status = run.refused_status;
	return failed;
}

static int record_full(struct tune *tune)
{
	struct session_options full = options.session;
	int failed;

	full.policy = EB_POLICY_FULL;
	full.operating_point = EB_OPERATING_POINT_HIGHEST;
	failed = run_policy(tune, &full, &tune->full);
	if (!failed && tune->tuning.count == 0)
		failed = report_tool(EXIT_INPUT, "%s: every sentence was refused", options.data);
	return failed;
}

static double per_sentence(const struct tune *tune, uint64_t sum)
{
	return (double)sum / (double)tune->tuning.count;
}

static void add_figures(struct record *record, const struct tune *tune,
			const struct operating_figures *figures)
{
	record_add_number(record, "threshold", "threshold", "nats",
			  tuning_threshold_nats(figures->threshold), 10);
	record_add_number(record, "accuracy", "accuracy", "",
			  per_sentence(tune, figures->correct), 6);
	record_add_number(record, "mean_exit_layer", "mean exit layer", "",
			  per_sentence(tune, figures->exit_layers), 4);
	if (options.session.policy == EB_POLICY_LATENCY)
		record_add_number(record, "mean_predicted_layer", "mean predicted layer", "",
				  per_sentence(tune, figures->predicted_layers), 4);
	else
		record_add_none(record, "mean_predicted_layer", "mean predicted layer");
	record_add_whole(record, "deadline_misses", "deadlines missed", "",
			 figures->deadline_misses);
	record_add_number(record, "latency_us_mean", "modelled latency, mean", "us",
			  per_sentence(tune, figures->latency_ns) / 1e3, 3);
	record_add_number(record, "energy_uj_mean", "modelled energy, mean", "uJ",
			  per_sentence(tune, figures->energy_pj) / 1e6, 3);
}

/* Least energy; of equals the one of higher accuracy, then the lower threshold. */
static bool is_better(const struct operating_figures *figures,
		      const struct operating_figures *best)
{
	if (figures->energy_pj != best->energy_pj)
		return figures->energy_pj < best->energy_pj;
	return figures->correct > best->correct;
}

static int choose(struct tune *tune)
{
	const int32_t last = tuning_threshold_max(&tune->tuning);
	uint64_t most_correct = 0;
	bool found = false;

	for (int32_t threshold = 0; threshold <= last; threshold++) {
		struct operating_figures figures;
		enum eb_status status = tuning_forecast(&tune->tuning, tune->session.engine,
							threshold, &figures);

		if (status != EB_OK)
			return report_library(status);
		if (tune->curve && threshold % CURVE_STEP == 0)
			add_figures(record_add_record(tune->curve, "", NULL), tune, &figures);
		if (figures.correct > most_correct)
			most_correct = figures.correct;
		if (tuning_accepts(&tune->tuning, &figures, options.accuracy_drop) &&
		    (!found || is_better(&figures, &tune->chosen))) {
			tune->chosen = figures;
			found = true;
		}
		progress_show("thresholds", (uint64_t)threshold + 1, (uint64_t)last + 1);
	}
	progress_end();
	if (found)
		return 0;
	return report_tool(EXIT_NOT_REACHED, "no threshold of policy %s keeps the accuracy within %g "
			   "points of full's %.4f: the best has %.4f",
			   policy_names[options.session.policy], options.accuracy_drop,
			   per_sentence(tune, tune->tuning.correct),
			   per_sentence(tune, most_correct));
}

/* The forecast's exits are exact: the run must give the same answers. */
static int confirm(struct tune *tune)
{
	struct session_options session = options.session;
	int failed;

	session.entropy = tuning_threshold_nats(tune->chosen.threshold);
	failed = run_policy(tune, &session, &tune->confirmed);
	if (failed)
		return failed;
	if (tune->confirmed.correct != tune->chosen.correct ||
	    tune->confirmed.exit_layers != tune->chosen.exit_layers)
		report_warning(0, "the run at the threshold did not go as forecast: %llu right answers "
			       "and %llu layers instead of %llu and %llu; please report it",
			       (unsigned long long)tune->confirmed.correct,
			       (unsigned long long)tune->confirmed.exit_layers,
			       (unsigned long long)tune->chosen.correct,
			       (unsigned long long)tune->chosen.exit_layers);
	return 0;
}

static int print_curve(const struct tune *tune)
{
	static const struct column columns[] = {
		{ .path = "threshold", .heading = "threshold", .before = "", .after = "  ",
		  .width = 9, .divisor = 1, .decimals = 5 },
		{ .path = "accuracy", .heading = "accuracy %", .before = "", .after = "  ",
		  .width = 10, .divisor = 0.01, .decimals = 2 },
		{ .path = "mean_exit_layer", .heading = "mean exit", .before = "", .after = "  ",
		  .width = 9, .divisor = 1, .decimals = 2 },
		{ .path = "mean_predicted_layer", .heading = "mean predicted", .before = "",
		  .after = "  ", .width = 14, .divisor = 1, .decimals = 2 },
		{ .path = "latency_us_mean", .heading = "modelled ms", .before = "", .after = "  ",
		  .width = 11, .divisor = 1000, .decimals = 3 },
		{ .path = "energy_uj_mean", .heading = "modelled uJ", .before = "", .after = "",
		  .width = 11, .divisor = 1, .decimals = 1 },
	};
	const size_t count = sizeof(columns) / sizeof(columns[0]);
	int failed = render_headings(columns, count);

	for (size_t i = 0; i < tune->curve->count && !failed; i++)
		failed = render_columns(tune->curve->fields[i].record, columns, count);
	return failed ? failed : render_plain("\n");
}

static int print_result(struct tune *tune, struct record *record)
{
	const double full = evaluation_energy_uj(&tune->full);
	const double confirmed = evaluation_energy_uj(&tune->confirmed);
	int failed = 0;

	record_add_number(record, "threshold", "threshold", "nats",
			  tuning_threshold_nats(tune->chosen.threshold), 10);
	record_add_text(record, "policy", "policy", policy_names[options.session.policy]);
	record_add_whole(record, "n", "sentences", "", tune->tuning.count);
	record_add_number(record, "accuracy_drop", "accuracy lost, at most", "points",
			  options.accuracy_drop, 3);
	record_add_number(record, "accuracy_lost", "accuracy lost", "points",
			  100 * (evaluation_accuracy(&tune->full) -
				 evaluation_accuracy(&tune->confirmed)), 4);
	if (confirmed > 0)
		record_add_number(record, "energy_ratio", "times less modelled energy than full",
				  "", full / confirmed, 2);
	evaluation_to_record(&tune->full, record_add_record(record, "full",
			     "policy full at the highest operating point"));
	add_figures(record_add_record(record, "forecast", "forecast at the threshold"), tune,
		    &tune->chosen);
	evaluation_to_record(&tune->confirmed, record_add_record(record, "confirmed",
			     "run at the threshold"));
	if (options.json)
		return render_json(record);
	if (tune->curve)
		failed = print_curve(tune);
	return failed ? failed : render_text(record);
}

static int tune_threshold(struct tune *tune, struct record *record)
{
	int failed;

	tune->limit = tune->data.count;
	if (options.limit && (size_t)options.limit < tune->limit)
		tune->limit = (size_t)options.limit;
	failed = record_full(tune);
	if (!failed)
		failed = session_set_policy(&tune->session, &options.session);
	if (!failed)
		failed = choose(tune);
	if (!failed)
		failed = confirm(tune);
	return failed ? failed : print_result(tune, record);
}

static int run_tune(const struct arguments *arguments)
{
	struct tune tune = { 0 };
	struct record *record = record_new();
	struct record *curve = record_new();
	int failed = 0;

	(void)arguments;
	if (options.session.policy == POLICY_OF_MODEL)
		options.session.policy = EB_POLICY_ENTROPY;
	if (options.session.policy == EB_POLICY_FULL)
		failed = report_tool(EXIT_USAGE, "--policy full has no threshold: tune entropy or "
				     "latency");
	record_add_whole(record, "schema_version", NULL, "", 1);
	if (options.curve)
		tune.curve = options.json ? record_add_list(record, "curve", NULL) : curve;
	/* With the policy to tune: what it refuses is known before the long run. */
	options.session.entropy = -1;
	if (!failed)
		failed = session_open(&tune.session, &options.session);
	if (!failed)
		failed = dataset_load(&tune.data, options.data, &tune.session);
	if (!failed)
		failed = tune_threshold(&tune, record);
	tuning_free(&tune.tuning);
	dataset_free(&tune.data);
	session_close(&tune.session);
	record_free(record);
	record_free(curve);
	return failed ? failed : tune.refused_status;
}

const struct command command_tune = {
	.name = "tune",
	.summary = "find the entropy threshold that saves most modelled energy",
	.synopsis = "",
	.description =
		"Runs labelled sentences through all layers once, derives from that what every entropy\n"
		"threshold would give, takes the one of least modelled energy whose accuracy is close\n"
		"enough to policy full's, and confirms it with a run.  Measure the model on other\n"
		"sentences than it was tuned with.",
	OPTION_ROWS(rows),
	.run = run_tune,
};
