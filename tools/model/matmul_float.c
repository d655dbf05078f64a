// SPDX-License-Identifier: MIT
/*
 * Matrix product in float: panels of 8 outputs, 4 rows at a time, so that the 32 sums of
 * a tile stay in registers on any x86-64 or arm64.
 */
#include "tools/model/matmul_float.h"

#include <stdlib.h>
#include <string.h>

#define PANEL 8
#define TILE_ROWS 4

typedef float panel_vector __attribute__((vector_size(4 * PANEL), aligned(4)));

float *eb_matmul_panels(const float *weights, size_t outputs, size_t depth)
{
	size_t panels = (outputs + PANEL - 1) / PANEL;
	float *result = calloc(panels * depth * PANEL, sizeof(*result));

	if (!result)
		return NULL;
	for (size_t c = 0; c < outputs; c++) {
		float *panel = result + c / PANEL * depth * PANEL + c % PANEL;

		for (size_t d = 0; d < depth; d++)
			panel[d * PANEL] = weights[c * depth + d];
	}
	return result;
}

/* TILE_ROWS rows of input against one panel. */
static void multiply_tile(const float *const input[TILE_ROWS], size_t depth, const float *panel,
			  float sums[TILE_ROWS][PANEL])
{
	panel_vector s0 = { 0 }, s1 = { 0 }, s2 = { 0 }, s3 = { 0 };

	for (size_t d = 0; d < depth; d++) {
		panel_vector w = *(const panel_vector *)(panel + d * PANEL);

		s0 += input[0][d] * w;
		s1 += input[1][d] * w;
		s2 += input[2][d] * w;
		s3 += input[3][d] * w;
	}
	memcpy(sums[0], &s0, sizeof(s0));
	memcpy(sums[1], &s1, sizeof(s1));
	memcpy(sums[2], &s2, sizeof(s2));
	memcpy(sums[3], &s3, sizeof(s3));
}

/* All rows against one panel: the panel stays in the first-level cache. */
static void multiply_panel(const float *input, size_t rows, size_t depth, const float *panel,
			   const float *bias, size_t columns, float *output, size_t stride)
{
	for (size_t r = 0; r < rows; r += TILE_ROWS) {
		const float *lines[TILE_ROWS];
		float sums[TILE_ROWS][PANEL];

		/* Past the end the last row is computed again and not stored. */
		for (size_t i = 0; i < TILE_ROWS; i++)
			lines[i] = input + (r + i < rows ? r + i : rows - 1) * depth;
		multiply_tile(lines, depth, panel, sums);
		for (size_t i = 0; i < TILE_ROWS && r + i < rows; i++) {
			for (size_t c = 0; c < columns; c++)
				output[(r + i) * stride + c] = sums[i][c] + bias[c];
		}
	}
}

void eb_matmul(const float *input, size_t rows, size_t depth, const float *panels,
	       const float *bias, size_t outputs, float *output)
{
	for (size_t c = 0; c < outputs; c += PANEL)
		multiply_panel(input, rows, depth, panels + c * depth, bias + c,
			       outputs - c < PANEL ? outputs - c : PANEL, output + c, outputs);
}
