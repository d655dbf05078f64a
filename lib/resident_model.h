/* SPDX-License-Identifier: MIT */
/*
 * A model on a device: weights, commands and tables uploaded once for all engines, and
 * the buffers that sentences in flight work in.
 */
#ifndef EDGEBERT_LIB_RESIDENT_MODEL_H
#define EDGEBERT_LIB_RESIDENT_MODEL_H

#include <pthread.h>

#include "lib/device.h"
#include "lib/model.h"

/* What one sentence in flight works in; kept for the next one. */
struct eb_lane {
	struct eb_lane *next;
	struct eb_buffer scratch, input, output;
};

struct eb_resident_model {
	struct eb_resident_model *next;
	struct eb_device *device;	/* both outlive it: engines hold them */
	struct eb_model *model;
	uint32_t references;		/* engines; under the device's residents_lock */
	struct eb_buffer weights, stream, tables;
	void *table_contents;
	/* Of the image in the device's eNVM that the model reads; 0: it reads none.  Owned. */
	_Atomic uint64_t *envm_generation;
	const struct eb_cycle_table *cycles;	/* NULL: none for this device's profile */

	pthread_mutex_t lock;		/* what follows */
	pthread_cond_t lane_returned;
	struct eb_lane *idle_lanes;
	uint32_t lane_count;
};

/* Uploads the model unless it is there already. */
enum eb_status eb_resident_model_get(struct eb_device *device, struct eb_model *model,
				     struct eb_resident_model **ret_resident);
/*
 * Whether the image that the model reads is in the device's eNVM now; its generation may be
 * another than before.  EB_IMAGE_NOT_INSTALLED says which image is missing.
 */
enum eb_status eb_resident_model_check_image(const struct eb_resident_model *resident);
/* Accepts NULL. */
void eb_resident_model_put(struct eb_resident_model *resident);

/* Waits while as many sentences are in flight as the backend can use. */
enum eb_status eb_resident_model_take_lane(struct eb_resident_model *resident,
					   struct eb_lane **ret_lane);
/* reusable: the device is done with the lane's buffers. */
void eb_resident_model_return_lane(struct eb_resident_model *resident, struct eb_lane *lane,
				   bool reusable);

#endif /* EDGEBERT_LIB_RESIDENT_MODEL_H */
