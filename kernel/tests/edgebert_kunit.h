/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The KUnit suites of the driver's pure logic.
 */
#ifndef EDGEBERT_KUNIT_H
#define EDGEBERT_KUNIT_H

#include <kunit/test.h>

extern struct kunit_suite edgebert_counters_suite;
extern struct kunit_suite edgebert_envm_header_suite;
extern struct kunit_suite edgebert_limits_suite;
extern struct kunit_suite edgebert_mmu_suite;
extern struct kunit_suite edgebert_points_suite;
extern struct kunit_suite edgebert_results_suite;
extern struct kunit_suite edgebert_ring_suite;

#endif /* EDGEBERT_KUNIT_H */
