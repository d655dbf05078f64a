// SPDX-License-Identifier: MIT
/*
 * The calibration report: every tensor with its format, the noise that the format adds, and
 * for matrices and tables how they are stored.
 */
#include "tools/model/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/status.h"
#include "tools/device/core/bitmask.h"
#include "tools/model/file.h"

struct entry {
	const char *name;
	unsigned int layer;		/* 1-based; 0: not of a layer */
	bool codes;			/* AF8, else Q6.10 */
	int exponent;			/* bias or scale */
	double decibels;
	/* What is stored in the model; NULL: an activation. */
	const struct eb_codes *stored;
};

/* As eb_program_codes stores it: packed where that is smaller. */
static void add_storage(json_object *object, const struct eb_codes *codes)
{
	size_t dense = codes->rows * codes->columns;
	size_t packed = eb_bitmask_packed_bytes(codes->codes, codes->rows, codes->columns,
						codes->columns);
	char zeros[16];

	snprintf(zeros, sizeof(zeros), "%.1f", 100 * codes->zeros);
	json_object_object_add(object, "zeros_percent",
			       json_object_new_double_s(100 * codes->zeros, zeros));
	json_object_object_add(object, "stored",
			       json_object_new_string(packed < dense ? "packed" : "dense"));
	json_object_object_add(object, "bytes",
			       json_object_new_int64((int64_t)(packed < dense ? packed : dense)));
}

static void add(json_object *list, const struct entry *entry)
{
	json_object *object = json_object_new_object();
	char decibels[16];

	snprintf(decibels, sizeof(decibels), "%.1f", entry->decibels);
	json_object_object_add(object, "tensor", json_object_new_string(entry->name));
	if (entry->layer)
		json_object_object_add(object, "layer", json_object_new_int((int)entry->layer));
	json_object_object_add(object, "format",
			       json_object_new_string(entry->codes ? "AF8" : "Q6.10"));
	json_object_object_add(object, entry->codes ? "bias" : "scale",
			       json_object_new_int(entry->exponent));
	json_object_object_add(object, "snr_db",
			       json_object_new_double_s(entry->decibels, decibels));
	if (entry->stored)
		add_storage(object, entry->stored);
	json_object_array_add(list, object);
}

static void add_codes(json_object *list, const char *name, unsigned int layer,
		      const struct eb_codes *codes)
{
	if (codes->codes)
		add(list, &(struct entry){ name, layer, true, codes->bias, codes->decibels,
					   codes });
}

static void add_activation(json_object *list, const struct eb_calibration *calibration,
			   unsigned int layer, enum eb_activation activation, int bias)
{
	const struct eb_statistics *statistics =
		&calibration->tensors[layer][activation].statistics;
	double decibels = eb_decibels(eb_statistics_energy(statistics),
				      eb_statistics_error(statistics, bias));

	add(list, &(struct entry){ eb_activation_name(activation), layer + 1, true, bias,
				   decibels, NULL });
}

/* Rounding to a grid adds a twelfth of a step's square to each value. */
static void add_sum(json_object *list, const struct eb_calibration *calibration,
		    unsigned int layer, enum eb_activation activation, int scale)
{
	const struct eb_statistics *statistics =
		&calibration->tensors[layer][activation].statistics;
	double noise = statistics->total * ldexp(1, 2 * (scale - 10)) / 12;

	add(list, &(struct entry){ eb_activation_name(activation), layer + 1, false, scale,
				   eb_decibels(eb_statistics_energy(statistics), noise), NULL });
}

static void add_layer(json_object *list, const struct eb_plan *plan,
		      const struct eb_calibration *calibration, unsigned int index)
{
	const struct eb_layer_plan *layer = &plan->layers[index];

	for (int i = 0; i < EB_LINEAR_COUNT && layer->own == index; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s weights",
			 eb_layer_linear_name((enum eb_layer_linear)i));
		add_codes(list, name, index + 1, &plan->linears[index][i]);
	}
	add_activation(list, calibration, index, EB_ACTIVATION_QUERY, layer->query);
	add_activation(list, calibration, index, EB_ACTIVATION_KEY, layer->key);
	add_activation(list, calibration, index, EB_ACTIVATION_VALUE, layer->value);
	add_sum(list, calibration, index, EB_ACTIVATION_SCORES, 0);
	add_activation(list, calibration, index, EB_ACTIVATION_PROBABILITIES,
		       layer->probabilities);
	add_activation(list, calibration, index, EB_ACTIVATION_CONTEXT, layer->context);
	add_sum(list, calibration, index, EB_ACTIVATION_ATTENTION_SUM,
		layer->attention_sum_scale);
	add_activation(list, calibration, index, EB_ACTIVATION_ATTENTION_NORM,
		       layer->attention_norm.output_bias);
	add_activation(list, calibration, index, EB_ACTIVATION_INTERMEDIATE,
		       layer->intermediate);
	add_sum(list, calibration, index, EB_ACTIVATION_OUTPUT_SUM, layer->output_sum_scale);
	add_activation(list, calibration, index, EB_ACTIVATION_OUTPUT_NORM,
		       layer->output_norm.output_bias);
	if (!layer->has_exit)
		return;
	add_codes(list, "pooler weights", index + 1, &layer->pooler.codes);
	add_codes(list, "classifier weights", index + 1, &layer->classifier.codes);
	add_activation(list, calibration, index, EB_ACTIVATION_POOLED, layer->pooled);
	add_sum(list, calibration, index, EB_ACTIVATION_LOGITS, 0);
}

json_object *eb_report_tensors(const struct eb_plan *plan,
			       const struct eb_calibration *calibration)
{
	json_object *list = json_object_new_array();

	add_codes(list, "word embedding", 0, &plan->words);
	add_codes(list, "position embedding", 0, &plan->positions);
	add_codes(list, "type embedding", 0, &plan->types);
	add_codes(list, "embedding mapping weights", 0, &plan->mapping.codes);
	for (unsigned int i = 0; i < plan->network->shape.layers; i++)
		add_layer(list, plan, calibration, i);
	return list;
}

static void print_tensor(FILE *stream, json_object *object)
{
	json_object *name, *layer = NULL, *format, *exponent, *decibels;
	json_object *zeros, *stored, *bytes;

	json_object_object_get_ex(object, "tensor", &name);
	json_object_object_get_ex(object, "layer", &layer);
	json_object_object_get_ex(object, "format", &format);
	json_object_object_get_ex(object, "snr_db", &decibels);
	if (!json_object_object_get_ex(object, "bias", &exponent))
		json_object_object_get_ex(object, "scale", &exponent);
	fprintf(stream, "%5d  %-26s %-6s %4d  %6.1f", json_object_get_int(layer),
		json_object_get_string(name), json_object_get_string(format),
		json_object_get_int(exponent), json_object_get_double(decibels));
	if (json_object_object_get_ex(object, "stored", &stored)) {
		json_object_object_get_ex(object, "zeros_percent", &zeros);
		json_object_object_get_ex(object, "bytes", &bytes);
		fprintf(stream, "  %5.1f  %-6s %9lld", json_object_get_double(zeros),
			json_object_get_string(stored), (long long)json_object_get_int64(bytes));
	}
	fputc('\n', stream);
}

enum eb_status eb_report_write(const char *path, const char *summary, json_object *tensors)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	struct eb_file_part part;
	enum eb_status status;

	if (!stream)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for the report", path);
	fprintf(stream, "%s\nlayer  tensor                     format bias/scale SNR dB  zeros  stored     bytes\n", summary);
	for (size_t i = 0; i < json_object_array_length(tensors); i++)
		print_tensor(stream, json_object_array_get_idx(tensors, i));
	if (fclose(stream)) {
		free(text);
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for the report", path);
	}
	part = (struct eb_file_part){ text, size };
	status = eb_file_replace(path, &part, 1);
	free(text);
	return status;
}
