/* SPDX-License-Identifier: MIT */
/*
 * Failing with a status and a sentence: what every part of the library (and the
 * model compiler) returns through.
 */
#ifndef EDGEBERT_LIB_STATUS_H
#define EDGEBERT_LIB_STATUS_H

#include <edgebert/edgebert.h>

/*
 * Remembers the sentence for this thread's eb_error_detail() and returns status, so
 * that a check, its code and its reason are one statement:
 *
 *	return eb_fail(EB_MODEL_CORRUPT, "%s: section %u ends at %llu, ...", ...);
 *
 * The arguments may include eb_error_detail() itself, to put more words around it.
 */
enum eb_status eb_fail(enum eb_status status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Symbolic name of an errno value ("ENODEV"), positive or negative; never NULL. */
const char *eb_errno_name(int error);

#endif /* EDGEBERT_LIB_STATUS_H */
