/* SPDX-License-Identifier: MIT */
/* From what the device left behind to the public result. */
#ifndef EDGEBERT_LIB_RESULT_H
#define EDGEBERT_LIB_RESULT_H

#include "lib/exit_policy.h"

/* Fills everything but size, truncated and host_ns. */
void eb_result_fill(const struct eb_policy_settings *settings,
		    const struct eb_resident_model *resident, const struct eb_lane *lane,
		    uint32_t token_count, const struct eb_sentence *sentence,
		    struct eb_result *result);

#endif /* EDGEBERT_LIB_RESULT_H */
