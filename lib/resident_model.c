// SPDX-License-Identifier: MIT
/* Models on devices: uploads shared by engines, and a pool of working buffers. */
#include "lib/resident_model.h"

#include <string.h>

#include "lib/envm_image.h"

#include <stdlib.h>
#include <string.h>

/*
 * The tables of the PREDICT command: the predictor's rows, then the cycles from the
 * exit of layer 1 to each later exit.  PREDICT's own cycles are left in, which errs
 * on the safe side of a target.
 */
static void fill_tables(const struct eb_resident_model *resident)
{
	const struct eb_exit_predictor *predictor = &resident->model->predictor;
	const size_t rows_size =
		sizeof(int16_t) * (size_t)predictor->rows * predictor->columns;
	uint32_t *cycles = (uint32_t *)(void *)((uint8_t *)resident->table_contents +
						((rows_size + 3) & ~(size_t)3));

	memcpy(resident->table_contents, predictor->entropies, rows_size);
	if (!resident->cycles)
		return;
	for (uint32_t row = 0; row < resident->cycles->vectors; row++) {
		uint32_t tokens = (row + 1) * EDGEBERT_HW_LANES;
		uint32_t first = eb_cycle_table_until(resident->cycles, tokens, 1);

		for (uint32_t layer = predictor->first_layer; layer <= predictor->last_layer;
		     layer++) {
			uint32_t exit_layer = eb_model_exit_at_or_after(resident->model, layer);

			*cycles++ = eb_cycle_table_until(resident->cycles, tokens, exit_layer) -
				    first;
		}
	}
}

static enum eb_status upload_tables(struct eb_resident_model *resident)
{
	struct eb_backend_device *backend = resident->device->backend;
	const size_t size = resident->model->parameters.tables_bytes;

	if (!size)
		return EB_OK;
	resident->table_contents = calloc(1, size);
	if (!resident->table_contents)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for the model's tables");
	/* Only a program with PREDICT has had the room for its tables checked. */
	if (resident->model->has_predict)
		fill_tables(resident);
	return backend->ops->buffer_upload(backend, resident->table_contents, size,
					   &resident->tables);
}

static enum eb_status upload(struct eb_resident_model *resident)
{
	struct eb_backend_device *backend = resident->device->backend;
	const struct eb_model *model = resident->model;
	enum eb_status status;

	status = backend->ops->buffer_upload(backend, model->weights, model->weights_size,
					     &resident->weights);
	if (!status)
		status = backend->ops->buffer_upload(backend, model->commands,
						     model->command_count *
						     sizeof(model->commands[0]),
						     &resident->stream);
	if (!status)
		status = upload_tables(resident);
	if (status)
		return status;
	atomic_fetch_add(&resident->device->models_loaded, 1);
	atomic_fetch_add(&resident->device->bytes_loaded, resident->weights.size +
			 resident->stream.size + resident->tables.size);
	return EB_OK;
}

static void destroy_lane(struct eb_backend_device *backend, struct eb_lane *lane)
{
	backend->ops->buffer_destroy(backend, &lane->scratch);
	backend->ops->buffer_destroy(backend, &lane->input);
	backend->ops->buffer_destroy(backend, &lane->output);
	free(lane);
}

static void destroy(struct eb_resident_model *resident)
{
	struct eb_backend_device *backend = resident->device->backend;

	while (resident->idle_lanes) {
		struct eb_lane *lane = resident->idle_lanes;

		resident->idle_lanes = lane->next;
		destroy_lane(backend, lane);
	}
	backend->ops->buffer_destroy(backend, &resident->tables);
	backend->ops->buffer_destroy(backend, &resident->stream);
	backend->ops->buffer_destroy(backend, &resident->weights);
	free(resident->table_contents);
	free(resident->envm_generation);
	pthread_cond_destroy(&resident->lane_returned);
	pthread_mutex_destroy(&resident->lock);
	free(resident);
}

enum eb_status eb_resident_model_check_image(const struct eb_resident_model *resident)
{
	const struct eb_model_envm_image *wanted = &resident->model->envm_image;
	struct eb_backend_device *backend = resident->device->backend;
	struct eb_envm_info info = { 0 };
	char id[EB_ENVM_ID_TEXT];
	enum eb_status status;

	if (!wanted->bytes)
		return EB_OK;
	if (!backend->ops->envm_get_info)
		return eb_fail(EB_MODEL_UNSUPPORTED, "%s: needs the eNVM image %s, %s has no eNVM",
			       resident->model->file.name, (const char *)wanted->name,
			       backend->info.path);
	status = backend->ops->envm_get_info(backend, &info);
	if (status)
		return status;
	eb_envm_id_text(wanted->id, id);
	if (info.generation && strcmp(info.image_id, id) == 0) {
		atomic_store(resident->envm_generation, info.generation);
		return EB_OK;
	}
	return eb_fail(EB_IMAGE_NOT_INSTALLED,
		       "%s: needs the eNVM image %s (%s); in the eNVM of %s is %s%s%s; %s",
		       resident->model->file.name, (const char *)wanted->name, id,
		       backend->info.path, info.generation ? info.image_name : "none",
		       info.generation ? ", " : "", info.image_id,
		       backend->info.backend == EB_BACKEND_REFERENCE ?
		       "open the reference backend with it (envm_image, --envm-image FILE)" :
		       "install it: edgebert envm program FILE");
}

static enum eb_status create(struct eb_device *device, struct eb_model *model,
			     struct eb_resident_model **ret_resident)
{
	struct eb_resident_model *resident = calloc(1, sizeof(*resident));
	enum eb_status status;

	if (!resident)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a model on a device");
	resident->device = device;
	resident->model = model;
	resident->references = 1;
	resident->cycles = eb_model_cycle_table(model, device->backend->info.profile);
	pthread_mutex_init(&resident->lock, NULL);
	pthread_cond_init(&resident->lane_returned, NULL);
	resident->envm_generation = calloc(1, sizeof(*resident->envm_generation));
	status = resident->envm_generation ? eb_resident_model_check_image(resident) :
		eb_fail(EB_OUT_OF_MEMORY, "no memory for a model on a device");
	if (!status)
		status = upload(resident);
	if (status)
		destroy(resident);
	else
		*ret_resident = resident;
	return status;
}

enum eb_status eb_resident_model_get(struct eb_device *device, struct eb_model *model,
				     struct eb_resident_model **ret_resident)
{
	struct eb_resident_model *resident;
	enum eb_status status = EB_OK;

	/* Held over the upload: a second engine must wait for it, not upload again. */
	pthread_mutex_lock(&device->residents_lock);
	for (resident = device->residents; resident; resident = resident->next) {
		if (resident->model == model)
			break;
	}
	if (resident) {
		resident->references++;
	} else {
		status = create(device, model, &resident);
		if (!status) {
			resident->next = device->residents;
			device->residents = resident;
			eb_log_say(&device->log, EB_LOG_INFO, "uploaded %s to %s: %llu bytes of "
				   "weights", model->file.name, device->backend->info.path,
				   (unsigned long long)model->weights_size);
		}
	}
	pthread_mutex_unlock(&device->residents_lock);
	if (!status)
		*ret_resident = resident;
	return status;
}

void eb_resident_model_put(struct eb_resident_model *resident)
{
	struct eb_resident_model **link;
	struct eb_device *device;

	if (!resident)
		return;
	device = resident->device;
	pthread_mutex_lock(&device->residents_lock);
	if (--resident->references) {
		pthread_mutex_unlock(&device->residents_lock);
		return;
	}
	for (link = &device->residents; *link != resident; link = &(*link)->next)
		;
	*link = resident->next;
	pthread_mutex_unlock(&device->residents_lock);
	destroy(resident);
}

static enum eb_status create_lane(struct eb_resident_model *resident, struct eb_lane **ret_lane)
{
	const struct eb_model_parameters *parameters = &resident->model->parameters;
	struct eb_backend_device *backend = resident->device->backend;
	struct eb_lane *lane = calloc(1, sizeof(*lane));
	enum eb_status status;

	if (!lane)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a sentence's buffers");
	status = backend->ops->buffer_create(backend, parameters->scratch_bytes, &lane->scratch);
	if (!status)
		status = backend->ops->buffer_create(backend, parameters->input_bytes,
						     &lane->input);
	if (!status)
		status = backend->ops->buffer_create(backend, parameters->output_bytes,
						     &lane->output);
	if (status)
		destroy_lane(backend, lane);
	else
		*ret_lane = lane;
	return status;
}

enum eb_status eb_resident_model_take_lane(struct eb_resident_model *resident,
					   struct eb_lane **ret_lane)
{
	const uint32_t most = resident->device->backend->parallel_jobs;
	struct eb_lane *lane;
	enum eb_status status;

	pthread_mutex_lock(&resident->lock);
	while (!resident->idle_lanes && resident->lane_count >= most)
		pthread_cond_wait(&resident->lane_returned, &resident->lock);
	lane = resident->idle_lanes;
	if (lane)
		resident->idle_lanes = lane->next;
	else
		resident->lane_count++;
	pthread_mutex_unlock(&resident->lock);
	if (lane) {
		*ret_lane = lane;
		return EB_OK;
	}
	status = create_lane(resident, ret_lane);
	if (status) {
		pthread_mutex_lock(&resident->lock);
		resident->lane_count--;
		pthread_cond_signal(&resident->lane_returned);
		pthread_mutex_unlock(&resident->lock);
	}
	return status;
}

void eb_resident_model_return_lane(struct eb_resident_model *resident, struct eb_lane *lane,
				   bool reusable)
{
	if (!reusable) {
		eb_log_say(&resident->device->log, EB_LOG_WARNING, "%s is stuck: the buffers of a "
			   "sentence are given up", resident->device->backend->info.path);
		destroy_lane(resident->device->backend, lane);
	}
	pthread_mutex_lock(&resident->lock);
	if (reusable) {
		lane->next = resident->idle_lanes;
		resident->idle_lanes = lane;
	} else {
		resident->lane_count--;
	}
	pthread_cond_signal(&resident->lane_returned);
	pthread_mutex_unlock(&resident->lock);
}
