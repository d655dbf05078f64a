// SPDX-License-Identifier: MIT
/* What lies in a device's eNVM: asking, comparing, and installing an image without a gap. */
#include <string.h>
#include <zlib.h>

#include "lib/device.h"
#include "lib/envm_image.h"
#include "lib/failover.h"
#include "lib/options.h"

#define ENVM_INFO_FIRST_SIZE sizeof(struct eb_envm_info)
#define PAGE_BYTES 256
/* Bytes of one call, so that progress is seen and a signal does not wait long. */
#define CHUNK_BYTES (64u * 1024)

/* One installation or comparison. */
struct work {
	struct eb_device *device;	/* held */
	struct eb_backend_device *backend;
	const char *path;
	struct eb_envm_image image;
	struct eb_envm_info info;
	enum eb_envm_slot slot;
	eb_envm_progress *progress;
	void *opaque;
};

static void report(const struct work *work, const char *step, uint64_t done, uint64_t total)
{
	if (work->progress)
		work->progress(work->opaque, step, done, total);
}

static enum eb_status get_info(struct eb_backend_device *backend, struct eb_envm_info *info)
{
	if (!backend->ops->envm_get_info)
		return eb_fail(EB_MODEL_UNSUPPORTED, "%s: has no eNVM", backend->info.path);
	memset(info, 0, sizeof(*info));
	return backend->ops->envm_get_info(backend, info);
}

enum eb_status eb_envm_get_info(struct eb_device *device, struct eb_envm_info *info)
{
	struct eb_device *current;
	struct eb_envm_info ours;
	enum eb_status status;

	if (!device)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_envm_get_info: device is NULL");
	status = eb_output_check(info, ENVM_INFO_FIRST_SIZE, "eb_envm_info");
	if (status)
		return status;
	current = eb_device_take_current(device);
	status = get_info(current->backend, &ours);
	eb_device_unref(current);
	if (!status)
		eb_output_write(info, &ours, sizeof(ours));
	return status;
}

static bool is_installed(const struct work *work)
{
	char id[EB_ENVM_ID_TEXT];

	eb_envm_id_text(work->image.header.id, id);
	return work->info.generation && strcmp(work->info.image_id, id) == 0;
}

/* Reads the file, then asks the device. */
static enum eb_status begin(struct work *work, struct eb_device *device, const char *path)
{
	enum eb_status status;

	if (!device || !path)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_envm: %s is NULL", device ? "path" : "device");
	work->device = eb_device_take_current(device);
	work->backend = work->device->backend;
	work->path = path;
	status = eb_envm_image_read(path, &work->image);
	if (!status)
		status = get_info(work->backend, &work->info);
	if (!status && !work->backend->ops->envm_access)
		status = eb_fail(EB_INVALID_ARGUMENT,
				 "%s: its eNVM is a file, which it is given when it is opened",
				 work->backend->info.path);
	return status;
}

static void end(struct work *work)
{
	eb_envm_image_free(&work->image);
	eb_device_unref(work->device);
}

/* ---- comparing ---- */

static enum eb_status compare(const struct work *work)
{
	const struct eb_envm_access *access = work->backend->ops->envm_access;
	uint8_t bytes[4096];

	for (uint32_t at = 0; at < work->image.header.bytes; at += sizeof(bytes)) {
		uint32_t left = work->image.header.bytes - at;
		uint32_t size = left < sizeof(bytes) ? left : sizeof(bytes);
		enum eb_status status = access->read(work->backend, work->slot, at, bytes, size);

		if (status)
			return status;
		if (memcmp(bytes, work->image.contents + at, size) != 0)
			return eb_fail(EB_IMAGE_NOT_INSTALLED,
				       "%s: the eNVM differs from %s between bytes %u and %u; "
				       "install it again", work->backend->info.path, work->path, at,
				       at + size);
		report(work, "comparing", at + size, work->image.header.bytes);
	}
	return EB_OK;
}

static enum eb_status check_identity(const struct work *work)
{
	if (is_installed(work))
		return EB_OK;
	if (!work->info.generation)
		return eb_fail(EB_IMAGE_NOT_INSTALLED, "%s: no image is in its eNVM; install it: "
			       "edgebert envm program %s", work->backend->info.path, work->path);
	return eb_fail(EB_IMAGE_NOT_INSTALLED,
		       "%s: in its eNVM is image %s (%s), not %s; install it: edgebert envm program %s",
		       work->backend->info.path, work->info.image_name, work->info.image_id,
		       (const char *)work->image.header.name, work->path);
}

enum eb_status eb_envm_compare(struct eb_device *device, const char *path,
			      eb_envm_progress *progress, void *opaque)
{
	struct work work = { .progress = progress, .opaque = opaque };
	enum eb_status status;

	status = begin(&work, device, path);
	if (!status)
		status = check_identity(&work);
	if (!status) {
		work.slot = work.info.active_slot;
		status = compare(&work);
	}
	end(&work);
	return status;
}

/* ---- installing ---- */

/* The slot to write: one that the active image does not lie in, if there is one. */
static enum eb_status choose_slot(struct work *work, uint32_t flags)
{
	const struct eb_envm_info *info = &work->info;
	uint32_t bytes = work->image.header.bytes;

	if (bytes > info->slot_bytes[EB_ENVM_SLOT_WHOLE])
		return eb_fail(EB_MODEL_UNSUPPORTED, "%s: has %u bytes, the eNVM of %s holds at most %u",
			       work->path, bytes, work->backend->info.path,
			       info->slot_bytes[EB_ENVM_SLOT_WHOLE]);
	work->slot = bytes > info->slot_bytes[EB_ENVM_SLOT_A] ? EB_ENVM_SLOT_WHOLE :
		info->active_slot == EB_ENVM_SLOT_A ? EB_ENVM_SLOT_B : EB_ENVM_SLOT_A;
	if (info->active_slot == EB_ENVM_SLOT_NONE ||
	    (work->slot != EB_ENVM_SLOT_WHOLE && info->active_slot != EB_ENVM_SLOT_WHOLE))
		return EB_OK;
	if (!(flags & EB_ENVM_REPLACE))
		return eb_fail(EB_BUSY,
			       "%s: image %s of %u bytes and the active one, %s of %u bytes, do not fit "
			       "beside each other; allow a time without any image (EB_ENVM_REPLACE, "
			       "edgebert envm program --replace)", work->backend->info.path,
			       (const char *)work->image.header.name, bytes, info->image_name,
			       info->image_bytes);
	return work->backend->ops->envm_access->commit(work->backend, EB_ENVM_SLOT_NONE, NULL);
}

/* Pages behind the image's end stay erased. */
static enum eb_status write_image(const struct work *work)
{
	const struct eb_envm_access *access = work->backend->ops->envm_access;
	const uint32_t bytes = work->image.header.bytes;
	enum eb_status status = EB_OK;
	uint8_t last[PAGE_BYTES];
	uint32_t whole = bytes & ~(uint32_t)(sizeof(last) - 1);

	for (uint32_t at = 0; at < whole && !status; at += CHUNK_BYTES) {
		uint32_t size = whole - at < CHUNK_BYTES ? whole - at : CHUNK_BYTES;

		status = access->program(work->backend, work->slot, at, work->image.contents + at,
					 size);
		report(work, "programming", at + size, bytes);
	}
	if (status || whole == bytes)
		return status;
	memset(last, 0xff, sizeof(last));
	memcpy(last, work->image.contents + whole, bytes - whole);
	status = access->program(work->backend, work->slot, whole, last, sizeof(last));
	report(work, "programming", bytes, bytes);
	return status;
}

static enum eb_status install(struct work *work, uint32_t flags)
{
	const struct eb_envm_access *access = work->backend->ops->envm_access;
	enum eb_status status = choose_slot(work, flags);

	if (status)
		return status;
	report(work, "erasing", 0, 1);
	status = access->erase(work->backend, work->slot);
	if (!status)
		status = write_image(work);
	if (status)
		return status;
	report(work, "checking", 0, 1);
	return access->commit(work->backend, work->slot, &work->image.header);
}

enum eb_status eb_envm_install(struct eb_device *device, const char *path, uint32_t flags,
			       eb_envm_progress *progress, void *opaque)
{
	struct work work = { .progress = progress, .opaque = opaque };
	enum eb_status status;

	if (flags & ~EB_ENVM_REPLACE)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_envm_install: there are no flags 0x%x", flags);
	status = begin(&work, device, path);
	if (!status && !is_installed(&work))
		status = install(&work, flags);
	end(&work);
	return status;
}
