// SPDX-License-Identifier: MIT
/*
 * The debug interface's "state": a snapshot of the function as JSON, in one line.
 */
#include <json-c/json.h>

#include "tools/device/pcie/debug_internal.h"

/* json_object_object_add() takes the value over; NULL, when memory is short, is null. */
static void add(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static void add_flag(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

/* Reading by the hook latches no high word: the host's own reads are not disturbed. */
static struct json_object *register_value(struct eb_device *device, const struct eb_register *row,
					  unsigned int index)
{
	uint64_t value = device->registers[row->offset / 4 + index];

	if (row->read != NULL)
		value = row->read(device, index);
	return json_object_new_uint64(value);
}

static struct json_object *describe_registers(struct eb_device *device)
{
	struct json_object *all = json_object_new_object();

	for (size_t i = 0; i < eb_register_count; i++) {
		const struct eb_register *row = &eb_registers[i];
		struct json_object *value;

		if (row->access == EB_WRITE_ONLY)
			continue;
		if (row->count == 1) {
			value = register_value(device, row, 0);
		} else {
			value = json_object_new_array();
			for (unsigned int index = 0; index < row->count; index++)
				json_object_array_add(value, register_value(device, row, index));
		}
		json_object_object_add(all, row->name, value);
	}
	return all;
}

static struct json_object *describe_rings(const struct eb_device *device)
{
	struct json_object *rings = json_object_new_object();

	add_flag(rings, "enabled", device->enabled);
	add(rings, "submit_base", device->rings.submit_base);
	add(rings, "complete_base", device->rings.complete_base);
	add(rings, "context_table", device->rings.context_table);
	add(rings, "entries", device->rings.entries);
	add(rings, "doorbell", device->tail);
	add(rings, "fetched", device->head);
	add(rings, "completed", device->completed);
	return rings;
}

/* The worker's copy of an entry is only looked at while the worker is idle. */
static struct json_object *describe_context(const struct eb_device *device, uint32_t id)
{
	const struct eb_context_state *context = &device->contexts[id];
	struct json_object *object;
	bool loaded = !device->working && context->loaded;

	if (!context->aborted && !loaded)
		return NULL;
	object = json_object_new_object();
	add(object, "id", id);
	add_flag(object, "aborted", context->aborted);
	if (loaded) {
		struct json_object *directories = json_object_new_array();

		add_flag(object, "entry_current",
			 context->loaded_generation == atomic_load(&context->generation));
		add(object, "flags", context->entry.flags);
		for (unsigned int i = 0; i < 4; i++)
			json_object_array_add(directories, json_object_new_uint64(
						      context->entry.directory[i]));
		json_object_object_add(object, "directories", directories);
	}
	return object;
}

static struct json_object *describe_contexts(const struct eb_device *device)
{
	struct json_object *all = json_object_new_array();

	for (uint32_t id = 0; id < EDGEBERT_HW_CONTEXT_COUNT; id++) {
		struct json_object *context = describe_context(device, id);

		if (context != NULL)
			json_object_array_add(all, context);
	}
	return all;
}

static struct json_object *describe_job(const struct eb_device *device)
{
	const struct edgebert_hw_job *job = device->executing_job;
	struct json_object *object;

	if (job == NULL)
		return NULL;
	object = json_object_new_object();
	add(object, "cookie", job->cookie);
	add(object, "context", job->context);
	add(object, "stream_address", job->stream_address);
	add(object, "stream_commands", job->stream_commands);
	add(object, "first_command", job->first_command);
	add(object, "commands_done", atomic_load(&device->executing_commands));
	add(object, "modelled_cycles", atomic_load(&device->executing_cycles));
	add_flag(object, "hangs", device->faults.job_hanging);
	return object;
}

static struct json_object *describe_envm(struct eb_device *device)
{
	const struct eb_envm_operation *operation = &device->envm_operation;
	struct json_object *object = json_object_new_object();

	add_flag(object, "busy", operation->busy);
	add_flag(object, "hangs", operation->busy && operation->hung);
	add(object, "command", operation->command);
	add(object, "address", operation->address);
	add(object, "left", operation->left);
	add(object, "locked_sectors", eb_envm_locked(device->envm));
	return object;
}

/* Millidegrees. */
static struct json_object *describe_thermal(struct eb_device *device)
{
	struct json_object *object = json_object_new_object();

	eb_thermal_update(device);
	json_object_object_add(object, "ambient", json_object_new_int(device->thermal.ambient));
	json_object_object_add(object, "temperature",
			       json_object_new_int((int32_t)device->thermal.temperature));
	add(object, "highest_point", eb_thermal_highest_point(device));
	return object;
}

void eb_debug_state(struct eb_debug_call *call)
{
	struct eb_device *device = call->device;
	struct json_object *state;

	if (!eb_debug_done(call))
		return;
	state = json_object_new_object();
	json_object_object_add(state, "profile", json_object_new_string(eb_device_profile(device)));
	json_object_object_add(state, "registers", describe_registers(device));
	json_object_object_add(state, "rings", describe_rings(device));
	json_object_object_add(state, "contexts", describe_contexts(device));
	json_object_object_add(state, "job", describe_job(device));
	json_object_object_add(state, "envm", describe_envm(device));
	json_object_object_add(state, "thermal", describe_thermal(device));
	add(state, "fatal_code", device->fatal_code);
	add(state, "pending_vectors", device->pending_vectors);
	add_flag(state, "memory_decoding", eb_config_memory_enabled(device));
	add_flag(state, "bus_mastering", eb_config_bus_master(device));
	add_flag(state, "working", device->working);
	add_flag(state, "reset_pending", device->reset_pending);
	add_flag(state, "link_down", device->faults.link_down);
	add_flag(state, "dead", atomic_load(&device->faults.dead));
	fprintf(call->answer, "- %s\n",
		json_object_to_json_string_ext(state, JSON_C_TO_STRING_PLAIN));
	json_object_put(state);
}
