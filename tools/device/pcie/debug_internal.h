/* SPDX-License-Identifier: MIT */
/*
 * What the files of the debug interface share: a command's words and its answer.
 */
#ifndef EDGEBERT_DEVICE_PCIE_DEBUG_INTERNAL_H
#define EDGEBERT_DEVICE_PCIE_DEBUG_INTERNAL_H

#include <stdio.h>

#include "tools/device/pcie/internal.h"

#define EB_DEBUG_WORDS_MAX	16

struct eb_debug_call {
	struct eb_device *device;
	FILE *answer;
	unsigned int count;		/* words behind the command's name */
	char *words[EB_DEBUG_WORDS_MAX];
	bool failed;			/* the error was told */
};

/* A command's function writes "- ..." lines at most; "ok" follows unless it fails. */
typedef void eb_debug_run(struct eb_debug_call *call);

/* Ends the command with "error: ...": what, why, what to do. */
__attribute__((format(printf, 2, 3)))
void eb_debug_fail(struct eb_debug_call *call, const char *format, ...);

/*
 * The value of a word KEY=VALUE, or NULL.  A word that was asked for is taken; the caller
 * ends with eb_debug_done(), which complains about those that are left.
 */
char *eb_debug_value(struct eb_debug_call *call, const char *key);
/* The same as a number in a range; the default when it is not there; fails outside. */
uint64_t eb_debug_number(struct eb_debug_call *call, const char *key, uint64_t least,
			 uint64_t most, uint64_t otherwise);
/* Whether the word is there; taken. */
bool eb_debug_flag(struct eb_debug_call *call, const char *word);
/* The first word that is left, taken, or NULL. */
char *eb_debug_next(struct eb_debug_call *call);
bool eb_debug_has_words(const struct eb_debug_call *call);
/* False: words are left, or something failed before. */
bool eb_debug_done(struct eb_debug_call *call);
bool eb_debug_parse(const char *text, uint64_t least, uint64_t most, uint64_t *ret_value);

/* All of these run with the device lock held.  debug_faults.c */
eb_debug_run eb_debug_hang_job, eb_debug_delay, eb_debug_mmu, eb_debug_fatal,
	eb_debug_link_down, eb_debug_link_up, eb_debug_dead, eb_debug_alive, eb_debug_corrupt,
	eb_debug_lose_record, eb_debug_repeat_record, eb_debug_drop_interrupt,
	eb_debug_repeat_interrupt, eb_debug_raise_interrupt, eb_debug_ignore_doorbell,
	eb_debug_ignore_abort, eb_debug_stuck_update, eb_debug_stuck_reset,
	eb_debug_hang_envm, eb_debug_override, eb_debug_points, eb_debug_point_table,
	eb_debug_status, eb_debug_clear;

/* debug_envm.c */
eb_debug_run eb_debug_envm_flip, eb_debug_envm_spoil, eb_debug_envm_age,
	eb_debug_envm_cut_power, eb_debug_envm_power_on;

/* debug_thermal.c */
eb_debug_run eb_debug_ambient, eb_debug_temperature;

/* debug_state.c */
eb_debug_run eb_debug_state;

#endif /* EDGEBERT_DEVICE_PCIE_DEBUG_INTERNAL_H */
