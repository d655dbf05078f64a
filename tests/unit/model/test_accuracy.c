// SPDX-License-Identifier: MIT
/*
 * The repository's models on real sentences: at every exit the compiled model must answer
 * like its checkpoint in floating point.  Skipped where the models were not built.
 */
#include "tests/unit/model/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/model.h"
#include "tools/model/predictor.h"
#include "tools/model/reference.h"

#define SENTENCES_FILE "models/data/sst2-dev-100.tsv"
/* Sanitizers slow this down tenfold; what they look for shows on a few sentences, too. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SENTENCES 8
#else
#define SENTENCES 100
#endif
/* Of 100 sentences, how many may turn out otherwise than in floating point. */
#define LABELS_CHANGED_MAX 6
#define ACCURACY_LOSS_MAX 0.0201
#define ENTROPY_CHANGE_MAX 0.04

struct comparison {
	struct eb_model *model;
	struct eb_sentences sentences;
	float *wanted;
	struct eb_exit_result *results;
};

static void run_float(const char *checkpoint_folder, struct comparison *comparison)
{
	struct eb_checkpoint checkpoint;
	struct eb_network network;
	struct eb_reference_run run = { .network = &network,
					.sentences = &comparison->sentences };

	assert_int_equal(eb_checkpoint_open(checkpoint_folder, &checkpoint), EB_OK);
	assert_int_equal(eb_network_load(&checkpoint, &network), EB_OK);
	run.logits = calloc(comparison->sentences.count * network.shape.layers *
			    network.shape.classes, sizeof(float));
	assert_non_null(run.logits);
	assert_int_equal(eb_reference_run(&run), EB_OK);
	comparison->wanted = run.logits;
	eb_network_free(&network);
	eb_checkpoint_close(&checkpoint);
}

static void run_device(struct comparison *comparison)
{
	const struct eb_runnable runnable = eb_runnable_of(comparison->model);
	struct eb_run_all run = { .runnable = &runnable, .sentences = &comparison->sentences };

	run.results = calloc(comparison->sentences.count * runnable.layers, sizeof(*run.results));
	assert_non_null(run.results);
	if (eb_run_all(&run))
		fail_msg("%s", eb_error_detail());
	comparison->results = run.results;
}

static double float_entropy(const float *logits)
{
	double difference = fabs((double)logits[0] - logits[1]);
	double sum = 1 + exp(-difference);

	return log(sum) + difference * exp(-difference) / sum;
}

/* Both models have two classes: the label is a comparison. */
static void compare_exit(const struct comparison *comparison, unsigned int layer)
{
	unsigned int layers = comparison->model->parameters.layers;
	size_t count = comparison->sentences.count, changed = 0;
	double right = 0, float_right = 0, entropies = 0;

	for (size_t s = 0; s < count; s++) {
		const struct eb_exit_result *result = &comparison->results[s * layers + layer];
		const float *wanted = comparison->wanted + (s * layers + layer) * 2;
		bool label = result->logits[1] > result->logits[0];
		bool float_label = wanted[1] > wanted[0];

		changed += label != float_label;
		right += label == (comparison->sentences.items[s].label == 1);
		float_right += float_label == (comparison->sentences.items[s].label == 1);
		entropies += fabs(result->entropy / 1024.0 - float_entropy(wanted));
	}
	if (changed > LABELS_CHANGED_MAX || entropies / count > ENTROPY_CHANGE_MAX)
		fail_msg("exit %u: %zu of %zu labels differ, entropies by %.3f", layer + 1, changed,
			 count, entropies / count);
	if (layer + 1 == layers && (float_right - right) / count > ACCURACY_LOSS_MAX)
		fail_msg("accuracy fell from %.1f to %.1f %%", 100 * float_right / count,
			 100 * right / count);
}

static void check_model(const char *name)
{
	struct comparison comparison = { 0 };
	const struct eb_class_names classes = { .count = 2, .names = { "negative", "positive" } };
	char path[512], folder[512];

	snprintf(path, sizeof(path), "%s/%s.ebm", MODELS_FOLDER, name);
	snprintf(folder, sizeof(folder), "models/%s", name);
	if (access(path, R_OK) != 0)
		skip();
	if (eb_model_open(path, &comparison.model))
		fail_msg("%s", eb_error_detail());
	assert_int_equal(eb_sentences_from_text(SENTENCES_FILE, comparison.model->tokenizer,
						SENTENCES, &classes, &comparison.sentences), EB_OK);
	assert_int_equal(comparison.sentences.count, SENTENCES);
	run_float(folder, &comparison);
	run_device(&comparison);
	for (unsigned int layer = 0; layer < comparison.model->parameters.layers; layer++)
		compare_exit(&comparison, layer);
	free(comparison.wanted);
	free(comparison.results);
	eb_sentences_free(&comparison.sentences);
	eb_model_unref(comparison.model);
}

static void the_bert_model_answers_like_its_checkpoint(void **state)
{
	(void)state;
	check_model("gte-small-sst2-ee");
}

static void the_albert_model_answers_like_its_checkpoint(void **state)
{
	(void)state;
	check_model("albert384-sst2-ee");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bert_model_answers_like_its_checkpoint),
		cmocka_unit_test(the_albert_model_answers_like_its_checkpoint),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-accuracy", tests, NULL, NULL);
}
