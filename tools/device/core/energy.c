// SPDX-License-Identifier: MIT
/*
 * Modelled time and energy.  Every quantity is floored once, when it is added.
 */
#include "tools/device/core/energy.h"

#include <string.h>

#define TILE_MULTIPLICATIONS (16 * 16 * 16)
/* What the decoders read for a tile: 2 x 16 vectors of 16 bytes and a 2-byte mask. */
#define TILE_BUFFER_BYTES (2 * 16 * (16 + 2))

static uint64_t scale(uint64_t value, uint64_t factor, uint64_t divisor)
{
	return (uint64_t)((unsigned __int128)value * factor / divisor);
}

void eb_account_begin(struct eb_account *account, const struct eb_profile *profile)
{
	memset(account, 0, sizeof(*account));
	account->profile = profile;
}

static uint32_t millivolt(const struct eb_account *account)
{
	return account->profile->points[account->point].millivolt;
}

/* Dynamic energy given at 1.0 V, at the present voltage. */
static void add_dynamic(struct eb_account *account, enum edgebert_hw_block block,
			uint64_t femtojoule)
{
	uint64_t squared = (uint64_t)millivolt(account) * millivolt(account);

	account->femtojoule[block] += scale(femtojoule, squared, 1000000);
}

/* Time passes; one microwatt for one nanosecond is one femtojoule. */
static void add_time(struct eb_account *account, uint64_t picoseconds)
{
	uint64_t at_one_volt = scale(picoseconds, account->profile->leakage_microwatt, 1000);

	account->picoseconds += picoseconds;
	account->femtojoule[EDGEBERT_HW_BLOCK_LEAKAGE] +=
		scale(at_one_volt, millivolt(account), 1000);
}

static void add_cycles(struct eb_account *account, uint64_t cycles)
{
	account->cycles += cycles;
	add_time(account, scale(cycles, 1000000000, account->profile->points[account->point].khz));
}

/*
 * The supply's capacitance is charged or discharged: C * |V1^2 - V2^2| / 2, where one
 * nanofarad times one square millivolt is one femtojoule.  Leakage meanwhile is that of
 * the higher voltage.
 */
void eb_account_move(struct eb_account *account, unsigned int point)
{
	const struct eb_profile *profile = account->profile;
	uint64_t from = millivolt(account), to = profile->points[point].millivolt;
	uint64_t low = from < to ? from : to, high = from < to ? to : from;
	unsigned int higher = from < to ? point : account->point;

	if (point == account->point)
		return;
	account->transitions++;
	account->femtojoule[EDGEBERT_HW_BLOCK_DVFS] +=
		profile->supply_nanofarad * (high * high - low * low) / 2;
	account->point = higher;
	add_time(account, profile->transition_picoseconds +
			  profile->transition_picoseconds_per_millivolt * (high - low));
	account->point = point;
}

void eb_account_add(struct eb_account *account, const struct eb_work *work)
{
	const struct eb_profile *profile = account->profile;
	uint64_t clock = work->block == EDGEBERT_HW_BLOCK_MATRIX ? profile->clock_femtojoule :
								   profile->other_clock_femtojoule;

	add_cycles(account, work->cycles);
	add_dynamic(account, work->block, work->cycles * clock);
	add_dynamic(account, EDGEBERT_HW_BLOCK_MATRIX,
		    work->multiplications * profile->multiply_femtojoule +
		    work->outputs * profile->output_femtojoule);
	add_dynamic(account, EDGEBERT_HW_BLOCK_SPECIAL,
		    work->special_vectors * profile->special_vector_femtojoule);
	add_dynamic(account, EDGEBERT_HW_BLOCK_BUFFERS,
		    work->buffer_bytes * profile->buffer_byte_femtojoule);
	add_dynamic(account, EDGEBERT_HW_BLOCK_DMA, work->dma_bytes * profile->dma_byte_femtojoule);
	add_dynamic(account, EDGEBERT_HW_BLOCK_ENVM,
		    work->envm_bytes * profile->envm_byte_femtojoule);
}

/* Dynamic energy at 1.0 V of a cycle of dense compute, times the cycles of a tile. */
static uint64_t dense_tile_femtojoule(const struct eb_profile *profile)
{
	return (uint64_t)TILE_MULTIPLICATIONS * profile->multiply_femtojoule +
	       (uint64_t)TILE_BUFFER_BYTES * profile->buffer_byte_femtojoule +
	       (uint64_t)profile->tile_cycles * profile->clock_femtojoule;
}

uint32_t eb_profile_dense_microwatt(const struct eb_profile *profile, unsigned int point)
{
	uint64_t volt = profile->points[point].millivolt;
	uint64_t per_second = scale(dense_tile_femtojoule(profile), profile->points[point].khz,
				    (uint64_t)profile->tile_cycles * 1000000);

	return (uint32_t)(scale(per_second, volt * volt, 1000000) +
			  profile->leakage_microwatt * volt / 1000);
}

void eb_account_add_average(struct eb_account *account, uint64_t cycles)
{
	const struct eb_profile *profile = account->profile;
	uint64_t dense = scale(dense_tile_femtojoule(profile), cycles, profile->tile_cycles);

	add_cycles(account, cycles);
	add_dynamic(account, EDGEBERT_HW_BLOCK_MATRIX,
		    scale(dense, profile->average_activity_percent, 100));
}

uint64_t eb_account_total_femtojoule(const struct eb_account *account)
{
	uint64_t total = 0;

	for (int block = 0; block < EDGEBERT_HW_BLOCK_COUNT; block++)
		total += account->femtojoule[block];
	return total;
}
