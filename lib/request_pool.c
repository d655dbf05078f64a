// SPDX-License-Identifier: MIT
/*
 * Requests that were let go are used again, with their descriptor and the room for their
 * text: in the long run submitting takes no memory and opens no files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/request.h"

#define SPARE_MAX 64
/* Room for a text is at least this, so that it fits most of those that follow. */
#define TEXT_ROOM 512u
/* A request that once held more than this is not kept. */
#define TEXT_KEPT_MAX 65536u

static void free_request(struct eb_request *request)
{
	if (request->fd >= 0)
		close(request->fd);
	pthread_cond_destroy(&request->ended);
	free(request->bytes);
	free(request);
}

static enum eb_status create(struct eb_request **ret_request)
{
	struct eb_request *request = calloc(1, sizeof(*request));
	pthread_condattr_t attributes;

	if (!request)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a request");
	request->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (request->fd < 0) {
		int error = errno;

		free(request);
		return eb_fail(EB_OUT_OF_MEMORY, "no event descriptor for a request: %s",
			       eb_errno_name(error));
	}
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&request->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	*ret_request = request;
	return EB_OK;
}

static struct eb_request *take_spare(struct eb_request_queue *queue)
{
	struct eb_request *request;

	pthread_mutex_lock(&queue->lock);
	request = queue->spare;
	if (request) {
		queue->spare = request->next;
		queue->spare_count--;
	}
	pthread_mutex_unlock(&queue->lock);
	return request;
}

static enum eb_status make_room(struct eb_request *request, size_t size)
{
	size_t capacity = size > TEXT_ROOM ? size : TEXT_ROOM;
	char *larger;

	if (request->bytes && size <= request->capacity)
		return EB_OK;
	larger = realloc(request->bytes, capacity);
	if (!larger)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a text of %zu bytes", size);
	request->bytes = larger;
	request->capacity = capacity;
	return EB_OK;
}

static enum eb_status set_text(struct eb_request *request, const struct eb_batch_text *text)
{
	size_t second_size = text->second ? text->second_size : 0, size;
	enum eb_status status;

	if (__builtin_add_overflow(text->size, second_size, &size))
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for two texts of such sizes");
	status = make_room(request, size);
	if (status)
		return status;
	request->text = (struct eb_batch_text){ .text = request->bytes, .size = text->size };
	if (text->size)
		memcpy(request->bytes, text->text, text->size);
	if (text->second) {
		request->text.second = request->bytes + text->size;
		request->text.second_size = second_size;
		memcpy(request->bytes + text->size, text->second, second_size);
	}
	return EB_OK;
}

enum eb_status eb_request_take(struct eb_request_queue *queue, const struct eb_batch_text *text,
			       struct eb_request **ret_request)
{
	const uint64_t submitted_ns = eb_time_ns();
	struct eb_request *request = take_spare(queue);
	enum eb_status status;

	status = request ? EB_OK : create(&request);
	if (status)
		return status;
	status = set_text(request, text);
	if (status) {
		free_request(request);
		return status;
	}
	request->submitted_ns = submitted_ns;
	request->state = EB_REQUEST_QUEUED;
	request->outcome = EB_OK;
	request->detail[0] = '\0';
	*ret_request = request;
	return EB_OK;
}

void eb_request_give_back(struct eb_request_queue *queue, struct eb_request *request)
{
	uint64_t count;
	ssize_t got;

	/* Not readable any more for whoever gets it next; the counter was 0 or 1. */
	do {
		got = read(request->fd, &count, sizeof(count));
	} while (got < 0 && errno == EINTR);
	pthread_mutex_lock(&queue->lock);
	if (queue->spare_count < SPARE_MAX && request->capacity <= TEXT_KEPT_MAX) {
		request->next = queue->spare;
		queue->spare = request;
		queue->spare_count++;
		request = NULL;
	}
	pthread_mutex_unlock(&queue->lock);
	if (request)
		free_request(request);
}

void eb_request_pool_clear(struct eb_request_queue *queue)
{
	while (queue->spare) {
		struct eb_request *request = queue->spare;

		queue->spare = request->next;
		free_request(request);
	}
}
