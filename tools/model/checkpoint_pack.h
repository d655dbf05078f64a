/* SPDX-License-Identifier: MIT */
/* Making the compact 8-bit form of a checkpoint. */
#ifndef EDGEBERT_MODEL_CHECKPOINT_PACK_H
#define EDGEBERT_MODEL_CHECKPOINT_PACK_H

#include <edgebert/edgebert.h>

/*
 * Writes checkpoint input as compact checkpoint into the existing folder output:
 * model.safetensors with matrices as 8-bit codes and their scales, config.json, vocab.txt.
 */
enum eb_status eb_checkpoint_pack(const char *input, const char *output) EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_CHECKPOINT_PACK_H */
