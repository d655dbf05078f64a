/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share: taking an input apart, checking, and seeds.
 *
 * A target is one file with LLVMFuzzerTestOneInput and fuzz_write_seeds.  Inputs are read
 * from the front; where one ends early the rest is zero, so that every input means something.
 */
#ifndef EDGEBERT_TESTS_FUZZ_H
#define EDGEBERT_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the process: libFuzzer keeps the input as a finding. */
#define FUZZ_CHECK(condition) \
	do { \
		if (!(condition)) \
			fuzz_failed(__FILE__, __LINE__, #condition); \
	} while (0)

__attribute__((noreturn))
void fuzz_failed(const char *file, int line, const char *condition);

struct fuzz_input {
	const uint8_t *next;
	size_t left;
};

struct fuzz_input fuzz_input(const uint8_t *data, size_t size);
void fuzz_take(struct fuzz_input *input, void *destination, size_t size);
uint8_t fuzz_u8(struct fuzz_input *input);
uint16_t fuzz_u16(struct fuzz_input *input);
uint32_t fuzz_u32(struct fuzz_input *input);
uint64_t fuzz_u64(struct fuzz_input *input);

/* A seed in the making: what fuzz_take will find, in the same order. */
struct fuzz_seed {
	uint8_t bytes[65536];
	size_t size;
};

void fuzz_put(struct fuzz_seed *seed, const void *bytes, size_t size);
void fuzz_put_u8(struct fuzz_seed *seed, uint8_t value);
void fuzz_put_u16(struct fuzz_seed *seed, uint16_t value);
void fuzz_put_u32(struct fuzz_seed *seed, uint32_t value);
void fuzz_put_u64(struct fuzz_seed *seed, uint64_t value);
/* Writes the seed to a file in the directory and empties it. */
void fuzz_save(struct fuzz_seed *seed, const char *directory, const char *name);
void fuzz_save_bytes(const char *directory, const char *name, const void *bytes, size_t size);

/* The target's: */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* One file per seed into the directory, which exists. */
void fuzz_write_seeds(const char *directory);

#endif /* EDGEBERT_TESTS_FUZZ_H */
