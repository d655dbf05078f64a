// SPDX-License-Identifier: MIT
/* edgebert compile and edgebert pack-checkpoint: from checkpoints to model files. */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/status.h"
#include "tools/edgebert/command.h"
#include "tools/edgebert/progress.h"
#include "tools/edgebert/record.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"
#include "tools/model/checkpoint_pack.h"
#include "tools/model/compile.h"

/* Steps of the bar. */
#define PROGRESS_STEPS 1000

static struct {
	const char *output;
	const char *calibration;
	const char *report;
	const char *envm_image;
	const char *envm_name;
	int32_t sentences;
	bool pairs;
	bool json;
} options = { .sentences = EB_COMPILE_SENTENCES_DEFAULT };

static const struct option_row compile_rows[] = {
	OPTION_REQUIRED_TEXT("output", 'o', "FILE", &options.output,
			     "model file to write (.ebm)"),
	OPTION_TEXT("calibration", 'c', "TSV", &options.calibration,
		    "labelled sentences of the kind that will be classified; without them the model "
		    "has no exit predictor and policy latency refuses it"),
	OPTION_WHOLE("sentences", 'n', "COUNT", &options.sentences, 1, 1e6,
		     "sentences to calibrate number formats with"),
	OPTION_FLAG("pairs", 0, &options.pairs,
		    "the model classifies pairs of texts; where there is calibration, its columns say so"),
	OPTION_TEXT("envm-image", 0, "FILE", &options.envm_image,
		    "place the word embedding in the eNVM: in this image, which is made unless it "
		    "exists; models that share their embedding name the same file"),
	OPTION_TEXT("envm-name", 0, "NAME", &options.envm_name,
		    "name of the image, if one is made (default: as its file)"),
	OPTION_TEXT("report", 'r', "FILE", &options.report, "write a report of the calibration"),
	OPTION_JSON(&options.json),
};

static void show_progress(void *opaque, const char *step, double fraction)
{
	(void)opaque;
	progress_show(step, (uint64_t)(fraction * PROGRESS_STEPS), PROGRESS_STEPS);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int print_summary(const struct eb_compile_summary *summary, double seconds)
{
	struct record *record = record_new();
	int failed;

	record_add_whole(record, "schema_version", NULL, "", 1);
	record_add_text(record, "output", "model", options.output);
	record_add_whole(record, "model_bytes", "size", "bytes", summary->model_bytes);
	record_add_text(record, "embedding_place", "word embedding in",
			summary->embedding_in_envm ? "envm" : "model");
	record_add_whole(record, "embedding_bytes", "word embedding", "bytes",
			 summary->embedding_bytes);
	if (summary->embedding_in_envm) {
		record_add_text(record, "envm_image_name", "eNVM image", summary->envm_name);
		record_add_text(record, "envm_image_id", "its identity", summary->envm_id);
	}
	record_add_whole(record, "layers", "layers", "", summary->layers);
	record_add_whole(record, "exits", "layers with an exit", "", summary->exits);
	record_add_whole(record, "commands", "commands", "", summary->commands);
	record_add_number(record, "threshold", "default entropy threshold", "nats",
			  summary->threshold, 4);
	record_add_whole(record, "sentences", "sentences for calibration", "",
			 summary->sentences);
	if (options.calibration) {
		record_add_number(record, "full_accuracy", "accuracy on them, all layers", "",
				  summary->full_accuracy, 4);
	}
	if (options.calibration && summary->exits > 1) {
		record_add_number(record, "early_accuracy", "accuracy on them at the threshold", "",
				  summary->early_accuracy, 4);
		record_add_number(record, "early_mean_layer", "mean exit layer at the threshold",
				  "", summary->early_mean_layer, 2);
	}
	record_add_number(record, "seconds", "time taken", "s", seconds, 1);
	failed = options.json ? render_json(record) : render_text(record);
	record_free(record);
	return failed;
}

/* Compiling takes a minute: a folder that can not be written to is better known before. */
static int check_output(void)
{
	char *path = strdup(options.output);
	const char *folder;
	int failed = 0;

	if (!path)
		report_out_of_memory();
	folder = dirname(path);
	if (access(folder, W_OK | X_OK) != 0)
		failed = report_tool(EXIT_OUTPUT, "%s can not be written: folder %s: %s (%s)",
				     options.output, folder, strerror(errno),
				     eb_errno_name(errno));
	free(path);
	return failed;
}

static int run_compile(const struct arguments *arguments)
{
	struct eb_compile_summary summary = { 0 };
	const struct eb_compile_options compile = {
		.checkpoint = arguments->values[0],
		.output = options.output,
		.calibration = options.calibration,
		.sentences = (unsigned int)options.sentences,
		.pairs = options.pairs,
		.report = options.report,
		.envm_image = options.envm_image,
		.envm_name = options.envm_name,
		.progress = show_progress,
		.summary = &summary,
	};
	double start = now();
	int failed = check_output();
	enum eb_status status;

	if (failed)
		return failed;
	status = eb_compile(&compile);
	progress_end();
	return status == EB_OK ? print_summary(&summary, now() - start) : report_library(status);
}

static int run_pack(const struct arguments *arguments)
{
	enum eb_status status = eb_checkpoint_pack(arguments->values[0], arguments->values[1]);

	return status == EB_OK ? 0 : report_library(status);
}

const struct command command_compile = {
	.name = "compile",
	.summary = "make a model file from a checkpoint",
	.synopsis = "CHECKPOINT",
	.description =
		"Turns a folder with config.json, vocab.txt or spiece.model, and safetensors (BERT or\n"
		"ALBERT shape) into one model file.  Number formats, exit predictor and default\n"
		"threshold come from the calibration sentences: take them from training data, not\n"
		"from the data that will measure the model.  Their file names its columns in the\n"
		"first line: label and text, or for pairs text_a and text_b (or sentence1 and\n"
		"sentence2, question and sentence, premise and hypothesis).",
	.arguments_min = 1,
	.arguments_max = 1,
	OPTION_ROWS(compile_rows),
	.run = run_compile,
};

const struct command command_pack_checkpoint = {
	.name = "pack-checkpoint",
	.summary = "write a checkpoint in its compact 8-bit form",
	.synopsis = "CHECKPOINT FOLDER",
	.description =
		"Writes the checkpoint into an existing folder with matrices as 8-bit rows and\n"
		"their scales; edgebert compile takes either form.",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = run_pack,
};
