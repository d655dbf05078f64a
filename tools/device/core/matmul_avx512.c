// SPDX-License-Identifier: MIT
/*
 * The matrix unit with AVX-512 VNNI.
 *
 * Lanes are input rows and weights are broadcast, so that weights stay as they are decoded.
 * Winograd's identity halves the dot products, for additions that some processors do beside:
 *
 *   a0*w0 + a1*w1 = (a0 + w1) * (a1 + w0) - a0*a1 - w0*w1
 *
 * Decoded codes have 13 bits, so the sums in brackets fit in 16; everything else is modulo
 * 2^32, where the identity is exact.  The last two terms depend on the input row or the
 * weight row alone: decode_rows forms them.
 */
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/avx512.h"
#include "tools/device/core/bitmask.h"
#include "tools/device/core/codes_avx512.h"
#include "tools/device/core/finish_avx512.h"
#include "tools/device/core/kernels_x86.h"
#include "tools/device/core/rows_avx512.h"
#include "tools/device/core/sums_avx512.h"

#define PAIR_ELEMENTS 32		/* int16 per vector */
/* Elements of depth at a time: 32 rows of them stay in the first cache. */
#define DEPTH_STEP (4 * EB_SUM_LONG_BLOCK)

/* ---- Packing ------------------------------------------------------------------------- */

/* 16 x 16 numbers of 32 bits: rows to columns. */
static inline void transpose(__m512i *v)
{
	__m512i t[LANES];

#pragma GCC unroll 8
	for (int i = 0; i < LANES; i += 2) {
		t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
		t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
	}
#pragma GCC unroll 4
	for (int i = 0; i < LANES; i += 4) {
		v[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
		v[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
		v[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
		v[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		__m512i low = _mm512_shuffle_i32x4(v[i], v[i + 4], 0x88);
		__m512i high = _mm512_shuffle_i32x4(v[i], v[i + 4], 0xdd);
		__m512i low2 = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0x88);
		__m512i high2 = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0xdd);

		t[i] = _mm512_shuffle_i32x4(low, low2, 0x88);
		t[i + 8] = _mm512_shuffle_i32x4(low, low2, 0xdd);
		t[i + 4] = _mm512_shuffle_i32x4(high, high2, 0x88);
		t[i + 12] = _mm512_shuffle_i32x4(high, high2, 0xdd);
	}
#pragma GCC unroll 16
	for (int i = 0; i < LANES; i++)
		v[i] = t[i];
}

/*
 * A pair of elements of each of the 16 rows makes a vector.  Those of two groups of rows take
 * turns, unless there is no second: packed[eb_sum_input_pair][row].
 */
static void pack_rows(const int16_t *rows, size_t depth, size_t group, size_t groups,
		      int16_t *input)
{
	const size_t together = group % 2 || group + 1 < groups ? 2 : 1;
	int16_t *packed = input + (group & ~(size_t)1) * LANES * depth +
			  group % 2 * PAIR_ELEMENTS;

	for (size_t d = 0; d < depth; d += PAIR_ELEMENTS) {
		size_t pairs = depth - d >= PAIR_ELEMENTS ? LANES : LANES / 2;
		__mmask16 lanes = (__mmask16)((1u << pairs) - 1);
		const size_t first = eb_sum_input_pair(d, depth);
		const size_t step = eb_sum_input_pair(d + 2, depth) - first;
		__m512i tile[LANES];

#pragma GCC unroll 16
		for (size_t row = 0; row < LANES; row++)
			tile[row] = _mm512_maskz_loadu_epi32(lanes, rows + row * depth + d);
		transpose(tile);
#pragma GCC unroll 16
		for (size_t pair = 0; pair < LANES; pair++)
			if (pair < pairs)
				_mm512_storeu_si512(packed + (first + pair * step) * together *
						    PAIR_ELEMENTS, tile[pair]);
	}
}

/* ---- Sums --------------------------------------------------------------------------- */

#define LINE 64

/* Where fetching ahead has come to: a line of each of the places in turn. */
struct fetch {
	const struct eb_matmul_block *block;
	size_t lines_per_place;
	size_t place, line;
};

static inline void fetch_ahead(struct fetch *fetch, size_t lines)
{
	const struct eb_matmul_block *block = fetch->block;

	while (lines && fetch->place < block->ahead_count) {
		const char *at = (const char *)block->ahead[fetch->place] + fetch->line * LINE;
		size_t left = fetch->lines_per_place - fetch->line;
		size_t count = lines < left ? lines : left;

		for (size_t i = 0; i < count; i++)
			_mm_prefetch(at + i * LINE, _MM_HINT_T1);
		lines -= count;
		fetch->line += count;
		if (fetch->line == fetch->lines_per_place) {
			fetch->line = 0;
			fetch->place++;
		}
	}
}

/* The depth of all but the last part is whole long blocks: see decode_rows. */
static void sum(const struct eb_matmul_block *block, int32_t *sums)
{
	struct eb_sum_tile tile = {
		.depth = block->depth,
		.short_blocks = block->depth % EB_SUM_LONG_BLOCK / EB_SUM_SHORT_BLOCK,
		/* The first part begins from what the identity takes away per row. */
		.begin_column = block->first ? LANES * sizeof(*sums) : 0,
		.begin_group = (block->first ? EB_MATMUL_COLUMNS : 1) * LANES * sizeof(*sums),
	};

	struct fetch fetch = {
		.block = block, .lines_per_place = (block->ahead_bytes + LINE - 1) / LINE,
	};
	size_t calls = (block->groups + 1) / 2 * (block->columns / EB_SUM_COLUMNS);
	size_t lines = (block->ahead_count * fetch.lines_per_place + calls - 1) / calls;

	for (size_t group = 0; group < block->groups; group += 2) {
		size_t groups = block->groups - group < 2 ? 1 : 2;

		tile.input = block->packed + group * LANES * block->whole_depth +
			     groups * LANES * block->first;
		for (size_t column = 0; column < block->columns; column += EB_SUM_COLUMNS) {
			size_t at = column / EB_MATMUL_COLUMNS * block->groups + group;

			tile.weights = block->weights + column * block->depth;
			tile.weight_pairs = block->weight_pairs + column;
			tile.sums = sums + (at * EB_MATMUL_COLUMNS + column % EB_MATMUL_COLUMNS) *
				    LANES;
			fetch_ahead(&fetch, lines);
			tile.begin = block->first ? tile.sums : block->input_pairs + group * LANES;
			if (groups == 2)
				eb_avx512_sum_32_rows(&tile);
			else
				eb_avx512_sum_16_rows(&tile);
		}
	}
}

#define AVX512_KERNELS						\
	.depth_step = DEPTH_STEP,				\
	.pack_rows = pack_rows,					\
	.sum = sum,						\
	.finish = eb_avx512_finish_tile,			\
	.adaptivfloat_encode_row = eb_avx512_adaptivfloat_encode_row,	\
	.adaptivfloat_decode_row = eb_avx512_adaptivfloat_decode_row,	\
	.saturate_row = eb_avx512_saturate_row,			\
	.add_row = eb_avx512_add_row,				\
	.softmax_row = eb_avx512_softmax_row,			\
	.layernorm_row = eb_avx512_layernorm_row

const struct eb_kernels eb_kernels_avx512 = {
	.name = "avx512",
	.supported = eb_cpu_has_avx512,
	.decode_rows = eb_avx512_decode_rows,
	.unpack_block = eb_bitmask_unpack_block,
	AVX512_KERNELS,
};

const struct eb_kernels eb_kernels_avx512_vbmi = {
	.name = "avx512-vbmi",
	.supported = eb_cpu_has_avx512_vbmi,
	.decode_rows = eb_avx512_vbmi_decode_rows,
	.unpack_block = eb_bitmask_unpack_block,
	.find_packed_rows = eb_avx512_find_packed_rows,
	.decode_packed_rows = eb_avx512_decode_packed_rows,
	AVX512_KERNELS,
};
