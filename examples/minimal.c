// SPDX-License-Identifier: MIT
/*
 * The shortest useful program: one sentence, one answer.
 *
 *	cc minimal.c $(pkg-config --cflags --libs edgebert-rt) -o minimal
 *	./minimal MODEL.ebm "a gripping, funny film"
 *
 * Without a device it uses the reference backend, which computes the same in this process.
 */
#include <edgebert/edgebert.h>
#include <stdio.h>
#include <string.h>

static enum eb_status open_any(struct eb_device **ret_device)
{
	const struct eb_device_options reference = {
		.size = sizeof(reference), .backend = EB_BACKEND_REFERENCE,
	};
	enum eb_status status = eb_device_open(NULL, ret_device);

	if (status == EB_NO_DEVICE || status == EB_NO_MODULE)
		status = eb_device_open(&reference, ret_device);
	return status;
}

int main(int argc, char **argv)
{
	const struct eb_engine_options options = {
		.size = sizeof(options), .policy = EB_POLICY_ENTROPY,
		.entropy_threshold = -1, .operating_point = EB_OPERATING_POINT_HIGHEST,
	};
	struct eb_result result = { .size = sizeof(result) };
	struct eb_device *device = NULL;
	struct eb_engine *engine = NULL;
	struct eb_model *model = NULL;
	enum eb_status status;

	if (argc != 3) {
		fprintf(stderr, "usage: minimal MODEL.ebm SENTENCE\n");
		return 64;
	}
	status = open_any(&device);
	if (!status)
		status = eb_model_open(argv[1], &model);
	if (!status)
		status = eb_engine_create(device, model, &options, &engine);
	if (!status)
		status = eb_engine_run(engine, argv[2], strlen(argv[2]), &result);
	if (!status)
		printf("%s (%.1f %%), after layer %u\n", eb_model_label(model, result.label),
		       100 * (double)result.scores[result.label], result.exit_layer);
	else
		fprintf(stderr, "%s: %s\n", eb_status_text(status), eb_error_detail());
	/* In any order: each holds what it needs. */
	eb_engine_unref(engine);
	eb_model_unref(model);
	eb_device_unref(device);
	return (int)status;
}
