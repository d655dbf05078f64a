/* SPDX-License-Identifier: MIT */
/* Splitting work over two threads. */
#ifndef EDGEBERT_MODEL_WORKERS_H
#define EDGEBERT_MODEL_WORKERS_H

#include <edgebert/edgebert.h>

/*
 * Work is always split in two, whatever the machine: sums over a part are made in the
 * part's order and parts are added in theirs, so results do not depend on the machine.
 */
#define EB_WORKERS 2

/*
 * Calls work(opaque, worker) for workers 0 and 1, at the same time where threads can be
 * made; returns the first failure, with its detail.
 */
enum eb_status eb_compile_workers_run(enum eb_status (*work)(void *opaque, unsigned int worker),
				      void *opaque) EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_WORKERS_H */
