// SPDX-License-Identifier: MIT
/*
 * demo-summary: a table and a summary of what "edgebert run --json" wrote.
 *
 * usage: demo-summary --labels FILE --target-latency MICROSECONDS NAME=FILE...
 *
 * The labels are "text<TAB>label" lines after a header line; each NAME=FILE holds one JSON
 * object per sentence, in the same order.  The first run is shown sentence by sentence, then
 * all are compared with each other; everything printed is computed from these files.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#define RUNS_MAX 8
#define TEXT_COLUMNS 44

struct labelled_text {
	char *text;
	unsigned int label;
};

struct sentence {
	unsigned int label;
	unsigned int exit_layer;
	unsigned int predicted_layer;	/* 0: the policy predicts none */
	unsigned int mhz, millivolt;
	double latency_us;
	double energy_uj;
	double host_us;
};

struct run {
	const char *name;
	struct sentence *sentences;
	size_t count;
	double accuracy, mean_exit, mean_predicted, mean_latency_us, mean_energy_uj, mean_host_us;
	size_t deadline_misses;
};

struct summary {
	struct labelled_text *texts;
	size_t text_count;
	double target_latency_us;
	struct run runs[RUNS_MAX];
	size_t run_count;
};

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("demo-summary: error: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

/* Grows an array of elements to hold one more. */
static void *grow(void *array, size_t count, size_t element_size)
{
	/* Powers of two: room is added when the count reaches one. */
	if (count & (count - 1))
		return array;
	array = reallocarray(array, count ? 2 * count : 1, element_size);
	if (!array)
		die("out of memory");
	return array;
}

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		die("%s: %s", path, strerror(errno));
	return file;
}

static void read_labels(struct summary *summary, const char *path)
{
	FILE *file = open_file(path);
	char *line = NULL, *tab;
	size_t size = 0, number = 0;
	ssize_t length;

	while ((length = getline(&line, &size, file)) >= 0) {
		if (++number == 1)
			continue;
		line[strcspn(line, "\r\n")] = '\0';
		tab = strrchr(line, '\t');
		if (!tab || (strcmp(tab, "\t0") && strcmp(tab, "\t1")))
			die("%s:%zu: expected text, a tab and the label 0 or 1", path, number);
		*tab = '\0';
		summary->texts = grow(summary->texts, summary->text_count, sizeof(*summary->texts));
		summary->texts[summary->text_count].text = strdup(line);
		summary->texts[summary->text_count++].label = tab[1] == '1';
	}
	free(line);
	fclose(file);
	if (!summary->text_count)
		die("%s: no labelled sentences", path);
}

/* A member that must be there; WHERE is "file:line" for the message. */
static struct json_object *member(struct json_object *object, const char *key, const char *where)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		die("%s: the result has no \"%s\"", where, key);
	return value;
}

static double number_member(struct json_object *object, const char *key, const char *where)
{
	struct json_object *value = member(object, key, where);

	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double))
		die("%s: \"%s\" is not a number", where, key);
	return json_object_get_double(value);
}

static struct sentence parse_result(const char *line, const char *where)
{
	struct json_object *object = json_tokener_parse(line), *part, *predicted;
	struct sentence sentence = { 0 };

	if (!object)
		die("%s: not a JSON object", where);
	sentence.label = (unsigned int)number_member(object, "label_index", where);
	sentence.exit_layer = (unsigned int)number_member(object, "exit_layer", where);
	/* Only the latency policy predicts: absent, null and 0 all mean that there is none. */
	if (json_object_object_get_ex(object, "predicted_layer", &predicted))
		sentence.predicted_layer = (unsigned int)json_object_get_int(predicted);
	part = member(object, "operating_point", where);
	sentence.mhz = (unsigned int)number_member(part, "mhz", where);
	sentence.millivolt = (unsigned int)number_member(part, "mv", where);
	part = member(object, "modelled", where);
	sentence.latency_us = number_member(part, "latency_us", where);
	sentence.energy_uj = number_member(part, "energy_uj", where);
	sentence.host_us = number_member(object, "host_us", where);
	json_object_put(object);
	return sentence;
}

static void read_run(struct run *run, const char *path)
{
	FILE *file = open_file(path);
	char *line = NULL, where[512];
	size_t size = 0;

	while (getline(&line, &size, file) >= 0) {
		snprintf(where, sizeof(where), "%s:%zu", path, run->count + 1);
		run->sentences = grow(run->sentences, run->count, sizeof(*run->sentences));
		run->sentences[run->count++] = parse_result(line, where);
	}
	free(line);
	fclose(file);
}

static void add_run(struct summary *summary, char *argument)
{
	char *path = strchr(argument, '=');
	struct run *run;

	if (!path)
		die("%s: expected NAME=FILE", argument);
	if (summary->run_count == RUNS_MAX)
		die("more than %d runs", RUNS_MAX);
	*path++ = '\0';
	run = &summary->runs[summary->run_count++];
	run->name = argument;
	read_run(run, path);
	if (run->count != summary->text_count)
		die("%s: %zu results for %zu labelled sentences", path, run->count,
		    summary->text_count);
}

static void add_up(const struct summary *summary, struct run *run)
{
	const double count = (double)run->count;

	for (size_t i = 0; i < run->count; i++) {
		const struct sentence *sentence = &run->sentences[i];

		run->accuracy += (sentence->label == summary->texts[i].label) / count;
		run->mean_exit += sentence->exit_layer / count;
		run->mean_predicted += sentence->predicted_layer / count;
		run->mean_latency_us += sentence->latency_us / count;
		run->mean_energy_uj += sentence->energy_uj / count;
		run->mean_host_us += sentence->host_us / count;
		run->deadline_misses += sentence->latency_us > summary->target_latency_us;
	}
}

/* Cuts at a character, not inside one. */
static int columns_of(const char *text)
{
	int length = (int)strnlen(text, TEXT_COLUMNS);

	while (length > 0 && length == TEXT_COLUMNS && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

static void print_sentences(const struct summary *summary, const struct run *run)
{
	static const char *const names[] = { "negative", "positive" };

	printf("%-*s  %-8s    exit  pred  %9s  %11s  %11s\n", TEXT_COLUMNS, "sentence", "label",
	       "point", "latency", "energy");
	printf("%-*s  %-8s    %4s  %4s  %9s  %11s  %11s\n", TEXT_COLUMNS, "", "", "", "", "MHz/mV",
	       "modelled ms", "modelled uJ");
	for (size_t i = 0; i < run->count; i++) {
		const struct sentence *sentence = &run->sentences[i];
		const char *text = summary->texts[i].text;

		printf("%-*.*s  %-8s %s  %4u  %4u  %4u/%4u  %11.2f  %11.1f%s\n", TEXT_COLUMNS,
		       columns_of(text), text, names[sentence->label & 1],
		       sentence->label == summary->texts[i].label ? "  " : "x ",
		       sentence->exit_layer, sentence->predicted_layer, sentence->mhz,
		       sentence->millivolt, sentence->latency_us / 1000.0, sentence->energy_uj,
		       sentence->latency_us > summary->target_latency_us ? "  LATE" : "");
	}
	printf("(x: not the data set's label)\n\n");
}

static void print_comparison(const struct summary *summary)
{
	printf("%zu sentences, target latency %.1f ms; latency and energy per sentence are modelled\n\n",
	       summary->text_count, summary->target_latency_us / 1000.0);
	printf("%-10s %9s %10s %15s %10s %12s %12s %10s\n", "policy", "accuracy", "mean exit",
	       "mean predicted", "over", "mean latency", "mean energy", "host time");
	printf("%-10s %9s %10s %15s %10s %12s %12s %10s\n", "", "%", "layer", "layer", "target",
	       "modelled ms", "modelled uJ", "ms");
	for (size_t i = 0; i < summary->run_count; i++) {
		const struct run *run = &summary->runs[i];
		char predicted[16] = "-";

		if (run->mean_predicted > 0)
			snprintf(predicted, sizeof(predicted), "%.2f", run->mean_predicted);
		printf("%-10s %9.1f %10.2f %15s %10zu %12.2f %12.1f %10.1f\n", run->name,
		       100.0 * run->accuracy, run->mean_exit, predicted, run->deadline_misses,
		       run->mean_latency_us / 1000.0, run->mean_energy_uj,
		       run->mean_host_us / 1000.0);
	}
	printf("\n");
	for (size_t i = 1; i < summary->run_count; i++)
		printf("modelled energy per sentence, %s against %s: %.2f times less\n",
		       summary->runs[0].name, summary->runs[i].name,
		       summary->runs[i].mean_energy_uj / summary->runs[0].mean_energy_uj);
}

static double parse_target(const char *text)
{
	char *end;
	double target = strtod(text, &end);

	if (*end || !(target > 0))
		die("--target-latency %s: expected microseconds", text);
	return target;
}

int main(int argc, char **argv)
{
	struct summary summary = { 0 };
	int i = 1;

	for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
		if (!strcmp(argv[i], "--labels"))
			read_labels(&summary, argv[i + 1]);
		else if (!strcmp(argv[i], "--target-latency"))
			summary.target_latency_us = parse_target(argv[i + 1]);
		else
			die("unknown option %s", argv[i]);
	}
	if (!summary.text_count || summary.target_latency_us <= 0 || i >= argc)
		die("usage: demo-summary --labels FILE --target-latency MICROSECONDS NAME=FILE...");
	for (; i < argc; i++)
		add_run(&summary, argv[i]);
	for (size_t run = 0; run < summary.run_count; run++)
		add_up(&summary, &summary.runs[run]);
	print_sentences(&summary, &summary.runs[0]);
	print_comparison(&summary);
	for (size_t text = 0; text < summary.text_count; text++)
		free(summary.texts[text].text);
	free(summary.texts);
	for (size_t run = 0; run < summary.run_count; run++)
		free(summary.runs[run].sentences);
	return 0;
}
