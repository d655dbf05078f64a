// SPDX-License-Identifier: GPL-2.0-only
/*
 * What users may take and may know: limits of memory, and how finely energy and power are told.
 */
#include <linux/sizes.h>

#include "../edgebert_hwmon.h"
#include "../edgebert_memory.h"
#include "../edgebert_ring.h"
#include "edgebert_kunit.h"

static void edgebert_limits_parameter(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, edgebert_memory_limit_of(-1, SZ_2G), SZ_1G);
	KUNIT_EXPECT_EQ(test, edgebert_memory_limit_of(INT_MIN, SZ_2G), SZ_1G);
	KUNIT_EXPECT_EQ(test, edgebert_memory_limit_of(0, SZ_2G), 0);
	KUNIT_EXPECT_EQ(test, edgebert_memory_limit_of(1, SZ_2G), SZ_1M);
	KUNIT_EXPECT_EQ(test, edgebert_memory_limit_of(INT_MAX, SZ_2G), (u64)INT_MAX << 20);
}

static void edgebert_limits_charge(struct kunit *test)
{
	struct edgebert_memory memory = { };

	KUNIT_EXPECT_EQ(test, edgebert_memory_charge_within(&memory, SZ_64K, SZ_128K), 0);
	KUNIT_EXPECT_EQ(test, edgebert_memory_charge_within(&memory, SZ_64K, SZ_128K), 0);
	/* Full; what is refused is not charged. */
	KUNIT_EXPECT_EQ(test, edgebert_memory_charge_within(&memory, 1, SZ_128K), -EDQUOT);
	KUNIT_EXPECT_EQ(test, edgebert_memory_charge_within(&memory, S64_MAX, SZ_128K), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&memory.bytes), SZ_128K);
	edgebert_memory_uncharge(&memory, SZ_64K);
	KUNIT_EXPECT_EQ(test, edgebert_memory_charge_within(&memory, SZ_64K, SZ_128K), 0);
	/* A limit that was lowered below what is taken. */
	KUNIT_EXPECT_EQ(test, edgebert_memory_charge_within(&memory, 0, SZ_64K), -EDQUOT);
	/* None. */
	KUNIT_EXPECT_EQ(test, edgebert_memory_charge_within(&memory, SZ_1G, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&memory.bytes), SZ_1G + SZ_128K);
}

#if IS_ENABLED(CONFIG_HWMON)
static void edgebert_limits_energy(struct kunit *test)
{
	struct edgebert_stats stats = { .energy_pj = 999999 };

	KUNIT_EXPECT_EQ(test, edgebert_hwmon_energy_uj(&stats), 0);
	stats.energy_pj = 1000000;
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_energy_uj(&stats), 1);
	stats.energy_pj = 1999999;
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_energy_uj(&stats), 1);
	stats.energy_pj = U64_MAX;
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_energy_uj(&stats), U64_MAX / 1000000);
}

static void edgebert_limits_power(struct kunit *test)
{
	/* No time, no power, whatever the energy. */
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_power_uw(0, 0), 0);
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_power_uw(5, 0), 0);
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_power_uw(0, 5), 0);
	/* 1 uJ in 1 us is 1 W; below a milliwatt nothing is told. */
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_power_uw(1, 1), 1000000);
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_power_uw(1, 1000), 1000);
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_power_uw(1, 1001), 0);
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_power_uw(1999, 1000000), 1000);
	/* As much as the counter of picojoules can hold. */
	KUNIT_EXPECT_EQ(test, edgebert_hwmon_power_uw(U64_MAX / 1000000, U32_MAX),
			U64_MAX / 1000000 * 1000 / U32_MAX * 1000);
}
#endif

static struct kunit_case edgebert_limits_cases[] = {
	KUNIT_CASE(edgebert_limits_parameter),
	KUNIT_CASE(edgebert_limits_charge),
#if IS_ENABLED(CONFIG_HWMON)
	KUNIT_CASE(edgebert_limits_energy),
	KUNIT_CASE(edgebert_limits_power),
#endif
	{ }
};

struct kunit_suite edgebert_limits_suite = {
	.name = "edgebert_limits",
	.test_cases = edgebert_limits_cases,
};
