// SPDX-License-Identifier: MIT
/*
 * The plain C kernels, and the choice among all sets.
 */
#include "tools/device/core/kernels.h"

#include <string.h>

#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/bitmask.h"
#include "tools/device/core/job.h"
#include "tools/device/core/kernels_x86.h"
#include "tools/device/core/row.h"

static bool always(void)
{
	return true;
}

static void decode_rows(const struct eb_matmul_codes *codes, int16_t *values, uint8_t *nonzero,
			int32_t *pairs)
{
	for (size_t r = 0; r < codes->count; r++, values += codes->depth) {
		eb_adaptivfloat_mantissa_row(codes->rows[r] + codes->first, codes->depth, values);
		for (size_t d = 0; d < codes->depth; d++)
			nonzero[d] += values[d] != 0;
		pairs[r] = 0;
	}
}

static void pack_rows(const int16_t *rows, size_t depth, size_t group, size_t groups,
		      int16_t *input)
{
	const size_t elements = EB_MATMUL_ROWS * depth;

	(void)groups;
	memcpy(input + group * elements, rows, elements * sizeof(*rows));
}

/* The whole depth at once, so these sums are never added to. */
static void sum(const struct eb_matmul_block *block, int32_t *sums)
{
	size_t whole = block->groups * EB_MATMUL_ROWS;

	for (size_t column = 0; column < block->columns; column += EB_MATMUL_COLUMNS) {
		eb_matmul_kernel_generic(block->packed, block->rows,
					 block->weights + column * block->depth, block->depth,
					 sums);
		memset(sums + block->rows * EB_MATMUL_COLUMNS, 0,
		       (whole - block->rows) * EB_MATMUL_COLUMNS * sizeof(*sums));
		sums += whole * EB_MATMUL_COLUMNS;
	}
}

static void finish_tile(const struct eb_matmul_finish *finish, int32_t *sums,
			const int32_t *bias, bool transposed, void *elements, size_t stride)
{
	const size_t size = eb_element_bytes(finish->output_format);
	uint8_t row[EB_MATMUL_COLUMNS * 2] __attribute__((aligned(4)));
	uint8_t *bytes = elements;

	for (size_t r = 0; r < EB_MATMUL_ROWS; r++) {
		eb_matmul_finish_row(finish, sums + r * EB_MATMUL_COLUMNS, bias, row);
		if (!transposed) {
			memcpy(bytes + r * stride, row, sizeof(row) / 2 * size);
			continue;
		}
		for (size_t c = 0; c < EB_MATMUL_COLUMNS; c++)
			memcpy(bytes + c * stride + r * size, row + c * size, size);
	}
}

static const struct eb_kernels generic = {
	.name = "generic",
	.supported = always,
	.depth_step = EDGEBERT_HW_DEPTH_MAX,
	.decode_rows = decode_rows,
	.unpack_block = eb_bitmask_unpack_block,
	.pack_rows = pack_rows,
	.sum = sum,
	.finish = finish_tile,
	.adaptivfloat_encode_row = eb_adaptivfloat_encode_row,
	.adaptivfloat_decode_row = eb_adaptivfloat_decode_row,
	.saturate_row = eb_saturate_row,
	.add_row = eb_add_row,
	.softmax_row = eb_softmax_row,
	.layernorm_row = eb_layernorm_row,
};

#ifdef __x86_64__
bool eb_cpu_has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

bool eb_cpu_has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vnni");
}

bool eb_cpu_has_avx512_vbmi(void)
{
	return eb_cpu_has_avx512() && __builtin_cpu_supports("avx512vbmi") &&
	       __builtin_cpu_supports("avx512vbmi2");
}
#endif

const struct eb_kernels *const eb_kernel_sets[] = {
#ifdef __x86_64__
	&eb_kernels_avx512_vbmi,
	&eb_kernels_avx512,
	&eb_kernels_avx2,
#endif
	&generic,
	NULL,
};

const struct eb_kernels *eb_kernels_find(const char *name)
{
	for (size_t i = 0; eb_kernel_sets[i]; i++) {
		const struct eb_kernels *kernels = eb_kernel_sets[i];

		if ((!name || strcmp(name, kernels->name) == 0) && kernels->supported())
			return kernels;
	}
	return NULL;
}
