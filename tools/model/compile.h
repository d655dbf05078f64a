/* SPDX-License-Identifier: MIT */
/*
 * The model compiler's public entry: a checkpoint folder becomes a model file (.ebm).
 */
#ifndef EDGEBERT_MODEL_COMPILE_H
#define EDGEBERT_MODEL_COMPILE_H

#include <stdbool.h>
#include <stddef.h>

#include <edgebert/edgebert.h>

#include "tools/model/checkpoint_pack.h"

#define EB_COMPILE_SENTENCES_DEFAULT 256

struct eb_compile_summary {
	size_t sentences;		/* read for calibration */
	size_t model_bytes;
	unsigned int layers;
	unsigned int exits;		/* layers that can answer, the last included */
	unsigned int commands;
	double full_accuracy;		/* on the calibration sentences, 0..1 */
	double early_accuracy;		/* the same at the threshold */
	double early_mean_layer;
	double threshold;		/* nats, the model's default */
	bool embedding_in_envm;
	size_t embedding_bytes;		/* what the word embedding takes there, or would take */
	char envm_id[33];		/* identity of its image, "" when it is not there */
	char envm_name[32];
};

struct eb_compile_options {
	const char *checkpoint;		/* folder: config.json, vocab.txt, *.safetensors */
	const char *output;		/* model file, replaced atomically */
	/*
	 * Tab-separated examples of the kind the model will see, texts or pairs of texts with
	 * their labels, after a header line (tools/model/columns.h); used for biases, exit
	 * predictor and default threshold.  NULL: biases from made-up sentences of the
	 * vocabulary's words, no predictor (the latency policy will be refused).
	 */
	const char *calibration;
	bool pairs;			/* the model is for pairs of texts; without calibration nothing else says so */
	unsigned int sentences;		/* to calibrate biases with; 0: the default */
	/*
	 * Image file (.evm) for the eNVM that holds the word embedding.  One that exists is
	 * shared: it must hold this checkpoint's embedding.  Otherwise it is made, unless the
	 * embedding is too large.  NULL: the embedding stays in the model.
	 */
	const char *envm_image;
	const char *envm_name;		/* name of an image that is made; NULL: as the file */
	const char *report;		/* text report, NULL: none */
	/* May be NULL.  Steps come in order, each from 0 to 1, on the caller's thread. */
	void (*progress)(void *opaque, const char *step, double fraction);
	void *opaque;
	struct eb_compile_summary *summary;	/* may be NULL; filled on success */
};

enum eb_status eb_compile(const struct eb_compile_options *options) EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_COMPILE_H */
