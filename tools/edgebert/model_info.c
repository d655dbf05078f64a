// SPDX-License-Identifier: MIT
/* Fields of a model file, and the policies that it can run. */
#include "tools/edgebert/model_info.h"

#include <edgebert/edgebert.h>

#include "tools/edgebert/report.h"
#include "tools/edgebert/session.h"

static void add_sizes(struct record *record, const struct eb_model_info *info)
{
	record_add_whole(record, "layers", "layers", "", info->layers);
	record_add_whole(record, "hidden_size", "hidden size", "", info->hidden_size);
	record_add_whole(record, "attention_heads", "attention heads", "", info->attention_heads);
	record_add_whole(record, "intermediate_size", "feed-forward size", "",
			 info->intermediate_size);
	record_add_whole(record, "embedding_size", "embedding size", "", info->embedding_size);
	record_add_whole(record, "vocabulary_size", "vocabulary", "tokens", info->vocabulary_size);
	record_add_whole(record, "sequence_max", "longest sequence", "tokens", info->sequence_max);
	record_add_whole(record, "weight_bytes", "weights", "bytes", info->weight_bytes);
}

static void add_labels(struct record *record, const struct eb_model *model, uint32_t classes)
{
	struct record *list = record_add_list(record, "labels", "labels");

	for (uint32_t i = 0; i < classes; i++)
		record_add_text(list, "", NULL, eb_model_label(model, i));
}

static void add_policies(struct record *record, const struct eb_model_info *info)
{
	struct record *list = record_add_list(record, "policies", "policies");

	record_add_text(list, "", NULL, policy_names[EB_POLICY_FULL]);
	if (info->exit_count)
		record_add_text(list, "", NULL, policy_names[EB_POLICY_ENTROPY]);
	if (info->exit_count && info->exit_predictor)
		record_add_text(list, "", NULL, policy_names[EB_POLICY_LATENCY]);
}

int model_info_add(struct record *record, const char *path)
{
	struct eb_model_info info = { .size = sizeof(info) };
	struct eb_model *model = NULL;
	enum eb_status status = eb_model_open(path, &model);

	if (status == EB_OK)
		status = eb_model_get_info(model, &info);
	if (status != EB_OK) {
		eb_model_unref(model);
		return report_library(status);
	}
	record_add_text(record, "model", "model", path);
	record_add_text(record, "name", "name", info.name);
	record_add_text(record, "architecture", "architecture", info.architecture);
	record_add_text(record, "input", "input",
			info.sentence_pairs ? "pairs of texts" : "single texts");
	record_add_text(record, "tokenizer", "tokenizer", info.tokenizer);
	add_labels(record, model, info.classes);
	add_sizes(record, &info);
	record_add_whole(record, "exit_count", "exits (0: the last layer's only)", "",
			 info.exit_count);
	record_add_boolean(record, "exit_predictor", "exit predictor", info.exit_predictor);
	record_add_number(record, "default_entropy_threshold", "default entropy threshold", "nats",
			  (double)info.default_entropy_threshold, 4);
	add_policies(record, &info);
	eb_model_unref(model);
	return 0;
}
