// SPDX-License-Identifier: MIT
/* Statuses and texts for what the driver answers to jobs and questions. */
#include "lib/accel_explain.h"

#include <errno.h>

enum eb_status eb_accel_explain(const char *path, const char *step, int error)
{
	switch (error) {
	case -ENODEV:
		return eb_fail(EB_DEVICE_LOST, "%s: %s: the device disappeared; check the board and "
			       "open it again", path, step);
	case -ENOMEM:
	case -ENOSPC:
		return eb_fail(EB_OUT_OF_MEMORY, "%s: %s: %s", path, step, eb_errno_name(error));
	case -EBUSY:
		return eb_fail(EB_BUSY, "%s: %s: %s; wait for results first", path, step,
			       eb_errno_name(error));
	case -ESTALE:
		return eb_fail(EB_IMAGE_NOT_INSTALLED, "%s: %s: another image is in the eNVM now", path,
			       step);
	case -ECANCELED:
		return eb_fail(EB_CANCELED, "%s: %s: the job was cancelled", path, step);
	case -ETIMEDOUT:
		return eb_fail(EB_DEVICE_TIMEOUT, "%s: %s: the device made no progress; see the "
			       "kernel log", path, step);
	default:
		return eb_fail(EB_INTERNAL, "%s: %s: %s", path, step, eb_errno_name(error));
	}
}
