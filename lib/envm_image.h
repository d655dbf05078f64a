/* SPDX-License-Identifier: MIT */
/*
 * An image file for the eNVM (.evm): what models share, usually their word embedding.
 *
 * The file is struct edgebert_hw_envm_header, without slot and sequence, and the contents,
 * which begin with struct eb_envm_table.
 */
#ifndef EDGEBERT_LIB_ENVM_IMAGE_H
#define EDGEBERT_LIB_ENVM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/model_format.h"
#include "lib/status.h"

/* header.slot of a file: it is in none yet. */
#define EB_ENVM_FILE_SLOT 0xffffffffu

struct eb_envm_image {
	struct edgebert_hw_envm_header header;
	uint8_t *contents;		/* header.bytes; malloc'ed */
};

/* Reads and checks a whole file; EB_IMAGE_CORRUPT names what is wrong with it. */
enum eb_status eb_envm_image_read(const char *path, struct eb_envm_image *ret_image);
/* Accepts a zeroed image; leaves one behind. */
void eb_envm_image_free(struct eb_envm_image *image);

/* The table that the contents begin with, and its codes or packed form behind it. */
const struct eb_envm_table *eb_envm_image_table(const struct eb_envm_image *image,
						const uint8_t **ret_bytes);

/* Magic, version, checksum; slot and sequence are whatever they are. */
bool eb_envm_header_is_valid(const struct edgebert_hw_envm_header *header);
/* Fills in the checksum of a header whose other fields are set. */
void eb_envm_header_seal(struct edgebert_hw_envm_header *header);

/* Thirty-two hexadecimal digits and a zero. */
#define EB_ENVM_ID_TEXT 33
void eb_envm_id_text(const uint8_t id[16], char text[EB_ENVM_ID_TEXT]);

#endif /* EDGEBERT_LIB_ENVM_IMAGE_H */
