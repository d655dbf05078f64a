// SPDX-License-Identifier: MIT
/* Sums over results, and the figures made from them. */
#include "tools/edgebert/evaluation.h"

static void add_assessments(struct evaluation *evaluation, const struct eb_result *result,
			    uint32_t expected)
{
	for (uint32_t layer = 0; layer < EB_LAYERS_MAX; layer++) {
		if (result->entropies[layer] == EB_ENTROPY_NOT_ASSESSED)
			continue;
		evaluation->assessed[layer]++;
		evaluation->assessed_correct[layer] += result->layer_labels[layer] == expected;
	}
}

void evaluation_add(struct evaluation *evaluation, const struct sentence *sentence)
{
	const struct eb_result *result = &sentence->result;
	uint32_t expected = (uint32_t)sentence->expected;

	if (sentence->status != EB_OK) {
		evaluation->refused++;
		return;
	}
	evaluation->count++;
	evaluation->correct += result->label == expected;
	if (expected < EB_CLASSES_MAX && result->label < EB_CLASSES_MAX)
		evaluation->confusion[expected][result->label]++;
	if (result->exit_layer >= 1 && result->exit_layer <= EB_LAYERS_MAX)
		evaluation->exits[result->exit_layer - 1]++;
	add_assessments(evaluation, result, expected);
	evaluation->exit_layers += result->exit_layer;
	evaluation->predicted_layers += result->predicted_layer;
	evaluation->deadline_misses += result->deadline_missed != 0;
	evaluation->truncated += result->truncated != 0;
	evaluation->energy_pj += result->modelled_energy_pj;
	evaluation->latency_ns += result->modelled_latency_ns;
	if (result->modelled_latency_ns > evaluation->latency_ns_max)
		evaluation->latency_ns_max = result->modelled_latency_ns;
	evaluation->cycles += result->modelled_cycles;
	evaluation->host_ns += result->host_ns;
}

static double mean(uint64_t sum, uint64_t count)
{
	return count ? (double)sum / (double)count : 0;
}

double evaluation_accuracy(const struct evaluation *evaluation)
{
	return mean(evaluation->correct, evaluation->count);
}

double evaluation_energy_uj(const struct evaluation *evaluation)
{
	return mean(evaluation->energy_pj, evaluation->count) / 1e6;
}

static double class_f1(const struct evaluation *evaluation, uint32_t class)
{
	uint64_t right = evaluation->confusion[class][class];
	uint64_t expected = 0, answered = 0;

	for (uint32_t other = 0; other < evaluation->classes && other < EB_CLASSES_MAX; other++) {
		expected += evaluation->confusion[class][other];
		answered += evaluation->confusion[other][class];
	}
	return mean(2 * right, expected + answered);
}

double evaluation_f1(const struct evaluation *evaluation)
{
	double sum = 0;

	if (evaluation->classes == 2)
		return class_f1(evaluation, 1);
	for (uint32_t class = 0; class < evaluation->classes && class < EB_CLASSES_MAX; class++)
		sum += class_f1(evaluation, class);
	return evaluation->classes ? sum / evaluation->classes : 0;
}

static void add_layers(const struct evaluation *evaluation, struct record *record)
{
	struct record *list;

	record_add_number(record, "mean_exit_layer", "mean exit layer", "",
			  mean(evaluation->exit_layers, evaluation->count), 4);
	/* Layers count from 1: a sum of 0 means that the policy predicts none. */
	if (evaluation->predicted_layers)
		record_add_number(record, "mean_predicted_layer", "mean predicted layer", "",
				  mean(evaluation->predicted_layers, evaluation->count), 4);
	else
		record_add_none(record, "mean_predicted_layer", "mean predicted layer");
	list = record_add_list(record, "exit_histogram", "exits at layers 1, 2, ...");
	for (uint32_t layer = 0; layer < evaluation->layers && layer < EB_LAYERS_MAX; layer++)
		record_add_whole(list, "", NULL, "", evaluation->exits[layer]);
	list = record_add_list(record, "layer_accuracy", "accuracy at layers 1, 2, ...");
	for (uint32_t layer = 0; layer < evaluation->layers && layer < EB_LAYERS_MAX; layer++) {
		if (evaluation->assessed[layer])
			record_add_number(list, "", NULL, "",
					  mean(evaluation->assessed_correct[layer],
					       evaluation->assessed[layer]), 4);
		else
			record_add_none(list, "", NULL);
	}
}

static void add_costs(const struct evaluation *evaluation, struct record *record)
{
	uint64_t count = evaluation->count;

	record_add_number(record, "energy_uj_mean", "modelled energy, mean", "uJ",
			  evaluation_energy_uj(evaluation), 3);
	record_add_number(record, "latency_us_mean", "modelled latency, mean", "us",
			  mean(evaluation->latency_ns, count) / 1e3, 3);
	record_add_number(record, "latency_us_max", "modelled latency, longest", "us",
			  (double)evaluation->latency_ns_max / 1e3, 3);
	record_add_number(record, "cycles_mean", "modelled cycles, mean", "",
			  mean(evaluation->cycles, count), 1);
	record_add_whole(record, "deadline_misses", "deadlines missed", "",
			 evaluation->deadline_misses);
	record_add_number(record, "host_us_mean", "host time, mean", "us",
			  mean(evaluation->host_ns, count) / 1e3, 1);
	record_add_number(record, "seconds", "time taken", "s", evaluation->seconds, 3);
}

void evaluation_to_record(const struct evaluation *evaluation, struct record *record)
{
	record_add_text(record, "policy", "policy", evaluation->policy);
	record_add_whole(record, "n", "sentences", "", evaluation->count);
	record_add_number(record, "accuracy", "accuracy", "", evaluation_accuracy(evaluation), 6);
	record_add_number(record, "f1", "F1", "", evaluation_f1(evaluation), 6);
	add_layers(evaluation, record);
	add_costs(evaluation, record);
	record_add_whole(record, "truncated", "texts cut to the model's length", "",
			 evaluation->truncated);
	record_add_whole(record, "refused", "sentences refused", "", evaluation->refused);
}
