/* SPDX-License-Identifier: MIT */
/*
 * Cells of the eNVM: how a word's bits lie in them, how they err, what a power cut leaves.
 *
 * A single-level cell holds one bit, a multi-level cell two, Gray coded, so that a cell
 * that is off by one level is one wrong bit.  Level 0 is erased (all ones); programming
 * raises levels, erasing brings them back.  Everything random is a function of a seed.
 */
#ifndef EDGEBERT_DEVICE_ENVM_CELLS_H
#define EDGEBERT_DEVICE_ENVM_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/device/core/envm_ecc.h"

enum eb_cell_mode {
	EB_CELL_SINGLE,
	EB_CELL_MULTI,
	EB_CELL_MODES,
};

/* The numbers of profiles/envm.def, each for both modes. */
struct eb_cell_parameters {
#define PARAMETER(name, single, multi, unit, source) uint32_t name[EB_CELL_MODES];
#include "tools/device/core/profiles/envm.def"
#undef PARAMETER
};
extern const struct eb_cell_parameters eb_cell_parameters;

/* A word as it is stored. */
struct eb_cell_word {
	uint64_t data;
	uint8_t check;
};

static inline struct eb_cell_word eb_cell_word_encode(uint64_t data)
{
	return (struct eb_cell_word){ data, eb_ecc_check_bits(data) };
}

static inline unsigned int eb_cells_per_word(enum eb_cell_mode mode)
{
	return mode == EB_CELL_SINGLE ? EB_ECC_BITS : EB_ECC_BITS / 2;
}

unsigned int eb_cell_level(const struct eb_cell_word *word, enum eb_cell_mode mode,
			   unsigned int cell);
void eb_cell_set_level(struct eb_cell_word *word, enum eb_cell_mode mode, unsigned int cell,
		       unsigned int level);

/* Mixes numbers that name an event into 64 random bits. */
uint64_t eb_cell_random(uint64_t seed, uint64_t place, uint64_t event);

/* Every cell stops somewhere on its way from erased to `target`. */
struct eb_cell_word eb_cells_between(const struct eb_cell_word *target, enum eb_cell_mode mode,
				     uint64_t random);

/*
 * Moves one cell by a level with the probability cells * rate / scale, then perhaps another.
 * Noise goes up or down, drift only down (towards erased).
 */
enum eb_cell_disturbance {
	EB_CELL_NOISE,
	EB_CELL_DRIFT,
};
void eb_cells_disturb(struct eb_cell_word *word, enum eb_cell_mode mode,
		      enum eb_cell_disturbance kind, uint64_t rate, uint64_t scale,
		      uint64_t random);

#endif /* EDGEBERT_DEVICE_ENVM_CELLS_H */
