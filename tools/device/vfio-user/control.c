// SPDX-License-Identifier: MIT
/*
 * The control socket's server: lines in, answers of the debug interface out.
 *
 * One thread serves all clients in turn.  A client that does not take its answer at once,
 * or comes when there are too many, is closed; nothing of it reaches the device's own threads.
 */
#include "tools/device/vfio-user/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/device/pcie/debug.h"
#include "tools/device/vfio-user/server.h"

#define CLIENTS_MAX	16
/* What can lie in a socket unread; answers are some 20 KiB at most. */
#define SEND_BUFFER	(256 * 1024)

struct client {
	int fd;			/* -1: free */
	size_t used;
	bool too_long;		/* the line is; what is left of it is skipped */
	char line[EB_DEBUG_LINE_BYTES];
};

struct eb_control {
	struct eb_device *device;
	char *path;
	int listener;
	int stop_fd;		/* an eventfd */
	pthread_t thread;
	struct client clients[CLIENTS_MAX];
};

static void close_client(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

static void answer(struct client *client, const char *text)
{
	size_t size = strlen(text);

	if (send(client->fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size)
		close_client(client);
}

static void run_line(struct eb_control *control, struct client *client)
{
	char *text;

	if (client->too_long) {
		answer(client, "error: the line is too long for any command; shorten it\n");
		return;
	}
	client->line[client->used] = '\0';
	text = eb_debug_command(control->device, client->line);
	answer(client, text ? text : "error: no memory for the answer; try again\n");
	free(text);
}

/* Takes bytes in; runs a command at each end of line. */
static void take(struct eb_control *control, struct client *client, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size && client->fd >= 0; i++) {
		if (bytes[i] == '\n') {
			run_line(control, client);
			client->used = 0;
			client->too_long = false;
		} else if (client->used + 1 < sizeof(client->line)) {
			/* A zero byte would end the line early. */
			client->line[client->used++] = bytes[i] ? bytes[i] : '?';
		} else {
			client->too_long = true;
		}
	}
}

static void serve_client(struct eb_control *control, struct client *client)
{
	char bytes[1024];
	ssize_t size = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (size > 0)
		take(control, client, bytes, size);
	else if (size == 0 || (errno != EAGAIN && errno != EINTR))
		close_client(client);
}

static void accept_client(struct eb_control *control)
{
	static const char full[] = "error: too many clients; close one\n";
	int size = SEND_BUFFER, fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &control->clients[i];

		if (client->fd >= 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		client->fd = fd;
		client->used = 0;
		client->too_long = false;
		return;
	}
	(void)!send(fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void *serve(void *opaque)
{
	struct eb_control *control = opaque;
	struct pollfd fds[2 + CLIENTS_MAX];

	fds[0] = (struct pollfd) { .fd = control->stop_fd, .events = POLLIN };
	fds[1] = (struct pollfd) { .fd = control->listener, .events = POLLIN };
	for (;;) {
		for (unsigned int i = 0; i < CLIENTS_MAX; i++)
			fds[2 + i] = (struct pollfd) { .fd = control->clients[i].fd,
						       .events = POLLIN };
		if (poll(fds, 2 + CLIENTS_MAX, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[0].revents)
			return NULL;
		for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
			if (fds[2 + i].fd >= 0 && fds[2 + i].revents)
				serve_client(control, &control->clients[i]);
		}
		if (fds[1].revents)
			accept_client(control);
	}
}

static int start(struct eb_control *control)
{
	int result = eb_socket_listen(control->path, &control->listener);

	if (result != 0)
		return result;
	/* Whoever can write here can stop the device. */
	if (chmod(control->path, S_IRUSR | S_IWUSR) != 0)
		return -errno;
	control->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (control->stop_fd < 0)
		return -errno;
	return -pthread_create(&control->thread, NULL, serve, control);
}

static void free_control(struct eb_control *control)
{
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		if (control->clients[i].fd >= 0)
			close_client(&control->clients[i]);
	}
	if (control->listener >= 0) {
		close(control->listener);
		unlink(control->path);
	}
	if (control->stop_fd >= 0)
		close(control->stop_fd);
	free(control->path);
	free(control);
}

struct eb_control *eb_control_start(struct eb_device *device, const char *path, int *ret_error)
{
	struct eb_control *control = calloc(1, sizeof(*control));

	*ret_error = -ENOMEM;
	if (control == NULL)
		return NULL;
	control->device = device;
	control->listener = -1;
	control->stop_fd = -1;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		control->clients[i].fd = -1;
	control->path = strdup(path);
	if (control->path != NULL)
		*ret_error = start(control);
	if (*ret_error != 0) {
		free_control(control);
		return NULL;
	}
	return control;
}

void eb_control_stop(struct eb_control *control)
{
	uint64_t one = 1;

	if (control == NULL)
		return;
	(void)!write(control->stop_fd, &one, sizeof(one));
	pthread_join(control->thread, NULL);
	free_control(control);
}

/* False: the command was refused, and message says where and why. */
static bool run_file_line(struct eb_device *device, char *line, const char *where, char *message,
			  size_t size)
{
	char *text, *error;

	line[strcspn(line, "#\n")] = '\0';
	if (line[strspn(line, " \t\r")] == '\0')
		return true;
	text = eb_debug_command(device, line);
	error = text ? strstr(text, "error: ") : NULL;
	if (text == NULL || error != NULL)
		snprintf(message, size, "%s: %.*s", where, error ? (int)strcspn(error + 7, "\n") : 9,
			 error ? error + 7 : "no memory");
	free(text);
	return text != NULL && error == NULL;
}

bool eb_control_run_file(struct eb_device *device, const char *path, char *message, size_t size)
{
	FILE *file = fopen(path, "re");
	unsigned int number = 0;
	char *line = NULL;
	size_t room = 0;
	bool done = true;

	if (file == NULL) {
		snprintf(message, size, "cannot read the faults '%s': %s", path, strerror(errno));
		return false;
	}
	while (done && getline(&line, &room, file) >= 0) {
		char where[160];

		snprintf(where, sizeof(where), "%.120s:%u", path, ++number);
		done = run_file_line(device, line, where, message, size);
	}
	if (done && ferror(file)) {
		snprintf(message, size, "cannot read the faults '%s': %s", path, strerror(errno));
		done = false;
	}
	free(line);
	fclose(file);
	return done;
}
