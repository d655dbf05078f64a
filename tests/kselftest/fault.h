/* SPDX-License-Identifier: MIT */
/*
 * Faults inside the kernel, one at a time: the nth allocation or copy of a system call fails.
 */
#ifndef EDGEBERT_KSELFTEST_FAULT_H
#define EDGEBERT_KSELFTEST_FAULT_H

#include <stdbool.h>

/* Why this kernel cannot, or NULL; prepares it otherwise.  Needs root. */
const char *fault_prepare(void);

/*
 * From now on only what is asked for below a module or a function of the kernel can fail, and
 * nothing that is below the function not_in (NULL: none).  False: the kernel does not tell where
 * they are, or has no such filter.
 */
bool fault_only_in(const char *name, const char *not_in);

/* The nth chance of this thread to fail will. */
void fault_arm(unsigned int nth);
/* True when there have been so many chances, and so one has failed. */
bool fault_disarm(void);

/*
 * So many of a hundred allocations below a module or function fail, for whoever makes them: also
 * for other programs and the kernel's workers.  0 ends that.  False: as above.
 */
bool fault_everywhere(const char *name, unsigned int percent);

/* What a call may say when memory or a copy was refused. */
bool fault_is_clean(int error);

#endif /* EDGEBERT_KSELFTEST_FAULT_H */
