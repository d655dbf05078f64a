// SPDX-License-Identifier: MIT
/* edgebert eval: a labelled data set through the device, as figures or as a comparison. */
#include "tools/edgebert/dataset_run.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"
#include "tools/edgebert/result_record.h"

#define POLICIES 3

static struct {
	struct session_options session;
	const char *data;
	int32_t limit;
	bool compare;
	bool details;
	bool json;
} options = { .session = SESSION_DEFAULTS(4) };

static const struct option_row rows[] = {
	SESSION_ROWS(options.session),
	OPTION_REQUIRED_TEXT("data", 0, "TSV", &options.data,
			     "labelled sentences: a header line with text and label, tabs"),
	OPTION_WHOLE("limit", 'n', "COUNT", &options.limit, 1, 1e9, "use the first sentences only"),
	OPTION_FLAG("compare", 0, &options.compare, "compare policies full, entropy and latency"),
	OPTION_FLAG("details", 0, &options.details,
		    "show every sentence (with --compare: of policy latency)"),
	OPTION_JSON(&options.json),
};

struct eval {
	struct session session;
	struct dataset data;
	size_t limit;
	struct evaluation *evaluation;	/* of the policy that runs now */
	struct record *sentences;	/* JSON details, NULL: none */
	bool details;			/* of the policy that runs now */
	int refused_status;	/* of the first sentence that was refused */
};

/* The headings and the rows below them; the label's width depends on the model. */
static int print_details(const struct eval *eval, const struct record *record)
{
	int label = -label_columns(&eval->session);
	const struct column columns[] = {
		{ .path = "text", .heading = "sentence", .before = "", .after = "  ", .width = -44,
		  .width_max = 44 },
		{ .path = "label", .heading = "label", .before = "", .after = "  ",
		  .width = label },
		{ .path = "correct", .heading = "ok", .before = "", .after = "  ", .width = -3 },
		{ .path = "exit_layer", .heading = "exit", .before = "", .after = "/", .width = 4 },
		{ .path = "predicted_layer", .heading = "pred", .before = "", .after = "  ",
		  .width = -4 },
		{ .path = "operating_point.mhz", .heading = "MHz", .before = "", .after = " ",
		  .width = 4 },
		{ .path = "operating_point.mv", .heading = "mV", .before = "", .after = "  ",
		  .width = 4 },
		{ .path = "modelled.latency_us", .heading = "modelled ms", .before = "",
		  .after = "  ", .width = 11, .divisor = 1000, .decimals = 3 },
		{ .path = "modelled.energy_uj", .heading = "modelled uJ", .before = "",
		  .after = "  ", .width = 11, .divisor = 1, .decimals = 1 },
		{ .path = "deadline_missed", .heading = "late", .before = "", .after = "" },
	};
	size_t count = sizeof(columns) / sizeof(columns[0]);

	return record ? render_columns(record, columns, count) : render_headings(columns, count);
}

static struct record *sentence_record(const struct eval *eval, const struct sentence *sentence)
{
	struct record *record = result_to_record(&eval->session, sentence);
	const char *expected = eb_model_label(eval->session.model, (uint32_t)sentence->expected);

	record_add_text(record, "expected", "expected", expected ? expected : "");
	record_add_boolean(record, "correct", "correct",
			   sentence->result.label == (uint32_t)sentence->expected);
	return record;
}

static int show_sentence(struct eval *eval, const struct sentence *sentence)
{
	struct record *record = sentence_record(eval, sentence);
	int failed;

	if (eval->sentences) {
		record_append(eval->sentences, record);
		return 0;
	}
	failed = print_details(eval, record);
	record_free(record);
	return failed;
}

static int take_sentence(void *opaque, const struct sentence *sentence)
{
	struct eval *eval = opaque;

	evaluation_add(eval->evaluation, sentence);
	if (sentence->status != EB_OK || !eval->details)
		return 0;
	return show_sentence(eval, sentence);
}

/* Runs all sentences under one policy. */
static int evaluate(struct eval *eval, const struct session_options *policy,
		    struct evaluation *evaluation)
{
	struct dataset_run run = {
		.session = &eval->session, .data = &eval->data, .limit = eval->limit,
		.progress = eval->details ? NULL : policy_names[policy->policy],
		.take = take_sentence, .opaque = eval,
	};
	int failed;

	eval->evaluation = evaluation;
	failed = dataset_evaluate(&run, policy, evaluation);
	if (!eval->refused_status)
		eval->refused_status = run.refused_status;
	return failed;
}

static void add_comparison(struct record *record, const struct evaluation *evaluations)
{
	struct record *list = record_add_list(record, "policies", NULL);
	double latency = evaluation_energy_uj(&evaluations[EB_POLICY_LATENCY]);
	struct record *ratios;

	for (int i = 0; i < POLICIES; i++)
		evaluation_to_record(&evaluations[i], record_add_record(list, "", NULL));
	ratios = record_add_record(record, "energy_ratios", "modelled energy, policy latency");
	if (latency <= 0)
		return;
	record_add_number(ratios, "full_to_latency", "times less than full at the highest point",
			  "", evaluation_energy_uj(&evaluations[EB_POLICY_FULL]) / latency, 2);
	record_add_number(ratios, "entropy_to_latency",
			  "times less than entropy at the highest point", "",
			  evaluation_energy_uj(&evaluations[EB_POLICY_ENTROPY]) / latency, 2);
}

static int print_comparison(const struct record *record)
{
	static const struct column columns[] = {
		{ .path = "policy", .heading = "policy", .before = "", .after = "  ", .width = -8 },
		{ .path = "n", .heading = "sentences", .before = "", .after = "  ", .width = 9 },
		{ .path = "accuracy", .heading = "accuracy %", .before = "", .after = "  ",
		  .width = 10, .divisor = 0.01, .decimals = 2 },
		{ .path = "mean_exit_layer", .heading = "mean exit", .before = "", .after = "  ",
		  .width = 9, .divisor = 1, .decimals = 2 },
		{ .path = "mean_predicted_layer", .heading = "mean predicted", .before = "",
		  .after = "  ", .width = 14, .divisor = 1, .decimals = 2 },
		{ .path = "deadline_misses", .heading = "missed", .before = "", .after = "  ",
		  .width = 6 },
		{ .path = "latency_us_mean", .heading = "modelled ms", .before = "", .after = "  ",
		  .width = 11, .divisor = 1000, .decimals = 3 },
		{ .path = "energy_uj_mean", .heading = "modelled uJ", .before = "", .after = "  ",
		  .width = 11, .divisor = 1, .decimals = 1 },
		{ .path = "seconds", .heading = "host s", .before = "", .after = "", .width = 8,
		  .divisor = 1, .decimals = 1 },
	};
	const size_t count = sizeof(columns) / sizeof(columns[0]);
	const struct record *list = record_find(record, "policies")->record;
	int failed = render_headings(columns, count);

	for (size_t i = 0; i < list->count && !failed; i++)
		failed = render_columns(list->fields[i].record, columns, count);
	return failed ? failed : render_text(record);
}

static int compare(struct eval *eval, struct record *record)
{
	struct evaluation evaluations[POLICIES];

	for (uint32_t policy = 0; policy < POLICIES; policy++) {
		struct session_options session = options.session;
		int failed = 0;

		session.policy = policy;
		session.operating_point = EB_OPERATING_POINT_HIGHEST;
		eval->details = options.details && policy == EB_POLICY_LATENCY;
		if (eval->details && !options.json)
			failed = print_details(eval, NULL);
		if (!failed)
			failed = evaluate(eval, &session, &evaluations[policy]);
		if (failed)
			return failed;
	}
	add_comparison(record, evaluations);
	if (options.json)
		return render_json(record);
	if (options.details)
		render_plain("\n");
	return print_comparison(record);
}

static int evaluate_one(struct eval *eval, struct record *record)
{
	struct evaluation evaluation;
	int failed = 0;

	eval->details = options.details;
	if (eval->details && !options.json)
		failed = print_details(eval, NULL);
	if (!failed)
		failed = evaluate(eval, &options.session, &evaluation);
	if (failed)
		return failed;
	evaluation_to_record(&evaluation, record);
	if (options.json)
		return render_json(record);
	if (options.details)
		render_plain("\n");
	return render_text(record);
}

static int check(void)
{
	if (options.compare && options.session.target_latency_us == 0)
		return report_tool(EXIT_USAGE, "--compare needs a --target-latency for policy "
				   "latency, such as 50ms");
	return 0;
}

static int run_eval(const struct arguments *arguments)
{
	struct eval eval = { 0 };
	struct record *record = record_new();
	int failed = check();

	(void)arguments;
	record_add_whole(record, "schema_version", NULL, "", 1);
	if (!failed)
		failed = session_open(&eval.session, &options.session);
	if (!failed)
		failed = dataset_load(&eval.data, options.data, &eval.session);
	if (!failed) {
		eval.limit = eval.data.count;
		if (options.limit && (size_t)options.limit < eval.limit)
			eval.limit = (size_t)options.limit;
		if (options.details && options.json)
			eval.sentences = record_add_list(record, "sentences", NULL);
		failed = options.compare ? compare(&eval, record) : evaluate_one(&eval, record);
	}
	dataset_free(&eval.data);
	session_close(&eval.session);
	record_free(record);
	return failed ? failed : eval.refused_status;
}

const struct command command_eval = {
	.name = "eval",
	.summary = "measure accuracy, exits and modelled energy on a data set",
	.synopsis = "",
	.description =
		"Classifies the labelled sentences of a file and shows accuracy, F1, where sentences\n"
		"exit, missed deadlines and modelled energy.  With --compare it does so under all\n"
		"three policies (full and entropy at the highest operating point), side by side.\n"
		"Latency, cycles and energy are modelled figures; times of the host are measured.",
	OPTION_ROWS(rows),
	.run = run_eval,
};
