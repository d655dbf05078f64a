/* SPDX-License-Identifier: MIT */
/*
 * Error correction of the eNVM: one error in a word of 64 bits and its 8 check bits is
 * corrected, two are detected (odd-weight-column code).  The erased state, all ones, is
 * a valid word, so that erased pages read as such.
 */
#ifndef EDGEBERT_DEVICE_ENVM_ECC_H
#define EDGEBERT_DEVICE_ENVM_ECC_H

#include <stdint.h>

#define EB_ECC_DATA_BITS	64
#define EB_ECC_CHECK_BITS	8
#define EB_ECC_BITS		(EB_ECC_DATA_BITS + EB_ECC_CHECK_BITS)

enum eb_ecc_result {
	EB_ECC_CLEAN,
	EB_ECC_CORRECTED,
	EB_ECC_FAILED,
};

uint8_t eb_ecc_check_bits(uint64_t word);
/* Corrects in place.  After EB_ECC_FAILED both are as they were. */
enum eb_ecc_result eb_ecc_correct(uint64_t *word, uint8_t *check);

#endif /* EDGEBERT_DEVICE_ENVM_ECC_H */
