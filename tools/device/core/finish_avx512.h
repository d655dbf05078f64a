/* SPDX-License-Identifier: MIT */
/*
 * What becomes of finished sums, with AVX-512: eb_kernels.finish.
 */
#ifndef EDGEBERT_DEVICE_FINISH_AVX512_H
#define EDGEBERT_DEVICE_FINISH_AVX512_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/device/core/matmul.h"

/* sums[column][row] */
void eb_avx512_finish_tile(const struct eb_matmul_finish *finish, int32_t *sums,
			   const int32_t *bias, bool transposed, void *elements, size_t stride);

#endif /* EDGEBERT_DEVICE_FINISH_AVX512_H */
