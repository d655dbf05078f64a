/* SPDX-License-Identifier: MIT */
/*
 * The debug interface: one line of text in, lines of text out.  For tests, people and
 * scripts beside the device; a host never sees it.  The commands are in
 * Documentation/hardware/faults-on-demand.md and in the answer to "help".
 */
#ifndef EDGEBERT_DEVICE_PCIE_DEBUG_H
#define EDGEBERT_DEVICE_PCIE_DEBUG_H

struct eb_device;

/* A longer line is not a command. */
#define EB_DEBUG_LINE_BYTES	512

/*
 * Carries out a command from any thread.  Returns the answer, to be freed: lines that begin
 * with "- ", then one that is "ok", "ok ..." or "error: ...".  NULL: no memory.
 */
char *eb_debug_command(struct eb_device *device, const char *line);

#endif /* EDGEBERT_DEVICE_PCIE_DEBUG_H */
