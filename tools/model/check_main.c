// SPDX-License-Identifier: MIT
/*
 * edgebert-model-check: runs labelled token ids through a checkpoint and through its
 * compiled model on the device core, and compares both with reference logits exit by
 * exit, so that a loss of accuracy can be located.
 */
#include <errno.h>
#include <math.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/model.h"
#include "tools/model/file.h"
#include "tools/model/predictor.h"
#include "tools/model/reference.h"

struct arguments {
	char *model;
	char *checkpoint;
	char *ids;
	char *logits;
	int limit;
};

/* Logits [sentence][layer][class] of one way to run the network. */
struct results {
	const char *name;
	float *logits;
};

struct comparison {
	const struct eb_sentences *sentences;
	unsigned int layers, classes;
};

static unsigned int best_class(const float *logits, unsigned int classes)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < classes; i++)
		best = logits[i] > logits[best] ? i : best;
	return best;
}

static double entropy(const float *logits, unsigned int classes)
{
	double largest = logits[best_class(logits, classes)], sum = 0, weighted = 0;

	for (unsigned int i = 0; i < classes; i++) {
		double e = exp(logits[i] - largest);

		sum += e;
		weighted += e * (logits[i] - largest);
	}
	return log(sum) - weighted / sum;
}

static const float *row(const struct comparison *comparison, const struct results *results,
			size_t sentence, unsigned int layer)
{
	return results->logits + (sentence * comparison->layers + layer) * comparison->classes;
}

static void print_exit(const struct comparison *comparison, const struct results *results,
		       const struct results *reference, unsigned int layer)
{
	size_t count = comparison->sentences->count, right = 0, same = 0, worst = 0;
	double entropies = 0, signal = 0, noise = 0, largest = 0, entropy_difference = 0;

	for (size_t s = 0; s < count; s++) {
		const float *values = row(comparison, results, s, layer);
		const float *wanted = row(comparison, reference, s, layer);
		unsigned int label = best_class(values, comparison->classes);

		right += label == comparison->sentences->items[s].label;
		same += label == best_class(wanted, comparison->classes);
		entropies += entropy(values, comparison->classes);
		entropy_difference += fabs(entropy(values, comparison->classes) -
					   entropy(wanted, comparison->classes));
		for (unsigned int c = 0; c < comparison->classes; c++) {
			double difference = values[c] - wanted[c];

			signal += (double)wanted[c] * wanted[c];
			noise += difference * difference;
			if (fabs(difference) > largest) {
				largest = fabs(difference);
				worst = s;
			}
		}
	}
	printf("%-5u %9.2f %9.3f %9.2f %10.4f %7zu %8.1f %10.3f\n", layer + 1,
	       100.0 * right / count, entropies / count, 100.0 * same / count, largest, worst + 1,
	       noise > 0 ? 10 * log10(signal / noise) : INFINITY, entropy_difference / count);
}

static void print_results(const struct comparison *comparison, const struct results *results,
			  const struct results *reference)
{
	printf("%s against %s, %zu sentences\n", results->name, reference->name,
	       comparison->sentences->count);
	printf("exit  accuracy%%   entropy  agreeing%%    largest of line   SNR dB  |entropy|\n");
	for (unsigned int layer = 0; layer < comparison->layers; layer++)
		print_exit(comparison, results, reference, layer);
}

/* The data of a little-endian float .npy file, which must have the expected count. */
static enum eb_status read_npy(const char *path, size_t expected, float **ret_values)
{
	enum eb_status status;
	size_t size, header;
	char *bytes;

	status = eb_file_read(path, 1u << 30, &bytes, &size);
	if (status)
		return status;
	header = size >= 10 ? 10 + (size_t)(uint8_t)bytes[8] + 256 * (size_t)(uint8_t)bytes[9] : 0;
	if (header == 0 || memcmp(bytes, "\x93NUMPY\x01", 7) != 0 || header > size ||
	    !memmem(bytes, header, "'<f4'", 5) || (size - header) / sizeof(float) < expected) {
		free(bytes);
		return eb_fail(EB_INVALID_ARGUMENT, "%s: is not a .npy file of %zu floats", path,
			       expected);
	}
	memmove(bytes, bytes + header, size - header);
	*ret_values = (float *)bytes;
	return EB_OK;
}

/* Room for every logit of a run, in both forms. */
static enum eb_status make_results(const struct comparison *comparison, struct results *results)
{
	results->logits = calloc(comparison->sentences->count * comparison->layers *
				 comparison->classes, sizeof(float));
	return results->logits ? EB_OK : eb_fail(EB_OUT_OF_MEMORY, "no memory for results");
}

static enum eb_status run_checkpoint(const char *directory, const struct comparison *comparison,
				     struct results *results)
{
	struct eb_checkpoint checkpoint;
	struct eb_network network;
	struct eb_reference_run run = { .network = &network,
					.sentences = comparison->sentences };
	enum eb_status status;

	status = make_results(comparison, results);
	run.logits = results->logits;
	if (!status)
		status = eb_checkpoint_open(directory, &checkpoint);
	if (status)
		return status;
	status = eb_network_load(&checkpoint, &network);
	if (!status) {
		status = eb_reference_run(&run);
		eb_network_free(&network);
	}
	eb_checkpoint_close(&checkpoint);
	return status;
}

/* ---- The compiled model ------------------------------------------------------------- */

/* What leaving early costs and saves: the entropy policy, then the latency policy's limit. */
static void print_exits(const struct eb_model *model, const struct comparison *comparison,
			const struct eb_exit_result *results)
{
	static const int thresholds[] = { 51, 102, 154, 205, 307, 410, 512 };
	struct eb_exit_study study = {
		.results = results, .sentences = comparison->sentences,
		.layers = comparison->layers, .classes = comparison->classes,
		.rows = model->predictor.rows, .step = model->predictor.step,
	};

	printf("early exit by the device's entropies (default threshold %.3f nats)\n"
	       "           entropy policy        latency policy\n"
	       "threshold  accuracy%%  mean exit  accuracy%%  mean limit  mean exit\n",
	       model->parameters.default_threshold / 1024.0);
	for (size_t i = 0; i < sizeof(thresholds) / sizeof(thresholds[0]); i++) {
		struct eb_exit_outcome outcome;

		study.entropies = NULL;
		outcome = eb_exit_outcome(&study, thresholds[i]);
		printf("%9.3f %10.2f %10.2f", thresholds[i] / 1024.0, 100 * outcome.accuracy,
		       outcome.mean_layer);
		study.entropies = model->has_predictor ? model->predictor.entropies : NULL;
		outcome = eb_exit_outcome(&study, thresholds[i]);
		printf(" %10.2f %11.2f %10.2f\n", 100 * outcome.accuracy, outcome.mean_limit,
		       outcome.mean_layer);
	}
}

static enum eb_status run_model(const struct eb_model *model, const struct comparison *comparison,
				struct results *results)
{
	const struct eb_runnable runnable = eb_runnable_of(model);
	size_t exits = comparison->sentences->count * comparison->layers;
	struct eb_run_all run = { .runnable = &runnable, .sentences = comparison->sentences };
	enum eb_status status = make_results(comparison, results);

	if (status)
		return status;
	run.results = calloc(exits, sizeof(*run.results));
	if (!run.results)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for results");
	status = eb_run_all(&run);
	for (size_t i = 0; i < exits && !status; i++) {
		for (unsigned int c = 0; c < comparison->classes; c++)
			results->logits[i * comparison->classes + c] =
				run.results[i].logits[c] / 1024.0f;
	}
	if (!status)
		print_exits(model, comparison, run.results);
	free(run.results);
	return status;
}

/* ---- Order -------------------------------------------------------------------------- */

static enum eb_status check(const struct arguments *arguments, const struct eb_model *model,
			    const struct eb_sentences *sentences)
{
	const struct comparison comparison = { sentences, model->parameters.layers,
					       model->parameters.classes };
	size_t count = sentences->count * comparison.layers * comparison.classes;
	struct results wanted = { "the reference logits", NULL };
	struct results floats = { "the checkpoint in float", NULL };
	struct results device = { "the compiled model", NULL };
	enum eb_status status = EB_OK;

	if (arguments->logits)
		status = read_npy(arguments->logits, count, &wanted.logits);
	if (!status && arguments->checkpoint)
		status = run_checkpoint(arguments->checkpoint, &comparison, &floats);
	if (!status && floats.logits && wanted.logits)
		print_results(&comparison, &floats, &wanted);
	if (!status)
		status = run_model(model, &comparison, &device);
	if (!status && floats.logits)
		print_results(&comparison, &device, &floats);
	else if (!status)
		print_results(&comparison, &device, wanted.logits ? &wanted : &device);
	free(wanted.logits);
	free(floats.logits);
	free(device.logits);
	return status;
}

static enum eb_status open_and_check(const struct arguments *arguments)
{
	struct eb_sentences sentences;
	struct eb_model *model;
	enum eb_status status;

	status = eb_model_open(arguments->model, &model);
	if (status)
		return status;
	status = eb_sentences_from_ids(arguments->ids, model->parameters.vocabulary_size,
				       model->parameters.sequence_max, &sentences);
	if (!status) {
		size_t all = sentences.count;

		if (arguments->limit > 0 && (size_t)arguments->limit < all)
			sentences.count = (size_t)arguments->limit;
		status = check(arguments, model, &sentences);
		sentences.count = all;
		eb_sentences_free(&sentences);
	}
	eb_model_unref(model);
	return status;
}

int main(int argc, const char **argv)
{
	struct arguments arguments = { 0 };
	const struct poptOption options[] = {
		{ "model", 'm', POPT_ARG_STRING, &arguments.model, 0, "compiled model", "FILE" },
		{ "checkpoint", 'c', POPT_ARG_STRING, &arguments.checkpoint, 0, "checkpoint folder",
		  "DIR" },
		{ "ids", 'i', POPT_ARG_STRING, &arguments.ids, 0, "label<TAB>ids, line by line",
		  "FILE" },
		{ "logits", 'l', POPT_ARG_STRING, &arguments.logits, 0, "reference logits (.npy)",
		  "FILE" },
		{ "limit", 'n', POPT_ARG_INT, &arguments.limit, 0, "first sentences only", "N" },
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	poptContext context = poptGetContext(NULL, argc, argv, options, 0);
	int result = poptGetNextOpt(context);
	enum eb_status status;

	if (result != -1 || !arguments.model || !arguments.ids) {
		poptPrintUsage(context, stderr, 0);
		poptFreeContext(context);
		return 2;
	}
	status = open_and_check(&arguments);
	if (status)
		fprintf(stderr, "edgebert-model-check: %s\n", eb_error_detail());
	poptFreeContext(context);
	return status ? 1 : 0;
}
