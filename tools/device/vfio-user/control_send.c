// SPDX-License-Identifier: MIT
/*
 * "edgebert-device --send": the control socket's client.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/device/pcie/debug.h"
#include "tools/device/vfio-user/control.h"

/* Commands answer at once; a server that is stopped does not. */
#define PATIENCE_SECONDS	30

enum send_status {
	SEND_OK,
	SEND_REFUSED,
	SEND_FAILED,
};

static int connect_to(const char *path)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* Details without their "- ", what follows "ok", and errors to stderr. */
static enum send_status print_answer(FILE *stream)
{
	char *line = NULL;
	size_t room = 0;
	enum send_status status = SEND_FAILED;

	while (status == SEND_FAILED && getline(&line, &room, stream) > 0) {
		if (strncmp(line, "- ", 2) == 0) {
			fputs(line + 2, stdout);
		} else if (strncmp(line, "error: ", 7) == 0) {
			fprintf(stderr, "edgebert-device: %s", line + 7);
			status = SEND_REFUSED;
		} else {
			if (strncmp(line, "ok ", 3) == 0)
				fputs(line + 3, stdout);
			status = SEND_OK;
		}
	}
	free(line);
	if (status == SEND_FAILED)
		fputs("edgebert-device: the device's process ended or does not answer\n", stderr);
	return status;
}

static enum send_status send_line(FILE *stream, const char *line)
{
	/* Not through the stream: one that can not seek does not turn round. */
	if (dprintf(fileno(stream), "%s\n", line) < 0) {
		fprintf(stderr, "edgebert-device: cannot send: %s\n", strerror(errno));
		return SEND_FAILED;
	}
	return print_answer(stream);
}

static enum send_status send_words(FILE *stream, char **words, int count)
{
	char line[EB_DEBUG_LINE_BYTES];
	size_t used = 0;

	for (int i = 0; i < count; i++) {
		int part = snprintf(line + used, sizeof(line) - used, "%s%s", i ? " " : "", words[i]);

		used += part;
		if (used >= sizeof(line)) {
			fputs("edgebert-device: the command is too long; shorten it\n", stderr);
			return SEND_REFUSED;
		}
	}
	if (strchr(line, '\n') != NULL) {
		fputs("edgebert-device: the command has several lines; send one\n", stderr);
		return SEND_REFUSED;
	}
	return send_line(stream, line);
}

/* Goes on behind a refused command; the worst status counts. */
static enum send_status send_stdin(FILE *stream)
{
	enum send_status worst = SEND_OK;
	char *line = NULL;
	size_t room = 0;

	while (worst != SEND_FAILED && getline(&line, &room, stdin) > 0) {
		enum send_status status;

		line[strcspn(line, "#\n")] = '\0';
		if (line[strspn(line, " \t\r")] == '\0')
			continue;
		status = send_line(stream, line);
		worst = status > worst ? status : worst;
	}
	free(line);
	return worst;
}

int eb_control_send(const char *path, char **words, int count)
{
	int fd = connect_to(path);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
	enum send_status status;

	if (stream == NULL) {
		fprintf(stderr, "edgebert-device: cannot reach '%s': %s; is it the --control socket "
			"of a running edgebert-device?\n", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return SEND_FAILED;
	}
	status = count > 0 ? send_words(stream, words, count) : send_stdin(stream);
	fclose(stream);
	return fflush(stdout) == 0 ? (int)status : (int)SEND_FAILED;
}
