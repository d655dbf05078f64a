// SPDX-License-Identifier: MIT
/* Loads and shares models: sections into struct eb_model, references, descriptions. */
#include "lib/model.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "lib/options.h"
#include "lib/tokenizer.h"

/* First release's size: what the oldest caller can hand in. */
#define MODEL_INFO_FIRST_SIZE offsetof(struct eb_model_info, sentence_pairs)

static enum eb_status missing_section(const struct eb_model_file *file,
				      enum eb_model_section_type type)
{
	return eb_fail(EB_MODEL_CORRUPT, "%s: has no %s section; compile it again", file->name,
		       eb_model_section_name(type));
}

static enum eb_status read_parameters(struct eb_model *model)
{
	const struct eb_model_file *file = &model->file;
	const struct eb_model_section *section =
		eb_model_file_section(file, EB_MODEL_PARAMETERS, 0);

	if (!section)
		return missing_section(file, EB_MODEL_PARAMETERS);
	if (section->size != sizeof(model->parameters))
		return eb_fail(EB_MODEL_CORRUPT, "%s: PARAMETERS has %llu bytes, expected %zu",
			       file->name, (unsigned long long)section->size,
			       sizeof(model->parameters));
	memcpy(&model->parameters, eb_model_file_bytes(file, section), sizeof(model->parameters));
	return eb_model_parameters_check(file, &model->parameters);
}

static enum eb_status read_weights(struct eb_model *model)
{
	const struct eb_model_file *file = &model->file;
	const struct eb_model_section *section = eb_model_file_section(file, EB_MODEL_WEIGHTS, 0);

	if (!section)
		return missing_section(file, EB_MODEL_WEIGHTS);
	if (section->size > EB_MODEL_SEGMENT_BYTES_MAX)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: WEIGHTS has %llu bytes, a segment holds at most %u", file->name,
			       (unsigned long long)section->size, EB_MODEL_SEGMENT_BYTES_MAX);
	model->weights = eb_model_file_bytes(file, section);
	model->weights_size = section->size;
	return EB_OK;
}

static enum eb_status read_cycle_tables(struct eb_model *model)
{
	const struct eb_model_parameters *parameters = &model->parameters;
	const struct eb_model_section *section;

	while ((section = eb_model_file_section(&model->file, EB_MODEL_CYCLES,
						model->cycle_table_count))) {
		struct eb_cycle_table *table = &model->cycle_tables[model->cycle_table_count];
		enum eb_status status;

		status = eb_cycle_table_read(&model->file, section, parameters->layers,
					     eb_model_vectors(parameters), table);
		if (status)
			return status;
		if (eb_model_cycle_table(model, table->profile))
			return eb_fail(EB_MODEL_CORRUPT, "%s: two CYCLES sections for profile %s",
				       model->file.name, table->profile);
		model->cycle_table_count++;
	}
	return EB_OK;
}

/* Room that PREDICT's two tables need in segment 4. */
static uint64_t tables_needed(const struct eb_model *model)
{
	const struct eb_exit_predictor *predictor = &model->predictor;
	uint64_t bytes = sizeof(int16_t) * (uint64_t)predictor->rows * predictor->columns;

	bytes = (bytes + 3) & ~3ull;
	return bytes + sizeof(uint32_t) * (uint64_t)eb_model_vectors(&model->parameters) *
		(predictor->columns + 1);
}

static enum eb_status read_predictor(struct eb_model *model)
{
	const struct eb_model_section *section =
		eb_model_file_section(&model->file, EB_MODEL_PREDICTOR, 0);
	enum eb_status status;

	if (!section) {
		if (model->has_predict)
			return eb_fail(EB_MODEL_CORRUPT, "%s: its program has PREDICT but the file "
				       "no PREDICTOR section", model->file.name);
		return EB_OK;
	}
	status = eb_exit_predictor_read(&model->file, section, model->parameters.layers,
					&model->predictor);
	if (status)
		return status;
	if (model->has_predict && tables_needed(model) > model->parameters.tables_bytes)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: PARAMETERS: tables_bytes is %u, PREDICT needs %llu",
			       model->file.name, model->parameters.tables_bytes,
			       (unsigned long long)tables_needed(model));
	model->has_predictor = true;
	return EB_OK;
}

static enum eb_status read_envm_image(struct eb_model *model)
{
	const struct eb_model_file *file = &model->file;
	const struct eb_model_section *section =
		eb_model_file_section(file, EB_MODEL_ENVM_IMAGE, 0);
	const struct eb_model_envm_image *image = &model->envm_image;

	if (!section)
		return EB_OK;
	if (section->size != sizeof(*image))
		return eb_fail(EB_MODEL_CORRUPT, "%s: ENVM_IMAGE has %llu bytes, expected %zu",
			       file->name, (unsigned long long)section->size, sizeof(*image));
	memcpy(&model->envm_image, eb_model_file_bytes(file, section), sizeof(*image));
	if (image->bytes < 1 || image->bytes > EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES ||
	    image->reserved[0] || image->reserved[1] || image->name[sizeof(image->name) - 1])
		return eb_fail(EB_MODEL_CORRUPT, "%s: ENVM_IMAGE: its size (%u), name or reserved "
			       "fields can not be", file->name, image->bytes);
	return EB_OK;
}

static const char *metadata_string(const struct eb_model *model, const char *key)
{
	json_object *value;

	if (!json_object_object_get_ex(model->metadata, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static enum eb_status read_labels(struct eb_model *model)
{
	const uint32_t classes = model->parameters.classes;
	json_object *labels;

	if (!json_object_object_get_ex(model->metadata, "labels", &labels) ||
	    !json_object_is_type(labels, json_type_array) ||
	    json_object_array_length(labels) != classes)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: METADATA: \"labels\" is not an array of the model's %u classes",
			       model->file.name, classes);
	for (uint32_t i = 0; i < classes; i++) {
		json_object *label = json_object_array_get_idx(labels, i);

		if (!json_object_is_type(label, json_type_string))
			return eb_fail(EB_MODEL_CORRUPT, "%s: METADATA: label %u is not a string",
				       model->file.name, i);
		model->labels[i] = json_object_get_string(label);
	}
	return EB_OK;
}

static enum eb_status read_metadata(struct eb_model *model)
{
	const struct eb_model_file *file = &model->file;
	const struct eb_model_section *section =
		eb_model_file_section(file, EB_MODEL_METADATA, 0);
	struct json_tokener *parser;
	enum json_tokener_error error;
	size_t end;

	if (!section)
		return missing_section(file, EB_MODEL_METADATA);
	if (section->size > INT32_MAX)
		return eb_fail(EB_MODEL_CORRUPT, "%s: METADATA has %llu bytes", file->name,
			       (unsigned long long)section->size);
	parser = json_tokener_new();
	if (!parser)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory to read METADATA", file->name);
	json_tokener_set_flags(parser, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	model->metadata = json_tokener_parse_ex(parser, eb_model_file_bytes(file, section),
						(int)section->size);
	error = json_tokener_get_error(parser);
	end = json_tokener_get_parse_end(parser);
	json_tokener_free(parser);
	if (!json_object_is_type(model->metadata, json_type_object))
		return eb_fail(EB_MODEL_CORRUPT, "%s: METADATA is not a JSON object (%s at byte %zu)",
			       file->name, json_tokener_error_desc(error), end);
	model->name = metadata_string(model, "name");
	model->architecture = metadata_string(model, "architecture");
	if (!model->name || !model->architecture)
		return eb_fail(EB_MODEL_CORRUPT, "%s: METADATA: \"%s\" is not a string", file->name,
			       model->name ? "architecture" : "name");
	return read_labels(model);
}

static enum eb_status read_vocabulary(struct eb_model *model)
{
	const struct eb_model_file *file = &model->file;
	const struct eb_model_parameters *parameters = &model->parameters;
	const struct eb_model_section *section =
		eb_model_file_section(file, EB_MODEL_VOCABULARY, 0);
	struct eb_tokenizer_special special;
	enum eb_status status;
	uint32_t count;

	if (!section)
		return missing_section(file, EB_MODEL_VOCABULARY);
	status = eb_tokenizer_create(parameters->tokenizer, parameters->tokenizer_flags,
				     eb_model_file_bytes(file, section), section->size,
				     parameters->sequence_max, &model->tokenizer);
	if (status)
		return eb_fail(status, "%s: VOCABULARY: %s", file->name, eb_error_detail());
	count = eb_tokenizer_vocabulary_size(model->tokenizer);
	if (count != parameters->vocabulary_size)
		return eb_fail(EB_MODEL_CORRUPT, "%s: VOCABULARY has %u tokens, PARAMETERS says %u",
			       file->name, count, parameters->vocabulary_size);
	special = eb_tokenizer_special(model->tokenizer);
	if (special.cls != parameters->token_cls || special.sep != parameters->token_sep ||
	    special.unknown != parameters->token_unknown ||
	    special.padding != parameters->token_padding)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: VOCABULARY has its special tokens in other places than "
			       "PARAMETERS says", file->name);
	return EB_OK;
}

static enum eb_status read_sections(struct eb_model *model)
{
	static enum eb_status (*const readers[])(struct eb_model *) = {
		read_parameters, read_metadata, read_vocabulary, read_weights,
		eb_model_read_program, read_cycle_tables, read_predictor,
		read_envm_image,
	};
	enum eb_status status = EB_OK;

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]) && !status; i++)
		status = readers[i](model);
	return status;
}

static void destroy(struct eb_model *model)
{
	eb_tokenizer_destroy(model->tokenizer);
	json_object_put(model->metadata);
	eb_model_file_close(&model->file);
	free(model);
}

static enum eb_status open_model(const char *path, const void *data, size_t data_size,
				 struct eb_model **ret_model)
{
	struct eb_model *model = calloc(1, sizeof(*model));
	enum eb_status status;

	if (!model)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a model");
	atomic_init(&model->references, 1);
	status = path ? eb_model_file_open(path, &model->file) :
			eb_model_file_open_memory(data, data_size, &model->file);
	if (!status)
		status = read_sections(model);
	if (status)
		destroy(model);
	else
		*ret_model = model;
	return status;
}

enum eb_status eb_model_open(const char *path, struct eb_model **ret_model)
{
	if (!path || !ret_model)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_model_open: %s is NULL",
			       path ? "ret_model" : "path");
	return open_model(path, NULL, 0, ret_model);
}

enum eb_status eb_model_open_memory(const void *data, size_t data_size,
				    struct eb_model **ret_model)
{
	if (!data || !ret_model)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_model_open_memory: %s is NULL",
			       data ? "ret_model" : "data");
	return open_model(NULL, data, data_size, ret_model);
}

struct eb_model *eb_model_ref(struct eb_model *model)
{
	atomic_fetch_add_explicit(&model->references, 1, memory_order_relaxed);
	return model;
}

struct eb_model *eb_model_unref(struct eb_model *model)
{
	if (model && atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) == 1)
		destroy(model);
	return NULL;
}

enum eb_status eb_model_get_info(const struct eb_model *model, struct eb_model_info *info)
{
	const struct eb_model_parameters *p;
	struct eb_model_info ours = { 0 };
	enum eb_status status;

	if (!model)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_model_get_info: model is NULL");
	status = eb_output_check(info, MODEL_INFO_FIRST_SIZE, "eb_model_info");
	if (status)
		return status;
	p = &model->parameters;
	ours.name = model->name;
	ours.architecture = model->architecture;
	ours.layers = p->layers;
	ours.hidden_size = p->hidden_size;
	ours.attention_heads = p->attention_heads;
	ours.intermediate_size = p->intermediate_size;
	ours.vocabulary_size = p->vocabulary_size;
	ours.classes = p->classes;
	ours.sequence_max = p->sequence_max;
	ours.exit_count = p->exit_count > 1 ? p->exit_count : 0;
	ours.default_entropy_threshold =
		(float)p->default_threshold / EB_MODEL_ENTROPY_ONE;
	ours.weight_bytes = model->weights_size;
	ours.sentence_pairs = p->flags & EB_MODEL_FLAG_PAIRS ? 1 : 0;
	ours.exit_predictor = model->has_predictor;
	ours.embedding_size = p->embedding_size;
	ours.tokenizer = p->tokenizer == EB_MODEL_TOKENIZER_WORDPIECE ? "wordpiece" :
									"sentencepiece";
	eb_output_write(info, &ours, sizeof(ours));
	return EB_OK;
}

const char *eb_model_label(const struct eb_model *model, uint32_t label)
{
	return model && label < model->parameters.classes ? model->labels[label] : NULL;
}

enum eb_status eb_model_tokenize(const struct eb_model *model, const char *text,
				 size_t text_size, uint32_t *token_ids, size_t capacity,
				 size_t *ret_count, int *ret_truncated)
{
	size_t count = 0;
	int truncated = 0;
	enum eb_status status;

	if (!model || (!text && text_size) || (!token_ids && capacity))
		return eb_fail(EB_INVALID_ARGUMENT, "eb_model_tokenize: %s is NULL",
			       !model ? "model" : !text && text_size ? "text" : "token_ids");
	status = eb_tokenizer_encode(model->tokenizer, text ? text : "", text_size, token_ids,
				     capacity, &count, &truncated);
	if (status)
		return status;
	if (ret_count)
		*ret_count = count;
	if (ret_truncated)
		*ret_truncated = truncated;
	return EB_OK;
}

enum eb_status eb_model_tokenize_pair(const struct eb_model *model, const char *first,
				      size_t first_size, const char *second, size_t second_size,
				      uint32_t *token_ids, uint32_t *token_types, size_t capacity,
				      size_t *ret_count, int *ret_truncated)
{
	const struct eb_text texts[2] = { { first ? first : "", first_size },
					  { second ? second : "", second_size } };
	size_t count = 0;
	int truncated = 0;
	enum eb_status status;

	if (!model || (!first && first_size) || (!second && second_size) ||
	    ((!token_ids || !token_types) && capacity))
		return eb_fail(EB_INVALID_ARGUMENT, "eb_model_tokenize_pair: %s is NULL",
			       !model ? "model" : !first && first_size ? "first" :
			       !second && second_size ? "second" :
			       !token_ids ? "token_ids" : "token_types");
	status = eb_tokenizer_encode_pair(model->tokenizer, texts, token_ids, token_types,
					  capacity, &count, &truncated);
	if (status)
		return status;
	if (ret_count)
		*ret_count = count;
	if (ret_truncated)
		*ret_truncated = truncated;
	return EB_OK;
}

const struct eb_cycle_table *eb_model_cycle_table(const struct eb_model *model,
						  const char *profile)
{
	for (uint32_t i = 0; i < model->cycle_table_count; i++) {
		if (!strcmp(model->cycle_tables[i].profile, profile))
			return &model->cycle_tables[i];
	}
	return NULL;
}

uint32_t eb_model_exit_at_or_after(const struct eb_model *model, uint32_t layer)
{
	uint32_t later = layer <= 1 ? model->exit_layers : model->exit_layers >> (layer - 1);

	/* The last layer always has an exit, so only a layer past it finds none. */
	return later ? (layer <= 1 ? 1 : layer) + (uint32_t)__builtin_ctz(later) :
		       model->parameters.layers;
}
