// SPDX-License-Identifier: MIT
/*
 * The eNVM array: error correction bit by bit, program and erase rules, locks, wear,
 * power cuts at every step, cell errors, and jobs that read it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core/fixture.h"
#include "tools/device/core/envm.h"
#include "tools/device/core/envm_cells.h"

#define OK		EDGEBERT_HW_ENVM_OK
#define PAGE		EB_ENVM_PAGE_BYTES
#define SECTOR		EB_ENVM_SECTOR_BYTES
#define MULTI		EB_ENVM_SINGLE_BYTES	/* the first sector with two bits per cell */
#define LAST_SECTOR	(EDGEBERT_HW_ENVM_BYTES - SECTOR)
#define PAGE_STEPS	(PAGE / 8)
#define SECTOR_STEPS	(SECTOR / PAGE)

static struct eb_envm *new_envm(const struct eb_envm_rates *rates, uint64_t seed)
{
	struct eb_envm_options options = { .seed = seed };
	char message[200] = "";
	struct eb_envm *envm;

	if (rates)
		options.rates = *rates;
	envm = eb_envm_create(&options, message, sizeof(message));
	assert_non_null(envm);
	return envm;
}

static void fill(uint8_t *bytes, size_t size, uint64_t seed)
{
	struct random random = { seed };

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)random_next(&random);
}

static void assert_reads(struct eb_envm *envm, uint32_t offset, const uint8_t *wanted, size_t size)
{
	uint8_t *bytes = malloc(size);

	assert_non_null(bytes);
	assert_int_equal(eb_envm_read(envm, offset, bytes, size), OK);
	assert_memory_equal(bytes, wanted, size);
	free(bytes);
}

/* ---- Error correction ---- */

static void flip(uint64_t *word, uint8_t *check, unsigned int bit)
{
	if (bit < EB_ECC_DATA_BITS)
		*word ^= 1ull << bit;
	else
		*check ^= (uint8_t)(1u << (bit - EB_ECC_DATA_BITS));
}

static void every_single_error_is_corrected_and_every_double_detected(void **state)
{
	struct random random = { 5 };

	(void)state;
	for (int round = 0; round < 40; round++) {
		uint64_t word = round == 0 ? ~0ull : round == 1 ? 0 :
				(uint64_t)random_next(&random) << 32 ^ random_next(&random);
		uint8_t check = eb_ecc_check_bits(word);
		uint64_t bad = word;
		uint8_t bad_check = check;

		assert_int_equal(eb_ecc_correct(&bad, &bad_check), EB_ECC_CLEAN);
		for (unsigned int i = 0; i < EB_ECC_BITS; i++) {
			bad = word;
			bad_check = check;
			flip(&bad, &bad_check, i);
			assert_int_equal(eb_ecc_correct(&bad, &bad_check), EB_ECC_CORRECTED);
			assert_true(bad == word && bad_check == check);
			for (unsigned int j = i + 1; j < EB_ECC_BITS; j++) {
				flip(&bad, &bad_check, i);
				flip(&bad, &bad_check, j);
				assert_int_equal(eb_ecc_correct(&bad, &bad_check), EB_ECC_FAILED);
				flip(&bad, &bad_check, j);
				flip(&bad, &bad_check, i);
			}
		}
	}
	assert_int_equal(eb_ecc_check_bits(~0ull), 0xff);
}

static void one_level_is_one_bit(void **state)
{
	(void)state;
	for (unsigned int level = 0; level < 4; level++) {
		struct eb_cell_word word = eb_cell_word_encode(0x0123456789abcdefull), other;

		eb_cell_set_level(&word, EB_CELL_MULTI, 35, level);
		eb_cell_set_level(&word, EB_CELL_MULTI, 3, level);
		assert_int_equal(eb_cell_level(&word, EB_CELL_MULTI, 35), level);
		assert_int_equal(eb_cell_level(&word, EB_CELL_MULTI, 3), level);
		other = word;
		if (level > 0)
			eb_cell_set_level(&other, EB_CELL_MULTI, 3, level - 1);
		assert_int_equal(__builtin_popcountll(word.data ^ other.data), level > 0);
		assert_int_equal(word.check, other.check);
	}
}

static void stored_errors_are_corrected_counted_and_reported(void **state)
{
	struct eb_envm *envm = new_envm(NULL, 1);
	uint8_t page[PAGE], bytes[PAGE];

	(void)state;
	fill(page, PAGE, 3);
	assert_int_equal(eb_envm_program(envm, MULTI, page), OK);
	for (unsigned int bit = 0; bit < EB_ECC_BITS; bit++) {
		assert_int_equal(eb_envm_flip(envm, MULTI + 16, bit), OK);
		assert_reads(envm, MULTI, page, PAGE);
		assert_int_equal(eb_envm_corrected(envm), bit + 1);
		assert_int_equal(eb_envm_flip(envm, MULTI + 16, bit), OK);
	}
	assert_int_equal(eb_envm_failed(envm), 0);
	assert_int_equal(eb_envm_flip(envm, MULTI + 16, 1), OK);
	assert_int_equal(eb_envm_flip(envm, MULTI + 16, 70), OK);
	assert_int_equal(eb_envm_read(envm, MULTI, bytes, PAGE), EDGEBERT_HW_ENVM_ECC_ERROR);
	assert_int_equal(eb_envm_failed(envm), 1);
	/* Its neighbours are fine, the word itself by a single byte is not. */
	assert_reads(envm, MULTI, page, 16);
	assert_reads(envm, MULTI + 24, page + 24, PAGE - 24);
	assert_int_equal(eb_envm_read(envm, MULTI + 23, bytes, 1), EDGEBERT_HW_ENVM_ECC_ERROR);
	assert_int_equal(eb_envm_flip(envm, MULTI + 16, 72), EDGEBERT_HW_ENVM_BAD_RANGE);
	assert_int_equal(eb_envm_flip(envm, MULTI + 17, 0), EDGEBERT_HW_ENVM_BAD_RANGE);
	eb_envm_power_on(envm);
	assert_int_equal(eb_envm_failed(envm) + eb_envm_corrected(envm), 0);
	eb_envm_destroy(envm);
}

/* ---- Rules ---- */

static void pages_are_programmed_once_per_erase(void **state)
{
	struct eb_envm *envm = new_envm(NULL, 1);
	uint8_t page[PAGE], other[PAGE], erased[SECTOR];

	(void)state;
	fill(page, PAGE, 1);
	fill(other, PAGE, 2);
	memset(erased, 0xff, SECTOR);
	assert_reads(envm, LAST_SECTOR, erased, SECTOR);
	assert_int_equal(eb_envm_program(envm, LAST_SECTOR + PAGE, page), OK);
	assert_int_equal(eb_envm_program(envm, LAST_SECTOR + PAGE, other),
			 EDGEBERT_HW_ENVM_NOT_ERASED);
	assert_int_equal(eb_envm_check_program(envm, LAST_SECTOR + PAGE),
			 EDGEBERT_HW_ENVM_NOT_ERASED);
	assert_reads(envm, LAST_SECTOR + PAGE, page, PAGE);
	assert_reads(envm, LAST_SECTOR + PAGE + 3, page + 3, 14);
	assert_reads(envm, LAST_SECTOR, erased, PAGE);
	assert_int_equal(eb_envm_program(envm, LAST_SECTOR, other), OK);
	assert_int_equal(eb_envm_erase(envm, LAST_SECTOR), OK);
	assert_reads(envm, LAST_SECTOR, erased, SECTOR);
	assert_int_equal(eb_envm_program(envm, LAST_SECTOR + PAGE, other), OK);
	assert_reads(envm, LAST_SECTOR + PAGE, other, PAGE);
	assert_int_equal(eb_envm_wear(envm, LAST_SECTOR), 1);
	assert_int_equal(eb_envm_wear(envm, LAST_SECTOR - 1), 0);
	eb_envm_destroy(envm);
}

static void ranges_and_granules_are_checked(void **state)
{
	struct eb_envm *envm = new_envm(NULL, 1);
	uint8_t page[PAGE] = { 0 };

	(void)state;
#define BAD(call) assert_int_equal(call, EDGEBERT_HW_ENVM_BAD_RANGE)
	BAD(eb_envm_program(envm, PAGE / 2, page));
	BAD(eb_envm_program(envm, EDGEBERT_HW_ENVM_BYTES, page));
	BAD(eb_envm_program(envm, 0xffffff00, page));
	BAD(eb_envm_erase(envm, PAGE));
	BAD(eb_envm_erase(envm, EDGEBERT_HW_ENVM_BYTES));
	BAD(eb_envm_lock(envm, PAGE));
	BAD(eb_envm_lock(envm, 0xfffff000));
	BAD(eb_envm_read(envm, EDGEBERT_HW_ENVM_BYTES, page, 1));
	BAD(eb_envm_read(envm, 0xffffffff, page, 2));
	BAD(eb_envm_read(envm, EDGEBERT_HW_ENVM_BYTES - 1, page, 2));
	BAD(eb_envm_load(envm, page, EDGEBERT_HW_ENVM_BYTES + 1));
	assert_int_equal(eb_envm_read(envm, EDGEBERT_HW_ENVM_BYTES, page, 0), OK);
	eb_envm_destroy(envm);
}

static void locked_sectors_stay_until_unlocked(void **state)
{
	struct eb_envm *envm = new_envm(NULL, 1);
	uint8_t page[PAGE];

	(void)state;
	fill(page, PAGE, 9);
	assert_int_equal(eb_envm_program(envm, SECTOR, page), OK);
	assert_int_equal(eb_envm_lock(envm, SECTOR), OK);
	assert_int_equal(eb_envm_program(envm, SECTOR + PAGE, page), EDGEBERT_HW_ENVM_LOCKED);
	assert_int_equal(eb_envm_erase(envm, SECTOR), EDGEBERT_HW_ENVM_LOCKED);
	assert_int_equal(eb_envm_check_erase(envm, SECTOR), EDGEBERT_HW_ENVM_LOCKED);
	assert_reads(envm, SECTOR, page, PAGE);
	assert_int_equal(eb_envm_erase(envm, 0), OK);
	assert_int_equal(eb_envm_erase(envm, 2 * SECTOR), OK);
	eb_envm_unlock(envm);
	assert_int_equal(eb_envm_erase(envm, SECTOR), OK);
	assert_int_equal(eb_envm_wear(envm, SECTOR), 1);
	eb_envm_destroy(envm);
}

static void loaded_contents_are_read_and_the_rest_is_erased(void **state)
{
	struct eb_envm *envm = new_envm(NULL, 1);
	size_t size = 3 * SECTOR + 100;
	uint8_t *bytes = malloc(size), erased[200];

	(void)state;
	fill(bytes, size, 4);
	memset(erased, 0xff, sizeof(erased));
	assert_int_equal(eb_envm_load(envm, bytes, size), OK);
	assert_reads(envm, 0, bytes, size);
	assert_reads(envm, (uint32_t)size, erased, sizeof(erased));
	free(bytes);
	eb_envm_destroy(envm);
}

static void every_number_says_where_it_comes_from(void **state)
{
	static const char *const texts[][2] = {
#define PARAMETER(name, single, multi, unit, source) { unit, source },
#include "tools/device/core/profiles/envm.def"
#undef PARAMETER
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(strlen(texts[i][0]) > 0);
		assert_true(strlen(texts[i][1]) > strlen("assumed: "));
	}
}

static void maintenance_costs_time_and_energy(void **state)
{
	static const unsigned int commands[] = { EDGEBERT_HW_ENVM_READ, EDGEBERT_HW_ENVM_PROGRAM,
						 EDGEBERT_HW_ENVM_ERASE, EDGEBERT_HW_ENVM_VERIFY };

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct eb_envm_cost one = eb_envm_cost(commands[i], 0, SECTOR);
		struct eb_envm_cost two = eb_envm_cost(commands[i], 0, 2 * SECTOR);
		struct eb_envm_cost multi = eb_envm_cost(commands[i], MULTI, SECTOR);

		assert_true(one.nanoseconds > 0 && one.femtojoule > 0);
		assert_true(two.nanoseconds == 2 * one.nanoseconds &&
			    two.femtojoule == 2 * one.femtojoule);
		assert_true(multi.nanoseconds > one.nanoseconds);
	}
	assert_int_equal(eb_envm_cost(EDGEBERT_HW_ENVM_LOCK, 0, SECTOR).nanoseconds, 0);
}

/* ---- Power cuts ---- */

/* Every word reads as something or as an error; nothing else happens. */
static void assert_words_answer(struct eb_envm *envm, uint32_t offset, uint32_t size)
{
	uint64_t word;

	for (uint32_t i = 0; i < size; i += 8) {
		int result = eb_envm_read(envm, offset + i, &word, 8);

		assert_true(result == OK || result == EDGEBERT_HW_ENVM_ECC_ERROR);
	}
}

static void a_cut_in_a_program_leaves_whole_words_before_and_none_after(void **state)
{
	const uint32_t offsets[] = { 0, MULTI };
	uint8_t page[PAGE], erased[PAGE];

	(void)state;
	fill(page, PAGE, 11);
	memset(erased, 0xff, PAGE);
	for (uint32_t step = 0; step < 2 * PAGE_STEPS; step++) {
		uint32_t at = offsets[step % 2], word = step / 2;
		struct eb_envm *envm = new_envm(NULL, 77);

		assert_int_equal(eb_envm_program(envm, at + PAGE, page), OK);
		eb_envm_cut_power(envm, word);
		assert_int_equal(eb_envm_program(envm, at, page), EB_ENVM_POWER_LOST);
		assert_int_equal(eb_envm_program(envm, at, page), EB_ENVM_POWER_LOST);
		assert_int_equal(eb_envm_erase(envm, at), EB_ENVM_POWER_LOST);
		assert_int_equal(eb_envm_read(envm, at, erased, 1), EB_ENVM_POWER_LOST);
		eb_envm_power_on(envm);
		assert_reads(envm, at, page, word * 8);
		assert_reads(envm, at + word * 8 + 8, erased, PAGE - word * 8 - 8);
		assert_words_answer(envm, at, PAGE);
		assert_reads(envm, at + PAGE, page, PAGE);
		/* An erase makes all good again. */
		assert_int_equal(eb_envm_erase(envm, at), OK);
		assert_int_equal(eb_envm_program(envm, at, page), OK);
		assert_reads(envm, at, page, PAGE);
		eb_envm_destroy(envm);
	}
}

static void a_cut_in_an_erase_leaves_erased_pages_before_and_old_ones_after(void **state)
{
	const uint32_t offsets[] = { 0, MULTI };
	uint8_t contents[SECTOR], erased[SECTOR];

	(void)state;
	fill(contents, SECTOR, 12);
	memset(erased, 0xff, SECTOR);
	for (uint32_t step = 0; step < 2 * SECTOR_STEPS; step++) {
		uint32_t at = offsets[step % 2], cut = step / 2 * PAGE;
		struct eb_envm *envm = new_envm(NULL, 78);

		for (uint32_t i = 0; i < SECTOR; i += PAGE)
			assert_int_equal(eb_envm_program(envm, at + i, contents + i), OK);
		eb_envm_cut_power(envm, step / 2);
		assert_int_equal(eb_envm_erase(envm, at), EB_ENVM_POWER_LOST);
		eb_envm_power_on(envm);
		assert_int_equal(eb_envm_wear(envm, at), 1);
		if (cut)
			assert_reads(envm, at, erased, cut);
		assert_reads(envm, at + cut + PAGE, contents + cut + PAGE, SECTOR - cut - PAGE);
		assert_words_answer(envm, at, SECTOR);
		assert_int_equal(eb_envm_check_program(envm, at + cut),
				 EDGEBERT_HW_ENVM_NOT_ERASED);
		assert_int_equal(eb_envm_erase(envm, at), OK);
		assert_reads(envm, at, erased, SECTOR);
		eb_envm_destroy(envm);
	}
}

static uint64_t partial_word(uint64_t seed)
{
	struct eb_envm *envm = new_envm(NULL, seed);
	uint8_t page[PAGE] = { 0 };
	uint64_t word = 0;

	eb_envm_cut_power(envm, 0);
	assert_int_equal(eb_envm_program(envm, 0, page), EB_ENVM_POWER_LOST);
	eb_envm_power_on(envm);
	/* Too many errors for the code: look at the word bit by bit. */
	for (unsigned int bit = 0; bit < EB_ECC_BITS; bit++) {
		uint64_t read;

		assert_int_equal(eb_envm_flip(envm, 0, bit), OK);
		if (eb_envm_read(envm, 0, &read, 8) == OK)
			word ^= read * (2 * bit + 1);
		assert_int_equal(eb_envm_flip(envm, 0, bit), OK);
	}
	eb_envm_destroy(envm);
	return word;
}

static void the_seed_decides_what_a_cut_leaves(void **state)
{
	(void)state;
	assert_int_equal(partial_word(5), partial_word(5));
	assert_int_not_equal(partial_word(5), partial_word(6));
}

/* ---- Cells that err ---- */

static uint32_t corrected_in_a_scan(const struct eb_envm_rates *rates, uint32_t hours)
{
	struct eb_envm *envm = new_envm(rates, 42);
	uint8_t *bytes = calloc(1, EDGEBERT_HW_ENVM_BYTES);
	uint32_t corrected;

	assert_int_equal(eb_envm_load(envm, bytes, EDGEBERT_HW_ENVM_BYTES), OK);
	if (hours)
		assert_int_equal(eb_envm_age(envm, hours), OK);
	for (uint32_t i = 0; i < EDGEBERT_HW_ENVM_BYTES; i += 8)
		eb_envm_read(envm, i, bytes + i, 8);
	corrected = eb_envm_corrected(envm);
	eb_envm_destroy(envm);
	free(bytes);
	return corrected;
}

static void errors_come_at_their_rates_and_only_when_asked_for(void **state)
{
	struct eb_envm_rates off = { 0 };
	struct eb_envm_rates noise = { .read_errors = { 0, 100000 } };
	struct eb_envm_rates drift = { .drift_errors = { 10, 0 } };
	uint32_t multi_words = (EDGEBERT_HW_ENVM_BYTES - MULTI) / 8;
	uint32_t noisy, drifted;

	(void)state;
	assert_int_equal(corrected_in_a_scan(&off, 1000000), 0);
	/* 10^-4 per cell, 36 cells per word. */
	noisy = corrected_in_a_scan(&noise, 0);
	assert_in_range(noisy, multi_words * 36 / 10000 * 9 / 10,
			multi_words * 36 / 10000 * 11 / 10);
	assert_int_equal(corrected_in_a_scan(&noise, 0), noisy);
	/* 10^-8 * 10^4 hours per cell, 72 cells per word, all data cells programmed. */
	drifted = corrected_in_a_scan(&drift, 10000);
	assert_in_range(drifted, MULTI / 8 * 64 / 10000 * 85 / 100,
			MULTI / 8 * 72 / 10000 * 11 / 10);
	off = eb_envm_default_rates();
	assert_true(off.read_errors[1] > off.read_errors[0]);
}

static void worn_sectors_fail_their_erase(void **state)
{
	struct eb_envm_rates rates = { .worn_errors = { 1000000, 1000000 }, .endurance = { 3, 2 } };
	struct eb_envm *envm = new_envm(&rates, 1);
	uint8_t page[PAGE] = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(eb_envm_erase(envm, 0), OK);
	assert_int_equal(eb_envm_erase(envm, 0), EDGEBERT_HW_ENVM_MISMATCH);
	assert_int_equal(eb_envm_program(envm, 0, page), EDGEBERT_HW_ENVM_NOT_ERASED);
	for (int i = 0; i < 2; i++)
		assert_int_equal(eb_envm_erase(envm, MULTI), OK);
	assert_int_equal(eb_envm_erase(envm, MULTI), EDGEBERT_HW_ENVM_MISMATCH);
	assert_int_equal(eb_envm_wear(envm, 0), 4);
	eb_envm_destroy(envm);
}

/* ---- Jobs ---- */

static struct edgebert_hw_command embed_from_envm(void)
{
	struct edgebert_hw_command embed = command(EDGEBERT_HW_OP_EMBED, 0);

	embed.embed = (struct edgebert_hw_embed){
		.indices = IN(0), .table = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, MULTI),
		.output = OUT(0), .table_stride = 64, .output_stride = 64, .table_rows = 8,
		.rows = 4, .columns = 64,
	};
	return embed;
}

static void jobs_read_through_the_error_correction(void **state)
{
	static const uint32_t indices[4] = { 3, 0, 7, 3 };
	struct device *device = *state;
	struct edgebert_hw_command embed = embed_from_envm();
	struct eb_envm *envm = new_envm(NULL, 1);
	uint8_t table[2 * PAGE];

	fill(table, sizeof(table), 21);
	/* EMBED makes one zero of two. */
	for (size_t i = 0; i < sizeof(table); i++)
		table[i] &= 0x7f;
	assert_int_equal(eb_envm_program(envm, MULTI, table), OK);
	assert_int_equal(eb_envm_program(envm, MULTI + PAGE, table + PAGE), OK);
	memcpy(at(device, IN(0)), indices, sizeof(indices));
	eb_core_attach_envm(device->core, envm);
	assert_int_equal(eb_envm_flip(envm, MULTI + 3 * 64, 17), OK);
	assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_OK);
	for (int row = 0; row < 4; row++)
		assert_memory_equal(at(device, OUT(row * 64)), table + indices[row] * 64, 64);
	assert_int_equal(eb_envm_corrected(envm), 2);
	assert_true(device->completion.block_energy_pj[EDGEBERT_HW_BLOCK_ENVM] > 0);
	/* Row 7 becomes unreadable, the job that needs it ends. */
	assert_int_equal(eb_envm_flip(envm, MULTI + 7 * 64 + 8, 0), OK);
	assert_int_equal(eb_envm_flip(envm, MULTI + 7 * 64 + 8, 5), OK);
	assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_ENVM_FAILED);
	assert_int_equal(device->completion.fault_address, embed.embed.table + 7 * 64);
	assert_int_equal(eb_envm_failed(envm), 1);
	/* The plain array never fails. */
	eb_core_attach_envm(device->core, NULL);
	assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_OK);
	eb_envm_destroy(envm);
}

static void attached_and_plain_contents_give_the_same_record(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command matmul = command(EDGEBERT_HW_OP_MATMUL, 0);
	struct edgebert_hw_completion plain;
	struct eb_envm *envm = new_envm(NULL, 1);
	uint8_t outputs[2][32 * 64];

	fill(eb_core_envm(device->core), EDGEBERT_HW_ENVM_BYTES, 31);
	assert_int_equal(eb_envm_load(envm, eb_core_envm(device->core), EDGEBERT_HW_ENVM_BYTES),
			 OK);
	matmul.matmul = (struct edgebert_hw_matmul){
		.input = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 80),
		.weights = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, MULTI - 16 * 40),
		.output = OUT(0), .input_stride = 64, .weights_stride = 64, .output_stride = 64,
		.rows = 32, .depth = 64, .columns = 64,
	};
	for (int attached = 0; attached < 2; attached++) {
		eb_core_attach_envm(device->core, attached ? envm : NULL);
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		memcpy(outputs[attached], at(device, OUT(0)), sizeof(outputs[0]));
		if (!attached)
			plain = device->completion;
	}
	assert_memory_equal(outputs[0], outputs[1], sizeof(outputs[0]));
	assert_memory_equal(&device->completion, &plain, sizeof(plain));
	eb_core_attach_envm(device->core, NULL);
	eb_envm_destroy(envm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_single_error_is_corrected_and_every_double_detected),
		cmocka_unit_test(one_level_is_one_bit),
		cmocka_unit_test(stored_errors_are_corrected_counted_and_reported),
		cmocka_unit_test(pages_are_programmed_once_per_erase),
		cmocka_unit_test(ranges_and_granules_are_checked),
		cmocka_unit_test(locked_sectors_stay_until_unlocked),
		cmocka_unit_test(loaded_contents_are_read_and_the_rest_is_erased),
		cmocka_unit_test(every_number_says_where_it_comes_from),
		cmocka_unit_test(maintenance_costs_time_and_energy),
		cmocka_unit_test(a_cut_in_a_program_leaves_whole_words_before_and_none_after),
		cmocka_unit_test(a_cut_in_an_erase_leaves_erased_pages_before_and_old_ones_after),
		cmocka_unit_test(the_seed_decides_what_a_cut_leaves),
		cmocka_unit_test(errors_come_at_their_rates_and_only_when_asked_for),
		cmocka_unit_test(worn_sectors_fail_their_erase),
		cmocka_unit_test_setup_teardown(jobs_read_through_the_error_correction,
						device_setup, device_teardown),
		cmocka_unit_test_setup_teardown(attached_and_plain_contents_give_the_same_record,
						device_setup, device_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
