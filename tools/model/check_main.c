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

#include "lib/status.h"
#include "tools/model/file.h"
#include "tools/model/reference.h"

struct arguments {
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
	size_t count = comparison->sentences->count, right = 0, same = 0;
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
			largest = fmax(largest, fabs(difference));
		}
	}
	printf("%-5u %9.2f %9.3f %9.2f %10.4f %8.1f %10.3f\n", layer + 1, 100.0 * right / count,
	       entropies / count, 100.0 * same / count, largest,
	       noise > 0 ? 10 * log10(signal / noise) : INFINITY, entropy_difference / count);
}

static void print_results(const struct comparison *comparison, const struct results *results,
			  const struct results *reference)
{
	printf("%s against %s, %zu sentences\n", results->name, reference->name,
	       comparison->sentences->count);
	printf("exit  accuracy%%   entropy  agreeing%%  largest   SNR dB  |entropy|\n");
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

static enum eb_status run_reference(const struct arguments *arguments,
				    const struct eb_network *network,
				    struct eb_sentences *sentences)
{
	const struct eb_shape *shape = &network->shape;
	struct comparison comparison = { sentences, shape->layers, shape->classes };
	struct results floats = { "checkpoint in float", NULL }, wanted = { arguments->logits, NULL };
	struct eb_reference_run run = { .network = network, .sentences = sentences };
	size_t count = sentences->count * shape->layers * shape->classes;
	enum eb_status status;

	floats.logits = calloc(count, sizeof(float));
	run.logits = floats.logits;
	if (!floats.logits)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory");
	status = eb_reference_run(&run);
	if (!status)
		status = read_npy(arguments->logits, count, &wanted.logits);
	if (!status)
		print_results(&comparison, &floats, &wanted);
	free(floats.logits);
	free(wanted.logits);
	return status;
}

static enum eb_status check(const struct arguments *arguments)
{
	struct eb_checkpoint checkpoint;
	struct eb_network network;
	struct eb_sentences sentences;
	enum eb_status status;

	status = eb_checkpoint_open(arguments->checkpoint, &checkpoint);
	if (status)
		return status;
	status = eb_network_load(&checkpoint, &network);
	if (!status) {
		status = eb_sentences_from_ids(arguments->ids, network.shape.vocabulary_size,
					       EDGEBERT_HW_SEQUENCE_MAX, &sentences);
		if (!status) {
			if (arguments->limit > 0 && (size_t)arguments->limit < sentences.count)
				sentences.count = (size_t)arguments->limit;
			status = run_reference(arguments, &network, &sentences);
			eb_sentences_free(&sentences);
		}
		eb_network_free(&network);
	}
	eb_checkpoint_close(&checkpoint);
	return status;
}

int main(int argc, const char **argv)
{
	struct arguments arguments = { 0 };
	const struct poptOption options[] = {
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

	if (result != -1 || !arguments.checkpoint || !arguments.ids || !arguments.logits) {
		poptPrintUsage(context, stderr, 0);
		poptFreeContext(context);
		return 2;
	}
	status = check(&arguments);
	if (status)
		fprintf(stderr, "edgebert-model-check: %s\n", eb_error_detail());
	poptFreeContext(context);
	return status ? 1 : 0;
}
