// SPDX-License-Identifier: MIT
/* A model on a device with settings for both, and the next such place. */
#include "lib/place.h"

#include <stdlib.h>

#include "lib/failover.h"

static enum eb_status check_fit(const struct eb_device *device, const struct eb_model *model)
{
	const struct eb_device_info *info = &device->backend->info;
	uint32_t missing = model->parameters.hardware_capabilities & ~info->capabilities;

	if (info->hardware_version >> 16 != model->parameters.hardware_major)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: made for hardware version %u, %s has version %u; compile it for "
			       "this device", model->file.name, model->parameters.hardware_major,
			       info->path, info->hardware_version >> 16);
	if (missing)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: needs hardware capabilities 0x%x that %s does not have; compile it "
			       "for this device", model->file.name, missing, info->path);
	return EB_OK;
}

enum eb_status eb_place_create(struct eb_device *device, struct eb_model *model,
			       const struct eb_policy_settings *settings,
			       struct eb_place **ret_place)
{
	enum eb_status status = check_fit(device, model);
	struct eb_place *place;

	if (status)
		return status;
	place = calloc(1, sizeof(*place));
	if (!place)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for an engine's place on a device");
	atomic_init(&place->references, 1);
	place->device = eb_device_ref(device);
	place->settings = *settings;
	status = eb_resident_model_get(device, model, &place->resident);
	if (!status)
		status = eb_policy_settle(&place->settings, place->resident);
	if (status)
		eb_place_unref(place);
	else
		*ret_place = place;
	return status;
}

struct eb_place *eb_place_ref(struct eb_place *place)
{
	atomic_fetch_add_explicit(&place->references, 1, memory_order_relaxed);
	return place;
}

void eb_place_unref(struct eb_place *place)
{
	if (!place ||
	    atomic_fetch_sub_explicit(&place->references, 1, memory_order_acq_rel) != 1)
		return;
	eb_resident_model_put(place->resident);
	eb_device_unref(place->device);
	free(place);
}

struct succession {
	struct eb_model *model;
	const struct eb_policy_settings *settings;
	struct eb_place *place;
};

static enum eb_status create_at(void *opaque, struct eb_device *device)
{
	struct succession *succession = opaque;

	return eb_place_create(device, succession->model, succession->settings, &succession->place);
}

enum eb_status eb_place_create_successor(struct eb_device *lost, struct eb_model *model,
					 const struct eb_policy_settings *settings,
					 struct eb_place **ret_place)
{
	struct succession succession = { .model = model, .settings = settings };
	enum eb_status status = eb_device_fail_over(lost, create_at, &succession);

	if (!status)
		*ret_place = succession.place;
	return status;
}
