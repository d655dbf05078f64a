/* SPDX-License-Identifier: MIT */
/* Made-up sentences, for calibration without any text. */
#ifndef EDGEBERT_MODEL_SAMPLE_SENTENCES_H
#define EDGEBERT_MODEL_SAMPLE_SENTENCES_H

#include "tools/model/sentences.h"

/*
 * count sentences of random vocabulary entries between [CLS] and [SEP], `longest` tokens
 * (16 or more) at most, always the same ones.  They reach the ranges of tensors roughly,
 * and say nothing about labels.
 */
enum eb_status eb_sample_sentences(const struct eb_tokenizer *tokenizer, size_t count,
				   size_t longest, bool pairs, struct eb_sentences *ret_sentences)
	EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_SAMPLE_SENTENCES_H */
