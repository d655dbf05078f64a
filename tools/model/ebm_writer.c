// SPDX-License-Identifier: MIT
/*
 * Writing model files: header, section table, aligned sections with their checksums.
 */
#include "tools/model/ebm_writer.h"

#include <string.h>
#include <zlib.h>

#include "lib/status.h"
#include "tools/model/file.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structures are written as they lie");

static uint64_t aligned(uint64_t offset)
{
	return (offset + EB_MODEL_SECTION_ALIGN - 1) & ~(uint64_t)(EB_MODEL_SECTION_ALIGN - 1);
}

/* Everything in front of the first section. */
struct front {
	struct eb_model_header header;
	struct eb_model_section sections[EB_MODEL_SECTIONS_MAX];
};

/* Fills the table; returns the size of the file. */
static uint64_t place_sections(struct front *front, const struct eb_model_part *parts,
			       size_t count)
{
	uint64_t offset = sizeof(front->header) + count * sizeof(front->sections[0]);

	for (size_t i = 0; i < count; i++) {
		offset = aligned(offset);
		front->sections[i] = (struct eb_model_section){
			.type = parts[i].type,
			.crc = (uint32_t)crc32_z(0, parts[i].bytes, parts[i].size),
			.offset = offset,
			.size = parts[i].size,
		};
		offset += parts[i].size;
	}
	return offset;
}

static void fill_header(struct front *front, size_t count, uint64_t file_size)
{
	struct eb_model_header *header = &front->header;

	memcpy(header->magic, EB_MODEL_MAGIC, sizeof(header->magic));
	header->version_major = EB_MODEL_VERSION_MAJOR;
	header->version_minor = EB_MODEL_VERSION_MINOR;
	header->section_count = (uint32_t)count;
	header->file_size = file_size;
	header->table_crc = (uint32_t)crc32_z(0, (const Bytef *)front->sections,
					      count * sizeof(front->sections[0]));
	header->header_crc = (uint32_t)crc32_z(0, (const Bytef *)header, sizeof(*header));
}

enum eb_status eb_model_write(const char *path, const struct eb_model_part *parts, size_t count,
			      size_t *ret_size)
{
	struct eb_file_part pieces[2 + 2 * EB_MODEL_SECTIONS_MAX] = { 0 };
	struct front front = { 0 };
	enum eb_status status;
	size_t piece_count = 0;
	uint64_t written;

	if (count == 0 || count > EB_MODEL_SECTIONS_MAX)
		return eb_fail(EB_INTERNAL, "%s: a model file has 1 to %d sections, not %zu", path,
			       EB_MODEL_SECTIONS_MAX, count);
	fill_header(&front, count, place_sections(&front, parts, count));
	pieces[piece_count++] = (struct eb_file_part){ &front.header, sizeof(front.header) };
	pieces[piece_count++] = (struct eb_file_part){ front.sections,
						       count * sizeof(front.sections[0]) };
	written = sizeof(front.header) + count * sizeof(front.sections[0]);
	for (size_t i = 0; i < count; i++) {
		pieces[piece_count++] = (struct eb_file_part){ NULL,
							       front.sections[i].offset - written };
		pieces[piece_count++] = (struct eb_file_part){ parts[i].bytes, parts[i].size };
		written = front.sections[i].offset + front.sections[i].size;
	}
	status = eb_file_replace(path, pieces, piece_count);
	if (!status)
		*ret_size = written;
	return status;
}
