/* SPDX-License-Identifier: MIT */
/* A progress bar on standard error, only where that is a terminal. */
#ifndef EDGEBERT_TOOL_PROGRESS_H
#define EDGEBERT_TOOL_PROGRESS_H

#include <stdint.h>

/* Draws the bar when it changed; total 0: no bar. */
void progress_show(const char *what, uint64_t done, uint64_t total);
/* Removes the bar, so that messages begin on a clean line. */
void progress_end(void);

#endif /* EDGEBERT_TOOL_PROGRESS_H */
