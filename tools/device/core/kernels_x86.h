/* SPDX-License-Identifier: MIT */
/*
 * The kernel sets for x86-64 instruction set extensions.
 */
#ifndef EDGEBERT_DEVICE_KERNELS_X86_H
#define EDGEBERT_DEVICE_KERNELS_X86_H

#include "tools/device/core/kernels.h"

bool eb_cpu_has_avx2(void);
bool eb_cpu_has_avx512(void);
bool eb_cpu_has_avx512_vbmi(void);

extern const struct eb_kernels eb_kernels_avx512;	/* F, BW, DQ, VL and VNNI */
extern const struct eb_kernels eb_kernels_avx512_vbmi;	/* and VBMI, VBMI2 */
extern const struct eb_kernels eb_kernels_avx2;

#endif /* EDGEBERT_DEVICE_KERNELS_X86_H */
