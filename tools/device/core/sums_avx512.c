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

#define LONG_PLAIN (EB_SUM_LONG_BLOCK - EB_SUM_LONG_IDENTITY)
#define SHORT_PLAIN (EB_SUM_SHORT_BLOCK - EB_SUM_SHORT_IDENTITY)
/* Each step does four elements by the identity and two plain. */
_Static_assert(EB_SUM_LONG_IDENTITY == 2 * LONG_PLAIN, "a long block is whole steps");
_Static_assert(EB_SUM_SHORT_IDENTITY == 2 * SHORT_PLAIN + 4, "a short block is 4 more");

/*
 * %zmm0-7 hold the sums of the first 16 rows by column, 8-15 those of the next; 16-19 two
 * pairs for the identity and 20-21 one for plain products, each for both groups of rows.
 */
#define IDENTITY(sum0, sum1, weights)						\
	"vpbroadcastd " weights ", %%zmm22\n"					\
	"vpbroadcastd 4" weights ", %%zmm23\n"					\
	"vpaddw %%zmm23, %%zmm16, %%zmm25\n"					\
	"vpaddw %%zmm22, %%zmm18, %%zmm26\n"					\
	"vpdpwssd %%zmm26, %%zmm25, %%zmm" sum0 "\n"				\
	"vpaddw %%zmm23, %%zmm17, %%zmm27\n"					\
	"vpaddw %%zmm22, %%zmm19, %%zmm28\n"					\
	"vpdpwssd %%zmm28, %%zmm27, %%zmm" sum1 "\n"
#define PLAIN(sum0, sum1, weights)						\
	"vpbroadcastd " weights ", %%zmm24\n"					\
	"vpdpwssd %%zmm24, %%zmm20, %%zmm" sum0 "\n"				\
	"vpdpwssd %%zmm24, %%zmm21, %%zmm" sum1 "\n"

#define LOAD_IDENTITY								\
	"vmovdqu64 (%[identity]), %%zmm16\n"					\
	"vmovdqu64 64(%[identity]), %%zmm17\n"					\
	"vmovdqu64 128(%[identity]), %%zmm18\n"					\
	"vmovdqu64 192(%[identity]), %%zmm19\n"
#define LOAD_PLAIN								\
	"vmovdqu64 (%[plain]), %%zmm20\n"					\
	"vmovdqu64 64(%[plain]), %%zmm21\n"

/* A column's weights: those of the first four from one pointer, of the others from the next. */
#define COLUMN0(pointer) "(%[" pointer "0])"
#define COLUMN1(pointer) "(%[" pointer "0],%[stride])"
#define COLUMN2(pointer) "(%[" pointer "0],%[stride],2)"
#define COLUMN3(pointer) "(%[" pointer "0],%[stride3])"
#define COLUMN4(pointer) "(%[" pointer "4])"
#define COLUMN5(pointer) "(%[" pointer "4],%[stride])"
#define COLUMN6(pointer) "(%[" pointer "4],%[stride],2)"
#define COLUMN7(pointer) "(%[" pointer "4],%[stride3])"

#define STEP_COLUMN(sum0, sum1, column)						\
	IDENTITY(sum0, sum1, column("identity_weights"))			\
	PLAIN(sum0, sum1, column("plain_weights"))
#define STEP									\
	LOAD_IDENTITY LOAD_PLAIN						\
	STEP_COLUMN("0", "8", COLUMN0) STEP_COLUMN("1", "9", COLUMN1)		\
	STEP_COLUMN("2", "10", COLUMN2) STEP_COLUMN("3", "11", COLUMN3)		\
	STEP_COLUMN("4", "12", COLUMN4) STEP_COLUMN("5", "13", COLUMN5)		\
	STEP_COLUMN("6", "14", COLUMN6) STEP_COLUMN("7", "15", COLUMN7)		\
	"add $256, %[identity]\n"						\
	"add $128, %[plain]\n"							\
	"add $8, %[identity_weights0]\n"					\
	"add $8, %[identity_weights4]\n"					\
	"add $4, %[plain_weights0]\n"						\
	"add $4, %[plain_weights4]\n"
/* The four elements by the identity that a short block has over its steps. */
#define LAST_IDENTITY								\
	LOAD_IDENTITY								\
	IDENTITY("0", "8", COLUMN0("identity_weights"))				\
	IDENTITY("1", "9", COLUMN1("identity_weights"))				\
	IDENTITY("2", "10", COLUMN2("identity_weights"))			\
	IDENTITY("3", "11", COLUMN3("identity_weights"))			\
	IDENTITY("4", "12", COLUMN4("identity_weights"))			\
	IDENTITY("5", "13", COLUMN5("identity_weights"))			\
	IDENTITY("6", "14", COLUMN6("identity_weights"))			\
	IDENTITY("7", "15", COLUMN7("identity_weights"))


#define CLEAR(sum) "vpxord %%zmm" sum ", %%zmm" sum ", %%zmm" sum "\n"
#define CLEAR_ALL								\
	CLEAR("0") CLEAR("1") CLEAR("2") CLEAR("3") CLEAR("4") CLEAR("5")	\
	CLEAR("6") CLEAR("7") CLEAR("8") CLEAR("9") CLEAR("10") CLEAR("11")	\
	CLEAR("12") CLEAR("13") CLEAR("14") CLEAR("15")

/* When all is summed the pointers are free: they become those to begin, pairs and sums. */
#define LOAD_ENDING								\
	"mov %c[begin](%[tile]), %[identity]\n"					\
	"mov %c[begin_group](%[tile]), %[plain]\n"				\
	"add %[identity], %[plain]\n"						\
	"mov %c[begin_column](%[tile]), %[stride]\n"				\
	"mov %c[pairs](%[tile]), %[identity_weights0]\n"			\
	"mov %c[sums](%[tile]), %[plain_weights0]\n"
#define END_COLUMN(sum0, sum1, pair, at0, at1)					\
	"vpbroadcastd " pair "(%[identity_weights0]), %%zmm16\n"		\
	"vpaddd (%[identity]), %%zmm16, %%zmm17\n"				\
	"vpaddd (%[plain]), %%zmm16, %%zmm18\n"					\
	"vpaddd %%zmm17, %%zmm" sum0 ", %%zmm" sum0 "\n"			\
	"vpaddd %%zmm18, %%zmm" sum1 ", %%zmm" sum1 "\n"			\
	"vmovdqu64 %%zmm" sum0 ", " at0 "(%[plain_weights0])\n"			\
	"vmovdqu64 %%zmm" sum1 ", " at1 "(%[plain_weights0])\n"			\
	"add %[stride], %[identity]\n"						\
	"add %[stride], %[plain]\n"
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

/* How the pointers move from a block's end of steps to the next block. */
#define START_PLAIN(pairs, bytes)						\
	"lea " pairs "*128(%[identity]), %[plain]\n"				\
	"lea " bytes "(%[identity_weights0]), %[plain_weights0]\n"		\
	"lea " bytes "(%[identity_weights4]), %[plain_weights4]\n"
#define SKIP_PLAIN(pairs, bytes)						\
	"add $" pairs "*128, %[identity]\n"					\
	"add $" bytes ", %[identity_weights0]\n"				\
	"add $" bytes ", %[identity_weights4]\n"

void eb_avx512_sum_32_rows(const struct eb_sum_tile *tile)
{
	size_t stride = tile->depth * sizeof(int16_t);
	size_t long_blocks = tile->depth / EB_SUM_LONG_BLOCK;
	const int16_t *identity = tile->input, *plain;
	const int16_t *identity_weights0 = tile->weights, *plain_weights0;
	const int16_t *identity_weights4 = tile->weights + 4 * tile->depth, *plain_weights4;
	size_t steps;

	__asm__ volatile(
		CLEAR_ALL
		"test %[blocks], %[blocks]\n"
		"jz 3f\n"
		"1:\n"
		START_PLAIN("16", "64")
		"mov $8, %k[steps]\n"
		".balign 32\n"
		"2:\n"
		STEP
		"dec %k[steps]\n"
		"jnz 2b\n"
		SKIP_PLAIN("8", "32")
		"dec %[blocks]\n"
		"jnz 1b\n"
		"3:\n"
		"mov %c[short_blocks](%[tile]), %[blocks]\n"
		"test %[blocks], %[blocks]\n"
		"jz 6f\n"
		"4:\n"
		START_PLAIN("6", "24")
		"mov $2, %k[steps]\n"
		"5:\n"
		STEP
		"dec %k[steps]\n"
		"jnz 5b\n"
		LAST_IDENTITY
		SKIP_PLAIN("4", "16")
		"dec %[blocks]\n"
		"jnz 4b\n"
		"6:\n"
		END
		: [identity] "+r"(identity), [plain] "=&r"(plain),
		  [identity_weights0] "+r"(identity_weights0),
		  [identity_weights4] "+r"(identity_weights4),
		  [plain_weights0] "=&r"(plain_weights0), [plain_weights4] "=&r"(plain_weights4),
		  [steps] "=&r"(steps), [blocks] "+r"(long_blocks), [stride] "+r"(stride)
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

/* One block of the depth: `identity` elements by the identity and the rest plain. */
static inline __m512i sum_block(const int16_t *input, const int16_t *weights, size_t identity,
				size_t block, __m512i sum)
{
	size_t d = 0;

	for (; d < identity; d += 4, input += 2 * ROWS_PAIR) {
		__m512i even = _mm512_loadu_si512(input);
		__m512i odd = _mm512_loadu_si512(input + ROWS_PAIR);

		DOT_PRODUCT(sum, _mm512_add_epi16(even, load_pair(weights + d + 2)),
			    _mm512_add_epi16(odd, load_pair(weights + d)));
	}
	for (; d < block; d += 2, input += ROWS_PAIR)
		DOT_PRODUCT(sum, _mm512_loadu_si512(input), load_pair(weights + d));
	return sum;
}

void eb_avx512_sum_16_rows(const struct eb_sum_tile *tile)
{
	const size_t whole = tile->depth - tile->depth % EB_SUM_LONG_BLOCK;

	for (size_t column = 0; column < EB_SUM_COLUMNS; column++) {
		const int16_t *weights = tile->weights + column * tile->depth;
		const int16_t *input = tile->input;
		__m512i sum = _mm512_loadu_si512((const uint8_t *)tile->begin +
						 column * tile->begin_column);
		size_t d = 0;

		sum = _mm512_add_epi32(sum, _mm512_set1_epi32(tile->weight_pairs[column]));
		for (; d < whole; d += EB_SUM_LONG_BLOCK)
			sum = sum_block(input + d * 16, weights + d, EB_SUM_LONG_IDENTITY,
					EB_SUM_LONG_BLOCK, sum);
		for (; d < tile->depth; d += EB_SUM_SHORT_BLOCK)
			sum = sum_block(input + d * 16, weights + d, EB_SUM_SHORT_IDENTITY,
					EB_SUM_SHORT_BLOCK, sum);
		_mm512_storeu_si512(tile->sums + column * 16, sum);
	}
}
