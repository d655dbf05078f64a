/* SPDX-License-Identifier: MIT */
/*
 * The file that an eNVM lives in: sectors as the array stores them, one at a time.
 *
 * A sector is first written to a journal and then to its place, so a process killed at
 * any moment leaves every sector either as before or as after a write; both are states
 * that a power cut could have left.  Against a crash of the host itself the file is
 * synced when it is closed.
 */
#ifndef EDGEBERT_DEVICE_ENVM_FILE_H
#define EDGEBERT_DEVICE_ENVM_FILE_H

#include "tools/device/core/envm.h"

#define EB_ENVM_SECTOR_WORDS	(EB_ENVM_SECTOR_BYTES / 8)

/* A sector as it is kept, in memory and in the file. */
struct eb_envm_sector {
	uint32_t checksum;		/* of what follows; valid in the file */
	uint32_t number;
	uint32_t erases;
	uint32_t hours;			/* of ageing since the erase */
	uint64_t words[EB_ENVM_SECTOR_WORDS];
	uint8_t checks[EB_ENVM_SECTOR_WORDS];
};
_Static_assert(sizeof(struct eb_envm_sector) == 16 + 9 * EB_ENVM_SECTOR_WORDS, "no holes");

/*
 * Opens or creates the file, which then holds or receives all sectors and the seed.
 * -1: the reason is in message.
 */
int eb_envm_file_open(const char *path, struct eb_envm_sector sectors[EB_ENVM_SECTORS],
		      uint64_t *seed, char *message, size_t message_size);
/* Fills in the checksum.  0 or a negative errno. */
int eb_envm_file_write(int fd, struct eb_envm_sector *sector);
/* written: something was, since it was opened. */
void eb_envm_file_close(int fd, bool written);

#endif /* EDGEBERT_DEVICE_ENVM_FILE_H */
