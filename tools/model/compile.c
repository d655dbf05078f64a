// SPDX-License-Identifier: MIT
/*
 * Compiling: the order of the passes, from a checkpoint folder to a model file.
 */
#include "tools/model/compile.h"

#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/status.h"
#include "tools/model/cycle_tables.h"
#include "tools/model/ebm_writer.h"
#include "tools/model/envm_image.h"
#include "tools/model/file.h"
#include "tools/model/lower.h"
#include "tools/model/metadata.h"
#include "tools/model/predictor.h"
#include "tools/model/report.h"
#include "tools/model/sample_sentences.h"
#include "tools/model/split_neurons.h"

/* Means of columns settle soon; more sentences would not move them. */
#define FIRST_SENTENCES 32
#define ENTROPY_ONE 1024
/* What leaving early may cost at the default threshold: a point of accuracy. */
#define THRESHOLD_DROP 0.01
/* Without calibration sentences there is nothing to choose by. */
#define THRESHOLD_DEFAULT 102

struct compilation {
	const struct eb_compile_options *options;
	const char *step;		/* name of the running one */
	struct eb_checkpoint checkpoint;
	struct eb_tokenizer *tokenizer;
	struct eb_sentences sentences;
	struct eb_network network;
	struct eb_calibration *calibration;
	struct eb_plan *plan;
	struct eb_envm_image image;	/* no contents: the embedding stays in the model */
	bool image_is_shared;		/* the file was there before */
	struct eb_lowering lowering;
	struct eb_program_builder program;
	struct eb_cycle_tables cycles;
	struct eb_exit_result *results;	/* of the calibration sentences, if any were given */
	struct eb_model_predictor *predictor;
	size_t predictor_size;
	json_object *tensors;
	struct eb_compile_summary summary;
	int threshold;
};

/* ---- Steps -------------------------------------------------------------------------- */

static void advance(void *opaque, double fraction)
{
	struct compilation *compilation = opaque;

	if (compilation->options->progress)
		compilation->options->progress(compilation->options->opaque, compilation->step,
					       fraction);
}

/* Whole vectors of tokens, as many as have a position and the hardware takes. */
static unsigned int longest_sentence(const struct eb_shape *shape)
{
	unsigned int positions = shape->positions & ~(EDGEBERT_HW_LANES - 1u);

	return positions < EDGEBERT_HW_SEQUENCE_MAX ? positions : EDGEBERT_HW_SEQUENCE_MAX;
}

static enum eb_status read_sentences(struct compilation *compilation, unsigned int longest)
{
	const struct eb_compile_options *options = compilation->options;
	const struct eb_shape *shape = &compilation->checkpoint.shape;
	struct eb_class_names classes = { .count = shape->classes };
	enum eb_status status;

	for (unsigned int i = 0; i < shape->classes; i++)
		classes.names[i] = shape->labels[i];
	if (options->calibration)
		status = eb_sentences_from_text(options->calibration, compilation->tokenizer, 0,
						&classes, &compilation->sentences);
	else
		status = eb_sample_sentences(compilation->tokenizer, EB_COMPILE_SENTENCES_DEFAULT,
					     longest, options->pairs, &compilation->sentences);
	if (!status && options->pairs && !compilation->sentences.pairs)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: holds single texts, but a model for pairs was asked for: give "
			       "pairs (columns text_a and text_b), or do not ask for them",
			       options->calibration);
	if (!status && compilation->sentences.pairs && shape->token_types < 2)
		status = eb_fail(EB_INVALID_ARGUMENT,
				 "%s/config.json: \"type_vocab_size\" is 1, pairs of texts need 2: "
				 "the network was not trained with pairs", options->checkpoint);
	return status;
}

static enum eb_status read_checkpoint(struct compilation *compilation)
{
	const struct eb_compile_options *options = compilation->options;
	struct eb_checkpoint *checkpoint = &compilation->checkpoint;
	unsigned int longest;
	enum eb_status status;

	status = eb_checkpoint_open(options->checkpoint, checkpoint);
	if (status)
		return status;
	longest = longest_sentence(&checkpoint->shape);
	status = eb_checkpoint_tokenizer(checkpoint, longest, &compilation->tokenizer);
	if (status)
		return status;
	return read_sentences(compilation, longest);
}

static enum eb_status load_network(struct compilation *compilation)
{
	enum eb_status status = eb_network_load(&compilation->checkpoint, &compilation->network);

	return status ? status : eb_split_neurons(&compilation->network);
}

/* The first `count` of the sentences: the file's order is taken to be arbitrary. */
static struct eb_sentences part_of(const struct eb_sentences *sentences, size_t count)
{
	struct eb_sentences part = *sentences;

	if (count < part.count)
		part.count = count;
	return part;
}

/* A short calibration first: it centres the keys and tells which errors matter. */
static enum eb_status calibrate(struct compilation *compilation)
{
	unsigned int wanted = compilation->options->sentences;
	struct eb_sentences first = part_of(&compilation->sentences, FIRST_SENTENCES);
	struct eb_sentences all = part_of(&compilation->sentences,
					  wanted ? wanted : EB_COMPILE_SENTENCES_DEFAULT);
	struct eb_calibration *before;
	enum eb_status status;

	status = eb_calibrate(&compilation->network, &first, NULL, NULL, NULL, &before);
	if (status)
		return status;
	eb_centre_keys(&compilation->network, before);
	status = eb_calibrate(&compilation->network, &all, before, advance, compilation,
			      &compilation->calibration);
	eb_calibration_free(before);
	eb_network_release_panels(&compilation->network);
	return status;
}

/* The image file that other models use already, if there is one. */
static enum eb_status read_shared_image(struct compilation *compilation)
{
	const char *path = compilation->options->envm_image;

	if (!path || access(path, F_OK) != 0)
		return EB_OK;
	compilation->image_is_shared = true;
	return eb_envm_image_read(path, &compilation->image);
}

/* The file's name without folder and extension. */
static void name_image(const struct eb_compile_options *options, char *name, size_t size)
{
	const char *slash = strrchr(options->envm_image, '/');
	char *dot;

	snprintf(name, size, "%s", options->envm_name ? options->envm_name :
		 slash ? slash + 1 : options->envm_image);
	dot = strrchr(name, '.');
	if (!options->envm_name && dot && dot != name)
		*dot = '\0';
}

static enum eb_status refuse_shared_image(const struct compilation *compilation)
{
	return eb_fail(EB_INVALID_ARGUMENT,
		       "%s: holds another word embedding than %s; name a file that does not exist to "
		       "make an image for it", compilation->options->envm_image,
		       compilation->options->checkpoint);
}

/* The shared table must be this network's, code by code: the id says so. */
static enum eb_status check_shared_image(const struct compilation *compilation,
					 const struct eb_envm_image *own)
{
	if (own->header.bytes == compilation->image.header.bytes &&
	    memcmp(own->header.id, compilation->image.header.id, sizeof(own->header.id)) == 0)
		return EB_OK;
	return refuse_shared_image(compilation);
}

/* Decides where the word embedding lies, and makes or checks its image. */
static enum eb_status place_words(struct compilation *compilation)
{
	const struct eb_codes *words = &compilation->plan->words;
	struct eb_compile_summary *summary = &compilation->summary;
	struct eb_envm_image own;
	char name[sizeof(own.header.name)];
	enum eb_status status = EB_OK;

	summary->embedding_bytes = eb_envm_image_bytes(words);
	if (!compilation->options->envm_image)
		return EB_OK;
	/* No image can hold it, so the one that is there does not. */
	if (summary->embedding_bytes > EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES)
		return compilation->image_is_shared ? refuse_shared_image(compilation) : EB_OK;
	name_image(compilation->options, name, sizeof(name));
	status = eb_envm_image_make(words, name, &own);
	if (status)
		return status;
	if (compilation->image_is_shared) {
		status = check_shared_image(compilation, &own);
		eb_envm_image_free(&own);
	} else {
		compilation->image = own;
	}
	summary->embedding_in_envm = true;
	eb_envm_id_text(compilation->image.header.id, summary->envm_id);
	memcpy(summary->envm_name, compilation->image.header.name, sizeof(summary->envm_name));
	return status;
}

static enum eb_status quantise(struct compilation *compilation)
{
	struct eb_plan_options options = {
		.network = &compilation->network,
		.calibration = compilation->calibration,
		.first_token = eb_tokenizer_special(compilation->tokenizer).cls,
		.progress = advance,
		.progress_opaque = compilation,
	};
	double *counts;
	enum eb_status status = read_shared_image(compilation);
	const uint8_t *table;
	int bias;

	if (status)
		return status;
	if (compilation->image_is_shared) {
		bias = eb_envm_image_table(&compilation->image, &table)->bias;
		options.word_bias = &bias;
	}
	counts = eb_sentences_count_tokens(&compilation->sentences,
					   compilation->network.shape.vocabulary_size);
	if (!counts)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to quantise");
	options.word_counts = counts;
	status = eb_plan_make(&options, &compilation->plan);
	free(counts);
	if (status)
		return status;
	eb_network_release_weights(&compilation->network);
	compilation->tensors = eb_report_tensors(compilation->plan, compilation->calibration);
	return place_words(compilation);
}

/* The word embedding in the eNVM, NULL when it is not there. */
static const struct eb_envm_table *envm_table(const struct compilation *compilation)
{
	const uint8_t *codes;

	return compilation->image.contents ? eb_envm_image_table(&compilation->image, &codes) :
		NULL;
}

static enum eb_status lower(struct compilation *compilation)
{
	const struct eb_network *network = &compilation->network;
	unsigned int longest = longest_sentence(&network->shape);
	enum eb_status status;

	compilation->lowering = (struct eb_lowering){
		.plan = compilation->plan,
		.sequence_max = longest,
		/* A prediction needs an entropy to start from and layers to choose among. */
		.predict = compilation->options->calibration && network->shape.layers > 2 &&
			   network->exits[0].present,
		.envm_words = envm_table(compilation),
	};
	status = eb_lower(&compilation->lowering, &compilation->program);
	if (status)
		return status;
	return eb_cycle_tables_make(&compilation->program, network->shape.layers, longest,
				    &compilation->cycles);
}

static enum eb_status run_sentences(struct compilation *compilation)
{
	const struct eb_program_builder *program = &compilation->program;
	const struct eb_shape *shape = &compilation->network.shape;
	const struct eb_runnable runnable = {
		.weights = program->weights, .weights_size = program->weights_size,
		.envm = compilation->image.contents, .envm_size = compilation->image.header.bytes,
		.commands = program->commands, .command_count = program->command_count,
		.scratch_bytes = program->scratch_bytes,
		.tables_bytes = eb_lower_tables_bytes(&compilation->lowering),
		.layers = shape->layers, .classes = shape->classes,
		.sequence_max = compilation->lowering.sequence_max,
		.second_layer = program->layer_start[1],
	};
	struct eb_run_all run = {
		.runnable = &runnable, .sentences = &compilation->sentences,
		.progress = advance, .progress_opaque = compilation,
	};

	compilation->results = calloc(compilation->sentences.count * shape->layers,
				      sizeof(*compilation->results));
	if (!compilation->results)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for results");
	run.results = compilation->results;
	return eb_run_all(&run);
}

static enum eb_status fit_predictor(struct compilation *compilation)
{
	unsigned int layers = compilation->network.shape.layers;
	struct eb_model_predictor *predictor;

	compilation->predictor_size = sizeof(*predictor) +
				      sizeof(int16_t) * EB_PREDICTOR_ROWS * (layers - 2);
	predictor = compilation->predictor = calloc(1, compilation->predictor_size);
	if (!predictor)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for the exit predictor");
	predictor->rows = EB_PREDICTOR_ROWS;
	predictor->step = EB_PREDICTOR_STEP;
	predictor->columns = layers - 2;
	predictor->first_layer = 2;
	predictor->last_layer = layers;
	return eb_predictor_fit(compilation->results, compilation->sentences.count, layers,
				EB_PREDICTOR_ROWS, EB_PREDICTOR_STEP, (int16_t *)(predictor + 1));
}

/* Every given sentence on the device core: predictor, threshold and what they achieve. */
static enum eb_status predict_exits(struct compilation *compilation)
{
	const struct eb_shape *shape = &compilation->network.shape;
	struct eb_exit_study study = {
		.sentences = &compilation->sentences, .layers = shape->layers,
		.classes = shape->classes, .rows = EB_PREDICTOR_ROWS, .step = EB_PREDICTOR_STEP,
	};
	struct eb_exit_outcome outcome;
	enum eb_status status;

	compilation->threshold = THRESHOLD_DEFAULT;
	if (!compilation->options->calibration)
		return EB_OK;
	status = run_sentences(compilation);
	if (!status && compilation->lowering.predict)
		status = fit_predictor(compilation);
	if (status)
		return status;
	study.results = compilation->results;
	compilation->summary.full_accuracy = eb_exit_outcome(&study, -1).accuracy;
	if (compilation->predictor)
		study.entropies = (const int16_t *)(compilation->predictor + 1);
	compilation->threshold = eb_choose_threshold(&study, THRESHOLD_DROP);
	study.entropies = NULL;
	outcome = eb_exit_outcome(&study, compilation->threshold);
	compilation->summary.early_accuracy = outcome.accuracy;
	compilation->summary.early_mean_layer = outcome.mean_layer;
	return EB_OK;
}

/* ---- Output ------------------------------------------------------------------------- */

static struct eb_model_parameters make_parameters(const struct compilation *compilation)
{
	const struct eb_shape *shape = &compilation->checkpoint.shape;
	struct eb_tokenizer_special special = eb_tokenizer_special(compilation->tokenizer);
	struct eb_model_parameters parameters = {
		.hardware_major = EDGEBERT_HW_VERSION_MAJOR,
		.hardware_capabilities = compilation->image.contents ?
			EDGEBERT_HW_CAP_ENVM_READ : 0,
		.layers = shape->layers,
		.hidden_size = shape->hidden_size,
		.attention_heads = shape->attention_heads,
		.intermediate_size = shape->intermediate_size,
		.embedding_size = shape->embedding_size,
		.vocabulary_size = shape->vocabulary_size,
		.classes = shape->classes,
		.exit_count = compilation->summary.exits,
		.sequence_max = compilation->lowering.sequence_max,
		.scratch_bytes = compilation->program.scratch_bytes,
		.input_bytes = 2 * sizeof(uint32_t) * compilation->lowering.sequence_max,
		.output_bytes = EB_MODEL_OUTPUT_ROW_BYTES * shape->layers,
		.tables_bytes = compilation->lowering.predict ?
			(uint32_t)eb_lower_tables_bytes(&compilation->lowering) : 0,
		.default_threshold = compilation->threshold,
		.tokenizer = compilation->checkpoint.tokenizer,
		.tokenizer_flags = compilation->checkpoint.tokenizer_flags,
		.token_cls = special.cls,
		.token_sep = special.sep,
		.token_unknown = special.unknown,
		.token_padding = special.padding,
		.flags = compilation->sentences.pairs ? EB_MODEL_FLAG_PAIRS : 0,
	};

	return parameters;
}

static struct eb_model_program *make_program(const struct compilation *compilation,
					     size_t *ret_size)
{
	const struct eb_program_builder *program = &compilation->program;
	size_t commands = program->command_count * sizeof(*program->commands);
	struct eb_model_program *section = calloc(1, sizeof(*section) + commands);

	if (!section)
		return NULL;
	section->command_count = (uint32_t)program->command_count;
	memcpy(section->layer_start, program->layer_start, sizeof(section->layer_start));
	memcpy(section + 1, program->commands, commands);
	*ret_size = sizeof(*section) + commands;
	return section;
}

static struct eb_model_envm_image image_identity(const struct eb_envm_image *image)
{
	struct eb_model_envm_image identity = {
		.bytes = image->header.bytes,
		.crc32 = image->header.image_crc32,
	};

	memcpy(identity.id, image->header.id, sizeof(identity.id));
	memcpy(identity.name, image->header.name, sizeof(identity.name));
	return identity;
}

static enum eb_status write_sections(struct compilation *compilation,
				     const struct eb_model_program *program, size_t program_size,
				     const char *metadata)
{
	const struct eb_checkpoint *checkpoint = &compilation->checkpoint;
	const struct eb_model_parameters parameters = make_parameters(compilation);
	const struct eb_model_envm_image image = image_identity(&compilation->image);
	struct eb_model_part parts[EB_MODEL_SECTIONS_MAX] = {
		{ EB_MODEL_PARAMETERS, &parameters, sizeof(parameters) },
		{ EB_MODEL_METADATA, metadata, strlen(metadata) },
		{ EB_MODEL_VOCABULARY, checkpoint->vocabulary, checkpoint->vocabulary_size },
		{ EB_MODEL_PROGRAM, program, program_size },
	};
	size_t count = 4;

	for (size_t i = 0; i < compilation->cycles.count; i++)
		parts[count++] = (struct eb_model_part){ EB_MODEL_CYCLES,
							 compilation->cycles.tables[i],
							 compilation->cycles.sizes[i] };
	if (compilation->predictor)
		parts[count++] = (struct eb_model_part){ EB_MODEL_PREDICTOR,
							 compilation->predictor,
							 compilation->predictor_size };
	if (compilation->image.contents)
		parts[count++] = (struct eb_model_part){ EB_MODEL_ENVM_IMAGE, &image, sizeof(image) };
	parts[count++] = (struct eb_model_part){ EB_MODEL_WEIGHTS, compilation->program.weights,
						 compilation->program.weights_size };
	return eb_model_write(compilation->options->output, parts, count,
			      &compilation->summary.model_bytes);
}

static void summarise(struct compilation *compilation)
{
	struct eb_compile_summary *summary = &compilation->summary;

	summary->sentences = compilation->sentences.count;
	summary->layers = compilation->network.shape.layers;
	for (unsigned int i = 0; i < summary->layers; i++)
		summary->exits += compilation->network.exits[i].present;
	summary->commands = (unsigned int)compilation->program.command_count;
	summary->threshold = (double)compilation->threshold / ENTROPY_ONE;
}

static enum eb_status write_report(struct compilation *compilation)
{
	const struct eb_compile_summary *summary = &compilation->summary;
	const struct eb_program_builder *program = &compilation->program;
	char place[128] = "in the model";
	char text[1024];
	size_t length;

	if (!compilation->options->report)
		return EB_OK;
	if (summary->embedding_in_envm)
		snprintf(place, sizeof(place), "in the eNVM: image %s, %s", summary->envm_name,
			 summary->envm_id);
	else if (compilation->options->envm_image)
		snprintf(place, sizeof(place), "in the model: the eNVM holds at most %u bytes",
			 EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES);
	length = (size_t)snprintf(
		text, sizeof(text),
		"checkpoint             %.200s\n"
		"calibration sentences  %zu%s\n"
		"layers with an exit    %u of %u\n"
		"commands               %u\n"
		"model                  %zu bytes\n"
		"word embedding         %zu bytes, %s\n"
		"weights                %zu bytes in host memory, all constants, equal ones once\n"
		"scratch                %u bytes in host memory, per sentence at work\n",
		compilation->options->checkpoint, summary->sentences,
		compilation->options->calibration ? "" : ", made up", summary->exits,
		summary->layers, summary->commands, summary->model_bytes,
		summary->embedding_bytes, place, program->weights_size, program->scratch_bytes);
	if (compilation->options->calibration)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
			 "accuracy, all layers   %.2f %% of the calibration sentences\n",
			 100 * summary->full_accuracy);
	if (compilation->options->calibration && summary->exits > 1)
		snprintf(text + length, sizeof(text) - length,
			 "accuracy, early exit   %.2f %% at %.2f nats, mean exit layer %.2f\n",
			 100 * summary->early_accuracy, summary->threshold,
			 summary->early_mean_layer);
	return eb_report_write(compilation->options->report, text, compilation->tensors);
}

static enum eb_status write_model(struct compilation *compilation)
{
	struct eb_model_program *program;
	json_object *metadata;
	enum eb_status status;
	size_t program_size = 0;

	summarise(compilation);
	status = eb_metadata_make(&compilation->checkpoint, compilation->tensors,
				  compilation->options->calibration ? &compilation->summary : NULL,
				  &metadata);
	if (status)
		return status;
	program = make_program(compilation, &program_size);
	if (!program)
		status = eb_fail(EB_OUT_OF_MEMORY, "no memory for the program");
	if (!status && compilation->image.contents && !compilation->image_is_shared)
		status = eb_envm_image_write(compilation->options->envm_image, &compilation->image);
	if (!status)
		status = write_sections(compilation, program, program_size,
					json_object_to_json_string_ext(metadata,
								       JSON_C_TO_STRING_PLAIN));
	free(program);
	json_object_put(metadata);
	return status ? status : write_report(compilation);
}

/* ---- Order -------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum eb_status (*run)(struct compilation *compilation);
} steps[] = {
	{ "reading the checkpoint", read_checkpoint },
	{ "loading the network", load_network },
	{ "calibrating", calibrate },
	{ "quantising", quantise },
	{ "lowering", lower },
	{ "running the device core", predict_exits },
	{ "writing the model", write_model },
};

static void release(struct compilation *compilation)
{
	json_object_put(compilation->tensors);
	eb_envm_image_free(&compilation->image);
	free(compilation->predictor);
	free(compilation->results);
	eb_cycle_tables_free(&compilation->cycles);
	eb_program_free(&compilation->program);
	eb_plan_free(compilation->plan);
	eb_calibration_free(compilation->calibration);
	eb_network_free(&compilation->network);
	eb_sentences_free(&compilation->sentences);
	eb_tokenizer_destroy(compilation->tokenizer);
	eb_checkpoint_close(&compilation->checkpoint);
}

enum eb_status eb_compile(const struct eb_compile_options *options)
{
	struct compilation *compilation = calloc(1, sizeof(*compilation));
	enum eb_status status = EB_OK;

	if (!compilation)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to compile");
	compilation->options = options;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !status; i++) {
		compilation->step = steps[i].name;
		advance(compilation, 0);
		status = steps[i].run(compilation);
		if (!status)
			advance(compilation, 1);
	}
	if (!status && options->summary)
		*options->summary = compilation->summary;
	release(compilation);
	free(compilation);
	return status;
}
