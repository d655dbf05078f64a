// SPDX-License-Identifier: MIT
/* edgebert envm: what is in a device's eNVM; installing and comparing images. */
#include <string.h>

#include "tools/edgebert/progress.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"
#include "tools/edgebert/session.h"

static struct {
	struct session_options session;
	bool replace;
	bool json;
} options = { .session = SESSION_DEFAULTS(1) };

static const struct option_row rows[] = {
	SESSION_DEVICE_ROWS(options.session),
	OPTION_FLAG("replace", 0, &options.replace,
		    "program: where old and new image do not fit beside each other, remove the old "
		    "one first"),
	OPTION_JSON(&options.json),
};

static const char *const slot_names[] = { "A", "B", "WHOLE", "none" };

static void show_progress(void *opaque, const char *step, uint64_t done, uint64_t total)
{
	(void)opaque;
	progress_show(step, done, total);
}

/* WHOLE and the two others lie in each other's place. */
static const char *slot_state(const struct eb_envm_info *info, enum eb_envm_slot slot)
{
	if (info->active_slot == slot)
		return "active";
	if (info->active_slot == EB_ENVM_SLOT_WHOLE ||
	    (slot == EB_ENVM_SLOT_WHOLE && info->active_slot != EB_ENVM_SLOT_NONE))
		return "taken";
	return info->locked_slots & (slot == EB_ENVM_SLOT_WHOLE ? 3u : 1u << slot) ? "locked" : "free";
}

static void add_slots(struct record *record, const struct eb_envm_info *info)
{
	struct record *list = record_add_list(record, "slots", "slots");

	for (enum eb_envm_slot slot = EB_ENVM_SLOT_A; slot < EB_ENVM_SLOT_NONE; slot++) {
		struct record *row = record_add_record(list, "", NULL);

		record_add_text(row, "slot", "slot", slot_names[slot]);
		record_add_whole(row, "bytes", "bytes", "bytes", info->slot_bytes[slot]);
		record_add_text(row, "state", "state", slot_state(info, slot));
	}
}

static int print_info(struct eb_device *device)
{
	struct eb_envm_info info = { .size = sizeof(info) };
	enum eb_status status = eb_envm_get_info(device, &info);
	struct record *record;
	int failed;

	if (status != EB_OK)
		return report_library(status);
	record = record_new();
	record_add_whole(record, "schema_version", NULL, "", 1);
	if (info.generation) {
		record_add_text(record, "image_name", "image", info.image_name);
		record_add_text(record, "image_id", "identity", info.image_id);
		record_add_whole(record, "image_bytes", "size", "bytes", info.image_bytes);
	} else {
		record_add_none(record, "image_name", "image");
	}
	record_add_whole(record, "generation", "generation", "", info.generation);
	record_add_text(record, "active_slot", "active slot", slot_names[info.active_slot]);
	add_slots(record, &info);
	if (info.total_bytes) {
		record_add_whole(record, "done_bytes", "operation under way, done", "bytes",
				 info.done_bytes);
		record_add_whole(record, "total_bytes", "of", "bytes", info.total_bytes);
	}
	record_add_whole(record, "ecc_corrected", "errors corrected", "", info.ecc_corrected);
	record_add_whole(record, "ecc_failed", "errors not corrected", "", info.ecc_failed);
	record_add_whole(record, "wear_max", "erases of the most worn sector", "", info.wear_max);
	record_add_whole(record, "wear_mean", "erases on average", "", info.wear_mean);
	failed = options.json ? render_json(record) : render_text(record);
	record_free(record);
	return failed;
}

/* What is there afterwards is the answer of program and verify. */
static int finish(struct eb_device *device, enum eb_status status)
{
	progress_end();
	return status == EB_OK ? print_info(device) : report_library(status);
}

static int info(struct eb_device *device, const char *path)
{
	if (path)
		return report_tool(EXIT_USAGE, "envm info takes no image, but there is %s", path);
	return print_info(device);
}

static int program(struct eb_device *device, const char *path)
{
	if (!path)
		return report_tool(EXIT_USAGE, "envm program needs the image to install, such as "
				   "words.evm");
	return finish(device, eb_envm_install(device, path, options.replace ? EB_ENVM_REPLACE : 0,
					      show_progress, NULL));
}

static int verify(struct eb_device *device, const char *path)
{
	if (!path)
		return report_tool(EXIT_USAGE, "envm verify needs the image to compare with, such as "
				   "words.evm");
	return finish(device, eb_envm_compare(device, path, show_progress, NULL));
}

static const struct {
	const char *name;
	int (*run)(struct eb_device *device, const char *path);
} actions[] = {
	{ "info", info },
	{ "program", program },
	{ "verify", verify },
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static int run_envm(const struct arguments *arguments)
{
	struct eb_device *device;
	size_t action = 0;
	int failed;

	while (action < ACTIONS && strcmp(actions[action].name, arguments->values[0]) != 0)
		action++;
	if (action == ACTIONS)
		return report_tool(EXIT_USAGE, "there is no envm %s; there are info, program and verify",
				   arguments->values[0]);
	failed = session_check(&options.session);
	if (!failed)
		failed = session_open_device(&options.session, &device);
	if (failed)
		return failed;
	failed = actions[action].run(device, arguments->count > 1 ? arguments->values[1] : NULL);
	eb_device_unref(device);
	return failed;
}

const struct command command_envm = {
	.name = "envm",
	.summary = "show, install or compare the image in a device's eNVM",
	.synopsis = "info | program IMAGE | verify IMAGE",
	.description =
		"The eNVM holds what models share, their word embedding: an image that edgebert\n"
		"compile --envm-image makes.  program installs one, as root; when power fails on the\n"
		"way, either the old or the new one is there afterwards.  An image that needs more\n"
		"than half of the eNVM takes the place of the old one: that must be allowed with\n"
		"--replace, and until it is done there is none.  Running jobs are not disturbed.",
	.arguments_min = 1,
	.arguments_max = 2,
	OPTION_ROWS(rows),
	.run = run_envm,
};
