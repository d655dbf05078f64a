/* SPDX-License-Identifier: MIT */
/*
 * A device core with 8 MiB of host memory for tests: segments 0..6 are 1 MiB each, the
 * command stream lies behind them, segment 7 is not mapped.
 */
#ifndef EDGEBERT_TEST_CORE_FIXTURE_H
#define EDGEBERT_TEST_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/device/core/core.h"

#define SEGMENT_BYTES 0x100000u
#define UNMAPPED_SEGMENT 7
#define COMMANDS_MAX 1024

/* Operand addresses: `at` bytes into a segment. */
#define IN(at) EDGEBERT_HW_OPERAND(0, at)
#define WEIGHTS(at) EDGEBERT_HW_OPERAND(1, at)
#define PARAMETERS(at) EDGEBERT_HW_OPERAND(2, at)
#define OUT(at) EDGEBERT_HW_OPERAND(3, at)
#define UNMAPPED(at) EDGEBERT_HW_OPERAND(UNMAPPED_SEGMENT, at)

struct device {
	struct eb_core *core;
	uint8_t *memory;
	struct edgebert_hw_job job;
	struct eb_core_memory callbacks;
	struct edgebert_hw_completion completion;
	struct edgebert_hw_command *commands;	/* in memory */
	uint32_t read_only_start, read_only_end;	/* virtual addresses */
	uint64_t reads;
};

/* cmocka group fixtures: *state is a fresh struct device of the default profile. */
int device_setup(void **state);
int device_teardown(void **state);
struct device *device_new(const char *profile);
void device_free(struct device *device);

/* Host memory behind an operand of segments 0..6, or an on-chip one that a test copies. */
uint8_t *at(struct device *device, uint32_t operand);

struct edgebert_hw_command command(uint8_t opcode, uint16_t flags);
/* Empties the stream. */
void device_begin(struct device *device);
void device_add(struct device *device, const struct edgebert_hw_command *command);
/* Adds END and runs the stream; returns the status. */
int device_run(struct device *device);
/* Runs one command and END after device_begin. */
int device_run_one(struct device *device, const struct edgebert_hw_command *command);

/* Deterministic random numbers. */
struct random {
	uint64_t state;
};
uint32_t random_next(struct random *random);
uint32_t random_below(struct random *random, uint32_t limit);
/* Codes of any sign with exponents 0..exponent_max, zero with a probability in percent. */
void random_codes(struct random *random, uint8_t *codes, size_t count, unsigned int exponent_max,
		  unsigned int zero_percent);

/* Independent statements of the number format, slow and plain. */
double reference_value(uint8_t code, unsigned int bias);
uint8_t reference_encode(double value, unsigned int bias);

#define assert_ok(device) assert_int_equal((device)->completion.status, EDGEBERT_HW_OK)

#endif /* EDGEBERT_TEST_CORE_FIXTURE_H */
