/* SPDX-License-Identifier: MIT */
/* The METADATA section of a model. */
#ifndef EDGEBERT_MODEL_METADATA_H
#define EDGEBERT_MODEL_METADATA_H

#include <json-c/json.h>

#include "tools/model/checkpoint.h"
#include "tools/model/compile.h"

/*
 * Name, task, licence and provenance come from model.json in the checkpoint folder where
 * there is one.  tensors: see eb_report_tensors; summary NULL: no calibration sentences.
 */
enum eb_status eb_metadata_make(const struct eb_checkpoint *checkpoint, json_object *tensors,
				const struct eb_compile_summary *summary,
				json_object **ret_metadata) EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_METADATA_H */
