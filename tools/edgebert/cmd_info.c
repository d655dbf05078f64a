// SPDX-License-Identifier: MIT
/* edgebert info: what a device is and has done; why there is none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/edgebert_hw.h"
#include "tools/edgebert/diagnosis.h"
#include "tools/edgebert/model_info.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"
#include "tools/edgebert/session.h"

#define DEVICES_MAX 64

static struct {
	struct session_options session;
	const char *model;
	bool all;
	bool counters;
	bool json;
} options = { .session = SESSION_DEFAULTS(1) };

static const struct option_row rows[] = {
	SESSION_DEVICE_ROWS(options.session),
	OPTION_TEXT("model", 'm', "FILE", &options.model, "show this model file, and no device"),
	OPTION_FLAG("all", 'a', &options.all, "show every EdgeBERT device"),
	OPTION_FLAG("counters", 'c', &options.counters, "show the counters only"),
	OPTION_JSON(&options.json),
};

static const struct {
	uint32_t bit;
	const char *name;
} capabilities[] = {
	{ EDGEBERT_HW_CAP_ENVM_READ, "envm-read" },
	{ EDGEBERT_HW_CAP_ENVM_PROGRAM, "envm-program" },
	{ EDGEBERT_HW_CAP_AUTONOMOUS_DVFS, "autonomous-dvfs" },
	{ EDGEBERT_HW_CAP_THERMAL, "thermal" },
	{ EDGEBERT_HW_CAP_QUEUE_TIME, "queue-time" },
};

/* What a backend does not have is absent, not empty. */
static void add_text(struct record *record, const char *key, const char *label, const char *text)
{
	if (*text)
		record_add_text(record, key, label, text);
	else
		record_add_none(record, key, label);
}

static void add_identity(struct record *record, const struct eb_device_info *info)
{
	struct record *inner;
	char version[16];

	record_add_text(record, "path", "device", info->path);
	record_add_text(record, "backend", "backend", backend_names[info->backend]);
	add_text(record, "bus_address", "bus address", info->bus_address);
	inner = record_add_record(record, "driver", "driver");
	add_text(inner, "name", "name", info->driver_name);
	add_text(inner, "version", "version", info->driver_version);
	snprintf(version, sizeof(version), "%u.%u", info->hardware_version >> 16,
		 info->hardware_version & 0xffff);
	record_add_text(record, "hardware_version", "hardware version", version);
	record_add_text(record, "profile", "profile", info->profile);
	inner = record_add_list(record, "capabilities", "capabilities");
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		if (info->capabilities & capabilities[i].bit)
			record_add_text(inner, "", NULL, capabilities[i].name);
	inner = record_add_record(record, "memories", "memories");
	record_add_whole(inner, "data_buffer_bytes", "each data buffer", "bytes",
			 info->data_buffer_bytes);
	record_add_whole(inner, "aux_buffer_bytes", "auxiliary buffer", "bytes",
			 info->aux_buffer_bytes);
	record_add_whole(inner, "envm_bytes", "embedded non-volatile memory", "bytes",
			 info->envm_bytes);
}

static void add_operating_points(struct record *record, const struct eb_device_info *info)
{
	struct record *list = record_add_list(record, "operating_points",
					      "operating points (power is modelled, dense compute)");

	for (uint32_t i = 0; i < info->operating_point_count && i < 16; i++) {
		const struct eb_operating_point *point = &info->operating_points[i];
		struct record *row = record_add_record(list, "", NULL);

		record_add_whole(row, "index", "index", "", i);
		record_add_number(row, "mhz", "MHz", "MHz", point->khz / 1e3, 3);
		record_add_whole(row, "mv", "mV", "mV", point->millivolt);
		record_add_number(row, "modelled_mw", "modelled mW", "mW", point->microwatt / 1e3,
				  3);
	}
}

static int add_counters(struct record *record, struct eb_device *device)
{
	struct eb_device_counters counters = { .size = sizeof(counters) };
	enum eb_status status = eb_device_get_counters(device, &counters);
	struct record *inner;

	if (status != EB_OK)
		return report_library(status);
	inner = record_add_record(record, "counters", "counters");
	record_add_whole(inner, "jobs", "jobs", "", counters.jobs);
	record_add_whole(inner, "faults", "faults", "", counters.faults);
	record_add_whole(inner, "modelled_cycles", "modelled cycles", "", counters.cycles);
	record_add_number(inner, "modelled_busy_ms", "modelled busy time", "ms",
			  (double)counters.busy_ns / 1e6, 3);
	record_add_whole(inner, "modelled_energy_uj", "modelled energy", "uJ",
			 counters.energy_uj);
	return 0;
}

/* path NULL: the one that the options name, or the first. */
static int add_device(struct record *list, const char *path)
{
	struct session_options which = options.session;
	struct eb_device_info info = { .size = sizeof(info) };
	struct record *record;
	struct eb_device *device;
	enum eb_status status;
	int failed;

	which.device = path;
	failed = session_open_device(&which, &device);
	if (failed)
		return failed;
	status = eb_device_get_info(device, &info);
	if (status == EB_OK) {
		record = record_add_record(list, "", NULL);
		if (!options.counters)
			add_identity(record, &info);
		if (!options.counters)
			add_operating_points(record, &info);
		failed = add_counters(record, device);
	} else {
		failed = report_library(status);
	}
	eb_device_unref(device);
	return failed;
}

struct paths {
	char *values[DEVICES_MAX];
	size_t count;
};

static int remember_path(const char *path, const char *bus_address, void *opaque)
{
	struct paths *paths = opaque;

	(void)bus_address;
	paths->values[paths->count] = strdup(path);
	if (!paths->values[paths->count])
		report_out_of_memory();
	return ++paths->count == DEVICES_MAX;
}

/* One device that can not be opened does not hide the others. */
static int add_all_devices(struct record *list)
{
	struct paths paths = { .count = 0 };
	enum eb_status status = eb_device_find(remember_path, &paths);
	int failed = 0;

	if (status != EB_OK)
		return report_library(status);
	if (paths.count == 0)
		return add_device(list, NULL);
	for (size_t i = 0; i < paths.count; i++) {
		int result = add_device(list, paths.values[i]);

		if (!failed)
			failed = result;
		free(paths.values[i]);
	}
	return failed;
}

/* As text, each device is a record of its own; in JSON they are always a list. */
static int print_devices(const struct record *record, const struct record *list)
{
	int failed = 0;

	if (options.json)
		return render_json(record);
	for (size_t i = 0; i < list->count && !failed; i++) {
		if (i)
			failed = render_plain("\n");
		if (!failed)
			failed = render_text(list->fields[i].record);
	}
	return failed;
}

static int print_diagnosis(struct record *record, enum eb_status failure)
{
	diagnosis_add(record, failure);
	return options.json ? render_json(record) : render_text(record);
}

static int print_model(void)
{
	struct record *record = record_new();
	int failed;

	record_add_whole(record, "schema_version", NULL, "", 1);
	failed = model_info_add(record, options.model);
	if (!failed)
		failed = options.json ? render_json(record) : render_text(record);
	record_free(record);
	return failed;
}

static int run_info(const struct arguments *arguments)
{
	struct record *record = record_new();
	struct record *list;
	bool accel = options.session.backend == EB_BACKEND_ACCEL;
	int failed = session_check(&options.session);
	int unprinted;

	(void)arguments;
	if (failed || options.model) {
		record_free(record);
		return failed ? failed : print_model();
	}
	record_add_whole(record, "schema_version", NULL, "", 1);
	record_add_text(record, "library_version", NULL, eb_version());
	list = record_add_list(record, "devices", NULL);
	if (options.all && accel && !options.session.device)
		failed = add_all_devices(list);
	else
		failed = add_device(list, options.session.device);
	unprinted = failed && accel && list->count == 0 ? print_diagnosis(record, (enum eb_status)failed) :
							  print_devices(record, list);
	record_free(record);
	return failed ? failed : unprinted;
}

const struct command command_info = {
	.name = "info",
	.summary = "show the device, its operating points and counters, or a model",
	.synopsis = "",
	.description =
		"Shows identity, memories, operating points and counters of a device.  Where none\n"
		"can be opened, it says what is missing: device, module, node or permission.\n"
		"With --model, shows what a model file holds and which policies it can run.\n"
		"Cycles, busy time and energy are modelled figures.",
	OPTION_ROWS(rows),
	.run = run_info,
};
