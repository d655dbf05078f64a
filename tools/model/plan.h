/* SPDX-License-Identifier: MIT */
/*
 * The numeric plan of a model: codes of every matrix, and the format of every tensor that
 * the device stores.
 *
 * An AF8 tensor has a bias of its own, any integer: value = mantissa * 2^(bias - 14).
 * A Q6.10 tensor has a scale: value = word * 2^(scale - 10).  Powers of two cost nothing:
 * a command's 0..7 bias may differ from a tensor's own bias, which multiplies its result.
 */
#ifndef EDGEBERT_MODEL_PLAN_H
#define EDGEBERT_MODEL_PLAN_H

#include "tools/model/calibrate.h"
#include "tools/model/quantise.h"

/*
 * Bias vectors are corrected: rounding the weights moves each output by a mean, known from
 * the mean of every input, and the bias takes that back.
 */
struct eb_linear_plan {
	struct eb_codes codes;
	float *bias;
};

struct eb_norm_plan {
	const struct eb_norm *norm;
	int output_bias;		/* of the AF8 output */
	int output_scale;		/* the device computes the output divided by 2^this */
};

/* Per layer even where weights are shared: activations differ. */
struct eb_layer_plan {
	unsigned int own;		/* index of its matrices in eb_plan.linears */
	float *biases[EB_LINEAR_COUNT];
	int query, key, value;		/* AF8 biases */
	int probabilities, context, intermediate;
	int attention_sum_scale, output_sum_scale;	/* Q6.10 */
	struct eb_norm_plan attention_norm, output_norm;
	bool has_exit;
	int pooled;
	struct eb_linear_plan pooler, classifier;
};

struct eb_plan {
	const struct eb_network *network;
	struct eb_codes words, positions, types;
	int embedding_scale;		/* of the summed embeddings, Q6.10 */
	struct eb_norm_plan embedding_norm;
	struct eb_linear_plan mapping;	/* ALBERT */
	int mapped;
	struct eb_codes linears[EDGEBERT_HW_LAYERS_MAX][EB_LINEAR_COUNT];
	struct eb_layer_plan layers[EDGEBERT_HW_LAYERS_MAX];
};

struct eb_plan_options {
	/* Both must outlive the plan; the calibration is of this very network. */
	const struct eb_network *network;
	const struct eb_calibration *calibration;
	/* The token that every sentence begins with, and that occurs nowhere else. */
	uint32_t first_token;
	/* How often each word of the vocabulary occurs, to weigh its errors. */
	const double *word_counts;
	/* The bias of the word embedding's codes, where a shared table has one; else NULL. */
	const int *word_bias;
	eb_step_progress progress;	/* may be NULL */
	void *progress_opaque;
};

enum eb_status eb_plan_make(const struct eb_plan_options *options, struct eb_plan **ret_plan)
	EB_WARN_UNUSED;
void eb_plan_free(struct eb_plan *plan);

#endif /* EDGEBERT_MODEL_PLAN_H */
