// SPDX-License-Identifier: MIT
/* Which field of a result has which name, unit and precision: decided here, once. */
#include "tools/edgebert/result_record.h"

#include <stdlib.h>
#include <string.h>

#include "lib/unicode_text.h"
#include "tools/edgebert/report.h"

#define SCHEMA_VERSION 1
/* Q6.10 values are shown exactly: 1/1024 has ten digits. */
#define DECIMALS_Q6_10 10
#define DECIMALS_SCORE 6
/* Nanoseconds in microseconds, picojoules in microjoules. */
#define DECIMALS_US 3
#define DECIMALS_UJ 6

static void add_entropies(struct record *record, const struct eb_result *result)
{
	struct record *list = record_add_list(record, "entropies", "entropies");

	for (uint32_t layer = 0; layer < result->exit_layer && layer < EB_LAYERS_MAX; layer++) {
		/* Only EB_ENTROPY_NOT_ASSESSED is negative. */
		if (result->entropies[layer] < 0)
			record_add_none(list, "", NULL);
		else
			record_add_number(list, "", NULL, "nats",
					  (double)result->entropies[layer], DECIMALS_Q6_10);
	}
}

static void add_numbers(struct record *record, const char *key, const float *numbers,
			uint32_t count, int decimals)
{
	struct record *list = record_add_list(record, key, key);

	for (uint32_t i = 0; i < count && i < EB_CLASSES_MAX; i++)
		record_add_number(list, "", NULL, "", (double)numbers[i], decimals);
}

static void add_layers(struct record *record, const struct eb_result *result)
{
	record_add_whole(record, "exit_layer", "exit layer", "", result->exit_layer);
	if (result->predicted_layer)
		record_add_whole(record, "predicted_layer", "predicted layer", "",
				 result->predicted_layer);
	else
		record_add_none(record, "predicted_layer", "predicted layer");
}

static void add_costs(struct record *record, const struct eb_result *result)
{
	struct record *inner = record_add_record(record, "operating_point", "operating point");

	record_add_whole(inner, "mhz", "frequency", "MHz", result->mhz);
	record_add_whole(inner, "mv", "voltage", "mV", result->millivolt);
	inner = record_add_record(record, "modelled", "modelled");
	record_add_whole(inner, "cycles", "cycles", "", result->modelled_cycles);
	record_add_number(inner, "latency_us", "latency", "us",
			  (double)result->modelled_latency_ns / 1e3, DECIMALS_US);
	record_add_number(inner, "energy_uj", "energy", "uJ",
			  (double)result->modelled_energy_pj / 1e6, DECIMALS_UJ);
	record_add_number(record, "host_us", "host time", "us", (double)result->host_ns / 1e3,
			  DECIMALS_US);
}

/* Behind the fields that every reader may rely on. */
static void add_extras(struct record *record, const struct sentence *sentence)
{
	const struct eb_result *result = &sentence->result;

	record_add_whole(record, "line", "line", "", sentence->line);
	record_add_whole(record, "label_index", NULL, "", result->label);
	add_numbers(record, "logits", result->logits, result->class_count, DECIMALS_Q6_10);
	record_add_whole(record, "tokens", "tokens", "", result->token_count);
	record_add_boolean(record, "truncated", "truncated", result->truncated);
	record_add_whole(record, "operating_point_index", NULL, "", result->operating_point);
	if (result->target_latency_ns) {
		record_add_number(record, "target_latency_us", "target latency", "us",
				  (double)result->target_latency_ns / 1e3, DECIMALS_US);
		record_add_boolean(record, "deadline_missed", "deadline missed",
				   result->deadline_missed);
		record_add_boolean(record, "target_unreachable", "target unreachable",
				   result->target_unreachable);
	}
	record_add_whole(record, "jobs", "jobs", "", result->jobs);
	record_add_whole(record, "transitions", "transitions", "", result->transitions);
	record_add_boolean(record, "throttled", "throttled", result->throttled);
	record_add_whole(record, "schema_version", NULL, "", SCHEMA_VERSION);
}

struct record *result_to_record(const struct session *session, const struct sentence *sentence)
{
	const struct eb_result *result = &sentence->result;
	const char *label = eb_model_label(session->model, result->label);
	struct record *record = record_new();

	record_add_bytes(record, "text", "text", sentence->text, sentence->size);
	record_add_text(record, "label", "label", label ? label : "");
	add_numbers(record, "scores", result->scores, result->class_count, DECIMALS_SCORE);
	add_layers(record, result);
	add_entropies(record, result);
	add_costs(record, result);
	add_extras(record, sentence);
	return record;
}

struct record *failure_to_record(const struct sentence *sentence)
{
	struct advice advice = report_advice(sentence->status, sentence->message);
	struct record *record = record_new();
	struct record *error;

	/* What is not UTF-8 can not be a JSON string. */
	if (sentence->text && text_valid_prefix(sentence->text, sentence->size) == sentence->size)
		record_add_bytes(record, "text", NULL, sentence->text, sentence->size);
	else
		record_add_none(record, "text", NULL);
	error = record_add_record(record, "error", "error");
	record_add_whole(error, "line", "line", "", sentence->line);
	record_add_text(error, "status", "status", eb_status_name(sentence->status));
	record_add_text(error, "message", "message", advice.message);
	record_add_text(error, "remedy", NULL, advice.remedy);
	free(advice.message);
	return record;
}

int label_columns(const struct session *session)
{
	size_t widest = strlen("error");

	for (uint32_t i = 0; i < session->model_info.classes; i++) {
		const char *label = eb_model_label(session->model, i);

		if (label && strlen(label) > widest)
			widest = strlen(label);
	}
	return (int)widest;
}
