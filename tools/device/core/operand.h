/* SPDX-License-Identifier: MIT */
/*
 * Operands: what a command reads and writes, where that lies, and the one door to it.
 */
#ifndef EDGEBERT_DEVICE_OPERAND_H
#define EDGEBERT_DEVICE_OPERAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eb_job;
struct eb_operation;

/* A rectangle of memory named by a command: rows of row_bytes, stride apart. */
struct eb_extent {
	uint32_t operand;
	uint32_t rows;
	uint32_t row_bytes;
	uint32_t stride;
	uint32_t alignment;
	bool written;
	/* Bytes that really move: differs from the rectangle for tables and packed operands. */
	uint64_t moved_bytes;
};

#define EB_EXTENTS_MAX 4

/*
 * Everything an operation touches.  packed_bytes: size of the whole packed operand, where
 * there is one; 0 when not known yet (only its offset table then counts).
 */
size_t eb_operation_extents(const struct eb_operation *operation, uint32_t packed_bytes,
			    struct eb_extent extents[EB_EXTENTS_MAX]);

/* Segment, permission, alignment and bounds of an extent; sets the fault address. */
int eb_extent_check(struct eb_job *job, const struct eb_extent *extent);

bool eb_operand_is_host(uint32_t operand);

/*
 * Reads and writes of checked operands (eb_extent_check covered the range).  The result
 * of eb_operand_view is valid until the next view of the same job with the same use, or
 * the next write; NULL means the status was stored.
 */
int eb_operand_read(struct eb_job *job, uint32_t operand, void *destination, size_t size);
int eb_operand_write(struct eb_job *job, uint32_t operand, const void *source, size_t size);
const void *eb_operand_view(struct eb_job *job, uint32_t operand, size_t size, int *status);

/* The same, valid until the job's next write: what cannot be read in place goes to copy. */
const void *eb_operand_lasting_view(struct eb_job *job, uint32_t operand, size_t size, void *copy,
				    int *status);

/*
 * Where the first of rows lies, `stride` apart, when all of them can be read in place until the
 * job's next write; NULL: not all can.
 */
const uint8_t *eb_operand_rows_in_place(struct eb_job *job, uint32_t operand, size_t rows,
					size_t row_bytes, uint32_t stride);

/* One row of AF8 or Q6.10 elements as Q6.10 words. */
int eb_operand_read_words(struct eb_job *job, uint32_t operand, uint8_t format, uint8_t bias,
			  size_t count, int16_t *words);
/* Q6.10 values in 32 bits to one row of AF8 or Q6.10 elements; saturates. */
int eb_operand_write_words(struct eb_job *job, uint32_t operand, uint8_t format, uint8_t bias,
			   size_t count, const int32_t *words);

/* Wide numbers are cut to a Q6.10 word symmetrically: -32768 is never stored. */
#define EB_WORD_MAX 32767
static inline int16_t eb_saturate_word(int32_t value)
{
	value = value > EB_WORD_MAX ? EB_WORD_MAX : value;
	return (int16_t)(value < -EB_WORD_MAX ? -EB_WORD_MAX : value);
}

#endif /* EDGEBERT_DEVICE_OPERAND_H */
