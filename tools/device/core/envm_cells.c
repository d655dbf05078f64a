// SPDX-License-Identifier: MIT
/*
 * Cells of the eNVM: levels, disturbances and the state that a power cut leaves.
 */
#include "tools/device/core/envm_cells.h"

const struct eb_cell_parameters eb_cell_parameters = {
#define PARAMETER(name, single, multi, unit, source) .name = { single, multi },
#include "tools/device/core/profiles/envm.def"
#undef PARAMETER
};

#define DISTURBED_CELLS_MAX 4

static unsigned int top_level(enum eb_cell_mode mode)
{
	return mode == EB_CELL_SINGLE ? 1 : 3;
}

static unsigned int get_bits(const struct eb_cell_word *word, unsigned int at, unsigned int mask)
{
	if (at < EB_ECC_DATA_BITS)
		return (unsigned int)(word->data >> at) & mask;
	return (unsigned int)word->check >> (at - EB_ECC_DATA_BITS) & mask;
}

static void set_bits(struct eb_cell_word *word, unsigned int at, unsigned int mask,
		     unsigned int bits)
{
	if (at < EB_ECC_DATA_BITS) {
		word->data &= ~((uint64_t)mask << at);
		word->data |= (uint64_t)bits << at;
	} else {
		at -= EB_ECC_DATA_BITS;
		word->check &= (uint8_t)~(mask << at);
		word->check |= (uint8_t)(bits << at);
	}
}

unsigned int eb_cell_level(const struct eb_cell_word *word, enum eb_cell_mode mode,
			   unsigned int cell)
{
	/* Of the bits 00, 01, 10, 11: neighbouring levels differ in one bit. */
	static const unsigned int levels[4] = { 2, 3, 1, 0 };

	if (mode == EB_CELL_SINGLE)
		return !get_bits(word, cell, 1);
	return levels[get_bits(word, 2 * cell, 3)];
}

void eb_cell_set_level(struct eb_cell_word *word, enum eb_cell_mode mode, unsigned int cell,
		       unsigned int level)
{
	static const unsigned int bits[4] = { 3, 2, 0, 1 };

	if (mode == EB_CELL_SINGLE)
		set_bits(word, cell, 1, !level);
	else
		set_bits(word, 2 * cell, 3, bits[level]);
}

static uint64_t mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15ull;
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return value ^ value >> 31;
}

uint64_t eb_cell_random(uint64_t seed, uint64_t place, uint64_t event)
{
	return mix(mix(mix(seed) ^ place) ^ event);
}

struct eb_cell_word eb_cells_between(const struct eb_cell_word *target, enum eb_cell_mode mode,
				     uint64_t random)
{
	struct eb_cell_word word = *target;

	for (unsigned int cell = 0; cell < eb_cells_per_word(mode); cell++) {
		unsigned int level = eb_cell_level(target, mode, cell);

		eb_cell_set_level(&word, mode, cell, (unsigned int)(mix(random + cell) %
								    (level + 1)));
	}
	return word;
}

static void disturb_cell(struct eb_cell_word *word, enum eb_cell_mode mode,
			 enum eb_cell_disturbance kind, uint64_t random)
{
	unsigned int cell = (unsigned int)(random % eb_cells_per_word(mode));
	unsigned int level = eb_cell_level(word, mode, cell);
	bool up = kind == EB_CELL_NOISE && level < top_level(mode) &&
		  (level == 0 || random >> 63);

	if (up)
		eb_cell_set_level(word, mode, cell, level + 1);
	else if (level > 0)
		eb_cell_set_level(word, mode, cell, level - 1);
}

void eb_cells_disturb(struct eb_cell_word *word, enum eb_cell_mode mode,
		      enum eb_cell_disturbance kind, uint64_t rate, uint64_t scale,
		      uint64_t random)
{
	/* A word errs at all with about the sum of its cells' probabilities. */
	uint64_t chance = rate > scale ? scale : rate * eb_cells_per_word(mode);

	for (unsigned int i = 0; i < DISTURBED_CELLS_MAX; i++) {
		random = mix(random);
		if (random % scale >= chance)
			return;
		random = mix(random);
		disturb_cell(word, mode, kind, random);
	}
}
