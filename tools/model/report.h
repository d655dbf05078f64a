/* SPDX-License-Identifier: MIT */
/* What compiling did to each tensor, for the model's metadata and for people. */
#ifndef EDGEBERT_MODEL_REPORT_H
#define EDGEBERT_MODEL_REPORT_H

#include <json-c/json.h>

#include "tools/model/plan.h"

/* One JSON object per tensor: name, layer (1-based, 0: none), format, bias or scale, SNR. */
json_object *eb_report_tensors(const struct eb_plan *plan,
			       const struct eb_calibration *calibration);

/* The same as an aligned table, after the lines of `summary`. */
enum eb_status eb_report_write(const char *path, const char *summary, json_object *tensors)
	EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_REPORT_H */
