// SPDX-License-Identifier: MIT
/*
 * Error correction of the eNVM: check bits, syndromes, correction.
 *
 * Every data bit has a column of check bits of its own, of weight 3 or 5; a check bit's
 * column is that bit alone.  All weights are odd: one error gives an odd syndrome that
 * names the bit, two errors give an even one that is not zero.
 */
#include "tools/device/core/envm_ecc.h"

/* Which data bits each check bit covers: 26 each, so that all ones have check bits of zero. */
static const uint64_t covered[EB_ECC_CHECK_BITS] = {
	0xf1000000001fffffull, 0xe300000fffe0003full,
	0xc7003ff003e007c1ull, 0x8f0fc0f03c207842ull,
	0x1f71c711c4438884ull, 0x3eb65926488c9108ull,
	0x7cdaaa4a91152210ull, 0xf8ed348d221a4420ull,
};

/* Stored inverted: the erased word has check bits of all ones, too. */
#define ERASED_CHECK 0xff

static uint8_t parities(uint64_t word)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < EB_ECC_CHECK_BITS; i++)
		bits |= (unsigned int)__builtin_parityll(word & covered[i]) << i;
	return (uint8_t)bits;
}

uint8_t eb_ecc_check_bits(uint64_t word)
{
	return parities(word) ^ ERASED_CHECK;
}

/* The data bit whose column is the syndrome, or EB_ECC_DATA_BITS. */
static unsigned int find_data_bit(uint8_t syndrome)
{
	uint64_t candidates = ~0ull;

	for (unsigned int i = 0; i < EB_ECC_CHECK_BITS; i++)
		candidates &= syndrome >> i & 1 ? covered[i] : ~covered[i];
	return candidates ? (unsigned int)__builtin_ctzll(candidates) : EB_ECC_DATA_BITS;
}

enum eb_ecc_result eb_ecc_correct(uint64_t *word, uint8_t *check)
{
	uint8_t syndrome = eb_ecc_check_bits(*word) ^ *check;
	unsigned int bit;

	if (!syndrome)
		return EB_ECC_CLEAN;
	if (!(syndrome & (syndrome - 1))) {
		*check ^= syndrome;
		return EB_ECC_CORRECTED;
	}
	bit = find_data_bit(syndrome);
	if (bit == EB_ECC_DATA_BITS)
		return EB_ECC_FAILED;
	*word ^= 1ull << bit;
	return EB_ECC_CORRECTED;
}
