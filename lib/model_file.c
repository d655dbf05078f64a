// SPDX-License-Identifier: MIT
/*
 * Opens .ebm files: reads them, then refuses whatever does not hold together, in the
 * order in which a reader depends on it: magic, versions, size, checksums, sections.
 */
#include "lib/model_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "model files are read in place: a big-endian host needs conversions");

#define MEMORY_ALIGNMENT 64

static const char *const section_names[] = {
	[EB_MODEL_PARAMETERS] = "PARAMETERS",
	[EB_MODEL_METADATA] = "METADATA",
	[EB_MODEL_VOCABULARY] = "VOCABULARY",
	[EB_MODEL_WEIGHTS] = "WEIGHTS",
	[EB_MODEL_PROGRAM] = "PROGRAM",
	[EB_MODEL_CYCLES] = "CYCLES",
	[EB_MODEL_PREDICTOR] = "PREDICTOR",
	[EB_MODEL_ENVM_IMAGE] = "ENVM_IMAGE",
};

#define SECTION_TYPE_END (sizeof(section_names) / sizeof(section_names[0]))

const char *eb_model_section_name(uint32_t type)
{
	return type && type < SECTION_TYPE_END ? section_names[type] : "unknown";
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static uint32_t checksum(const void *data, size_t size)
{
	return (uint32_t)crc32_z(0, data, size);
}

static enum eb_status check_version(const struct eb_model_file *file,
				    const struct eb_model_header *header)
{
	if (header->version_major == EB_MODEL_VERSION_MAJOR &&
	    header->version_minor <= EB_MODEL_VERSION_MINOR)
		return EB_OK;
	return eb_fail(EB_MODEL_VERSION,
		       "%s: model file format %u.%u, but this library (%s) reads format %d, up to "
		       "%d.%d; recompile the model with the edgebert compile of this version%s",
		       file->name, header->version_major, header->version_minor, eb_version(),
		       EB_MODEL_VERSION_MAJOR, EB_MODEL_VERSION_MAJOR, EB_MODEL_VERSION_MINOR,
		       header->version_major >= EB_MODEL_VERSION_MAJOR ?
			       " or upgrade the library" : "");
}

static enum eb_status check_magic(const struct eb_model_file *file,
				  struct eb_model_header *header)
{
	static const uint8_t magic[] = EB_MODEL_MAGIC;
	/* The last byte of the magic is the format's major version. */
	const size_t kind_size = sizeof(header->magic) - 1;

	if (file->size < sizeof(header->magic) || memcmp(file->data, magic, kind_size))
		return eb_fail(EB_MODEL_NOT_A_MODEL,
			       "%s: does not begin like an EdgeBERT model (%zu bytes); make one with: "
			       "edgebert compile", file->name, file->size);
	if (file->size < sizeof(*header))
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: truncated: %zu bytes, the header alone has %zu; copy or compile "
			       "it again", file->name, file->size, sizeof(*header));
	memcpy(header, file->data, sizeof(*header));
	/* Before the checksum: another major version may keep it elsewhere. */
	if (header->magic[kind_size] != EB_MODEL_VERSION_MAJOR) {
		header->version_major = header->magic[kind_size];
		header->version_minor = 0;
	}
	return check_version(file, header);
}

static enum eb_status check_header(const struct eb_model_file *file,
				   struct eb_model_header *header)
{
	struct eb_model_header unsigned_header;
	enum eb_status status;
	uint32_t found;

	status = check_magic(file, header);
	if (status)
		return status;
	unsigned_header = *header;
	unsigned_header.header_crc = 0;
	found = checksum(&unsigned_header, sizeof(unsigned_header));
	if (found != header->header_crc)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: header checksum is %08x, expected %08x; copy or compile it again",
			       file->name, found, header->header_crc);
	if (header->file_size != file->size)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: %s: its header says %llu bytes, it has %zu; copy or compile it "
			       "again", file->name,
			       file->size < header->file_size ? "truncated" : "has bytes appended",
			       (unsigned long long)header->file_size, file->size);
	if (!all_zero(header->reserved, sizeof(header->reserved)))
		return eb_fail(EB_MODEL_CORRUPT, "%s: reserved bytes of the header are set",
			       file->name);
	return EB_OK;
}

static enum eb_status read_table(struct eb_model_file *file, const struct eb_model_header *header)
{
	const uint8_t *table = file->data + sizeof(*header);
	size_t table_size;
	uint32_t found;

	if (!header->section_count || header->section_count > EB_MODEL_SECTIONS_MAX)
		return eb_fail(EB_MODEL_CORRUPT, "%s: %u sections, expected 1 to %d", file->name,
			       header->section_count, EB_MODEL_SECTIONS_MAX);
	table_size = header->section_count * sizeof(file->sections[0]);
	if (file->size - sizeof(*header) < table_size)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: the table of %u sections ends past the file's %zu bytes",
			       file->name, header->section_count, file->size);
	found = checksum(table, table_size);
	if (found != header->table_crc)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: section table checksum is %08x, expected %08x; copy or compile "
			       "it again", file->name, found, header->table_crc);
	memcpy(file->sections, table, table_size);
	file->section_count = header->section_count;
	return EB_OK;
}

/* Type, alignment and bounds of one section, without its contents. */
static enum eb_status check_section(const struct eb_model_file *file, uint32_t index)
{
	const struct eb_model_section *section = &file->sections[index];
	const char *name = eb_model_section_name(section->type);
	const uint64_t table_end = sizeof(struct eb_model_header) +
				   file->section_count * sizeof(*section);

	if (!section->type || section->type >= SECTION_TYPE_END)
		return eb_fail(EB_MODEL_CORRUPT, "%s: section %u has unknown type %u", file->name,
			       index, section->type);
	if (section->reserved)
		return eb_fail(EB_MODEL_CORRUPT, "%s: section %u (%s) has reserved bits set",
			       file->name, index, name);
	if (section->offset % EB_MODEL_SECTION_ALIGN)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: section %u (%s) begins at %llu, not a multiple of %d", file->name,
			       index, name, (unsigned long long)section->offset,
			       EB_MODEL_SECTION_ALIGN);
	if (section->offset < table_end)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: section %u (%s) begins at %llu, inside the section table",
			       file->name, index, name, (unsigned long long)section->offset);
	if (!section->size || section->offset > file->size ||
	    section->size > file->size - section->offset)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: section %u (%s) of %llu bytes at %llu does not fit into the "
			       "file's %zu bytes", file->name, index, name,
			       (unsigned long long)section->size,
			       (unsigned long long)section->offset, file->size);
	return EB_OK;
}

static enum eb_status check_pair(const struct eb_model_file *file, uint32_t one, uint32_t other)
{
	const struct eb_model_section *a = &file->sections[one], *b = &file->sections[other];

	if (a->offset < b->offset + b->size && b->offset < a->offset + a->size)
		return eb_fail(EB_MODEL_CORRUPT, "%s: sections %u (%s) and %u (%s) overlap",
			       file->name, other, eb_model_section_name(b->type), one,
			       eb_model_section_name(a->type));
	/* One cycle table per device profile; everything else is there once. */
	if (a->type == b->type && a->type != EB_MODEL_CYCLES)
		return eb_fail(EB_MODEL_CORRUPT, "%s: sections %u and %u are both %s", file->name,
			       other, one, eb_model_section_name(a->type));
	return EB_OK;
}

static enum eb_status check_sections(const struct eb_model_file *file)
{
	enum eb_status status = EB_OK;

	for (uint32_t i = 0; i < file->section_count && !status; i++) {
		status = check_section(file, i);
		for (uint32_t j = 0; j < i && !status; j++)
			status = check_pair(file, i, j);
	}
	for (uint32_t i = 0; i < file->section_count && !status; i++) {
		const struct eb_model_section *section = &file->sections[i];
		uint32_t found = checksum(file->data + section->offset, section->size);

		if (found != section->crc)
			return eb_fail(EB_MODEL_CORRUPT,
				       "%s: section %u (%s) checksum is %08x, expected %08x; copy or "
				       "compile it again", file->name, i,
				       eb_model_section_name(section->type), found, section->crc);
	}
	return status;
}

static enum eb_status check_file(struct eb_model_file *file)
{
	struct eb_model_header header;
	enum eb_status status;

	status = check_header(file, &header);
	if (!status)
		status = read_table(file, &header);
	if (!status)
		status = check_sections(file);
	return status;
}

static void set_name(struct eb_model_file *file, const char *path)
{
	size_t length = strlen(path);

	if (length < sizeof(file->name))
		memcpy(file->name, path, length + 1);
	else
		snprintf(file->name, sizeof(file->name), "...%s",
			 path + length - (sizeof(file->name) - 4));
}

static enum eb_status read_all(struct eb_model_file *file, int fd)
{
	uint8_t *destination = file->mapping;
	size_t done = 0;

	while (done < file->size) {
		ssize_t got = read(fd, destination + done, file->size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return eb_fail(EB_MODEL_CORRUPT, "%s: reading at byte %zu: %s", file->name,
				       done, eb_errno_name(errno));
		if (!got)
			return eb_fail(EB_MODEL_CORRUPT,
				       "%s: became shorter while it was read (%zu of %zu bytes)",
				       file->name, done, file->size);
		done += (size_t)got;
	}
	/* Nobody writes a model: a stray pointer is caught here and not in a result. */
	if (mprotect(file->mapping, file->mapping_size, PROT_READ))
		return eb_fail(EB_INTERNAL, "%s: mprotect: %s", file->name, eb_errno_name(errno));
	return EB_OK;
}

static enum eb_status load(struct eb_model_file *file, int fd)
{
	struct stat info;

	if (fstat(fd, &info))
		return eb_fail(EB_MODEL_NOT_FOUND, "%s: %s", file->name, eb_errno_name(errno));
	if (!S_ISREG(info.st_mode))
		return eb_fail(EB_MODEL_NOT_A_MODEL, "%s: is %s, not a regular file", file->name,
			       S_ISDIR(info.st_mode) ? "a directory" : "a device, pipe or socket");
	if (!info.st_size)
		return eb_fail(EB_MODEL_NOT_A_MODEL, "%s: is empty", file->name);
	if ((uint64_t)info.st_size > EB_MODEL_FILE_BYTES_MAX)
		return eb_fail(EB_MODEL_NOT_A_MODEL, "%s: %lld bytes are more than a model can have "
			       "(%llu)", file->name, (long long)info.st_size,
			       EB_MODEL_FILE_BYTES_MAX);
	file->size = (size_t)info.st_size;
	file->mapping_size = file->size;
	file->mapping = mmap(NULL, file->mapping_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file->mapping == MAP_FAILED) {
		file->mapping = NULL;
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for its %zu bytes", file->name,
			       file->size);
	}
	file->data = file->mapping;
	return read_all(file, fd);
}

enum eb_status eb_model_file_open(const char *path, struct eb_model_file *file)
{
	enum eb_status status;
	int fd;

	memset(file, 0, sizeof(*file));
	set_name(file, path);
	/* O_NONBLOCK: opening a pipe by mistake must not wait for its writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return eb_fail(EB_MODEL_NOT_FOUND, "%s: can not be opened: %s (%s)", path,
			       strerrordesc_np(errno), eb_errno_name(errno));
	status = load(file, fd);
	close(fd);
	if (!status)
		status = check_file(file);
	if (status)
		eb_model_file_close(file);
	return status;
}

enum eb_status eb_model_file_open_memory(const void *data, size_t size,
					 struct eb_model_file *file)
{
	enum eb_status status;

	memset(file, 0, sizeof(*file));
	set_name(file, "(memory)");
	if ((uintptr_t)data % MEMORY_ALIGNMENT)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "model in memory at %p: must be %d-byte aligned", data,
			       MEMORY_ALIGNMENT);
	if (size > EB_MODEL_FILE_BYTES_MAX)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "model in memory: %zu bytes are more than a model can have", size);
	file->data = data;
	file->size = size;
	status = check_file(file);
	if (status)
		eb_model_file_close(file);
	return status;
}

void eb_model_file_close(struct eb_model_file *file)
{
	if (file->mapping)
		munmap(file->mapping, file->mapping_size);
	memset(file, 0, sizeof(*file));
}

const struct eb_model_section *eb_model_file_section(const struct eb_model_file *file,
						     enum eb_model_section_type type,
						     uint32_t nth)
{
	for (uint32_t i = 0; i < file->section_count; i++) {
		if (file->sections[i].type == type && !nth--)
			return &file->sections[i];
	}
	return NULL;
}
