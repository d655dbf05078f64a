// SPDX-License-Identifier: MIT
/* Progress bar: redrawn in place, at most once for each percent. */
#include "tools/edgebert/progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAR_COLUMNS 30
#define CLEAR_LINE "\r\033[K"

static struct {
	char what[80];
	uint64_t percent;
	bool drawn;
} bar;

static bool is_terminal(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

void progress_show(const char *what, uint64_t done, uint64_t total)
{
	static const char full[] = "##############################";
	uint64_t percent = total ? 100 * done / total : 0;
	int filled = (int)(BAR_COLUMNS * percent / 100);

	if (total == 0 || (bar.drawn && bar.percent == percent && strcmp(bar.what, what) == 0))
		return;
	if (!is_terminal())
		return;
	snprintf(bar.what, sizeof(bar.what), "%s", what);
	bar.percent = percent;
	bar.drawn = true;
	fprintf(stderr, CLEAR_LINE "[%-*.*s] %3" PRIu64 "%%  %s", BAR_COLUMNS, filled, full,
		percent, bar.what);
	fflush(stderr);
}

void progress_end(void)
{
	if (bar.drawn)
		fputs(CLEAR_LINE, stderr);
	bar.drawn = false;
}
