/* SPDX-License-Identifier: MIT */
/*
 * Device profiles: operating points, cycle costs and energy costs of one device.
 * The numbers, each with its unit and where it comes from, are in profiles/NAME.def.
 * Energies are dynamic, at 1.0 V, and scale with the square of the voltage.
 */
#ifndef EDGEBERT_DEVICE_PROFILE_H
#define EDGEBERT_DEVICE_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "tools/device/core/core.h"

/* Every parameter of a profile, in the order of the .def files. */
#define EB_PROFILE_PARAMETERS(PARAMETER)                                                         \
	/* cycles */                                                                             \
	PARAMETER(tile_cycles)			/* one 16x16x16 tile of MATMUL */                \
	PARAMETER(flush_cycles)			/* once per MATMUL */                            \
	PARAMETER(command_cycles)		/* fetch and decode of any command */            \
	PARAMETER(softmax_vector_cycles)	/* per 16 elements of input, as the next ones */ \
	PARAMETER(layernorm_vector_cycles)                                                       \
	PARAMETER(add_vector_cycles)                                                             \
	PARAMETER(embed_vector_cycles)                                                           \
	PARAMETER(entropy_vector_cycles)                                                         \
	PARAMETER(predict_cycles)		/* per PREDICT */                                \
	PARAMETER(copy_bytes_per_cycle)		/* on-chip to on-chip */                         \
	PARAMETER(dma_bytes_per_cycle)                                                           \
	PARAMETER(dma_overlaps)			/* 1: transfers run while the units compute */   \
	PARAMETER(envm_bytes_per_cycle)                                                          \
	/* dynamic energy in femtojoules at 1.0 V */                                             \
	PARAMETER(multiply_femtojoule)		/* per product of two non-zero operands */       \
	PARAMETER(output_femtojoule)		/* per MATMUL output: bias, activation, code */  \
	PARAMETER(clock_femtojoule)		/* clock and control, per cycle of MATMUL */     \
	PARAMETER(other_clock_femtojoule)	/* per cycle of other commands */                \
	PARAMETER(buffer_byte_femtojoule)	/* on-chip SRAM, read or written */              \
	PARAMETER(special_vector_femtojoule)	/* special function unit, 16 elements */         \
	PARAMETER(dma_byte_femtojoule)                                                           \
	PARAMETER(envm_byte_femtojoule)                                                          \
	/* the rest */                                                                           \
	PARAMETER(leakage_microwatt)		/* at 1.0 V, proportional to the voltage */      \
	PARAMETER(supply_nanofarad)		/* charged or discharged by a transition */      \
	PARAMETER(transition_picoseconds)	/* clock relock, per transition */               \
	PARAMETER(transition_picoseconds_per_millivolt)                                          \
	PARAMETER(average_activity_percent)	/* of dense compute, encoder work at large */

struct eb_profile {
	const char *name;
#define PARAMETER(name) uint32_t name;
	EB_PROFILE_PARAMETERS(PARAMETER)
#undef PARAMETER
	size_t point_count;
	struct {
		uint32_t khz;
		uint32_t millivolt;
	} points[EDGEBERT_HW_OPERATING_POINTS_MAX];
};

/* Where a number of a profile comes from; "assumed" where no source gives it. */
struct eb_profile_origin {
	const char *parameter;
	uint32_t value;
	const char *unit;
	const char *source;
};

/* name NULL: the default.  NULL when there is no such profile. */
const struct eb_profile *eb_profile_find(const char *name);

/* The origins of a profile's parameters and points; *ret_count of them. */
const struct eb_profile_origin *eb_profile_origins(const struct eb_profile *profile,
						   size_t *ret_count);

#endif /* EDGEBERT_DEVICE_PROFILE_H */
