// SPDX-License-Identifier: MIT
/*
 * GELU and tanh as piecewise-linear integer functions.
 *
 * Both are tabulated for 0 <= x <= 5 at steps of 1/32 with 16 fraction bits and drawn
 * straight between the entries:
 *   eb_gelu_tail[i]  = floor(65536 * x * (1 - Phi(x)) + 1/2), Phi the normal distribution
 *   eb_tanh_value[i] = floor(65536 * tanh(x) + 1/2)           with x = i / 32
 * Symmetry gives the rest: gelu(x) = x - tail(x) and gelu(-x) = -tail(x) for x >= 0;
 * tanh(-x) = -tanh(x).  Beyond 5 the tail is 0 and tanh is 1, an error below 2^-13.
 */
#include "tools/device/core/activation.h"

#include "kernel/edgebert_hw.h"

#define SEGMENTS EB_ACTIVATION_SEGMENTS
#define SEGMENT_BITS EB_ACTIVATION_SEGMENT_BITS
#define LIMIT (SEGMENTS << SEGMENT_BITS)
#define TABLE_SHIFT 4			/* 16 fraction bits to 12 */
#define ONE (1 << 12)

const int32_t eb_gelu_tail[SEGMENTS + 1] = {
	0, 998, 1946, 2843, 3689, 4484, 5230, 5927, 6575, 7175, 7728, 8234,
	8696, 9113, 9487, 9819, 10110, 10362, 10576, 10753, 10895, 11003, 11079, 11123,
	11139, 11127, 11089, 11026, 10940, 10833, 10706, 10560, 10398, 10219, 10027, 9822,
	9606, 9380, 9146, 8903, 8655, 8401, 8144, 7883, 7620, 7357, 7093, 6829,
	6567, 6308, 6050, 5796, 5546, 5301, 5060, 4824, 4594, 4370, 4152, 3940,
	3735, 3537, 3345, 3160, 2982, 2811, 2647, 2489, 2339, 2195, 2058, 1927,
	1803, 1684, 1572, 1466, 1366, 1271, 1181, 1097, 1017, 943, 873, 807,
	745, 688, 634, 584, 537, 494, 453, 415, 381, 348, 318, 291,
	265, 242, 220, 200, 182, 165, 150, 136, 123, 111, 100, 91,
	82, 74, 66, 59, 53, 48, 43, 38, 34, 31, 27, 24,
	22, 19, 17, 15, 14, 12, 11, 9, 8, 7, 6, 6,
	5, 4, 4, 3, 3, 3, 2, 2, 2, 2, 1, 1,
	1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0,
};

const int32_t eb_tanh_value[SEGMENTS + 1] = {
	0, 2047, 4091, 6126, 8150, 10157, 12146, 14112, 16051, 17961, 19838, 21681,
	23485, 25250, 26973, 28652, 30285, 31873, 33412, 34904, 36346, 37740, 39084, 40379,
	41625, 42823, 43972, 45075, 46131, 47142, 48108, 49031, 49912, 50752, 51552, 52314,
	53038, 53727, 54382, 55003, 55593, 56152, 56683, 57185, 57660, 58110, 58536, 58939,
	59320, 59680, 60019, 60340, 60643, 60929, 61199, 61454, 61694, 61920, 62134, 62335,
	62524, 62703, 62871, 63029, 63179, 63319, 63451, 63576, 63693, 63803, 63907, 64004,
	64096, 64182, 64263, 64340, 64412, 64479, 64543, 64603, 64659, 64712, 64761, 64808,
	64852, 64893, 64932, 64968, 65003, 65035, 65065, 65093, 65120, 65145, 65169, 65191,
	65212, 65231, 65250, 65267, 65283, 65299, 65313, 65327, 65339, 65351, 65362, 65373,
	65383, 65392, 65401, 65409, 65417, 65424, 65431, 65437, 65443, 65449, 65454, 65459,
	65464, 65468, 65472, 65476, 65480, 65483, 65486, 65489, 65492, 65495, 65497, 65500,
	65502, 65504, 65506, 65508, 65509, 65511, 65512, 65514, 65515, 65516, 65518, 65519,
	65520, 65521, 65522, 65523, 65523, 65524, 65525, 65526, 65526, 65527, 65527, 65528,
	65528, 65529, 65529, 65530, 65530,
};

/* 0 <= value < LIMIT, 12 fraction bits in and out, rounded to nearest. */
static inline int32_t interpolate(const int32_t *table, int32_t value)
{
	int32_t segment = value >> SEGMENT_BITS;
	int32_t part = value & ((1 << SEGMENT_BITS) - 1);
	int32_t start = table[segment];
	int32_t wide = start * (1 << SEGMENT_BITS) + (table[segment + 1] - start) * part;
	int32_t shift = SEGMENT_BITS + TABLE_SHIFT;

	return (wide + (1 << (shift - 1))) >> shift;
}

int32_t eb_activation_gelu(int32_t value)
{
	if (value >= LIMIT)
		return value;
	if (value <= -LIMIT)
		return 0;
	if (value >= 0)
		return value - interpolate(eb_gelu_tail, value);
	return -interpolate(eb_gelu_tail, -value);
}

int32_t eb_activation_tanh(int32_t value)
{
	if (value >= LIMIT)
		return ONE;
	if (value <= -LIMIT)
		return -ONE;
	if (value >= 0)
		return interpolate(eb_tanh_value, value);
	return -interpolate(eb_tanh_value, -value);
}

void eb_activation_apply(unsigned int activation, int32_t *values, size_t count)
{
	switch (activation) {
	case EDGEBERT_HW_ACTIVATION_RELU:
		for (size_t i = 0; i < count; i++)
			values[i] = values[i] < 0 ? 0 : values[i];
		break;
	case EDGEBERT_HW_ACTIVATION_GELU:
		for (size_t i = 0; i < count; i++)
			values[i] = eb_activation_gelu(values[i]);
		break;
	case EDGEBERT_HW_ACTIVATION_TANH:
		for (size_t i = 0; i < count; i++)
			values[i] = eb_activation_tanh(values[i]);
		break;
	default:
		break;
	}
}
