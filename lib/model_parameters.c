// SPDX-License-Identifier: MIT
/* The PARAMETERS section of a model file: every field and how they fit together. */
#include "lib/model.h"

/* One field and the range it must be in; together they say what a usable model is. */
struct range {
	const char *field;
	uint64_t value, least, most;
};

#define VOCABULARY_MAX (1u << 24)

static enum eb_status check_ranges(const struct eb_model_file *file,
				   const struct eb_model_parameters *p)
{
	const uint64_t input_least = 2 * sizeof(uint32_t) * (uint64_t)p->sequence_max;
	const uint64_t output_least = EB_MODEL_OUTPUT_ROW_BYTES * (uint64_t)p->layers;
	const struct range ranges[] = {
		{ "layers", p->layers, 1, EDGEBERT_HW_LAYERS_MAX },
		{ "hidden_size", p->hidden_size, 1, EDGEBERT_HW_DEPTH_MAX },
		{ "attention_heads", p->attention_heads, 1, p->hidden_size },
		{ "intermediate_size", p->intermediate_size, 1, EDGEBERT_HW_DEPTH_MAX },
		{ "embedding_size", p->embedding_size, 1, EDGEBERT_HW_DEPTH_MAX },
		{ "vocabulary_size", p->vocabulary_size, 1, VOCABULARY_MAX },
		{ "classes", p->classes, 2, EDGEBERT_HW_CLASSES_MAX },
		{ "exit_count", p->exit_count, 1, p->layers },
		{ "sequence_max", p->sequence_max, 3, EDGEBERT_HW_SEQUENCE_MAX },
		{ "scratch_bytes", p->scratch_bytes, 1, EB_MODEL_SEGMENT_BYTES_MAX },
		{ "input_bytes", p->input_bytes, input_least, EB_MODEL_SEGMENT_BYTES_MAX },
		{ "output_bytes", p->output_bytes, output_least, EB_MODEL_SEGMENT_BYTES_MAX },
		{ "tables_bytes", p->tables_bytes, 0, EB_MODEL_SEGMENT_BYTES_MAX },
		{ "token_cls", p->token_cls, 0, p->vocabulary_size - 1ull },
		{ "token_sep", p->token_sep, 0, p->vocabulary_size - 1ull },
		{ "token_unknown", p->token_unknown, 0, p->vocabulary_size - 1ull },
		{ "token_padding", p->token_padding, 0, p->vocabulary_size - 1ull },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct range *range = &ranges[i];

		if (range->value >= range->least && range->value <= range->most)
			continue;
		return eb_fail(EB_MODEL_CORRUPT, "%s: PARAMETERS: %s is %llu, expected %llu to %llu",
			       file->name, range->field, (unsigned long long)range->value,
			       (unsigned long long)range->least, (unsigned long long)range->most);
	}
	return EB_OK;
}

enum eb_status eb_model_parameters_check(const struct eb_model_file *file,
					 const struct eb_model_parameters *p)
{
	if (p->hardware_major != EDGEBERT_HW_VERSION_MAJOR)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: made for hardware version %u, this library knows version %d; "
			       "recompile the model or upgrade the library", file->name,
			       p->hardware_major, EDGEBERT_HW_VERSION_MAJOR);
	if (p->tokenizer < EB_MODEL_TOKENIZER_WORDPIECE ||
	    p->tokenizer > EB_MODEL_TOKENIZER_SENTENCEPIECE ||
	    p->tokenizer_flags & ~EB_MODEL_TOKENIZER_FLAGS)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: tokenizer %u with flags 0x%x is not known to this library (%s); "
			       "upgrade it", file->name, p->tokenizer, p->tokenizer_flags,
			       eb_version());
	if (p->flags & ~EB_MODEL_FLAGS)
		return eb_fail(EB_MODEL_UNSUPPORTED, "%s: model flags 0x%x are not known to this "
			       "library (%s); upgrade it", file->name, p->flags, eb_version());
	for (size_t i = 0; i < sizeof(p->reserved) / sizeof(p->reserved[0]); i++) {
		if (p->reserved[i])
			return eb_fail(EB_MODEL_CORRUPT, "%s: PARAMETERS: reserved field %zu is set",
				       file->name, i);
	}
	if (p->default_threshold < 0 || p->default_threshold > INT16_MAX)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: PARAMETERS: default_threshold is %d, expected 0 to %d",
			       file->name, p->default_threshold, INT16_MAX);
	return check_ranges(file, p);
}
