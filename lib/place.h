/* SPDX-License-Identifier: MIT */
/* Where an engine's sentences run: a device, the model on it, and the settings for both. */
#ifndef EDGEBERT_LIB_PLACE_H
#define EDGEBERT_LIB_PLACE_H

#include "lib/exit_policy.h"

/* Sentences hold the place they run at, so that an engine can move while they do. */
struct eb_place {
	atomic_uint references;
	struct eb_device *device;
	struct eb_resident_model *resident;
	struct eb_policy_settings settings;	/* settled for this device */
};

/* Uploads the model unless it is there; checks that model, device and settings fit. */
enum eb_status eb_place_create(struct eb_device *device, struct eb_model *model,
			       const struct eb_policy_settings *settings,
			       struct eb_place **ret_place);
struct eb_place *eb_place_ref(struct eb_place *place);
/* Accepts NULL. */
void eb_place_unref(struct eb_place *place);

/* The same on the first device that can take over from a lost one. */
enum eb_status eb_place_create_successor(struct eb_device *lost, struct eb_model *model,
					 const struct eb_policy_settings *settings,
					 struct eb_place **ret_place);

#endif /* EDGEBERT_LIB_PLACE_H */
