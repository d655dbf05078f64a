// SPDX-License-Identifier: MIT
/* Formats a message and hands it to the application. */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>

void eb_log_say(const struct eb_log *log, enum eb_log_level level, const char *format, ...)
{
	char message[512];
	va_list arguments;

	if (!log->write)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	log->write(log->opaque, level, message);
}
