// SPDX-License-Identifier: MIT
/* Making image files for the eNVM. */
#include "tools/model/envm_image.h"

#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/status.h"
#include "tools/device/core/bitmask.h"
#include "tools/model/file.h"

/* Of the packed form, or 0 where the dense one is not larger. */
static size_t packed_bytes(const struct eb_codes *codes)
{
	size_t packed = eb_bitmask_packed_bytes(codes->codes, codes->rows, codes->columns,
						codes->columns);

	return packed < codes->rows * codes->columns ? packed : 0;
}

size_t eb_envm_image_bytes(const struct eb_codes *codes)
{
	size_t packed = packed_bytes(codes);

	return sizeof(struct eb_envm_table) + (packed ? packed : codes->rows * codes->columns);
}

static void fill_contents(const struct eb_codes *codes, uint8_t *contents)
{
	struct eb_envm_table *table = (void *)contents;

	*table = (struct eb_envm_table){
		.magic = EB_ENVM_TABLE_MAGIC,
		.rows = (uint32_t)codes->rows,
		.columns = (uint32_t)codes->columns,
		.bias = codes->bias,
		.packed_bytes = (uint32_t)packed_bytes(codes),
	};
	if (table->packed_bytes)
		eb_bitmask_pack(codes->codes, codes->rows, codes->columns, codes->columns,
				table + 1);
	else
		memcpy(table + 1, codes->codes, codes->rows * codes->columns);
}

/* Whoever has the same contents has the same identity. */
static void identify(const struct eb_envm_image *image, uint8_t id[16])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, image->contents, image->header.bytes);
	SHA256Final(digest, &context);
	memcpy(id, digest, 16);
}

enum eb_status eb_envm_image_make(const struct eb_codes *codes, const char *name,
				  struct eb_envm_image *ret_image)
{
	struct eb_envm_image image = {
		.header = {
			.magic = EDGEBERT_HW_ENVM_HEADER_MAGIC,
			.version = EDGEBERT_HW_ENVM_HEADER_VERSION,
			.slot = EB_ENVM_FILE_SLOT,
			.bytes = (uint32_t)eb_envm_image_bytes(codes),
		},
	};

	/* The packed form is written in words. */
	image.contents = aligned_alloc(64, (image.header.bytes + 63) & ~63u);
	if (!image.contents)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for an eNVM image");
	fill_contents(codes, image.contents);
	image.header.image_crc32 = (uint32_t)crc32_z(0, image.contents, image.header.bytes);
	identify(&image, image.header.id);
	snprintf((char *)image.header.name, sizeof(image.header.name), "%s", name);
	eb_envm_header_seal(&image.header);
	*ret_image = image;
	return EB_OK;
}

enum eb_status eb_envm_image_write(const char *path, const struct eb_envm_image *image)
{
	const struct eb_file_part parts[] = {
		{ &image->header, sizeof(image->header) },
		{ image->contents, image->header.bytes },
	};

	return eb_file_replace(path, parts, 2);
}
