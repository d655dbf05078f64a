// SPDX-License-Identifier: MIT
/*
 * The eNVM's file: contents survive the process, also a killed one, and damage is noticed.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/device/core/envm_file.h"

#define OK		EDGEBERT_HW_ENVM_OK
#define PAGE		EB_ENVM_PAGE_BYTES
#define SECTOR		EB_ENVM_SECTOR_BYTES
#define MULTI		EB_ENVM_SINGLE_BYTES
#define JOURNAL		4096
#define SECTORS		12288

struct place {
	char folder[64], path[96];
};

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	strcpy(place->folder, "/tmp/envm-test-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof(place->path), "%s/state", place->folder);
	*state = place;
	return 0;
}

/* Nothing but the file may be left in its folder. */
static int place_teardown(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static struct eb_envm *try_open(const struct place *place, char *message, size_t size)
{
	struct eb_envm_options options = { .path = place->path, .seed = 7 };

	return eb_envm_create(&options, message, size);
}

static struct eb_envm *open_envm(const struct place *place)
{
	char message[300] = "";
	struct eb_envm *envm = try_open(place, message, sizeof(message));

	if (!envm)
		fail_msg("%s", message);
	return envm;
}

static void assert_refused(const struct place *place, const char *reason)
{
	char message[300] = "";

	assert_null(try_open(place, message, sizeof(message)));
	if (!strstr(message, reason) || !strstr(message, place->path))
		fail_msg("'%s' does not say '%s' of '%s'", message, reason, place->path);
}

static void fill(uint8_t *page, uint32_t seed)
{
	for (uint32_t i = 0; i < PAGE; i++)
		page[i] = (uint8_t)(i * 7 + seed * 131 + (i * seed >> 5));
}

static void contents_wear_and_partial_states_survive(void **state)
{
	struct place *place = *state;
	struct eb_envm *envm = open_envm(place);
	uint8_t page[PAGE], bytes[PAGE], cut[2][PAGE];
	int results[2][PAGE / 8];

	fill(page, 3);
	assert_int_equal(eb_envm_erase(envm, MULTI), OK);
	assert_int_equal(eb_envm_program(envm, MULTI + PAGE, page), OK);
	assert_int_equal(eb_envm_lock(envm, MULTI), OK);
	eb_envm_cut_power(envm, 5);
	assert_int_equal(eb_envm_program(envm, 0, page), EB_ENVM_POWER_LOST);
	for (int life = 0; life < 2; life++) {
		eb_envm_power_on(envm);
		for (uint32_t i = 0; i < PAGE / 8; i++) {
			memset(cut[life] + 8 * i, 0, 8);
			results[life][i] = eb_envm_read(envm, 8 * i, cut[life] + 8 * i, 8);
		}
		eb_envm_destroy(envm);
		envm = open_envm(place);
	}
	assert_memory_equal(cut[0], cut[1], PAGE);
	assert_memory_equal(results[0], results[1], sizeof(results[0]));
	assert_int_equal(eb_envm_read(envm, MULTI + PAGE, bytes, PAGE), OK);
	assert_memory_equal(bytes, page, PAGE);
	assert_int_equal(eb_envm_wear(envm, MULTI), 1);
	/* Locks are the device's, not the cells'. */
	assert_int_equal(eb_envm_erase(envm, MULTI), OK);
	eb_envm_destroy(envm);
}

/* Two generations of contents per sector, written over and over until killed. */
static void work_until_killed(const struct place *place, int ready)
{
	struct eb_envm *envm = open_envm(place);
	uint8_t page[PAGE];

	if (write(ready, "", 1) != 1)
		_exit(1);
	for (uint32_t round = 1;; round++)
		for (uint32_t sector = 0; sector < 4; sector++) {
			uint32_t at = MULTI - 2 * SECTOR + sector * SECTOR;

			if (eb_envm_erase(envm, at) != OK)
				_exit(1);
			for (uint32_t i = 0; i < SECTOR; i += PAGE) {
				fill(page, round + i);
				if (eb_envm_program(envm, at + i, page) != OK)
					_exit(1);
			}
		}
}

/* Pages in order, each whole or erased, all of the round that the wear counter tells. */
static void assert_a_cut_point(struct eb_envm *envm, uint32_t at)
{
	uint32_t round = eb_envm_wear(envm, at);
	uint8_t page[PAGE], erased[PAGE], bytes[PAGE];
	bool ended = round == 0;

	memset(erased, 0xff, PAGE);
	for (uint32_t i = 0; i < SECTOR; i += PAGE) {
		assert_int_equal(eb_envm_read(envm, at + i, bytes, PAGE), OK);
		fill(page, round + i);
		ended |= memcmp(bytes, page, PAGE) != 0;
		if (ended)
			assert_memory_equal(bytes, erased, PAGE);
	}
}

static void a_killed_process_leaves_a_power_cut_point(void **state)
{
	struct place *place = *state;
	uint32_t rounds = 0;

	for (int attempt = 0; attempt < 25; attempt++) {
		struct timespec time = { .tv_nsec = 1000000 + attempt * 770000 };
		struct eb_envm *envm;
		int status, ready[2];
		char byte;
		pid_t child;

		unlink(place->path);
		eb_envm_destroy(open_envm(place));
		assert_int_equal(pipe(ready), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			work_until_killed(place, ready[1]);
		assert_int_equal(read(ready[0], &byte, 1), 1);
		nanosleep(&time, NULL);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		close(ready[0]);
		close(ready[1]);
		envm = open_envm(place);
		for (uint32_t sector = 0; sector < 4; sector++) {
			assert_a_cut_point(envm, MULTI - 2 * SECTOR + sector * SECTOR);
			rounds += eb_envm_wear(envm, MULTI - 2 * SECTOR + sector * SECTOR);
		}
		eb_envm_destroy(envm);
	}
	/* The kills hit something. */
	assert_true(rounds > 10);
}

static void poke(const struct place *place, off_t offset, uint8_t mask)
{
	int fd = open(place->path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= mask;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

/* What a kill leaves between any two bytes that a write had to store. */
static void every_torn_write_is_before_or_after(void **state)
{
	struct place *place = *state;
	size_t size = sizeof(struct eb_envm_sector);
	uint8_t *old = malloc(size), *new = malloc(size), page[PAGE], bytes[PAGE], erased[PAGE];
	off_t at = SECTORS + 9 * (off_t)size;
	struct eb_envm *envm = open_envm(place);
	int fd = open(place->path, O_RDWR);

	memset(erased, 0xff, PAGE);
	fill(page, 1);
	assert_int_equal(pread(fd, old, size, at), size);
	assert_int_equal(eb_envm_program(envm, 9 * SECTOR, page), OK);
	assert_int_equal(pread(fd, new, size, at), size);
	eb_envm_destroy(envm);
	for (size_t torn = 0; torn <= 2 * size; torn += 97) {
		size_t journal = torn < size ? torn : size, place_bytes = torn - journal;
		bool before;

		assert_int_equal(pwrite(fd, old, size, JOURNAL), size);
		assert_int_equal(pwrite(fd, old, size, at), size);
		assert_int_equal(pwrite(fd, new, journal, JOURNAL), journal);
		assert_int_equal(pwrite(fd, new, place_bytes, at), place_bytes);
		envm = open_envm(place);
		assert_int_equal(eb_envm_read(envm, 9 * SECTOR, bytes, PAGE), OK);
		/* The end of a sector that did not change need not be reached. */
		before = torn == 0 || (torn < size && bytes[0] == 0xff);
		assert_memory_equal(bytes, before ? erased : page, PAGE);
		eb_envm_destroy(envm);
	}
	close(fd);
	free(old);
	free(new);
}

static void damage_is_named(void **state)
{
	struct place *place = *state;
	struct stat status;

	eb_envm_destroy(open_envm(place));
	assert_int_equal(stat(place->path, &status), 0);
	poke(place, 0, 1);
	assert_refused(place, "not an eNVM file");
	poke(place, 0, 1);
	poke(place, 8, 2);
	assert_refused(place, "another format version");
	poke(place, 8, 2);
	for (off_t i = 12; i < 48; i += 4) {
		poke(place, i, 4);
		assert_refused(place, "header is damaged");
		poke(place, i, 4);
	}
	poke(place, SECTORS + 17 * (off_t)sizeof(struct eb_envm_sector) + 2000, 0x10);
	assert_refused(place, "sector 17 is damaged");
	poke(place, SECTORS + 17 * (off_t)sizeof(struct eb_envm_sector) + 2000, 0x10);
	eb_envm_destroy(open_envm(place));
	assert_int_equal(truncate(place->path, status.st_size - 1), 0);
	assert_refused(place, "size is wrong");
	assert_int_equal(truncate(place->path, 20), 0);
	assert_refused(place, "too short");
	assert_int_equal(truncate(place->path, 0), 0);
	assert_refused(place, "too short");
}

static void other_files_are_refused_and_kept(void **state)
{
	struct place *place = *state;
	struct place nowhere;
	struct eb_envm *envm = open_envm(place);

	assert_refused(place, "another process is using it");
	eb_envm_destroy(envm);
	envm = open_envm(place);
	eb_envm_destroy(envm);
	snprintf(nowhere.path, sizeof(nowhere.path), "%s/nil/state", place->folder);
	assert_refused(&nowhere, "No such file");
	snprintf(nowhere.path, sizeof(nowhere.path), "%s", place->folder);
	assert_refused(&nowhere, "directory");
	snprintf(nowhere.path, sizeof(nowhere.path), "/dev/null");
	assert_refused(&nowhere, "not a regular file");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(contents_wear_and_partial_states_survive),
		TEST(a_killed_process_leaves_a_power_cut_point),
		TEST(every_torn_write_is_before_or_after),
		TEST(damage_is_named),
		TEST(other_files_are_refused_and_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
