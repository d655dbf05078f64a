// SPDX-License-Identifier: MIT
/* Reading image files for the eNVM, everything checked before it is used. */
#include "lib/envm_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static uint32_t header_checksum(const struct edgebert_hw_envm_header *header)
{
	return (uint32_t)crc32_z(0, (const Bytef *)header, offsetof(struct edgebert_hw_envm_header, crc32));
}

bool eb_envm_header_is_valid(const struct edgebert_hw_envm_header *header)
{
	return header->magic == EDGEBERT_HW_ENVM_HEADER_MAGIC &&
	       header->version == EDGEBERT_HW_ENVM_HEADER_VERSION &&
	       header->crc32 == header_checksum(header);
}

void eb_envm_header_seal(struct edgebert_hw_envm_header *header)
{
	header->crc32 = header_checksum(header);
}

void eb_envm_id_text(const uint8_t id[16], char text[EB_ENVM_ID_TEXT])
{
	for (int i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

static enum eb_status check_header(const char *path, const struct edgebert_hw_envm_header *header)
{
	if (header->magic != EDGEBERT_HW_ENVM_HEADER_MAGIC)
		return eb_fail(EB_IMAGE_CORRUPT, "%s: is not an eNVM image; make one with: edgebert "
			       "compile --envm-image", path);
	if (header->version != EDGEBERT_HW_ENVM_HEADER_VERSION)
		return eb_fail(EB_IMAGE_CORRUPT,
			       "%s: is an eNVM image of version %u, this library (%s) knows version "
			       "%d; upgrade the library", path, header->version, eb_version(),
			       EDGEBERT_HW_ENVM_HEADER_VERSION);
	if (!eb_envm_header_is_valid(header))
		return eb_fail(EB_IMAGE_CORRUPT, "%s: its header is damaged; copy it again", path);
	if (header->slot != EB_ENVM_FILE_SLOT || header->sequence || header->reserved0)
		return eb_fail(EB_IMAGE_CORRUPT, "%s: has fields set that only a device's copy has",
			       path);
	if (header->bytes < sizeof(struct eb_envm_table) ||
	    header->bytes > EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES)
		return eb_fail(EB_IMAGE_CORRUPT, "%s: says that it has %u bytes, an image has %zu to %u",
			       path, header->bytes, sizeof(struct eb_envm_table),
			       EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES);
	if (header->name[sizeof(header->name) - 1])
		return eb_fail(EB_IMAGE_CORRUPT, "%s: its name does not end", path);
	return EB_OK;
}

static enum eb_status check_table(const char *path, const struct eb_envm_image *image)
{
	const struct eb_envm_table *table = (const void *)image->contents;
	uint64_t dense = (uint64_t)table->rows * table->columns;
	uint64_t bytes = table->packed_bytes ? table->packed_bytes : dense;

	if (memcmp(table->magic, EB_ENVM_TABLE_MAGIC, sizeof(table->magic)) != 0)
		return eb_fail(EB_IMAGE_CORRUPT, "%s: its contents are no table", path);
	for (size_t i = 0; i < sizeof(table->reserved) / sizeof(table->reserved[0]); i++) {
		if (table->reserved[i])
			return eb_fail(EB_IMAGE_CORRUPT, "%s: a reserved field of its table is set",
				       path);
	}
	if (!table->rows || !table->columns || table->columns > EDGEBERT_HW_DEPTH_MAX ||
	    bytes != image->header.bytes - sizeof(*table))
		return eb_fail(EB_IMAGE_CORRUPT,
			       "%s: a table of %u rows and %u columns does not have the %zu bytes that "
			       "are there", path, table->rows, table->columns,
			       image->header.bytes - sizeof(*table));
	return EB_OK;
}

static enum eb_status read_contents(const char *path, FILE *file, struct eb_envm_image *image)
{
	image->contents = malloc(image->header.bytes);
	if (!image->contents)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for %u bytes", path,
			       image->header.bytes);
	if (fread(image->contents, 1, image->header.bytes, file) != image->header.bytes ||
	    fgetc(file) != EOF)
		return eb_fail(EB_IMAGE_CORRUPT, "%s: has not the %u bytes that its header names; copy "
			       "it again", path, image->header.bytes);
	if (crc32_z(0, image->contents, image->header.bytes) != image->header.image_crc32)
		return eb_fail(EB_IMAGE_CORRUPT, "%s: its contents are damaged; copy it again", path);
	return check_table(path, image);
}

enum eb_status eb_envm_image_read(const char *path, struct eb_envm_image *ret_image)
{
	struct eb_envm_image image = { 0 };
	FILE *file = fopen(path, "rbe");
	enum eb_status status;

	if (!file)
		return eb_fail(EB_IMAGE_NOT_FOUND, "%s: can not be opened: %s; check the path", path,
			       eb_errno_name(errno));
	if (fread(&image.header, sizeof(image.header), 1, file) != 1)
		status = eb_fail(EB_IMAGE_CORRUPT, "%s: is not an eNVM image: it is too short", path);
	else
		status = check_header(path, &image.header);
	if (!status)
		status = read_contents(path, file, &image);
	fclose(file);
	if (status)
		eb_envm_image_free(&image);
	else
		*ret_image = image;
	return status;
}

void eb_envm_image_free(struct eb_envm_image *image)
{
	free(image->contents);
	memset(image, 0, sizeof(*image));
}

const struct eb_envm_table *eb_envm_image_table(const struct eb_envm_image *image,
						const uint8_t **ret_bytes)
{
	*ret_bytes = image->contents + sizeof(struct eb_envm_table);
	return (const void *)image->contents;
}
