// SPDX-License-Identifier: MIT
/*
 * One comparison per format of test vectors.  An element that differs is explained only
 * when the published computation, run with its defects, gives exactly the vector and says
 * which defect struck; everything else is unexplained.
 */
#include "tools/device/core/vector_checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/edgebert_hw.h"
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/matmul.h"
#include "tools/device/core/piecewise_linear.h"
#include "tools/device/core/row.h"
#include "tools/device/core/vector_file.h"
#include "tools/device/core/vector_published.h"

#define LANES 16
#define ROW_MAX 4096
#define TILE_DEPTH_MAX 512

const char *vector_reason_text(enum vector_reason reason)
{
	static const char *const texts[VECTOR_REASON_COUNT] = {
		[VECTOR_NEGATIVE_OVERFLOW] = "corrected: negative overflow saturates negative",
		[VECTOR_MINUS_ZERO] = "corrected: no minus zero",
		[VECTOR_HOST_ROUNDING] = "the published host code truncates, the encoder rounds",
		[VECTOR_SUM_WRAPS] = "the published 16-bit sum wraps, ours is wide",
		[VECTOR_DIFFERENCE_WRAPS] = "the published 16-bit difference wraps, ours saturates",
		[VECTOR_PRODUCT_WRAPS] = "the published 16-bit product wraps, ours is wide",
		[VECTOR_SQUARE_WRAPS] = "the published 17-bit square of the mean wraps",
		[VECTOR_VARIANCE_COARSE] = "mean and variance have 20 fraction bits instead of 10",
		[VECTOR_NEGATIVE_ENTROPY] = "entropies below zero are zero",
	};
	return texts[reason];
}

/* ---- Judging one element ------------------------------------------------------------ */

static void unexplained(struct vector_report *report, size_t row, const char *what, long vector,
			long ours)
{
	if (!report->unexplained++)
		snprintf(report->first_unexplained, sizeof(report->first_unexplained),
			 "vector %zu: %s is %ld, ours %ld", row + 1, what, vector, ours);
}

static void exact(struct vector_report *report, size_t row, const char *what, long vector,
		  long ours)
{
	report->elements++;
	if (vector == ours)
		report->agree++;
	else
		unexplained(report, row, what, vector, ours);
}

/* The first defect that struck, in the order of the bits. */
static enum vector_reason reason_of(unsigned int defects)
{
	return (enum vector_reason)(VECTOR_SUM_WRAPS + __builtin_ctz(defects));
}

/* `published` is the published computation's result for the vector's input. */
static void judge(struct vector_report *report, size_t row, const char *what, long vector,
		  long ours, long published, unsigned int defects)
{
	report->elements++;
	if (vector == ours)
		report->agree++;
	else if (vector == published && defects)
		report->differ[reason_of(defects)]++;
	else
		unexplained(report, row, what, vector, ours);
}

/* The same for codes, where two corrections concern single codes. */
static void judge_code(struct vector_report *report, size_t row, uint8_t vector, uint8_t ours,
		       uint8_t published, unsigned int defects)
{
	if (vector != ours && vector == published && vector == 0x7f && ours == 0xff) {
		report->elements++;
		report->differ[VECTOR_NEGATIVE_OVERFLOW]++;
	} else if (vector != ours && vector == published && vector == 0x80 && ours == 0) {
		report->elements++;
		report->differ[VECTOR_MINUS_ZERO]++;
	} else {
		judge(report, row, "code", vector, ours, published, defects);
	}
}

/* ---- Codes and functions ------------------------------------------------------------ */

static void check_decode(struct vector_file *file, size_t row, struct vector_report *report)
{
	uint8_t code = (uint8_t)vector_file_number(file, row, "code");
	unsigned int bias = (unsigned int)vector_file_number(file, row, "bias");
	double value = eb_adaptivfloat_value(code, bias);

	exact(report, row, "fixed_q6_10", vector_file_number(file, row, "fixed_q6_10"),
	      eb_adaptivfloat_decode(code, bias));
	/* The files print ten significant digits. */
	exact(report, row, "value", fabs(vector_file_real(file, row, "value") - value) >
	      fabs(value) * 1e-9, 0);
}

static void check_encoded(struct vector_report *report, size_t row, int32_t word,
			  unsigned int fraction_bits, unsigned int bias, uint8_t vector)
{
	judge_code(report, row, vector, eb_adaptivfloat_encode(word, fraction_bits, bias),
		   published_encode(word, fraction_bits, bias), 0);
}

static void check_intervals(struct vector_file *file, size_t row, unsigned int fraction_bits,
			    struct vector_report *report)
{
	long low = vector_file_number(file, row, "lo"), high = vector_file_number(file, row, "hi");
	unsigned int bias = (unsigned int)vector_file_number(file, row, "bias");
	uint8_t code = (uint8_t)vector_file_number(file, row, "code");

	if (low < INT16_MIN || high > INT16_MAX) {
		unexplained(report, row, "range of int16", low, high);
		return;
	}
	for (long word = low; word <= high; word++)
		check_encoded(report, row, (int32_t)word, fraction_bits, bias, code);
}

static void check_intervals_10(struct vector_file *file, size_t row, struct vector_report *report)
{
	check_intervals(file, row, 10, report);
}

static void check_intervals_12(struct vector_file *file, size_t row, struct vector_report *report)
{
	check_intervals(file, row, 12, report);
}

static void check_grid(struct vector_file *file, size_t row, struct vector_report *report)
{
	unsigned int fraction_bits = (unsigned int)vector_file_number(file, row, "frac_bits");
	int32_t word = (int32_t)vector_file_number(file, row, "int16");

	for (unsigned int bias = 0; bias < 8; bias++)
		check_encoded(report, row, word, fraction_bits, bias,
			      (uint8_t)vector_file_number_at(file, row, 3 + bias));
}

/*
 * The published host code truncates and keeps half of the least code; ours may be the
 * neighbour toward the value.  Around zero that is code 1 against 0.
 */
static void check_float_host(struct vector_file *file, size_t row, struct vector_report *report)
{
	double value = vector_file_real(file, row, "value");

	for (unsigned int bias = 0; bias < 8; bias++) {
		uint8_t vector = (uint8_t)vector_file_number_at(file, row, 1 + bias);
		uint8_t ours = eb_adaptivfloat_encode_real(value, bias);
		int distance = (ours & 0x7f) - (vector & 0x7f);

		report->elements++;
		if (vector == ours)
			report->agree++;
		else if ((distance == 1 || (distance == -1 && ours == 0)) &&
			 (!ours || ours >> 7 == (vector ? vector >> 7 : value < 0)))
			report->differ[VECTOR_HOST_ROUNDING]++;
		else
			unexplained(report, row, "host code", vector, ours);
	}
}

static void check_products(struct vector_file *file, size_t row, struct vector_report *report)
{
	int32_t a = eb_adaptivfloat_mantissa((uint8_t)(2 * row));

	for (size_t b = 0; b < vector_file_cells(file, row); b++) {
		int32_t product = a * eb_adaptivfloat_mantissa((uint8_t)b);

		judge(report, row, "product", vector_file_number_at(file, row, b), product,
		      (int16_t)product, (int16_t)product != product ? PUBLISHED_PRODUCT_WRAPS : 0);
	}
}

static void check_exp(struct vector_file *file, size_t row, struct vector_report *report)
{
	int16_t word = (int16_t)vector_file_number(file, row, "in_q6_10");

	exact(report, row, "exp", vector_file_number(file, row, "out_uq6_10"),
	      eb_piecewise_exp(word));
}

static void check_ln(struct vector_file *file, size_t row, struct vector_report *report)
{
	uint16_t word = (uint16_t)vector_file_number(file, row, "in_uq6_10");

	exact(report, row, "ln", vector_file_number(file, row, "out_int16"),
	      eb_piecewise_ln(word));
}

static void check_inverse_sqrt(struct vector_file *file, size_t row, struct vector_report *report)
{
	uint16_t word = (uint16_t)vector_file_number(file, row, "in_uq6_10");

	exact(report, row, "1/sqrt", vector_file_number(file, row, "out_int16"),
	      eb_piecewise_inverse_sqrt_word(word));
}

static void check_multiply(struct vector_file *file, size_t row, struct vector_report *report)
{
	int32_t a = (int32_t)vector_file_number(file, row, "a");
	int32_t b = (int32_t)vector_file_number(file, row, "b");
	int32_t product = (a * b) >> 10;

	judge(report, row, "product", vector_file_number(file, row, "out"), product,
	      (int16_t)product, (int16_t)product != product ? PUBLISHED_PRODUCT_WRAPS : 0);
}

/* ---- The matrix unit ---------------------------------------------------------------- */

static struct published_post read_post(struct vector_file *file, size_t row)
{
	struct published_post post = {
		.is_relu = vector_file_number(file, row, "is_relu") != 0,
		.is_bias = vector_file_number(file, row, "is_bias") != 0,
		.weight_bias = (int)vector_file_number(file, row, "weight_bias"),
		.bias = (unsigned int)vector_file_number(file, row, "adf_bias") & 7,
		.shift = (unsigned int)vector_file_number(file, row, "right_shift") & 31,
	};
	return post;
}

/* 16 sums through our matrix unit's last stage, set up like the published one. */
static void finish(const struct published_post *post, const int32_t *sums, uint8_t *codes)
{
	struct eb_matmul_finish finish = {
		.shift = post->shift,
		.activation = post->is_relu ? EDGEBERT_HW_ACTIVATION_RELU :
					      EDGEBERT_HW_ACTIVATION_NONE,
		.output_format = EDGEBERT_HW_FORMAT_AF8,
		.output_bias = (uint8_t)post->bias,
	};
	int32_t bias[LANES];

	for (int i = 0; i < LANES; i++)
		bias[i] = post->is_bias ? post->weight_bias : 0;
	eb_matmul_finish_row(&finish, sums, bias, codes);
}

static void check_post(struct vector_file *file, size_t row, struct vector_report *report)
{
	struct published_post post = read_post(file, row);
	int32_t sums[LANES] = { (int32_t)vector_file_number(file, row, "acc_int16") };
	unsigned int defects = 0;
	uint8_t published = published_post((int16_t)sums[0], &post, &defects);
	uint8_t codes[LANES];

	finish(&post, sums, codes);
	judge_code(report, row, (uint8_t)vector_file_number(file, row, "code"), codes[0],
		   published, defects);
}

struct tile {
	size_t depth;
	int16_t in0[LANES * TILE_DEPTH_MAX];
	int16_t in1[LANES * TILE_DEPTH_MAX];
};

static bool read_tile_operand(struct vector_file *file, size_t row, const char *name,
			      size_t depth, int16_t *mantissas)
{
	static uint8_t codes[LANES * TILE_DEPTH_MAX];

	if (vector_file_bytes(file, row, name, codes, sizeof(codes)) != LANES * depth)
		return false;
	eb_adaptivfloat_mantissa_row(codes, LANES * depth, mantissas);
	return true;
}

static bool read_tile(struct vector_file *file, size_t row, struct tile *tile)
{
	long depth = vector_file_number(file, row, "M");

	tile->depth = (size_t)depth;
	if (depth < LANES || depth > TILE_DEPTH_MAX || depth % LANES ||
	    !read_tile_operand(file, row, "in0_hex", tile->depth, tile->in0) ||
	    !read_tile_operand(file, row, "in1_hex", tile->depth, tile->in1)) {
		vector_file_fail(file, row, "operands are not 16 x M");
		return false;
	}
	return true;
}

static void check_tile(struct vector_file *file, size_t row, struct vector_report *report)
{
	static struct tile tile;
	static int32_t sums[LANES * LANES];
	struct published_post post = read_post(file, row);
	uint8_t out[LANES * LANES], codes[LANES];

	if (!read_tile(file, row, &tile) ||
	    vector_file_bytes(file, row, "out_hex", out, sizeof(out)) != sizeof(out))
		return;
	/* out[i][j]: the published result is transposed, in1 gives the rows. */
	eb_matmul_kernel_generic(tile.in1, LANES, tile.in0, tile.depth, sums);
	for (size_t i = 0; i < LANES; i++) {
		finish(&post, sums + i * LANES, codes);
		for (size_t j = 0; j < LANES; j++) {
			int32_t sum = sums[i * LANES + j];
			unsigned int defects = (int16_t)sum != sum ? PUBLISHED_SUM_WRAPS : 0;
			uint8_t published = published_post((int16_t)sum, &post, &defects);

			judge_code(report, row, out[i * LANES + j], codes[j], published, defects);
		}
	}
}

/*
 * Sums of single k tiles: the operands are in the partner file.  Modulo 2^16 they must
 * always agree.
 */
static void check_tile_sums(struct vector_file *file, size_t row, struct vector_report *report)
{
	static struct tile tile;
	static int16_t slice0[LANES * LANES], slice1[LANES * LANES];
	static int32_t sums[LANES * LANES];
	struct vector_file partner;
	char path[4096];
	const char *psum = strstr(file->path, "_psum");

	snprintf(path, sizeof(path), "%.*s%s", (int)(psum - file->path), file->path, psum + 5);
	if (!vector_file_open(&partner, path, true) || row >= vector_file_rows(&partner) ||
	    !read_tile(&partner, row, &tile) ||
	    vector_file_cells(file, row) != 1 + LANES * tile.depth) {
		vector_file_fail(file, row, "its operands are not in the file without _psum");
		vector_file_close(&partner);
		return;
	}
	for (size_t first = 0; first < tile.depth; first += LANES) {
		for (size_t i = 0; i < LANES; i++) {
			memcpy(slice0 + i * LANES, tile.in0 + i * tile.depth + first, LANES * 2);
			memcpy(slice1 + i * LANES, tile.in1 + i * tile.depth + first, LANES * 2);
		}
		eb_matmul_kernel_generic(slice1, LANES, slice0, LANES, sums);
		for (size_t i = 0; i < LANES * LANES; i++)
			judge(report, row, "sum",
			      vector_file_number_at(file, row, 1 + first * LANES + i), sums[i],
			      (int16_t)sums[i],
			      (int16_t)sums[i] != sums[i] ? PUBLISHED_SUM_WRAPS : 0);
	}
	vector_file_close(&partner);
}

/* ---- The special function unit ------------------------------------------------------ */

struct sfu_row {
	uint8_t in[2 * ROW_MAX], out[2 * ROW_MAX], parameters[2 * ROW_MAX];
	int16_t words[ROW_MAX], span[ROW_MAX], gamma[ROW_MAX], beta[ROW_MAX];
	int16_t published[ROW_MAX];
	int32_t ours[ROW_MAX];
};

static struct sfu_row sfu;

/* Input and output of a file with "len" and "rows"; the number of rows, 0 on error. */
static size_t read_rows(struct vector_file *file, size_t row, size_t *ret_length)
{
	size_t length = (size_t)vector_file_number(file, row, "len");
	size_t in = vector_file_bytes(file, row, "in_hex", sfu.in, sizeof(sfu.in));
	size_t out = vector_file_bytes(file, row, "out_hex", sfu.out, sizeof(sfu.out));

	*ret_length = length;
	if (!length || length > ROW_MAX || length % LANES || in % length || in != out) {
		vector_file_fail(file, row, "in_hex and out_hex are not rows of len");
		return 0;
	}
	return in / length;
}

static void judge_row(struct vector_report *report, size_t row, const uint8_t *out,
		      size_t length, unsigned int bias, unsigned int defects)
{
	for (size_t i = 0; i < length; i++)
		judge_code(report, row, out[i], eb_adaptivfloat_encode(sfu.ours[i], 10, bias),
			   published_encode(sfu.published[i], 10, bias), defects);
}

static void check_softmax(struct vector_file *file, size_t row, struct vector_report *report)
{
	size_t length, rows = read_rows(file, row, &length);
	unsigned int bias = (unsigned int)vector_file_number(file, row, "act_bias") & 7;
	unsigned int span_bias = (unsigned int)vector_file_number(file, row, "span_bias") & 7;

	if (!rows)
		return;
	vector_file_bytes(file, row, "span_hex", sfu.parameters, ROW_MAX);
	eb_adaptivfloat_decode_row(sfu.parameters, length, span_bias, sfu.span);
	for (size_t r = 0; r < rows; r++) {
		unsigned int defects = 0;

		eb_adaptivfloat_decode_row(sfu.in + r * length, length, bias, sfu.words);
		eb_softmax_row(sfu.words, sfu.span, length, sfu.ours);
		published_softmax(sfu.words, sfu.span, length, sfu.published, &defects);
		judge_row(report, row, sfu.out + r * length, length, bias, defects);
	}
}

static bool read_norm_parameters(struct vector_file *file, size_t row, size_t length)
{
	size_t gamma = (size_t)vector_file_number(file, row, "base_gamma");
	size_t beta = (size_t)vector_file_number(file, row, "base_beta");
	size_t size = vector_file_bytes(file, row, "aux_hex", sfu.parameters,
					sizeof(sfu.parameters));

	if (gamma + length > size || beta + length > size) {
		vector_file_fail(file, row, "gamma or beta beyond aux_hex");
		return false;
	}
	eb_adaptivfloat_decode_row(sfu.parameters + gamma, length,
				   (unsigned int)vector_file_number(file, row, "gamma_bias") & 7,
				   sfu.gamma);
	eb_adaptivfloat_decode_row(sfu.parameters + beta, length,
				   (unsigned int)vector_file_number(file, row, "beta_bias") & 7,
				   sfu.beta);
	return true;
}

/*
 * Coarse mean and variance explain a row only as far as they reach: each of the published
 * unit's roundings moves a result by a share of it or by a few steps of 2^-10.
 */
static bool is_within_coarseness(unsigned int defects, size_t length)
{
	double sum = 0, squares = 0, mean, variance, inverse, share;

	if (defects != PUBLISHED_VARIANCE_COARSE)
		return true;
	for (size_t i = 0; i < length; i++) {
		sum += sfu.words[i];
		squares += (double)sfu.words[i] * sfu.words[i];
	}
	mean = sum / (double)length;
	variance = (squares / (double)length - mean * mean) / 1024;
	inverse = 1024 / sqrt(variance / 1024);
	share = 3 / variance + 2 / inverse;
	for (size_t i = 0; i < length; i++) {
		double gamma = fabs(sfu.gamma[i] / 1024.0);
		double limit = fabs(sfu.words[i] - mean) * inverse / 1024 * gamma * share +
			       (2 * inverse / 1024 + 3) * gamma + 3;

		if (!(fabs((double)sfu.ours[i] - sfu.published[i]) <= limit))
			return false;
	}
	return true;
}

static void check_layernorm(struct vector_file *file, size_t row, struct vector_report *report)
{
	size_t length, rows = read_rows(file, row, &length);
	unsigned int bias = (unsigned int)vector_file_number(file, row, "act_bias") & 7;

	if (!rows || !read_norm_parameters(file, row, length))
		return;
	for (size_t r = 0; r < rows; r++) {
		unsigned int defects = 0;

		eb_adaptivfloat_decode_row(sfu.in + r * length, length, bias, sfu.words);
		eb_layernorm_row(sfu.words, sfu.gamma, sfu.beta, length, 0, sfu.ours);
		published_layernorm(sfu.words, sfu.gamma, sfu.beta, length, sfu.published,
				    &defects);
		if (!is_within_coarseness(defects, length))
			defects &= ~PUBLISHED_VARIANCE_COARSE;
		judge_row(report, row, sfu.out + r * length, length, bias, defects);
	}
}

static void check_add(struct vector_file *file, size_t row, struct vector_report *report)
{
	unsigned int bias1 = (unsigned int)vector_file_number(file, row, "bias1") & 7;
	unsigned int bias2 = (unsigned int)vector_file_number(file, row, "bias2") & 7;
	unsigned int bias_out = (unsigned int)vector_file_number(file, row, "bias_out") & 7;
	size_t count = vector_file_bytes(file, row, "in1_hex", sfu.in, ROW_MAX);

	if (vector_file_bytes(file, row, "in2_hex", sfu.parameters, ROW_MAX) != count ||
	    vector_file_bytes(file, row, "out_hex", sfu.out, ROW_MAX) != count) {
		vector_file_fail(file, row, "unequal lengths");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		int32_t sum = eb_adaptivfloat_decode(sfu.in[i], bias1) +
			      eb_adaptivfloat_decode(sfu.parameters[i], bias2);

		judge_code(report, row, sfu.out[i], eb_adaptivfloat_encode(sum, 10, bias_out),
			   published_encode((int16_t)sum, 10, bias_out),
			   (int16_t)sum != sum ? PUBLISHED_SUM_WRAPS : 0);
	}
}

/* The published unit always takes part with 16 lanes, so ours is given 16 classes. */
static void check_entropy(struct vector_file *file, size_t row, struct vector_report *report)
{
	unsigned int bias = (unsigned int)vector_file_number(file, row, "act_bias") & 7;
	long threshold = vector_file_number(file, row, "threshold");
	long vector = vector_file_number(file, row, "entropy_q6_10");
	unsigned int defects = 0;
	int16_t ours, published;

	if (vector_file_bytes(file, row, "in_hex", sfu.in, LANES) != LANES) {
		vector_file_fail(file, row, "not 16 lanes");
		return;
	}
	eb_adaptivfloat_decode_row(sfu.in, LANES, bias, sfu.words);
	ours = eb_entropy_row(sfu.words, LANES);
	published = published_entropy(sfu.words, LANES, &defects);
	judge(report, row, "entropy", vector, ours, published, defects);
	judge(report, row, "status", vector_file_number(file, row, "status"),
	      ours <= threshold ? 3 : 2, published <= threshold ? 3 : 2, defects);
}

/* ---- Files -------------------------------------------------------------------------- */

static const char as_is[] = "of the blocks with all their bugs; the _patched file is compared";
static const char no_unit[] = "this unit is replaced by operating points and PREDICT";

static const struct format {
	const char *name;
	bool no_header;
	void (*check)(struct vector_file *file, size_t row, struct vector_report *report);
	const char *not_compared;
} formats[] = {
	{ "accum_post.csv", .check = check_post },
	{ "adf_decode.csv", .check = check_decode },
	{ "adf_encode_float_host.csv", .check = check_float_host },
	{ "adf_encode_grid.csv", .check = check_grid },
	{ "adf_encode_q4_12_intervals.csv", .check = check_intervals_12 },
	{ "adf_encode_q6_10_intervals.csv", .check = check_intervals_10 },
	{ "adf_mul_int16.csv", .no_header = true, .check = check_products },
	{ "dvfs.csv", .not_compared = no_unit },
	{ "elemadd.csv", .check = check_add },
	{ "emul_q6_10.csv", .check = check_multiply },
	{ "entropy_asis.csv", .not_compared = as_is },
	{ "entropy_patched.csv", .check = check_entropy },
	{ "layernorm_asis.csv", .not_compared = as_is },
	{ "layernorm_patched.csv", .check = check_layernorm },
	{ "matmul_tile_M128.csv", .check = check_tile },
	{ "matmul_tile_M16.csv", .check = check_tile },
	{ "matmul_tile_M64.csv", .check = check_tile },
	{ "matmul_tile_psum_M128.csv", .check = check_tile_sums },
	{ "matmul_tile_psum_M16.csv", .check = check_tile_sums },
	{ "matmul_tile_psum_M64.csv", .check = check_tile_sums },
	{ "pwl_exp.csv", .check = check_exp },
	{ "pwl_invsqrt.csv", .check = check_inverse_sqrt },
	{ "pwl_ln.csv", .check = check_ln },
	{ "softmax_asis.csv", .not_compared = as_is },
	{ "softmax_patched.csv", .check = check_softmax },
};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

bool vector_file_is_known(const char *name)
{
	return find_format(name) != NULL;
}

void vector_check_file(const char *folder, const char *name, struct vector_report *report)
{
	const struct format *format = find_format(name);
	struct vector_file file;
	char path[4096];

	memset(report, 0, sizeof(*report));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (vector_file_open(&file, path, !format->no_header)) {
		report->vectors = vector_file_rows(&file);
		report->not_compared = format->not_compared;
		for (size_t row = 0; row < report->vectors && !file.error[0]; row++)
			if (format->check)
				format->check(&file, row, report);
	}
	if (file.error[0])
		snprintf(report->error, sizeof(report->error), "%s", file.error);
	vector_file_close(&file);
}
