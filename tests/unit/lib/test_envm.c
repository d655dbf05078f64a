// SPDX-License-Identifier: MIT
/*
 * Installing and comparing images: which slot, in which order, and what is said when it can
 * not be done; and models that need an image.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/device.h"
#include "lib/envm_image.h"
#include "tools/device/core/core.h"
#include "tools/model/envm_image.h"

#define SLOT_BYTES	8192u
#define ARRAY_BYTES	(2 * SLOT_BYTES)

/* A device whose eNVM has slots of two sectors and keeps a list of what is done to it. */
struct fake {
	struct eb_backend_device backend;
	uint8_t array[ARRAY_BYTES];
	struct eb_envm_info info;
	char calls[1024];
	const char *failing;		/* name of the call that fails, once */
};

static struct fake fake;

static enum eb_status note(const char *call, enum eb_envm_slot slot)
{
	size_t length = strlen(fake.calls);

	snprintf(fake.calls + length, sizeof(fake.calls) - length, "%s %c;", call,
		 "ABW-"[slot]);
	if (!fake.failing || strcmp(fake.failing, call) != 0)
		return EB_OK;
	fake.failing = NULL;
	return eb_fail(EB_ENVM_FAILED, "%s fails", call);
}

static uint8_t *slot_at(enum eb_envm_slot slot)
{
	return fake.array + (slot == EB_ENVM_SLOT_B ? SLOT_BYTES : 0);
}

static enum eb_status fake_get_info(struct eb_backend_device *backend, struct eb_envm_info *info)
{
	(void)backend;
	*info = fake.info;
	return EB_OK;
}

static enum eb_status fake_erase(struct eb_backend_device *backend, enum eb_envm_slot slot)
{
	(void)backend;
	memset(slot_at(slot), 0xff, fake.info.slot_bytes[slot]);
	return note("erase", slot);
}

static enum eb_status fake_program(struct eb_backend_device *backend, enum eb_envm_slot slot,
				   uint32_t offset, const void *bytes, uint32_t size)
{
	(void)backend;
	assert_int_equal(offset % 256, 0);
	assert_int_equal(size % 256, 0);
	assert_true(offset + size <= fake.info.slot_bytes[slot]);
	for (uint32_t i = 0; i < size; i++)
		assert_int_equal(slot_at(slot)[offset + i], 0xff);
	memcpy(slot_at(slot) + offset, bytes, size);
	return note("program", slot);
}

static enum eb_status fake_read(struct eb_backend_device *backend, enum eb_envm_slot slot,
				uint32_t offset, void *bytes, uint32_t size)
{
	(void)backend;
	memcpy(bytes, slot_at(slot) + offset, size);
	return EB_OK;
}

static enum eb_status fake_commit(struct eb_backend_device *backend, enum eb_envm_slot slot,
				  const struct edgebert_hw_envm_header *image)
{
	(void)backend;
	fake.info.active_slot = slot;
	fake.info.generation++;
	memset(fake.info.image_id, 0, sizeof(fake.info.image_id));
	if (image) {
		eb_envm_id_text(image->id, fake.info.image_id);
		snprintf(fake.info.image_name, sizeof(fake.info.image_name), "%s",
			 (const char *)image->name);
		fake.info.image_bytes = image->bytes;
	} else {
		fake.info.generation = 0;
	}
	return note("commit", slot);
}

static void fake_destroy(struct eb_backend_device *backend)
{
	(void)backend;
}

static const struct eb_envm_access fake_access = {
	.erase = fake_erase, .program = fake_program, .read = fake_read, .commit = fake_commit,
};

static const struct eb_backend_ops fake_ops = {
	.destroy = fake_destroy, .envm_get_info = fake_get_info, .envm_access = &fake_access,
};

/* Those of the profile: devices with others are refused. */
static void describe_points(struct eb_device_info *info)
{
	struct eb_core_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	struct eb_core *core = eb_core_create(info->profile);

	assert_non_null(core);
	info->operating_point_count = (uint32_t)eb_core_operating_points(core, points);
	for (uint32_t i = 0; i < info->operating_point_count; i++)
		info->operating_points[i] = (struct eb_operating_point){
			points[i].khz, points[i].millivolt, points[i].microwatt };
	eb_core_destroy(core);
}

static struct eb_device *open_fake(void)
{
	struct eb_device *device;

	memset(&fake, 0, sizeof(fake));
	fake.backend.ops = &fake_ops;
	strcpy(fake.backend.info.path, "fake");
	strcpy(fake.backend.info.profile, "stp23");
	describe_points(&fake.backend.info);
	fake.info.active_slot = EB_ENVM_SLOT_NONE;
	fake.info.slot_bytes[EB_ENVM_SLOT_A] = SLOT_BYTES;
	fake.info.slot_bytes[EB_ENVM_SLOT_B] = SLOT_BYTES;
	fake.info.slot_bytes[EB_ENVM_SLOT_WHOLE] = ARRAY_BYTES;
	assert_int_equal(eb_device_create(&fake.backend, &device), EB_OK);
	return device;
}

/* An image of a table of rows of 32 codes, dense: none of them is zero. */
static const char *write_image(const char *name, size_t rows)
{
	static char paths[4][64];
	static int next;
	char *path = paths[next++ % 4];
	struct eb_codes codes = { .rows = rows, .columns = 32, .bias = 3 };
	struct eb_envm_image image;

	codes.codes = malloc(rows * 32);
	assert_non_null(codes.codes);
	for (size_t i = 0; i < rows * 32; i++)
		codes.codes[i] = (uint8_t)(1 + (i * 7 + (size_t)name[0]) % 120);
	snprintf(path, sizeof(paths[0]), "/tmp/envm-%d-%s.evm", getpid(), name);
	assert_int_equal(eb_envm_image_make(&codes, name, &image), EB_OK);
	assert_int_equal(eb_envm_image_write(path, &image), EB_OK);
	eb_envm_image_free(&image);
	free(codes.codes);
	return path;
}

static void assert_failure(enum eb_status status, enum eb_status wanted, const char *text)
{
	assert_int_equal(status, wanted);
	if (!strstr(eb_error_detail(), text))
		fail_msg("'%s' does not say '%s'", eb_error_detail(), text);
}

/* ---- installing ---- */

static void images_alternate_between_the_slots(void **state)
{
	struct eb_device *device = open_fake();
	const char *one = write_image("one", 100), *two = write_image("two", 120);

	(void)state;
	assert_int_equal(eb_envm_install(device, one, 0, NULL, NULL), EB_OK);
	assert_int_equal(fake.info.active_slot, EB_ENVM_SLOT_A);
	assert_int_equal(eb_envm_install(device, two, 0, NULL, NULL), EB_OK);
	assert_int_equal(fake.info.active_slot, EB_ENVM_SLOT_B);
	assert_int_equal(eb_envm_install(device, one, 0, NULL, NULL), EB_OK);
	assert_int_equal(fake.info.active_slot, EB_ENVM_SLOT_A);
	assert_string_equal(fake.calls, "erase A;program A;program A;commit A;"
			    "erase B;program B;program B;commit B;"
			    "erase A;program A;program A;commit A;");
	assert_int_equal(eb_envm_compare(device, one, NULL, NULL), EB_OK);
	unlink(one);
	unlink(two);
	eb_device_unref(device);
}

static void an_installed_image_is_not_installed_again(void **state)
{
	struct eb_device *device = open_fake();
	const char *image = write_image("same", 100);

	(void)state;
	assert_int_equal(eb_envm_install(device, image, 0, NULL, NULL), EB_OK);
	fake.calls[0] = '\0';
	assert_int_equal(eb_envm_install(device, image, 0, NULL, NULL), EB_OK);
	assert_string_equal(fake.calls, "");
	unlink(image);
	eb_device_unref(device);
}

static void a_large_image_takes_an_empty_memory(void **state)
{
	struct eb_device *device = open_fake();
	const char *image = write_image("large", 400);

	(void)state;
	assert_int_equal(eb_envm_install(device, image, 0, NULL, NULL), EB_OK);
	assert_int_equal(fake.info.active_slot, EB_ENVM_SLOT_WHOLE);
	assert_int_equal(eb_envm_compare(device, image, NULL, NULL), EB_OK);
	unlink(image);
	eb_device_unref(device);
}

static void a_large_image_replaces_only_on_request(void **state)
{
	struct eb_device *device = open_fake();
	const char *small = write_image("small", 100), *large = write_image("large", 400);

	(void)state;
	assert_int_equal(eb_envm_install(device, small, 0, NULL, NULL), EB_OK);
	assert_failure(eb_envm_install(device, large, 0, NULL, NULL), EB_BUSY, "--replace");
	assert_int_equal(fake.info.active_slot, EB_ENVM_SLOT_A);
	fake.calls[0] = '\0';
	assert_int_equal(eb_envm_install(device, large, EB_ENVM_REPLACE, NULL, NULL), EB_OK);
	assert_string_equal(fake.calls, "commit -;erase W;program W;program W;commit W;");
	unlink(small);
	unlink(large);
	eb_device_unref(device);
}

static void an_image_larger_than_the_memory_is_refused(void **state)
{
	struct eb_device *device = open_fake();
	const char *image = write_image("huge", 600);

	(void)state;
	assert_failure(eb_envm_install(device, image, 0, NULL, NULL), EB_MODEL_UNSUPPORTED,
		       "at most 16384");
	assert_string_equal(fake.calls, "");
	unlink(image);
	eb_device_unref(device);
}

static void a_failure_leaves_the_active_image(void **state)
{
	static const char *const calls[] = { "erase", "program", "commit" };
	const char *one = write_image("one", 100), *two = write_image("two", 100);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct eb_device *device = open_fake();

		assert_int_equal(eb_envm_install(device, one, 0, NULL, NULL), EB_OK);
		fake.failing = calls[i];
		assert_failure(eb_envm_install(device, two, 0, NULL, NULL), EB_ENVM_FAILED,
			       calls[i]);
		assert_int_equal(eb_envm_compare(device, one, NULL, NULL), EB_OK);
		eb_device_unref(device);
	}
	unlink(one);
	unlink(two);
}

static void count_progress(void *opaque, const char *step, uint64_t done, uint64_t total)
{
	(void)step;
	assert_true(done <= total);
	++*(unsigned int *)opaque;
}

static void progress_is_told(void **state)
{
	struct eb_device *device = open_fake();
	const char *image = write_image("told", 200);
	unsigned int told = 0;

	(void)state;
	assert_int_equal(eb_envm_install(device, image, 0, count_progress, &told), EB_OK);
	assert_true(told >= 3);
	unlink(image);
	eb_device_unref(device);
}

static void unknown_flags_are_refused(void **state)
{
	struct eb_device *device = open_fake();

	(void)state;
	assert_failure(eb_envm_install(device, "x", 2, NULL, NULL), EB_INVALID_ARGUMENT, "0x2");
	eb_device_unref(device);
}

/* ---- comparing ---- */

static void another_image_is_not_the_one(void **state)
{
	struct eb_device *device = open_fake();
	const char *one = write_image("one", 100), *two = write_image("two", 100);

	(void)state;
	assert_failure(eb_envm_compare(device, one, NULL, NULL), EB_IMAGE_NOT_INSTALLED,
		       "no image");
	assert_int_equal(eb_envm_install(device, one, 0, NULL, NULL), EB_OK);
	assert_failure(eb_envm_compare(device, two, NULL, NULL), EB_IMAGE_NOT_INSTALLED,
		       "image one");
	unlink(one);
	unlink(two);
	eb_device_unref(device);
}

static void a_changed_byte_is_found(void **state)
{
	struct eb_device *device = open_fake();
	const char *image = write_image("changed", 200);

	(void)state;
	assert_int_equal(eb_envm_install(device, image, 0, NULL, NULL), EB_OK);
	fake.array[5000] ^= 1;
	assert_failure(eb_envm_compare(device, image, NULL, NULL), EB_IMAGE_NOT_INSTALLED,
		       "between bytes 4096 and");
	unlink(image);
	eb_device_unref(device);
}

/* ---- files ---- */

/* Changes a byte of a good image file; sealed: and makes its header's checksum right. */
static const char *damaged_image(size_t at, uint8_t change, bool sealed)
{
	const char *path = write_image("damaged", 50);
	struct edgebert_hw_envm_header header;
	FILE *file = fopen(path, "r+b");
	int byte;

	assert_non_null(file);
	assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
	byte = fgetc(file);
	assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
	fputc(byte ^ change, file);
	rewind(file);
	assert_int_equal(fread(&header, sizeof(header), 1, file), 1);
	eb_envm_header_seal(&header);
	rewind(file);
	if (sealed)
		assert_int_equal(fwrite(&header, sizeof(header), 1, file), 1);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void damaged_files_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t change;
		bool sealed;
		const char *text;
	} damages[] = {
		{ offsetof(struct edgebert_hw_envm_header, magic), 1, true, "not an eNVM image" },
		{ offsetof(struct edgebert_hw_envm_header, version), 2, true, "version 3" },
		{ offsetof(struct edgebert_hw_envm_header, name), 1, false, "header is damaged" },
		{ offsetof(struct edgebert_hw_envm_header, slot), 1, true, "only a device" },
		{ offsetof(struct edgebert_hw_envm_header, sequence), 1, true, "only a device" },
		{ offsetof(struct edgebert_hw_envm_header, bytes), 1, true, "has not the" },
		{ offsetof(struct edgebert_hw_envm_header, bytes) + 3, 1, true, "an image has" },
		{ offsetof(struct edgebert_hw_envm_header, name) + 31, 'x', true, "does not end" },
		{ sizeof(struct edgebert_hw_envm_header) + 100, 1, true, "contents are damaged" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const char *path = damaged_image(damages[i].at, damages[i].change,
						 damages[i].sealed);
		struct eb_envm_image image;

		assert_failure(eb_envm_image_read(path, &image), EB_IMAGE_CORRUPT,
			       damages[i].text);
		unlink(path);
	}
}

static void a_missing_file_is_named(void **state)
{
	struct eb_envm_image image;

	(void)state;
	assert_failure(eb_envm_image_read("/nil/x.evm", &image), EB_IMAGE_NOT_FOUND,
		       "/nil/x.evm");
}

/* ---- the reference backend ---- */

static void the_reference_has_the_image_it_is_given(void **state)
{
	const char *path = write_image("given", 100);
	const struct eb_device_options options = {
		.size = sizeof(options), .backend = EB_BACKEND_REFERENCE, .envm_image = path,
	};
	struct eb_envm_info info = { .size = sizeof(info) };
	struct eb_device *device;

	(void)state;
	assert_int_equal(eb_device_open(&options, &device), EB_OK);
	assert_int_equal(eb_envm_get_info(device, &info), EB_OK);
	assert_string_equal(info.image_name, "given");
	assert_int_equal(info.generation, 1);
	assert_failure(eb_envm_install(device, path, 0, NULL, NULL), EB_INVALID_ARGUMENT,
		       "when it is opened");
	unlink(path);
	eb_device_unref(device);
}

static void a_device_node_takes_no_image_file(void **state)
{
	const struct eb_device_options options = {
		.size = sizeof(options), .path = "/dev/null", .envm_image = "x.evm",
	};
	struct eb_device *device;

	(void)state;
	assert_failure(eb_device_open(&options, &device), EB_INVALID_ARGUMENT, "x.evm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_alternate_between_the_slots),
		cmocka_unit_test(an_installed_image_is_not_installed_again),
		cmocka_unit_test(a_large_image_takes_an_empty_memory),
		cmocka_unit_test(a_large_image_replaces_only_on_request),
		cmocka_unit_test(an_image_larger_than_the_memory_is_refused),
		cmocka_unit_test(a_failure_leaves_the_active_image),
		cmocka_unit_test(progress_is_told),
		cmocka_unit_test(unknown_flags_are_refused),
		cmocka_unit_test(another_image_is_not_the_one),
		cmocka_unit_test(a_changed_byte_is_found),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(the_reference_has_the_image_it_is_given),
		cmocka_unit_test(a_device_node_takes_no_image_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
