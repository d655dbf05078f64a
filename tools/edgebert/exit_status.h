/* SPDX-License-Identifier: MIT */
/*
 * Exit statuses of the tool: a failure that the library reports keeps its number
 * (EB_STATUS_LIST of <edgebert/edgebert.h>), the tool's own begin at 64.
 */
#ifndef EDGEBERT_TOOL_EXIT_STATUS_H
#define EDGEBERT_TOOL_EXIT_STATUS_H

/* TOOL_STATUS(name, value, text, remedy) */
#define TOOL_STATUS_LIST(TOOL_STATUS) \
	TOOL_STATUS(USAGE, 64, "the command line is not understood", \
		    "see the --help of the command") \
	TOOL_STATUS(LINES_REFUSED, 65, "some input lines were refused, the others answered", \
		    "correct the lines named on standard error") \
	TOOL_STATUS(INPUT, 66, "an input file can not be used", \
		    "check its path, permissions and contents") \
	TOOL_STATUS(NOT_REACHED, 67, "no setting reaches what was asked for", \
		    "ask for less or take another policy") \
	TOOL_STATUS(OUTPUT, 74, "the output can not be written", \
		    "check where it goes: folder, disk space, or whoever should read it")

enum tool_status {
#define TOOL_STATUS_ENUM(name, value, text, remedy) EXIT_##name = value,
	TOOL_STATUS_LIST(TOOL_STATUS_ENUM)
#undef TOOL_STATUS_ENUM
};

#endif /* EDGEBERT_TOOL_EXIT_STATUS_H */
