// SPDX-License-Identifier: MIT
/*
 * The eNVM array: reads through ECC, program, erase, locks, wear, power cuts, ageing.
 */
#include "tools/device/core/envm.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/device/core/envm_cells.h"
#include "tools/device/core/envm_file.h"

#define WORD_BYTES	8
#define PAGE_WORDS	(EB_ENVM_PAGE_BYTES / WORD_BYTES)
#define SECTOR_PAGES	(EB_ENVM_SECTOR_BYTES / EB_ENVM_PAGE_BYTES)
#define BILLION		1000000000ull
#define MILLION		1000000ull

struct eb_envm {
	/*
	 * Everything but what is atomic, which register accesses read and which must not
	 * wait for a file.  A sector's erases are written with it and read without.
	 */
	pthread_mutex_t lock;
	struct eb_envm_sector *sectors;
	atomic_bool locked[EB_ENVM_SECTORS];
	struct eb_envm_rates rates;
	uint64_t seed;
	uint64_t reads;			/* so that no two err alike */
	atomic_uint corrected, failed;
	int fd;				/* -1: only in memory */
	bool written;			/* to the file */
	bool cut_armed, dark;
	uint32_t steps_left;
};

struct eb_envm_rates eb_envm_default_rates(void)
{
	const struct eb_cell_parameters *from = &eb_cell_parameters;
	struct eb_envm_rates rates;

	for (int mode = 0; mode < EB_CELL_MODES; mode++) {
		rates.read_errors[mode] = from->read_errors[mode];
		rates.drift_errors[mode] = from->drift_errors[mode];
		rates.worn_errors[mode] = from->worn_errors[mode];
		rates.endurance[mode] = from->endurance[mode];
	}
	return rates;
}

/* ---- Life ---- */

static void fill_erased(struct eb_envm_sector *sector, uint32_t number)
{
	memset(sector, 0xff, sizeof(*sector));
	sector->number = number;
	sector->erases = 0;
	sector->hours = 0;
}

struct eb_envm *eb_envm_create(const struct eb_envm_options *options, char *message,
			       size_t message_size)
{
	struct eb_envm *envm = calloc(1, sizeof(*envm));

	if (envm)
		envm->sectors = malloc(EB_ENVM_SECTORS * sizeof(*envm->sectors));
	if (!envm || !envm->sectors) {
		snprintf(message, message_size, "cannot create the eNVM: out of memory");
		free(envm);
		return NULL;
	}
	for (uint32_t i = 0; i < EB_ENVM_SECTORS; i++)
		fill_erased(&envm->sectors[i], i);
	envm->seed = options->seed;
	envm->rates = options->rates;
	envm->fd = -1;
	if (options->path) {
		envm->fd = eb_envm_file_open(options->path, envm->sectors, &envm->seed, message,
					     message_size);
		if (envm->fd < 0) {
			free(envm->sectors);
			free(envm);
			return NULL;
		}
	}
	pthread_mutex_init(&envm->lock, NULL);
	return envm;
}

void eb_envm_destroy(struct eb_envm *envm)
{
	if (!envm)
		return;
	if (envm->fd >= 0)
		eb_envm_file_close(envm->fd, envm->written);
	pthread_mutex_destroy(&envm->lock);
	free(envm->sectors);
	free(envm);
}

/* ---- Words ---- */

static enum eb_cell_mode mode_at(uint32_t offset)
{
	return offset < EB_ENVM_SINGLE_BYTES ? EB_CELL_SINGLE : EB_CELL_MULTI;
}

static struct eb_envm_sector *sector_at(struct eb_envm *envm, uint32_t offset)
{
	return &envm->sectors[offset / EB_ENVM_SECTOR_BYTES];
}

static struct eb_cell_word get_word(struct eb_envm *envm, uint32_t offset)
{
	const struct eb_envm_sector *sector = sector_at(envm, offset);
	uint32_t index = offset % EB_ENVM_SECTOR_BYTES / WORD_BYTES;

	return (struct eb_cell_word){ sector->words[index], sector->checks[index] };
}

static void set_word(struct eb_envm *envm, uint32_t offset, const struct eb_cell_word *word)
{
	struct eb_envm_sector *sector = sector_at(envm, offset);
	uint32_t index = offset % EB_ENVM_SECTOR_BYTES / WORD_BYTES;

	sector->words[index] = word->data;
	sector->checks[index] = word->check;
}

/* Names the present life of a sector's contents. */
static uint64_t sector_event(struct eb_envm *envm, uint32_t offset)
{
	const struct eb_envm_sector *sector = sector_at(envm, offset);

	return (uint64_t)sector->erases << 32 | sector->hours;
}

static uint64_t random_at(const struct eb_envm *envm, uint32_t offset, uint64_t event)
{
	return eb_cell_random(envm->seed, offset, event);
}

/*
 * A file that cannot be written any more (a full disk) is a macro that lost its supply
 * before the write: the file keeps its last consistent state.
 */
static int save(struct eb_envm *envm, struct eb_envm_sector *sector)
{
	if (envm->fd >= 0) {
		envm->written = true;
		if (eb_envm_file_write(envm->fd, sector) != 0)
			envm->dark = true;
	}
	return envm->dark ? EB_ENVM_POWER_LOST : EDGEBERT_HW_ENVM_OK;
}

/* True: the supply fails within this step. */
static bool step_is_cut(struct eb_envm *envm)
{
	if (!envm->cut_armed || envm->steps_left--)
		return false;
	envm->cut_armed = false;
	envm->dark = true;
	return true;
}

/* ---- Reading ---- */

static int read_word(struct eb_envm *envm, uint32_t offset, uint64_t *ret_data)
{
	struct eb_cell_word word = get_word(envm, offset);
	enum eb_cell_mode mode = mode_at(offset);

	if (envm->rates.read_errors[mode])
		eb_cells_disturb(&word, mode, EB_CELL_NOISE, envm->rates.read_errors[mode],
				 BILLION, random_at(envm, offset, envm->reads++));
	switch (eb_ecc_correct(&word.data, &word.check)) {
	case EB_ECC_CLEAN:
		break;
	case EB_ECC_CORRECTED:
		envm->corrected++;
		break;
	case EB_ECC_FAILED:
		envm->failed++;
		return EDGEBERT_HW_ENVM_ECC_ERROR;
	}
	*ret_data = word.data;
	return EDGEBERT_HW_ENVM_OK;
}

static int read_range(struct eb_envm *envm, uint32_t offset, uint8_t *destination, size_t size)
{
	while (size) {
		uint32_t skip = offset % WORD_BYTES;
		size_t part = WORD_BYTES - skip < size ? WORD_BYTES - skip : size;
		uint64_t data;
		int result = read_word(envm, offset - skip, &data);

		if (result != EDGEBERT_HW_ENVM_OK)
			return result;
		memcpy(destination, (const uint8_t *)&data + skip, part);
		destination += part;
		offset += (uint32_t)part;
		size -= part;
	}
	return EDGEBERT_HW_ENVM_OK;
}

int eb_envm_read(struct eb_envm *envm, uint32_t offset, void *destination, size_t size)
{
	int result = EB_ENVM_POWER_LOST;

	if (offset > EDGEBERT_HW_ENVM_BYTES || size > EDGEBERT_HW_ENVM_BYTES - offset)
		return EDGEBERT_HW_ENVM_BAD_RANGE;
	pthread_mutex_lock(&envm->lock);
	if (!envm->dark)
		result = read_range(envm, offset, destination, size);
	pthread_mutex_unlock(&envm->lock);
	return result;
}

/* ---- Programming and erasing ---- */

static bool is_granule(uint32_t offset, uint32_t granule)
{
	return offset % granule == 0 && offset < EDGEBERT_HW_ENVM_BYTES;
}

static bool is_blank(struct eb_envm *envm, uint32_t offset, uint32_t size)
{
	for (uint32_t end = offset + size; offset < end; offset += WORD_BYTES) {
		struct eb_cell_word word = get_word(envm, offset);

		if (word.data != ~0ull || word.check != 0xff)
			return false;
	}
	return true;
}

static int check_erase(struct eb_envm *envm, uint32_t offset)
{
	if (!is_granule(offset, EB_ENVM_SECTOR_BYTES))
		return EDGEBERT_HW_ENVM_BAD_RANGE;
	if (envm->dark)
		return EB_ENVM_POWER_LOST;
	return envm->locked[offset / EB_ENVM_SECTOR_BYTES] ? EDGEBERT_HW_ENVM_LOCKED :
							     EDGEBERT_HW_ENVM_OK;
}

static int check_program(struct eb_envm *envm, uint32_t offset)
{
	int result;

	if (!is_granule(offset, EB_ENVM_PAGE_BYTES))
		return EDGEBERT_HW_ENVM_BAD_RANGE;
	result = check_erase(envm, offset - offset % EB_ENVM_SECTOR_BYTES);
	if (result != EDGEBERT_HW_ENVM_OK)
		return result;
	return is_blank(envm, offset, EB_ENVM_PAGE_BYTES) ? EDGEBERT_HW_ENVM_OK :
							    EDGEBERT_HW_ENVM_NOT_ERASED;
}

int eb_envm_check_program(struct eb_envm *envm, uint32_t offset)
{
	int result;

	pthread_mutex_lock(&envm->lock);
	result = check_program(envm, offset);
	pthread_mutex_unlock(&envm->lock);
	return result;
}

int eb_envm_check_erase(struct eb_envm *envm, uint32_t offset)
{
	int result;

	pthread_mutex_lock(&envm->lock);
	result = check_erase(envm, offset);
	pthread_mutex_unlock(&envm->lock);
	return result;
}

/* Word by word; a cut leaves the rest of the page erased. */
static void program_words(struct eb_envm *envm, uint32_t offset, const uint8_t *source)
{
	for (uint32_t i = 0; i < PAGE_WORDS && !envm->dark; i++, offset += WORD_BYTES) {
		struct eb_cell_word word;
		uint64_t data;

		memcpy(&data, source + i * WORD_BYTES, sizeof(data));
		word = eb_cell_word_encode(data);
		if (step_is_cut(envm))
			word = eb_cells_between(&word, mode_at(offset),
						random_at(envm, offset,
							  sector_event(envm, offset)));
		set_word(envm, offset, &word);
	}
}

int eb_envm_program(struct eb_envm *envm, uint32_t offset, const void *source)
{
	int result;

	pthread_mutex_lock(&envm->lock);
	result = check_program(envm, offset);
	if (result == EDGEBERT_HW_ENVM_OK) {
		program_words(envm, offset, source);
		result = save(envm, sector_at(envm, offset));
	}
	pthread_mutex_unlock(&envm->lock);
	return result;
}

/* Cells of sectors beyond their endurance may stay at their highest level. */
static struct eb_cell_word worn_word(struct eb_envm *envm, uint32_t offset)
{
	struct eb_cell_word word = eb_cell_word_encode(~0ull);
	enum eb_cell_mode mode = mode_at(offset);
	uint32_t erases = sector_at(envm, offset)->erases;
	uint64_t random = random_at(envm, offset, sector_event(envm, offset));

	if (erases > envm->rates.endurance[mode] &&
	    random % MILLION < envm->rates.worn_errors[mode])
		eb_cell_set_level(&word, mode, random / MILLION % eb_cells_per_word(mode),
				  mode == EB_CELL_SINGLE ? 1 : 3);
	return word;
}

static void erase_page(struct eb_envm *envm, uint32_t offset)
{
	bool cut = step_is_cut(envm);

	for (uint32_t i = 0; i < PAGE_WORDS; i++, offset += WORD_BYTES) {
		struct eb_cell_word word = get_word(envm, offset);

		if (cut)
			word = eb_cells_between(&word, mode_at(offset),
						~random_at(envm, offset,
							   sector_event(envm, offset)));
		else
			word = worn_word(envm, offset);
		set_word(envm, offset, &word);
	}
}

static void count_erase(struct eb_envm_sector *sector)
{
	__atomic_store_n(&sector->erases, sector->erases + 1, __ATOMIC_RELAXED);
}

int eb_envm_erase(struct eb_envm *envm, uint32_t offset)
{
	int result;

	pthread_mutex_lock(&envm->lock);
	result = check_erase(envm, offset);
	if (result == EDGEBERT_HW_ENVM_OK) {
		/* Wear begins with the first pulse. */
		count_erase(sector_at(envm, offset));
		sector_at(envm, offset)->hours = 0;
		for (uint32_t page = 0; page < SECTOR_PAGES && !envm->dark; page++)
			erase_page(envm, offset + page * EB_ENVM_PAGE_BYTES);
		result = save(envm, sector_at(envm, offset));
	}
	if (result == EDGEBERT_HW_ENVM_OK && !is_blank(envm, offset, EB_ENVM_SECTOR_BYTES))
		result = EDGEBERT_HW_ENVM_MISMATCH;
	pthread_mutex_unlock(&envm->lock);
	return result;
}

int eb_envm_lock(struct eb_envm *envm, uint32_t offset)
{
	if (!is_granule(offset, EB_ENVM_SECTOR_BYTES))
		return EDGEBERT_HW_ENVM_BAD_RANGE;
	atomic_store(&envm->locked[offset / EB_ENVM_SECTOR_BYTES], true);
	return EDGEBERT_HW_ENVM_OK;
}

void eb_envm_unlock(struct eb_envm *envm)
{
	for (uint32_t i = 0; i < EB_ENVM_SECTORS; i++)
		atomic_store(&envm->locked[i], false);
}

uint32_t eb_envm_locked(struct eb_envm *envm)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < EB_ENVM_SECTORS; i++)
		count += atomic_load(&envm->locked[i]);
	return count;
}

static void load_sector(struct eb_envm *envm, uint32_t number, const uint8_t *contents,
			size_t size)
{
	struct eb_envm_sector *sector = &envm->sectors[number];
	uint8_t bytes[EB_ENVM_SECTOR_BYTES];

	fill_erased(sector, number);
	memset(bytes, 0xff, sizeof(bytes));
	memcpy(bytes, contents, size);
	memcpy(sector->words, bytes, sizeof(bytes));
	for (uint32_t i = 0; i < EB_ENVM_SECTOR_WORDS; i++)
		sector->checks[i] = eb_ecc_check_bits(sector->words[i]);
}

int eb_envm_load(struct eb_envm *envm, const void *contents, size_t size)
{
	const uint8_t *from = contents;
	int result = EDGEBERT_HW_ENVM_OK;

	if (size > EDGEBERT_HW_ENVM_BYTES)
		return EDGEBERT_HW_ENVM_BAD_RANGE;
	pthread_mutex_lock(&envm->lock);
	for (uint32_t i = 0; i < EB_ENVM_SECTORS && result == EDGEBERT_HW_ENVM_OK; i++) {
		size_t part = size < EB_ENVM_SECTOR_BYTES ? size : EB_ENVM_SECTOR_BYTES;

		load_sector(envm, i, from, part);
		result = save(envm, &envm->sectors[i]);
		from += part;
		size -= part;
	}
	pthread_mutex_unlock(&envm->lock);
	return result;
}

/* ---- Counters and cost ---- */

uint32_t eb_envm_corrected(struct eb_envm *envm)
{
	return atomic_load(&envm->corrected);
}

uint32_t eb_envm_failed(struct eb_envm *envm)
{
	return atomic_load(&envm->failed);
}

uint32_t eb_envm_wear(struct eb_envm *envm, uint32_t offset)
{
	return offset < EDGEBERT_HW_ENVM_BYTES ?
		       __atomic_load_n(&sector_at(envm, offset)->erases, __ATOMIC_RELAXED) : 0;
}

struct eb_envm_cost eb_envm_cost(unsigned int command, uint32_t offset, uint32_t size)
{
	const struct eb_cell_parameters *cells = &eb_cell_parameters;
	enum eb_cell_mode mode = mode_at(offset);
	uint64_t words = (size + WORD_BYTES - 1) / WORD_BYTES;
	uint64_t pages = size / EB_ENVM_PAGE_BYTES;

	switch (command) {
	case EDGEBERT_HW_ENVM_READ:
	case EDGEBERT_HW_ENVM_VERIFY:
		return (struct eb_envm_cost){ words * cells->read_nanoseconds[mode],
					      words * cells->read_femtojoule[mode] };
	case EDGEBERT_HW_ENVM_PROGRAM:
		return (struct eb_envm_cost){ words * cells->program_nanoseconds[mode],
					      words * cells->program_femtojoule[mode] };
	case EDGEBERT_HW_ENVM_ERASE:
		return (struct eb_envm_cost){ pages * cells->erase_nanoseconds[mode],
					      pages * cells->erase_femtojoule[mode] };
	default:
		return (struct eb_envm_cost){ 0 };
	}
}

/* ---- What happens in the field ---- */

void eb_envm_cut_power(struct eb_envm *envm, uint32_t steps)
{
	pthread_mutex_lock(&envm->lock);
	envm->cut_armed = true;
	envm->steps_left = steps;
	pthread_mutex_unlock(&envm->lock);
}

void eb_envm_power_on(struct eb_envm *envm)
{
	pthread_mutex_lock(&envm->lock);
	envm->cut_armed = false;
	envm->dark = false;
	atomic_store(&envm->corrected, 0);
	atomic_store(&envm->failed, 0);
	eb_envm_unlock(envm);
	pthread_mutex_unlock(&envm->lock);
}

static void age_sector(struct eb_envm *envm, uint32_t number, uint32_t hours)
{
	uint32_t offset = number * EB_ENVM_SECTOR_BYTES;
	uint32_t end = offset + EB_ENVM_SECTOR_BYTES;
	enum eb_cell_mode mode = mode_at(offset);
	uint64_t rate = (uint64_t)envm->rates.drift_errors[mode] * hours;

	envm->sectors[number].hours += hours;
	for (; offset < end; offset += WORD_BYTES) {
		struct eb_cell_word word = get_word(envm, offset);

		eb_cells_disturb(&word, mode, EB_CELL_DRIFT, rate, BILLION,
				 random_at(envm, offset, sector_event(envm, offset)));
		set_word(envm, offset, &word);
	}
}

int eb_envm_age(struct eb_envm *envm, uint32_t hours)
{
	int result = EDGEBERT_HW_ENVM_OK;

	pthread_mutex_lock(&envm->lock);
	for (uint32_t i = 0; i < EB_ENVM_SECTORS && result == EDGEBERT_HW_ENVM_OK; i++) {
		age_sector(envm, i, hours);
		result = save(envm, &envm->sectors[i]);
	}
	pthread_mutex_unlock(&envm->lock);
	return result;
}

int eb_envm_flip(struct eb_envm *envm, uint32_t offset, unsigned int bit)
{
	struct eb_cell_word word;
	int result;

	if (!is_granule(offset, WORD_BYTES) || bit >= EB_ECC_BITS)
		return EDGEBERT_HW_ENVM_BAD_RANGE;
	pthread_mutex_lock(&envm->lock);
	word = get_word(envm, offset);
	if (bit < EB_ECC_DATA_BITS)
		word.data ^= 1ull << bit;
	else
		word.check ^= (uint8_t)(1u << (bit - EB_ECC_DATA_BITS));
	set_word(envm, offset, &word);
	result = save(envm, sector_at(envm, offset));
	pthread_mutex_unlock(&envm->lock);
	return result;
}
