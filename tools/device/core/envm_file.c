// SPDX-License-Identifier: MIT
/*
 * The file that an eNVM lives in: header, journal of one sector, sectors; checksums.
 */
#include "tools/device/core/envm_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file is little-endian");

#define FORMAT_VERSION	1
#define JOURNAL_OFFSET	4096
#define SECTORS_OFFSET	12288
#define FILE_BYTES	(SECTORS_OFFSET + EB_ENVM_SECTORS * sizeof(struct eb_envm_sector))

struct header {
	char magic[8];
	uint32_t version;
	uint32_t sector_count, sector_bytes, page_bytes, single_bytes;
	uint32_t reserved;
	uint64_t seed;
	uint32_t reserved1;
	uint32_t checksum;		/* of what is before */
};

static const char magic[8] = "EBENVM\r\n";

/* CRC-32 by half bytes. */
static uint32_t checksum(const void *bytes, size_t size)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *byte = bytes;
	uint32_t sum = ~0u;

	for (size_t i = 0; i < size; i++) {
		sum ^= byte[i];
		sum = sum >> 4 ^ table[sum & 15];
		sum = sum >> 4 ^ table[sum & 15];
	}
	return ~sum;
}

static uint32_t sector_checksum(const struct eb_envm_sector *sector)
{
	return checksum(&sector->number, sizeof(*sector) - sizeof(sector->checksum));
}

static int write_all(int fd, const void *bytes, size_t size, off_t offset)
{
	const uint8_t *from = bytes;

	while (size) {
		ssize_t written = pwrite(fd, from, size, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		from += written;
		size -= (size_t)written;
		offset += written;
	}
	return 0;
}

/* 0, a negative errno, or -ENODATA at the end of the file. */
static int read_all(int fd, void *bytes, size_t size, off_t offset)
{
	uint8_t *to = bytes;

	while (size) {
		ssize_t got = pread(fd, to, size, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -ENODATA;
		to += got;
		size -= (size_t)got;
		offset += got;
	}
	return 0;
}

static off_t sector_offset(uint32_t number)
{
	return SECTORS_OFFSET + (off_t)(number * sizeof(struct eb_envm_sector));
}

int eb_envm_file_write(int fd, struct eb_envm_sector *sector)
{
	int error;

	sector->checksum = sector_checksum(sector);
	error = write_all(fd, sector, sizeof(*sector), JOURNAL_OFFSET);
	if (error)
		return error;
	return write_all(fd, sector, sizeof(*sector), sector_offset(sector->number));
}

static struct header make_header(uint64_t seed)
{
	struct header header = {
		.version = FORMAT_VERSION,
		.sector_count = EB_ENVM_SECTORS,
		.sector_bytes = EB_ENVM_SECTOR_BYTES,
		.page_bytes = EB_ENVM_PAGE_BYTES,
		.single_bytes = EB_ENVM_SINGLE_BYTES,
		.seed = seed,
	};

	memcpy(header.magic, magic, sizeof(magic));
	header.checksum = checksum(&header, offsetof(struct header, checksum));
	return header;
}

static int write_new(int fd, struct eb_envm_sector *sectors, uint64_t seed)
{
	struct header header = make_header(seed);
	int error = write_all(fd, &header, sizeof(header), 0);

	for (uint32_t i = 0; i < EB_ENVM_SECTORS && !error; i++)
		error = eb_envm_file_write(fd, &sectors[i]);
	if (!error && fsync(fd) != 0)
		error = -errno;
	return error;
}

/* Written under another name first: a file of the wanted name is always complete. */
static int create_file(const char *path, struct eb_envm_sector *sectors, uint64_t seed)
{
	char *name = NULL;
	int error, fd;

	if (asprintf(&name, "%s.new.%ld", path, (long)getpid()) < 0)
		return -ENOMEM;
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	error = fd < 0 ? -errno : write_new(fd, sectors, seed);
	if (!error && link(name, path) != 0)
		error = -errno;
	if (fd >= 0) {
		unlink(name);
		close(fd);
	}
	free(name);
	return error;
}

/* NULL, or what is wrong with the header. */
static const char *check_header(const struct header *header)
{
	struct header wanted = make_header(header->seed);

	if (memcmp(header->magic, magic, sizeof(magic)) != 0)
		return "it is not an eNVM file (a raw image is loaded with --envm-image)";
	if (header->version != FORMAT_VERSION)
		return "it has another format version than this program writes";
	if (memcmp(header, &wanted, sizeof(wanted)) != 0)
		return "its header is damaged; restore a copy or delete it to start erased";
	return NULL;
}

/* The journal holds the sector that was written last, unless its writer was killed. */
static int replay_journal(int fd)
{
	struct eb_envm_sector sector;
	int error = read_all(fd, &sector, sizeof(sector), JOURNAL_OFFSET);

	if (error)
		return error;
	if (sector.checksum != sector_checksum(&sector) || sector.number >= EB_ENVM_SECTORS)
		return 0;
	return write_all(fd, &sector, sizeof(sector), sector_offset(sector.number));
}

static const char *read_sectors(int fd, struct eb_envm_sector *sectors, uint32_t *ret_bad)
{
	for (uint32_t i = 0; i < EB_ENVM_SECTORS; i++) {
		*ret_bad = i;
		if (read_all(fd, &sectors[i], sizeof(sectors[i]), sector_offset(i)))
			return "cannot be read";
		if (sectors[i].checksum != sector_checksum(&sectors[i]) ||
		    sectors[i].number != i)
			return "is damaged; restore a copy or delete the file to start erased";
	}
	return NULL;
}

static int refuse(int fd, char *message, size_t size, const char *path, const char *reason)
{
	snprintf(message, size, "cannot use the eNVM file '%s': %s", path, reason);
	if (fd >= 0)
		close(fd);
	return -1;
}

static int load_file(int fd, const char *path, struct eb_envm_sector *sectors, uint64_t *seed,
		     char *message, size_t size)
{
	const char *wrong;
	struct header header;
	struct stat status;
	char reason[128];
	uint32_t sector;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return refuse(fd, message, size, path, errno == EWOULDBLOCK ?
			      "another process is using it" : strerror(errno));
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return refuse(fd, message, size, path, "it is not a regular file");
	if (read_all(fd, &header, sizeof(header), 0) != 0)
		return refuse(fd, message, size, path, "it is too short for an eNVM file");
	wrong = check_header(&header);
	if (wrong)
		return refuse(fd, message, size, path, wrong);
	if ((size_t)status.st_size != FILE_BYTES)
		return refuse(fd, message, size, path,
			      "its size is wrong; restore a copy or delete it to start erased");
	if (replay_journal(fd) != 0)
		return refuse(fd, message, size, path, "its journal cannot be replayed");
	wrong = read_sectors(fd, sectors, &sector);
	if (wrong) {
		snprintf(reason, sizeof(reason), "sector %u %s", sector, wrong);
		return refuse(fd, message, size, path, reason);
	}
	*seed = header.seed;
	return fd;
}

int eb_envm_file_open(const char *path, struct eb_envm_sector sectors[EB_ENVM_SECTORS],
		      uint64_t *seed, char *message, size_t message_size)
{
	int error, fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		error = create_file(path, sectors, *seed);
		/* EEXIST: another process was faster, and its file is as good. */
		if (error && error != -EEXIST)
			return refuse(-1, message, message_size, path, strerror(-error));
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0)
		return refuse(-1, message, message_size, path, strerror(errno));
	return load_file(fd, path, sectors, seed, message, message_size);
}

void eb_envm_file_close(int fd, bool written)
{
	if (written)
		fsync(fd);
	close(fd);
}
