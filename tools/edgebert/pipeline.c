// SPDX-License-Identifier: MIT
/* A ring of asynchronous requests; a failure waits in the ring until it is its turn. */
#include "tools/edgebert/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "tools/edgebert/report.h"

void pipeline_init(struct pipeline *pipeline, struct session *session)
{
	*pipeline = (struct pipeline){ .session = session };
}

bool pipeline_is_full(const struct pipeline *pipeline)
{
	return pipeline->count == pipeline->session->in_flight;
}

static void fail(struct sentence *sentence, enum eb_status status, const char *message)
{
	sentence->status = status;
	sentence->message = strdup(*message ? message : eb_status_text(status));
	if (!sentence->message)
		report_out_of_memory();
}

static struct sentence *add(struct pipeline *pipeline, uint64_t line)
{
	uint32_t place = (pipeline->first + pipeline->count++) % IN_FLIGHT_MAX;

	pipeline->sentences[place] = (struct sentence){ .line = line, .expected = -1 };
	return &pipeline->sentences[place];
}

/* "first<TAB>second" for a model of pairs; the text as it is for others. */
static enum eb_status submit(struct pipeline *pipeline, struct sentence *sentence)
{
	struct eb_engine *engine = pipeline->session->engine;
	const char *text = sentence->text, *tab = memchr(text, '\t', sentence->size);
	size_t first;

	if (!pipeline->session->model_info.sentence_pairs)
		return eb_engine_submit(engine, text, sentence->size, &sentence->request);
	first = tab ? (size_t)(tab - text) : sentence->size;
	if (!tab || memchr(tab + 1, '\t', sentence->size - first - 1)) {
		fail(sentence, EB_TEXT_INVALID, tab ?
		     "the line has more than one tab: the model takes pairs, text_a<TAB>text_b" :
		     "the line has no tab: the model takes pairs, text_a<TAB>text_b");
		return EB_OK;
	}
	return eb_engine_submit_pair(engine, text, first, tab + 1, sentence->size - first - 1,
				     &sentence->request);
}

void pipeline_submit(struct pipeline *pipeline, uint64_t line, const char *text, size_t size,
		     int32_t expected)
{
	struct sentence *sentence = add(pipeline, line);
	enum eb_status status;

	sentence->text = malloc(size + 1);
	if (!sentence->text)
		report_out_of_memory();
	memcpy(sentence->text, text, size);
	sentence->text[size] = '\0';
	sentence->size = size;
	sentence->expected = expected;
	status = submit(pipeline, sentence);
	if (status != EB_OK)
		fail(sentence, status, eb_error_detail());
}

void pipeline_refuse(struct pipeline *pipeline, uint64_t line, enum eb_status status,
		     const char *message)
{
	fail(add(pipeline, line), status, message);
}

static void wait_for(struct sentence *sentence)
{
	enum eb_status outcome = EB_OK;
	enum eb_status status;
	int done = 0;

	sentence->result.size = sizeof(sentence->result);
	status = eb_request_wait(sentence->request, -1, &done, &outcome, &sentence->result);
	if (status != EB_OK)
		fail(sentence, status, eb_error_detail());
	else if (outcome != EB_OK)
		fail(sentence, outcome, eb_error_detail());
	sentence->request = eb_request_unref(sentence->request);
}

bool pipeline_take(struct pipeline *pipeline, struct sentence *ret_sentence)
{
	struct sentence *sentence = &pipeline->sentences[pipeline->first];

	if (pipeline->count == 0)
		return false;
	if (sentence->request)
		wait_for(sentence);
	*ret_sentence = *sentence;
	pipeline->first = (pipeline->first + 1) % IN_FLIGHT_MAX;
	pipeline->count--;
	return true;
}

void sentence_free(struct sentence *sentence)
{
	eb_request_unref(sentence->request);
	free(sentence->text);
	free(sentence->message);
	*sentence = (struct sentence){ 0 };
}

void pipeline_clear(struct pipeline *pipeline)
{
	for (; pipeline->count; pipeline->count--) {
		sentence_free(&pipeline->sentences[pipeline->first]);
		pipeline->first = (pipeline->first + 1) % IN_FLIGHT_MAX;
	}
}

bool failure_is_of_sentence(enum eb_status status)
{
	switch (status) {
	case EB_TEXT_INVALID:
	case EB_TEXT_EMPTY:
	case EB_TARGET_UNREACHABLE:
	case EB_DEVICE_FAULT:
	case EB_DEVICE_TIMEOUT:
	case EB_CANCELED:
		return true;
	default:
		return false;
	}
}

int failure_exit_status(enum eb_status status)
{
	return status == EB_TEXT_INVALID || status == EB_TEXT_EMPTY ? (int)EXIT_LINES_REFUSED :
								      (int)status;
}
