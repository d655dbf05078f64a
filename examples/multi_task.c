// SPDX-License-Identifier: MIT
/*
 * Several tasks on one device at once: every model is uploaded once, each has its engine,
 * and a batch goes to all of them.
 *
 *	cc multi_task.c $(pkg-config --cflags --libs edgebert-rt) -o multi_task
 *	./multi_task "a gripping, funny film" SENTIMENT.ebm TOPIC.ebm
 */
#include <edgebert/edgebert.h>
#include <stdio.h>
#include <string.h>

#define TASKS_MAX 8

struct task {
	struct eb_model *model;
	struct eb_engine *engine;
	struct eb_request *request;
};

static enum eb_status open_device(struct eb_device **ret_device)
{
	const struct eb_device_options reference = {
		.size = sizeof(reference), .backend = EB_BACKEND_REFERENCE,
	};
	enum eb_status status = eb_device_open(NULL, ret_device);

	if (status == EB_NO_DEVICE || status == EB_NO_MODULE)
		status = eb_device_open(&reference, ret_device);
	return status;
}

static enum eb_status start(struct eb_device *device, const char *path, const char *text,
			    struct task *task)
{
	const struct eb_engine_options options = {
		.size = sizeof(options), .policy = EB_POLICY_FULL,
		.operating_point = EB_OPERATING_POINT_HIGHEST,
	};
	enum eb_status status = eb_model_open(path, &task->model);

	if (!status)
		status = eb_engine_create(device, task->model, &options, &task->engine);
	if (!status)
		status = eb_engine_submit(task->engine, text, strlen(text), &task->request);
	return status;
}

static enum eb_status finish(const struct task *task)
{
	struct eb_result result = { .size = sizeof(result) };
	struct eb_model_info info = { .size = sizeof(info) };
	enum eb_status outcome, status;
	int done;

	status = eb_request_wait(task->request, -1, &done, &outcome, &result);
	if (!status)
		status = outcome;
	if (!status)
		status = eb_model_get_info(task->model, &info);
	if (!status)
		printf("%s: %s\n", info.name, eb_model_label(task->model, result.label));
	return status;
}

int main(int argc, char **argv)
{
	struct task tasks[TASKS_MAX] = { 0 };
	struct eb_device *device = NULL;
	int count = argc - 2;
	enum eb_status status;

	if (count < 1 || count > TASKS_MAX) {
		fprintf(stderr, "usage: multi_task SENTENCE MODEL.ebm...\n");
		return 64;
	}
	status = open_device(&device);
	for (int i = 0; i < count && !status; i++)
		status = start(device, argv[2 + i], argv[1], &tasks[i]);
	for (int i = 0; i < count && !status; i++)
		status = finish(&tasks[i]);
	if (status)
		fprintf(stderr, "%s: %s\n", eb_status_text(status), eb_error_detail());
	for (int i = 0; i < count; i++) {
		eb_request_unref(tasks[i].request);
		eb_engine_unref(tasks[i].engine);
		eb_model_unref(tasks[i].model);
	}
	eb_device_unref(device);
	return (int)status;
}
