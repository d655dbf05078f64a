// SPDX-License-Identifier: MIT
/*
 * Unix stream sockets: listening, and moving bytes and file descriptors without ever
 * blocking past a request to stop.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/device/vfio-user/server.h"

/* A client that takes nothing for this long is given up. */
#define SEND_TIMEOUT_MS	10000

/* 0: fd is ready.  -ECANCELED: stop_fd is.  -ETIMEDOUT. */
static int wait_ready(int fd, short events, int stop_fd, int timeout_ms)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = events },
		{ .fd = stop_fd, .events = POLLIN },
	};
	int ready;

	do {
		ready = poll(fds, 2, timeout_ms);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	if (ready == 0)
		return -ETIMEDOUT;
	return fds[1].revents ? -ECANCELED : 0;
}

static int fill_address(const char *path, struct sockaddr_un *address)
{
	size_t length = strlen(path);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (length == 0)
		return -EINVAL;
	if (length >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	memcpy(address->sun_path, path, length);
	return 0;
}

/* Removes a socket file that a killed server left; anything else stays. */
static int remove_stale(const char *path, const struct sockaddr_un *address)
{
	struct stat status;
	int fd, result = -EADDRINUSE;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
	    errno == ECONNREFUSED)
		result = unlink(path) == 0 ? 0 : -errno;
	close(fd);
	return result;
}

int eb_socket_listen(const char *path, int *ret_fd)
{
	struct sockaddr_un address;
	int fd, result;

	result = fill_address(path, &address);
	if (result == 0)
		result = remove_stale(path, &address);
	if (result != 0)
		return result;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 1) != 0) {
		result = -errno;
		close(fd);
		return result;
	}
	*ret_fd = fd;
	return 0;
}

int eb_socket_accept(int listener, int stop_fd, int *ret_fd)
{
	for (;;) {
		int result = wait_ready(listener, POLLIN, stop_fd, -1);
		int fd;

		if (result != 0)
			return result;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			*ret_fd = fd;
			return 0;
		}
		/* The client may be gone again; that is no reason to end. */
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			return -errno;
	}
}

/* Takes the descriptors out of a received message; those too many are closed. */
static int take_fds(struct msghdr *message, int *fds, unsigned int *fd_count)
{
	int result = message->msg_flags & MSG_CTRUNC ? -EINVAL : 0;
	struct cmsghdr *part;

	for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
			if (*fd_count < EB_MESSAGE_FDS) {
				fds[(*fd_count)++] = fd;
			} else {
				close(fd);
				result = -EINVAL;
			}
		}
	}
	return result;
}

int eb_socket_receive(int fd, int stop_fd, void *destination, size_t size, int *fds,
		      unsigned int *fd_count)
{
	uint8_t *next = destination;
	int result;

	while (size > 0) {
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(sizeof(int) * EB_MESSAGE_FDS)];
		} control;
		struct iovec vector = { .iov_base = next, .iov_len = size };
		struct msghdr message = {
			.msg_iov = &vector, .msg_iovlen = 1,
			.msg_control = control.bytes, .msg_controllen = sizeof(control.bytes),
		};
		ssize_t received;

		result = wait_ready(fd, POLLIN, stop_fd, -1);
		if (result != 0)
			return result;
		received = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (received == 0)
			return -ECONNRESET;
		if (received < 0) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			return -errno;
		}
		result = take_fds(&message, fds, fd_count);
		if (result != 0)
			return result;
		next += received;
		size -= received;
	}
	return 0;
}

int eb_socket_send(int fd, int stop_fd, const void *first, size_t first_size,
		   const void *second, size_t second_size)
{
	struct iovec vectors[2] = {
		{ .iov_base = (void *)(uintptr_t)first, .iov_len = first_size },
		{ .iov_base = (void *)(uintptr_t)second, .iov_len = second_size },
	};

	while (vectors[0].iov_len + vectors[1].iov_len > 0) {
		struct msghdr message = { .msg_iov = vectors, .msg_iovlen = 2 };
		ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN) {
			int result = wait_ready(fd, POLLOUT, stop_fd, SEND_TIMEOUT_MS);

			if (result != 0)
				return result;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		for (unsigned int i = 0; i < 2; i++) {
			size_t part = (size_t)sent < vectors[i].iov_len ? (size_t)sent :
									  vectors[i].iov_len;

			vectors[i].iov_base = (uint8_t *)vectors[i].iov_base + part;
			vectors[i].iov_len -= part;
			sent -= part;
		}
	}
	return 0;
}
