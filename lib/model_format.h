/* SPDX-License-Identifier: MIT */
/*
 * Layout of an EdgeBERT model file (.ebm), version 1, shared by the runtime and
 * the compiler.  Little-endian, mmap-able: header, section table, sections, each
 * aligned to 4096 bytes and covered by a CRC-32 (zlib).  Reserved fields are zero.
 *
 *   PARAMETERS  struct eb_model_parameters
 *   METADATA    UTF-8 JSON object: "name", "architecture", "task", "labels" (array of
 *               strings), "licence", "provenance", "calibration" (free report)
 *   VOCABULARY  for WordPiece: one token per line, line number = id; for SentencePiece:
 *               the serialised model, as in a checkpoint's spiece.model
 *   WEIGHTS     placed unchanged at operand segment 0, device read-only
 *   PROGRAM     struct eb_model_program, then commands
 *   CYCLES      struct eb_model_cycles, one section per device profile
 *   PREDICTOR   struct eb_model_predictor (absent: the latency policy is refused)
 *   ENVM_IMAGE  struct eb_model_envm_image: what must be in the eNVM (absent: nothing)
 *
 * and of the image files for the eNVM (.evm), which models share: struct
 * edgebert_hw_envm_header, struct eb_envm_table, and the table.
 */
#ifndef EDGEBERT_MODEL_FORMAT_H
#define EDGEBERT_MODEL_FORMAT_H

#include <stdint.h>

#include "kernel/edgebert_hw.h"

#define EB_MODEL_MAGIC "EBM\x1a\r\n\x00\x01"	/* 8 bytes, last: format major version */
#define EB_MODEL_VERSION_MAJOR 1
#define EB_MODEL_VERSION_MINOR 0
#define EB_MODEL_SECTION_ALIGN 4096
#define EB_MODEL_SECTIONS_MAX 32

enum eb_model_section_type {
	EB_MODEL_PARAMETERS = 1,
	EB_MODEL_METADATA,
	EB_MODEL_VOCABULARY,
	EB_MODEL_WEIGHTS,
	EB_MODEL_PROGRAM,
	EB_MODEL_CYCLES,
	EB_MODEL_PREDICTOR,
	EB_MODEL_ENVM_IMAGE,
};

struct eb_model_header {
	uint8_t magic[8];
	uint16_t version_major;
	uint16_t version_minor;
	uint32_t section_count;
	uint64_t file_size;
	uint32_t table_crc;		/* of the section table */
	uint32_t header_crc;		/* of this header with header_crc zero */
	uint8_t reserved[32];
};

/* The table follows the header at once. */
struct eb_model_section {
	uint32_t type;
	uint32_t crc;
	uint64_t offset;
	uint64_t size;
	uint64_t reserved;
};

enum eb_model_tokenizer {
	EB_MODEL_TOKENIZER_WORDPIECE = 1,	/* BERT's */
	EB_MODEL_TOKENIZER_SENTENCEPIECE,	/* unigram, with ALBERT's preparation of the text */
};
/* WordPiece strips accents with LOWER_CASE, SentencePiece always; the next two say otherwise. */
#define EB_MODEL_TOKENIZER_LOWER_CASE (1u << 0)
#define EB_MODEL_TOKENIZER_KEEP_ACCENTS (1u << 1)
#define EB_MODEL_TOKENIZER_STRIP_ACCENTS (1u << 2)	/* WordPiece only */
#define EB_MODEL_TOKENIZER_JOIN_IDEOGRAPHS (1u << 3)	/* WordPiece: they are letters */
#define EB_MODEL_TOKENIZER_KEEP_SPACES (1u << 4)	/* SentencePiece: all white space counts */
#define EB_MODEL_TOKENIZER_FLAGS ((1u << 5) - 1)

#define EB_MODEL_FLAG_PAIRS (1u << 0)	/* made for pairs of texts */
#define EB_MODEL_FLAGS EB_MODEL_FLAG_PAIRS

struct eb_model_parameters {
	uint32_t hardware_major;	/* contract the program is made for */
	uint32_t hardware_capabilities;	/* EDGEBERT_HW_CAP_* that it needs */
	uint32_t layers;
	uint32_t hidden_size;
	uint32_t attention_heads;
	uint32_t intermediate_size;
	uint32_t embedding_size;
	uint32_t vocabulary_size;
	uint32_t classes;
	uint32_t exit_count;		/* layers with an exit head, the last included */
	uint32_t sequence_max;
	uint32_t scratch_bytes;		/* operand segment 1 */
	uint32_t input_bytes;		/* operand segment 2 */
	uint32_t output_bytes;		/* operand segment 3 */
	uint32_t tables_bytes;		/* operand segment 4 */
	int32_t default_threshold;	/* entropy, Q6.10 nats */
	uint32_t tokenizer;		/* enum eb_model_tokenizer */
	uint32_t tokenizer_flags;
	uint32_t token_cls, token_sep, token_unknown, token_padding;
	uint32_t flags;			/* EB_MODEL_FLAG_* */
	uint32_t reserved[9];
};

/*
 * Operand segments of a program:
 *   0 weights   the WEIGHTS section
 *   1 scratch   activations; holds the state between layers when a sentence is
 *               split into two jobs, so it belongs to one sentence until it ends
 *   2 input     uint32_t token_ids[sequence_max], uint32_t token_types[sequence_max]
 *   3 output    int16_t logits[layers][16], Q6.10, row = layer - 1
 *   4 tables    for PREDICT: the predictor's table at 0, then, 4-byte aligned, the cycle
 *               table of the device's profile, both as the PREDICT command expects
 */
#define EB_MODEL_SEGMENT_WEIGHTS 0
#define EB_MODEL_SEGMENT_SCRATCH 1
#define EB_MODEL_SEGMENT_INPUT 2
#define EB_MODEL_SEGMENT_OUTPUT 3
#define EB_MODEL_SEGMENT_TABLES 4
#define EB_MODEL_OUTPUT_ROW_BYTES (2 * EDGEBERT_HW_CLASSES_MAX)

struct eb_model_program {
	uint32_t command_count;
	/* Index of the first command of each layer; a job may begin there. [0] is 0. */
	uint32_t layer_start[EDGEBERT_HW_LAYERS_MAX];
	uint32_t reserved[7];
	/* struct edgebert_hw_command commands[command_count], 128 bytes from the start */
};

/*
 * cycles[t * layers + l]: modelled cycles from command 0 to the end of the EXIT of
 * layer l + 1, for sentences of t + 1 vectors of 16 tokens (ceil(tokens / 16)).
 */
struct eb_model_cycles {
	char profile[EDGEBERT_HW_PROFILE_NAME_BYTES];
	uint32_t layers;
	uint32_t vectors;		/* ceil(sequence_max / 16) */
	uint32_t reserved[2];
	/* uint32_t cycles[vectors * layers] */
};

/*
 * Entropy after layer 1 -> predicted entropies of layers first_layer..last_layer - 1;
 * look-up as PREDICT of the hardware contract does it.
 */
struct eb_model_predictor {
	uint32_t rows;
	uint32_t step;			/* Q6.10 */
	uint32_t columns;		/* last_layer - first_layer */
	uint32_t first_layer;
	uint32_t last_layer;
	uint32_t reserved[3];
	/* int16_t entropies[rows * columns], Q6.10 */
};

/* The image that the program reads at operand segment 8, by identity and checksum. */
struct eb_model_envm_image {
	uint8_t id[16];
	uint8_t name[32];		/* UTF-8, zero padded */
	uint32_t bytes;
	uint32_t crc32;
	uint32_t reserved[2];
};

/* An image's contents: this, then AF8 codes of rows x columns, packed or dense. */
#define EB_ENVM_TABLE_MAGIC "EVT\x01"	/* 4 bytes, last: version */
struct eb_envm_table {
	uint8_t magic[4];
	uint32_t rows;
	uint32_t columns;
	int32_t bias;			/* value = mantissa(code) * 2^(bias - 14) */
	uint32_t packed_bytes;		/* 0: dense */
	uint32_t reserved[11];
};

_Static_assert(sizeof(struct eb_model_header) == 64, "header");
_Static_assert(sizeof(struct eb_model_section) == 32, "section entry");
_Static_assert(sizeof(struct eb_model_parameters) == 128, "parameters");
_Static_assert(sizeof(struct eb_model_program) == 128, "program header");
_Static_assert(sizeof(struct eb_model_cycles) == 32, "cycles header");
_Static_assert(sizeof(struct eb_model_predictor) == 32, "predictor header");
_Static_assert(sizeof(struct eb_model_envm_image) == 64, "image identity");
_Static_assert(sizeof(struct eb_envm_table) == 64, "image table");

#endif /* EDGEBERT_MODEL_FORMAT_H */
