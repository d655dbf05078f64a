/* SPDX-License-Identifier: MIT */
/* Messages to whoever opened the device; there is no other place they could go. */
#ifndef EDGEBERT_LIB_LOG_H
#define EDGEBERT_LIB_LOG_H

#include <edgebert/edgebert.h>

struct eb_log {
	void (*write)(void *opaque, enum eb_log_level level, const char *message);
	void *opaque;
};

/* Says it when somebody listens; allocates nothing and leaves eb_error_detail() alone. */
void eb_log_say(const struct eb_log *log, enum eb_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* EDGEBERT_LIB_LOG_H */
