// SPDX-License-Identifier: MIT
/* edgebert replay: the exit policies over entropies that somebody recorded. */
#include <stdlib.h>
#include <string.h>

#include "lib/exit_replay.h"
#include "tools/edgebert/number_table.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/replay_cost.h"
#include "tools/edgebert/report.h"
#include "tools/edgebert/session.h"

/* Entropies at layer 1, at a layer that the table predicts, at the last layer. */
#define LAYERS_MIN 3

enum never_below {
	NEVER_BELOW_LAST,
	NEVER_BELOW_TABLE,
};

static const char *const never_below_names[] = { "last", "table", NULL };

static struct {
	const char *entropies;
	const char *lut;
	double threshold;
	uint32_t policy;
	uint32_t never_below;
	bool inclusive;
	uint32_t target_latency_us;
	const char *profile;
	int32_t cycles_per_layer;
	bool json;
} options = { .policy = EB_POLICY_ENTROPY, .cycles_per_layer = REPLAY_CYCLES_PER_LAYER };

static const struct option_row rows[] = {
	OPTION_REQUIRED_TEXT("entropies", 'e', "FILE", &options.entropies,
			     "recorded entropies: a line per sentence, nats by layer, commas"),
	OPTION_TEXT("lut", 'l', "FILE", &options.lut,
		    "look-up table of policy latency: entropy after layer 1, then the entropies "
		    "expected at layers 2, 3, ... but the last"),
	OPTION_REQUIRED_REAL("threshold", 't', "NATS", &options.threshold, 0, NATS_MAX,
			     "entropy below which a layer is good enough"),
	OPTION_CHOICE("policy", 'p', "POLICY", &options.policy, policy_names,
		      "when to stop (default: entropy)"),
	OPTION_CHOICE("never-below", 0, "LAYER", &options.never_below, never_below_names,
		      "where to stop when the table expects no layer below the threshold: at the "
		      "last, or at the table's last (default: last)"),
	OPTION_FLAG("inclusive", 0, &options.inclusive,
		    "stop also at an entropy equal to the threshold, as the device does"),
	OPTION_DURATION("target-latency", 0, "DURATION", &options.target_latency_us, 1, 1e9,
			"add what the three policies would take on a device: modelled latency and "
			"energy, the latency policy with this target; needs --lut"),
	OPTION_TEXT("profile", 0, "NAME", &options.profile,
		    "profile of that device (default: stp23)"),
	OPTION_WHOLE("cycles-per-layer", 0, "CYCLES", &options.cycles_per_layer, 1, INT32_MAX,
		     "its cycles for a layer (default: 3637248, a layer of ALBERT-base with 128 "
		     "tokens)"),
	OPTION_JSON(&options.json),
};

struct replay {
	struct number_table entropies;
	struct number_table lut;
	int32_t *expected;	/* the look-up table without its first column */
	struct eb_exit_predictor predictor;
};

/* What is looked up by rounding must stand in equal steps. */
static int check_keys(const struct number_table *lut, int32_t step)
{
	for (size_t row = 0; row < lut->rows; row++) {
		int64_t away = lut->values[row * lut->columns] - (int64_t)row * step;

		if (step <= 0 || llabs(away) > step / 1000)
			return report_tool(EXIT_INPUT, "%s, row %zu: the first column must count "
					   "from 0 in equal steps", options.lut, row + 1);
	}
	return 0;
}

static int read_predictor(struct replay *replay)
{
	const size_t layers = replay->entropies.columns;
	const struct number_table *lut = &replay->lut;
	int32_t step;
	int failed = number_table_load(&replay->lut, options.lut, EB_LAYERS_MAX);

	if (failed)
		return failed;
	if (lut->columns != layers - 1)
		return report_tool(EXIT_INPUT, "%s has %zu columns; for the %zu layers of %s it "
				   "needs %zu: the entropy, and layers 2 to %zu", options.lut,
				   lut->columns, layers, options.entropies, layers - 1, layers - 1);
	step = lut->rows > 1 ? lut->values[lut->columns] - lut->values[0] : NAT;
	failed = check_keys(lut, step);
	if (failed)
		return failed;
	replay->expected = calloc(lut->rows * (lut->columns - 1), sizeof(*replay->expected));
	if (!replay->expected)
		report_out_of_memory();
	for (size_t row = 0; row < lut->rows; row++)
		memcpy(replay->expected + row * (lut->columns - 1),
		       lut->values + row * lut->columns + 1,
		       (lut->columns - 1) * sizeof(*replay->expected));
	replay->predictor = (struct eb_exit_predictor){
		.rows = (uint32_t)lut->rows, .step = (uint32_t)step,
		.columns = (uint32_t)lut->columns - 1, .first_layer = 2,
		.fine_entropies = replay->expected,
		.last_layer = (uint32_t)layers - (options.never_below == NEVER_BELOW_TABLE),
	};
	return 0;
}

struct tally {
	uint64_t exits[EB_LAYERS_MAX], predictions[EB_LAYERS_MAX];
	uint64_t exit_layers, predicted_layers;	/* sums */
};

static struct eb_replayed replay_row(const struct replay *replay, enum eb_policy policy,
				     size_t row)
{
	const struct number_table *table = &replay->entropies;
	/* Below the threshold is the same as at or below the next smaller number. */
	const int32_t threshold = nats_to_billionths(options.threshold) - !options.inclusive;
	const struct eb_recording recording = {
		.entropies = table->values + row * table->columns,
		.layers = (uint32_t)table->columns,
		.exit_layers = (1u << table->columns) - 1,
	};

	return eb_exit_replay(policy, threshold, &replay->predictor, &recording);
}

static void replay_all(const struct replay *replay, struct tally *tally)
{
	for (size_t row = 0; row < replay->entropies.rows; row++) {
		struct eb_replayed replayed =
			replay_row(replay, (enum eb_policy)options.policy, row);

		tally->exits[replayed.exit_layer - 1]++;
		tally->exit_layers += replayed.exit_layer;
		tally->predicted_layers += replayed.predicted_layer;
		if (replayed.predicted_layer)
			tally->predictions[replayed.predicted_layer - 1]++;
	}
}

static void add_histogram(struct record *record, const char *key, const char *label,
			  const uint64_t *counts, size_t layers)
{
	struct record *list = record_add_list(record, key, label);

	for (size_t layer = 0; layer < layers; layer++)
		record_add_whole(list, "", NULL, "", counts[layer]);
}

/* The paper's comparison: all three policies on one device. */
static void add_comparison(const struct replay *replay, const struct replay_device *device,
			   struct record *record)
{
	struct record *list = record_add_list(record, "comparison",
					      "on a device (latency and energy are modelled)");
	struct replay_cost costs[3] = { 0 };

	for (size_t row = 0; row < replay->entropies.rows; row++) {
		for (uint32_t policy = EB_POLICY_FULL; policy <= EB_POLICY_LATENCY; policy++) {
			struct eb_replayed replayed =
				replay_row(replay, (enum eb_policy)policy, row);

			replay_cost_add(device, (enum eb_policy)policy, &replayed, &costs[policy]);
		}
	}
	for (uint32_t policy = EB_POLICY_FULL; policy <= EB_POLICY_LATENCY; policy++)
		replay_cost_report(list, device, (enum eb_policy)policy, costs);
}

/* device NULL: no comparison was asked for. */
static int print_tally(const struct replay *replay, const struct tally *tally,
		       const struct replay_device *device)
{
	const bool predicts = options.policy == EB_POLICY_LATENCY;
	const size_t layers = replay->entropies.columns;
	const double count = (double)replay->entropies.rows;
	struct record *record = record_new();
	int failed;

	record_add_number(record, "mean_exit_layer", "mean exit layer", "",
			  (double)tally->exit_layers / count, 6);
	if (predicts)
		record_add_number(record, "mean_predicted_layer", "mean predicted layer", "",
				  (double)tally->predicted_layers / count, 6);
	else
		record_add_none(record, "mean_predicted_layer", "mean predicted layer");
	add_histogram(record, "histogram", "exits at layers 1, 2, ...", tally->exits, layers);
	if (predicts)
		add_histogram(record, "prediction_histogram", "predictions of layers 1, 2, ...",
			      tally->predictions, layers);
	record_add_whole(record, "n", "sentences", "", replay->entropies.rows);
	record_add_text(record, "policy", "policy", policy_names[options.policy]);
	record_add_number(record, "threshold", "threshold", "nats", options.threshold, 9);
	if (device)
		add_comparison(replay, device, record);
	record_add_whole(record, "schema_version", NULL, "", 1);
	failed = options.json ? render_json(record) : render_text(record);
	record_free(record);
	return failed;
}

static int open_device(struct replay_device *device)
{
	const struct session_options session = {
		.backend = EB_BACKEND_REFERENCE, .profile = options.profile,
	};

	device->cycles_per_layer = (uint64_t)options.cycles_per_layer;
	device->target_ns = options.target_latency_us * 1000ull;
	return session_open_device(&session, &device->device);
}

static int check_options(void)
{
	if (options.policy == EB_POLICY_LATENCY && !options.lut)
		return report_tool(EXIT_USAGE, "--policy latency needs a look-up table: --lut FILE");
	if (options.target_latency_us && !options.lut)
		return report_tool(EXIT_USAGE, "--target-latency compares the latency policy, which "
				   "needs a look-up table: --lut FILE");
	if (options.profile && !options.target_latency_us)
		return report_tool(EXIT_USAGE, "--profile needs a --target-latency, such as 50ms");
	return 0;
}

static int run_replay(const struct arguments *arguments)
{
	struct replay replay = { 0 };
	struct replay_device device = { 0 };
	struct tally tally = { 0 };
	int failed = check_options();

	(void)arguments;
	if (failed)
		return failed;
	failed = number_table_load(&replay.entropies, options.entropies, EB_LAYERS_MAX);
	if (!failed && replay.entropies.columns < LAYERS_MIN)
		failed = report_tool(EXIT_INPUT, "%s has %zu columns; a sentence has at least %d "
				     "layers", options.entropies, replay.entropies.columns,
				     LAYERS_MIN);
	if (!failed && options.lut)
		failed = read_predictor(&replay);
	if (!failed && options.target_latency_us)
		failed = open_device(&device);
	if (!failed) {
		replay_all(&replay, &tally);
		failed = print_tally(&replay, &tally, device.device ? &device : NULL);
	}
	eb_device_unref(device.device);
	number_table_free(&replay.entropies);
	number_table_free(&replay.lut);
	free(replay.expected);
	return failed;
}

const struct command command_replay = {
	.name = "replay",
	.summary = "show where recorded entropies would exit",
	.synopsis = "",
	.description =
		"Runs the library's exit policies over recorded entropies: where sentences would have\n"
		"left at a threshold, without running them.  A sentence leaves below the threshold, as\n"
		"in the paper's software; with --inclusive at or below it, as on the device.",
	OPTION_ROWS(rows),
	.run = run_replay,
};
