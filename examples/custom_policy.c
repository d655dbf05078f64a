// SPDX-License-Identifier: MIT
/*
 * A policy of one's own: an energy budget per sentence in place of a latency target.
 *
 *	cc custom_policy.c $(pkg-config --cflags --libs edgebert-rt) -o custom_policy
 *	./custom_policy MODEL.ebm 100 < sentences.txt
 *
 * After layer 1 the callback takes the deepest layer, and for it the fastest operating point,
 * whose modelled energy stays within what is left of the budget (in microjoules).
 */
#include <edgebert/edgebert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct budget {
	struct eb_engine *engine;
	uint64_t picojoule;
};

/* Whether layers 2 to last fit, and the fastest point at which they do. */
static int fits(const struct budget *budget, const struct eb_decision *decision, uint32_t last,
		uint32_t *point)
{
	uint64_t first_pj, rest_pj;

	if (eb_engine_estimate(budget->engine, decision->token_count, 1, 1,
			       decision->operating_point_high, NULL, &first_pj))
		return 0;
	for (*point = decision->operating_point_high + 1;
	     (*point)-- > decision->operating_point_low;) {
		if (!eb_engine_estimate(budget->engine, decision->token_count, 2, last, *point,
					NULL, &rest_pj) &&
		    first_pj + rest_pj <= budget->picojoule)
			return 1;
	}
	return 0;
}

static void decide(void *opaque, struct eb_decision *decision)
{
	uint32_t last, point;

	/* Sure enough after layer 1: nothing more is spent. */
	if (decision->entropy <= decision->entropy_threshold)
		return;
	for (last = decision->layers; last > 1; last--) {
		if (!fits(opaque, decision, last, &point))
			continue;
		decision->layer_limit = last;
		decision->operating_point = point;
		return;
	}
	decision->layer_limit = 1;
}

static void classify_lines(struct eb_engine *engine, const struct eb_model *model)
{
	char text[4096];

	while (fgets(text, sizeof(text), stdin)) {
		struct eb_result result = { .size = sizeof(result) };

		if (eb_engine_run(engine, text, strcspn(text, "\n"), &result))
			printf("%s\n", eb_error_detail());
		else
			printf("%s, layer %u of at most %u, %u MHz, %.1f uJ (modelled)\n",
			       eb_model_label(model, result.label), result.exit_layer,
			       result.predicted_layer, result.mhz,
			       (double)result.modelled_energy_pj / 1e6);
	}
}

int main(int argc, char **argv)
{
	const struct eb_device_options reference = {
		.size = sizeof(reference), .backend = EB_BACKEND_REFERENCE,
	};
	struct budget budget = { 0 };
	const struct eb_engine_options options = {
		.size = sizeof(options), .policy = EB_POLICY_CUSTOM, .entropy_threshold = -1,
		.operating_point = EB_OPERATING_POINT_HIGHEST,
		.decide = decide, .decide_opaque = &budget,
	};
	struct eb_device *device = NULL;
	struct eb_model *model = NULL;
	enum eb_status status;

	if (argc != 3) {
		fprintf(stderr, "usage: custom_policy MODEL.ebm MICROJOULE < SENTENCES\n");
		return 64;
	}
	budget.picojoule = (uint64_t)(strtod(argv[2], NULL) * 1e6);
	status = eb_device_open(NULL, &device);
	if (status == EB_NO_DEVICE || status == EB_NO_MODULE)
		status = eb_device_open(&reference, &device);
	if (!status)
		status = eb_model_open(argv[1], &model);
	if (!status)
		status = eb_engine_create(device, model, &options, &budget.engine);
	if (!status)
		classify_lines(budget.engine, model);
	else
		fprintf(stderr, "%s: %s\n", eb_status_text(status), eb_error_detail());
	eb_engine_unref(budget.engine);
	eb_model_unref(model);
	eb_device_unref(device);
	return (int)status;
}
