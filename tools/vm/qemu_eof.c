// SPDX-License-Identifier: MIT
/*
 * Preloaded into QEMU: a vfio-user server that dies is the end of its connection, not an error.
 *
 * A Unix socket whose peer dies with unread data in its queue gives ECONNRESET instead of
 * the end of the file.  QEMU 11.1 handles the latter as the loss of the device, but aborts on the
 * former because it sets one error twice.  A device model killed under load, which is how the
 * tests pull the card, leaves either by chance.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t received = syscall(SYS_recvmsg, fd, message, flags);

	return received < 0 && errno == ECONNRESET ? 0 : received;
}
