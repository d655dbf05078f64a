/* SPDX-License-Identifier: MIT */
/*
 * Making image files for the eNVM: the word embedding, so that all models that share it can
 * read it there.
 */
#ifndef EDGEBERT_MODEL_ENVM_IMAGE_H
#define EDGEBERT_MODEL_ENVM_IMAGE_H

#include "lib/envm_image.h"
#include "tools/model/quantise.h"

/* Bytes of the table's image, packed where that is smaller. */
size_t eb_envm_image_bytes(const struct eb_codes *codes);

/*
 * The table as an image in memory; the same codes give the same identity.  name: cut to 31
 * bytes.  The table must fit: see eb_envm_image_bytes and ENVM_SLOT_WHOLE_BYTES.
 */
enum eb_status eb_envm_image_make(const struct eb_codes *codes, const char *name,
				  struct eb_envm_image *ret_image) EB_WARN_UNUSED;

/* Writes the file atomically. */
enum eb_status eb_envm_image_write(const char *path, const struct eb_envm_image *image)
	EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_ENVM_IMAGE_H */
