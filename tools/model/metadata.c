// SPDX-License-Identifier: MIT
/*
 * Metadata: what the checkpoint folder says about itself, and how calibration went.
 */
#include "tools/model/metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"

static const char *architecture_name(const struct eb_shape *shape)
{
	return shape->architecture == EB_ARCHITECTURE_ALBERT ? "albert" : "bert";
}

/* The folder's name, without the slashes that a path may end with. */
static json_object *folder_name(const char *directory)
{
	size_t length = strlen(directory);
	const char *start;

	while (length > 1 && directory[length - 1] == '/')
		length--;
	start = memrchr(directory, '/', length);
	start = start ? start + 1 : directory;
	return json_object_new_string_len(start, (int)(directory + length - start));
}

static void copy_string(json_object *from, const char *key, json_object *fallback,
			json_object *to)
{
	json_object *value;

	if (from && json_object_object_get_ex(from, key, &value) &&
	    json_object_is_type(value, json_type_string)) {
		json_object_object_add(to, key, json_object_get(value));
		json_object_put(fallback);
		return;
	}
	json_object_object_add(to, key, fallback);
}

/* A number with two decimals, so that equal models have equal bytes. */
static json_object *short_number(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.2f", value);
	return json_object_new_double_s(value, text);
}

static json_object *describe_calibration(json_object *tensors,
					 const struct eb_compile_summary *summary)
{
	json_object *calibration = json_object_new_object();

	if (summary) {
		json_object_object_add(calibration, "sentences",
				       json_object_new_int64((int64_t)summary->sentences));
		json_object_object_add(calibration, "accuracy_full",
				       short_number(100 * summary->full_accuracy));
	}
	if (summary && summary->exits > 1) {
		json_object_object_add(calibration, "accuracy_early",
				       short_number(100 * summary->early_accuracy));
		json_object_object_add(calibration, "mean_exit_layer",
				       short_number(summary->early_mean_layer));
	}
	json_object_object_add(calibration, "tensors", json_object_get(tensors));
	return calibration;
}

enum eb_status eb_metadata_make(const struct eb_checkpoint *checkpoint, json_object *tensors,
				const struct eb_compile_summary *summary,
				json_object **ret_metadata)
{
	json_object *description = NULL, *metadata, *labels;

	if (checkpoint->description) {
		description = json_tokener_parse(checkpoint->description);
		if (!json_object_is_type(description, json_type_object)) {
			json_object_put(description);
			return eb_fail(EB_INVALID_ARGUMENT, "%s/model.json: is not a JSON object",
				       checkpoint->directory);
		}
	}
	metadata = json_object_new_object();
	labels = json_object_new_array();
	for (unsigned int i = 0; i < checkpoint->shape.classes; i++)
		json_object_array_add(labels, json_object_new_string(checkpoint->shape.labels[i]));
	copy_string(description, "name", folder_name(checkpoint->directory), metadata);
	json_object_object_add(metadata, "architecture",
			       json_object_new_string(architecture_name(&checkpoint->shape)));
	copy_string(description, "task", json_object_new_string("classification"), metadata);
	json_object_object_add(metadata, "labels", labels);
	copy_string(description, "licence", json_object_new_string("not stated"), metadata);
	copy_string(description, "provenance", json_object_new_string("not stated"), metadata);
	json_object_object_add(metadata, "calibration", describe_calibration(tensors, summary));
	json_object_put(description);
	*ret_metadata = metadata;
	return EB_OK;
}
