// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module edgebert_kunit: tests of the driver's pure logic, run when it is loaded.
 */
#include <linux/module.h>

#include "../edgebert_compat.h"
#include "edgebert_kunit.h"

kunit_test_suites(&edgebert_counters_suite, &edgebert_envm_header_suite, &edgebert_limits_suite,
		  &edgebert_mmu_suite, &edgebert_points_suite, &edgebert_results_suite,
		  &edgebert_ring_suite);

MODULE_DESCRIPTION("KUnit tests of the EdgeBERT driver");
MODULE_LICENSE("GPL");
EDGEBERT_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
