/* SPDX-License-Identifier: MIT */
/*
 * The control socket: the debug interface of the device's process for programs beside it.
 */
#ifndef EDGEBERT_DEVICE_VFIO_USER_CONTROL_H
#define EDGEBERT_DEVICE_VFIO_USER_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/device/pcie/device.h"

struct eb_control;

/*
 * Listens on a unix stream socket at path, for its owner only, and serves it by a thread of its
 * own until eb_control_stop().  NULL: *ret_error is a negative errno, as of
 * eb_socket_listen().
 */
struct eb_control *eb_control_start(struct eb_device *device, const char *path, int *ret_error);
/* NULL is accepted.  Removes the socket file. */
void eb_control_stop(struct eb_control *control);

/*
 * Carries out the commands of a file, one per line; empty lines and what follows a # are
 * skipped.  False: the reason, with file and line, is in message.
 */
bool eb_control_run_file(struct eb_device *device, const char *path, char *message, size_t size);

/*
 * The other side: sends the command of these words, or without words each line of stdin, and
 * prints the answers.  The exit status of the program: 0, 1 when an answer is an error, 2 when
 * nobody answers.
 */
int eb_control_send(const char *path, char **words, int count);

#endif /* EDGEBERT_DEVICE_VFIO_USER_CONTROL_H */
