// SPDX-License-Identifier: MIT
/*
 * The inner loop of the matrix unit with AVX-512 VNNI.
 *
 * For 32 rows it is written as instructions: two thirds of the depth by Winograd's identity
 * (two additions and a dot product for what two dot products do otherwise) keep four vector
 * pipes of which two multiply all busy, but only where both kinds alternate as here and all
 * 16 sums stay in registers.  Compilers move the one or the other.
 */
#include "tools/device/core/sums_avx512.h"

#include "tools/device/core/avx512.h"

/*
 * %zmm0-7 hold the sums of the first 16 rows by column, 8-15 those of the next; 16-19 two
 * pairs for the identity and 20-21 one for plain products, each for both groups of rows.
 */
#define LOAD_IDENTITY(even0, even1, odd0, odd1)					\
	"vmovdqu64 " even0 "(%[input]), %%zmm16\n"				\
	"vmovdqu64 " even1 "(%[input]), %%zmm17\n"				\
	"vmovdqu64 " odd0 "(%[input]), %%zmm18\n"				\
	"vmovdqu64 " odd1 "(%[input]), %%zmm19\n"
#define LOAD_PLAIN(plain0, plain1)						\
	"vmovdqu64 " plain0 "(%[input]), %%zmm20\n"				\
	"vmovdqu64 " plain1 "(%[input]), %%zmm21\n"

/*
 * What two kinds of steps do for a column, in an order that keeps the pipes busiest: additions
 * first, then plain products while these are on their way, last the identity's products.
 */
#define LOAD_WEIGHTS(column, even, odd)						\
	"vpbroadcastd " even column ", %%zmm22\n"				\
	"vpbroadcastd " odd column ", %%zmm23\n"
#define ADD_PAIRS								\
	"vpaddw %%zmm23, %%zmm16, %%zmm25\n"					\
	"vpaddw %%zmm22, %%zmm18, %%zmm26\n"					\
	"vpaddw %%zmm23, %%zmm17, %%zmm27\n"					\
	"vpaddw %%zmm22, %%zmm19, %%zmm28\n"
#define MULTIPLY_PAIRS(sum0, sum1)						\
	"vpdpwssd %%zmm26, %%zmm25, %%zmm" sum0 "\n"				\
	"vpdpwssd %%zmm28, %%zmm27, %%zmm" sum1 "\n"
#define MULTIPLY_PLAIN(sum0, sum1)						\
	"vpdpwssd %%zmm24, %%zmm20, %%zmm" sum0 "\n"				\
	"vpdpwssd %%zmm24, %%zmm21, %%zmm" sum1 "\n"
#define LOAD_PLAIN_WEIGHT(column, plain)					\
	"vpbroadcastd " plain column ", %%zmm24\n"
#define IDENTITY(sum0, sum1, column, even, odd)					\
	LOAD_WEIGHTS(column, even, odd) ADD_PAIRS MULTIPLY_PAIRS(sum0, sum1)
#define BOTH(sum0, sum1, column, even, odd, plain)				\
	LOAD_WEIGHTS(column, even, odd) LOAD_PLAIN_WEIGHT(column, plain)	\
	ADD_PAIRS MULTIPLY_PLAIN(sum0, sum1) MULTIPLY_PAIRS(sum0, sum1)

/* The columns' weights: of the first four from one pointer, of the others from the next. */
#define FOR_COLUMNS(DO, ...)							\
	DO("0", "8", "(%[weights0])", __VA_ARGS__)				\
	DO("1", "9", "(%[weights0],%[stride])", __VA_ARGS__)			\
	DO("2", "10", "(%[weights0],%[stride],2)", __VA_ARGS__)			\
	DO("3", "11", "(%[weights0],%[stride3])", __VA_ARGS__)			\
	DO("4", "12", "(%[weights4])", __VA_ARGS__)				\
	DO("5", "13", "(%[weights4],%[stride])", __VA_ARGS__)			\
	DO("6", "14", "(%[weights4],%[stride],2)", __VA_ARGS__)			\
	DO("7", "15", "(%[weights4],%[stride3])", __VA_ARGS__)

/*
 * A pair of 32 input rows is 128 bytes, of weights 4; a vector has 16 pairs.  What a long step
 * needs of the input lies together, see eb_sum_input_pair.
 */
#define LONG_STEP								\
	LOAD_IDENTITY("", "64", "1*128", "1*128+64")				\
	LOAD_PLAIN("2*128", "2*128+64")						\
	FOR_COLUMNS(BOTH, "", "16*4", "32*4")
#define SHORT_BLOCK								\
	LOAD_IDENTITY("", "64", "1*128", "1*128+64")				\
	LOAD_PLAIN("6*128", "6*128+64")						\
	FOR_COLUMNS(BOTH, "", "1*4", "6*4")					\
	LOAD_IDENTITY("2*128", "2*128+64", "3*128", "3*128+64")			\
	LOAD_PLAIN("7*128", "7*128+64")						\
	FOR_COLUMNS(BOTH, "2*4", "3*4", "7*4")					\
	LOAD_IDENTITY("4*128", "4*128+64", "5*128", "5*128+64")			\
	FOR_COLUMNS(IDENTITY, "4*4", "5*4")
#define ADVANCE_INPUT(pairs)							\
	"add $" pairs "*128, %[input]\n"
#define ADVANCE_WEIGHTS(pairs)							\
	"add $" pairs "*4, %[weights0]\n"					\
	"add $" pairs "*4, %[weights4]\n"

#define CLEAR(sum) "vpxord %%zmm" sum ", %%zmm" sum ", %%zmm" sum "\n"
#define CLEAR_ALL								\
	CLEAR("0") CLEAR("1") CLEAR("2") CLEAR("3") CLEAR("4") CLEAR("5")	\
	CLEAR("6") CLEAR("7") CLEAR("8") CLEAR("9") CLEAR("10") CLEAR("11")	\
	CLEAR("12") CLEAR("13") CLEAR("14") CLEAR("15")

/* When all is summed the pointers are free: they become those to begin, pairs and sums. */
#define LOAD_ENDING								\
	"mov %c[begin](%[tile]), %[input]\n"					\
	"mov %c[begin_group](%[tile]), %[blocks]\n"				\
	"add %[input], %[blocks]\n"						\
	"mov %c[begin_column](%[tile]), %[stride]\n"				\
	"mov %c[pairs](%[tile]), %[weights0]\n"				\
	"mov %c[sums](%[tile]), %[weights4]\n"
#define END_COLUMN(sum0, sum1, pair, at0, at1)					\
	"vpbroadcastd " pair "(%[weights0]), %%zmm16\n"		\
	"vpaddd (%[input]), %%zmm16, %%zmm17\n"				\
	"vpaddd (%[blocks]), %%zmm16, %%zmm18\n"					\
	"vpaddd %%zmm17, %%zmm" sum0 ", %%zmm" sum0 "\n"			\
	"vpaddd %%zmm18, %%zmm" sum1 ", %%zmm" sum1 "\n"			\
	"vmovdqu64 %%zmm" sum0 ", " at0 "(%[weights4])\n"			\
	"vmovdqu64 %%zmm" sum1 ", " at1 "(%[weights4])\n"			\
	"add %[stride], %[input]\n"						\
	"add %[stride], %[blocks]\n"
#define END									\
	LOAD_ENDING								\
	END_COLUMN("0", "8", "0", "0", "1024")					\
	END_COLUMN("1", "9", "4", "64", "1088")					\
	END_COLUMN("2", "10", "8", "128", "1152")				\
	END_COLUMN("3", "11", "12", "192", "1216")				\
	END_COLUMN("4", "12", "16", "256", "1280")				\
	END_COLUMN("5", "13", "20", "320", "1344")				\
	END_COLUMN("6", "14", "24", "384", "1408")				\
	END_COLUMN("7", "15", "28", "448", "1472")

void eb_avx512_sum_32_rows(const struct eb_sum_tile *tile)
{
	size_t stride = tile->depth * sizeof(int16_t), steps;
	size_t blocks = tile->depth / EB_SUM_LONG_BLOCK;
	const int16_t *input = tile->input;
	const int16_t *weights0 = tile->weights, *weights4 = tile->weights + 4 * tile->depth;

	__asm__ volatile(
		CLEAR_ALL
		"test %[blocks], %[blocks]\n"
		"jz 3f\n"
		"1:\n"
		"mov $16, %k[steps]\n"
		".balign 64\n"
		"2:\n"
		LONG_STEP
		ADVANCE_INPUT("3")
		ADVANCE_WEIGHTS("1")
		"dec %k[steps]\n"
		"jnz 2b\n"
		ADVANCE_WEIGHTS("32")
		"dec %[blocks]\n"
		"jnz 1b\n"
		"3:\n"
		"mov %c[short_blocks](%[tile]), %[blocks]\n"
		"test %[blocks], %[blocks]\n"
		"jz 5f\n"
		"4:\n"
		SHORT_BLOCK
		ADVANCE_INPUT("8")
		ADVANCE_WEIGHTS("8")
		"dec %[blocks]\n"
		"jnz 4b\n"
		"5:\n"
		END
		: [input] "+r"(input), [weights0] "+r"(weights0), [weights4] "+r"(weights4),
		  [steps] "=&r"(steps), [blocks] "+r"(blocks), [stride] "+r"(stride)
		: [stride3] "r"(3 * stride), [tile] "r"(tile),
		  [begin] "i"(offsetof(struct eb_sum_tile, begin)),
		  [begin_group] "i"(offsetof(struct eb_sum_tile, begin_group)),
		  [begin_column] "i"(offsetof(struct eb_sum_tile, begin_column)),
		  [pairs] "i"(offsetof(struct eb_sum_tile, weight_pairs)),
		  [sums] "i"(offsetof(struct eb_sum_tile, sums)),
		  [short_blocks] "i"(offsetof(struct eb_sum_tile, short_blocks))
		: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
		  "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18",
		  "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",
		  "xmm28", "memory", "cc");
}

/* ---- 16 rows: the last of an odd number of groups ----------------------------------- */

#define ROWS_PAIR 32		/* elements of a pair of 16 rows */

static inline __m512i load_pair(const int16_t *weights)
{
	int32_t pair;

	__builtin_memcpy(&pair, weights, sizeof(pair));
	return _mm512_set1_epi32(pair);
}

/* Two pairs of the input by the identity; those of the weights are `distance` elements apart. */
static inline __m512i sum_identity(const int16_t *input, const int16_t *weights,
				   size_t distance, __m512i sum)
{
	__m512i even = _mm512_loadu_si512(input);
	__m512i odd = _mm512_loadu_si512(input + ROWS_PAIR);

	DOT_PRODUCT(sum, _mm512_add_epi16(even, load_pair(weights + distance)),
		    _mm512_add_epi16(odd, load_pair(weights)));
	return sum;
}

static inline __m512i sum_plain(const int16_t *input, const int16_t *weights, __m512i sum)
{
	DOT_PRODUCT(sum, _mm512_loadu_si512(input), load_pair(weights));
	return sum;
}

static __m512i sum_column(const int16_t *input, const int16_t *weights, size_t depth,
			  __m512i sum)
{
	for (; depth >= EB_SUM_LONG_BLOCK; depth -= EB_SUM_LONG_BLOCK) {
		for (size_t d = 0; d < EB_SUM_VECTOR; d += 2) {
			sum = sum_identity(input, weights + d, EB_SUM_VECTOR, sum);
			sum = sum_plain(input + 2 * ROWS_PAIR, weights + d + 2 * EB_SUM_VECTOR,
					sum);
			input += 3 * ROWS_PAIR;
		}
		weights += EB_SUM_LONG_BLOCK;
	}
	for (; depth; depth -= EB_SUM_SHORT_BLOCK) {
		for (size_t d = 0; d < EB_SUM_SHORT_IDENTITY; d += 4)
			sum = sum_identity(input + d * 16, weights + d, 2, sum);
		for (size_t d = EB_SUM_SHORT_IDENTITY; d < EB_SUM_SHORT_BLOCK; d += 2)
			sum = sum_plain(input + d * 16, weights + d, sum);
		input += EB_SUM_SHORT_BLOCK * 16;
		weights += EB_SUM_SHORT_BLOCK;
	}
	return sum;
}

void eb_avx512_sum_16_rows(const struct eb_sum_tile *tile)
{
	for (size_t column = 0; column < EB_SUM_COLUMNS; column++) {
		__m512i sum = _mm512_loadu_si512((const uint8_t *)tile->begin +
						 column * tile->begin_column);

		sum = _mm512_add_epi32(sum, _mm512_set1_epi32(tile->weight_pairs[column]));
		sum = sum_column(tile->input, tile->weights + column * tile->depth, tile->depth,
				 sum);
		_mm512_storeu_si512(tile->sums + column * 16, sum);
	}
}
