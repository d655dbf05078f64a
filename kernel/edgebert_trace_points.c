// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the tracepoints of edgebert_trace.h are made.
 */
#ifndef __CHECKER__
#define CREATE_TRACE_POINTS
#include "edgebert_trace.h"
#endif
