// SPDX-License-Identifier: MIT
/*
 * Classifies standard input line by line from a poll loop: several sentences are with the
 * device, and the program never waits for one of them while another is done.
 *
 *	cc async_poll.c $(pkg-config --cflags --libs edgebert-rt) -o async_poll
 *	./async_poll MODEL.ebm < sentences.txt
 *
 * Answers come in the order in which they are known; each says its line.
 */
#include <edgebert/edgebert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define IN_FLIGHT 8

struct sentence {
	unsigned int line;
	struct eb_request *request;	/* NULL: this place is free */
};

struct loop {
	struct eb_model *model;
	struct eb_engine *engine;
	struct sentence sentences[IN_FLIGHT];
	unsigned int line, busy;
};

/* Reads lines into the places that are free; false at the end of the input. */
static int fill(struct loop *loop)
{
	char text[4096];

	for (int i = 0; i < IN_FLIGHT; i++) {
		struct sentence *sentence = &loop->sentences[i];

		if (sentence->request)
			continue;
		if (!fgets(text, sizeof(text), stdin))
			return 0;
		sentence->line = ++loop->line;
		if (eb_engine_submit(loop->engine, text, strcspn(text, "\n"),
				     &sentence->request))
			printf("%u: %s\n", sentence->line, eb_error_detail());
		else
			loop->busy++;
	}
	return 1;
}

static void show(struct loop *loop, struct sentence *sentence)
{
	struct eb_result result = { .size = sizeof(result) };
	enum eb_status outcome, status;
	int done;

	status = eb_request_wait(sentence->request, 0, &done, &outcome, &result);
	if (status || outcome)
		printf("%u: %s\n", sentence->line, eb_error_detail());
	else
		printf("%u: %s\n", sentence->line, eb_model_label(loop->model, result.label));
	sentence->request = eb_request_unref(sentence->request);
	loop->busy--;
}

/* Waits until at least one sentence is done and shows all that are. */
static int wait_for_some(struct loop *loop)
{
	struct pollfd descriptors[IN_FLIGHT];

	for (int i = 0; i < IN_FLIGHT; i++) {
		/* -1 where there is no request: poll() passes over it. */
		descriptors[i].fd = eb_request_fd(loop->sentences[i].request);
		descriptors[i].events = POLLIN;
		descriptors[i].revents = 0;
	}
	if (poll(descriptors, IN_FLIGHT, -1) < 0)
		return -1;
	for (int i = 0; i < IN_FLIGHT; i++) {
		if (descriptors[i].revents)
			show(loop, &loop->sentences[i]);
	}
	return 0;
}

static enum eb_status open_all(const char *path, struct eb_device **device, struct loop *loop)
{
	const struct eb_device_options reference = {
		.size = sizeof(reference), .backend = EB_BACKEND_REFERENCE,
	};
	const struct eb_engine_options options = {
		.size = sizeof(options), .policy = EB_POLICY_ENTROPY,
		.entropy_threshold = -1, .operating_point = EB_OPERATING_POINT_HIGHEST,
	};
	enum eb_status status = eb_device_open(NULL, device);

	if (status == EB_NO_DEVICE || status == EB_NO_MODULE)
		status = eb_device_open(&reference, device);
	if (!status)
		status = eb_model_open(path, &loop->model);
	if (!status)
		status = eb_engine_create(*device, loop->model, &options, &loop->engine);
	return status;
}

int main(int argc, char **argv)
{
	struct loop loop = { 0 };
	struct eb_device *device = NULL;
	enum eb_status status;
	int more = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: async_poll MODEL.ebm < SENTENCES\n");
		return 64;
	}
	status = open_all(argv[1], &device, &loop);
	if (status)
		fprintf(stderr, "%s: %s\n", eb_status_text(status), eb_error_detail());
	while (!status && (more || loop.busy)) {
		if (more)
			more = fill(&loop);
		if (loop.busy && wait_for_some(&loop))
			break;
	}
	for (int i = 0; i < IN_FLIGHT; i++)
		eb_request_unref(loop.sentences[i].request);
	eb_engine_unref(loop.engine);
	eb_model_unref(loop.model);
	eb_device_unref(device);
	return (int)status;
}
