/* SPDX-License-Identifier: MIT */
/*
 * A complete small model file made in memory: a BERT of a few layers with random
 * weights, its program, cycle tables and exit predictor.  For tests.
 */
#ifndef EDGEBERT_TESTS_TINY_MODEL_H
#define EDGEBERT_TESTS_TINY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/model_format.h"

#define TINY_SEQUENCE_MAX 40
#define TINY_VOCABULARY 32
#define TINY_LAYERS 4
#define TINY_CLASSES 2

struct tiny_model_options {
	uint32_t seed;
	uint32_t layers;		/* 0: TINY_LAYERS */
	bool without_predictor;		/* nor PREDICT */
	bool without_predict_command;
	bool without_cycles;
	bool only_last_exit;		/* nor predictor */
	bool pairs;			/* made for pairs of texts */
	bool needs_image;		/* tiny_model_image must be in the eNVM */
};

/* Named by a model that needs one; its program does not read it. */
extern const struct eb_model_envm_image tiny_model_image;

/* The file, 4096-byte aligned; free() it. options NULL: all defaults. */
uint8_t *tiny_model_build(const struct tiny_model_options *options, size_t *ret_size);

/* Section entry of a type (nth of it) inside the file, NULL when there is none. */
struct eb_model_section *tiny_model_section(uint8_t *file, enum eb_model_section_type type,
					    uint32_t nth);
/* Contents of the first section of a type. */
void *tiny_model_contents(uint8_t *file, enum eb_model_section_type type);

/* Makes every checksum right again after a test changed something. */
void tiny_model_seal(uint8_t *file, size_t file_size);

/* A sentence of words from the vocabulary, the same for the same number. */
void tiny_model_text(uint32_t number, char *text, size_t text_size);

#endif /* EDGEBERT_TESTS_TINY_MODEL_H */
