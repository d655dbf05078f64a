// SPDX-License-Identifier: MIT
/*
 * safetensors files: what is written is read back, and a header that lies about its file
 * is refused with the tensor's name before any byte is handed out.
 */
#include "tests/unit/model/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/model/safetensors.h"

/* A file of this header and so many data bytes. */
static const char *write_file(void **state, const char *header, size_t data_bytes)
{
	const char *path = path_in(*state, "x.safetensors");
	FILE *file = fopen(path, "wb");
	uint64_t size = strlen(header);

	assert_non_null(file);
	fwrite(&size, sizeof(size), 1, file);
	fwrite(header, 1, size, file);
	for (size_t i = 0; i < data_bytes; i++)
		fputc((int)(i & 0x3f), file);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void refused(void **state, const char *header, size_t data_bytes, const char *detail)
{
	struct eb_safetensors file;

	assert_detail(eb_safetensors_open(write_file(state, header, data_bytes), &file),
		      EB_INVALID_ARGUMENT, detail);
}

static void what_is_written_is_read_back(void **state)
{
	const float floats[] = { 1, -2.5f, 0, 3e-5f, 65504, -0x1p-24f };
	const int8_t codes[] = { -127, 0, 127, 5 };
	const uint16_t halves[] = { 0x3c00, 0xc000, 0x0001 };
	const struct eb_tensor_source sources[] = {
		{ "floats", EB_TENSOR_F32, 2, { 2, 3 }, floats },
		{ "codes", EB_TENSOR_I8, 2, { 4, 1 }, codes },
		{ "halves", EB_TENSOR_F16, 1, { 3 }, halves },
	};
	const char *path = path_in(*state, "x.safetensors");
	struct eb_safetensors file;
	const struct eb_tensor *tensor;
	float values[6];

	assert_int_equal(eb_safetensors_write(path, sources, 3), EB_OK);
	assert_int_equal(eb_safetensors_open(path, &file), EB_OK);
	assert_int_equal(file.count, 3);
	tensor = eb_safetensors_find(&file, "floats");
	assert_non_null(tensor);
	assert_int_equal(tensor->rank, 2);
	assert_int_equal(tensor->shape[1], 3);
	eb_tensor_floats(tensor, 0, 6, values);
	assert_memory_equal(values, floats, sizeof(floats));
	eb_tensor_floats(eb_safetensors_find(&file, "codes"), 1, 2, values);
	assert_true(values[0] == 0 && values[1] == 127);
	eb_tensor_floats(eb_safetensors_find(&file, "halves"), 0, 3, values);
	assert_true(values[0] == 1 && values[1] == -2 && values[2] == 0x1p-24f);
	assert_null(eb_safetensors_find(&file, "none"));
	eb_safetensors_close(&file);
}

static void brain_floats_are_read(void **state)
{
	struct eb_safetensors file;
	float values[2];
	const char *path = write_file(state, "{\"b\":{\"dtype\":\"BF16\",\"shape\":[2],"
					     "\"data_offsets\":[0,4]}}", 0);
	FILE *stream = fopen(path, "ab");
	const uint16_t words[] = { 0x3fc0, 0xc040 };

	assert_non_null(stream);
	fwrite(words, sizeof(words), 1, stream);
	fclose(stream);
	assert_int_equal(eb_safetensors_open(path, &file), EB_OK);
	eb_tensor_floats(&file.tensors[0], 0, 2, values);
	assert_true(values[0] == 1.5f && values[1] == -3);
	eb_safetensors_close(&file);
}

static void halves_convert_exactly(void **state)
{
	(void)state;
	for (uint32_t half = 0; half < 0x10000; half++) {
		float value = eb_float_from_half((uint16_t)half);

		if (isnan(value))
			assert_true(isnan(eb_float_from_half(eb_half_from_float(value))));
		else
			assert_int_equal(eb_half_from_float(value), half);
	}
	/* Ties go to even, what is too large becomes infinity. */
	assert_int_equal(eb_half_from_float(1 + 0x1p-11f), 0x3c00);
	assert_int_equal(eb_half_from_float(1 + 3 * 0x1p-11f), 0x3c02);
	assert_int_equal(eb_half_from_float(65519), 0x7bff);
	assert_int_equal(eb_half_from_float(65520), 0x7c00);
	assert_int_equal(eb_half_from_float(0x1p-25f), 0);
	assert_int_equal(eb_half_from_float(1.01f * 0x1p-25f), 1);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
	static const char header[] = "{\"t\":{\"dtype\":\"F32\",\"shape\":[4],"
				     "\"data_offsets\":[0,16]}}";
	const char *path = write_file(state, header, 16);
	size_t size;
	char *bytes = read_bytes(path, &size);

	for (size_t length = 0; length < size; length++) {
		const char *cut = path_in(*state, "cut.safetensors");
		FILE *file = fopen(cut, "wb");
		struct eb_safetensors opened;

		assert_non_null(file);
		fwrite(bytes, 1, length, file);
		fclose(file);
		assert_int_equal(eb_safetensors_open(cut, &opened), EB_INVALID_ARGUMENT);
	}
	free(bytes);
}

static void headers_that_are_not_json_are_refused(void **state)
{
	refused(state, "not json", 0, "not a JSON object");
	refused(state, "[1,2]", 0, "not a JSON object");
	refused(state, "{\"t\":{\"dtype\":\"F32\"", 0, "not a JSON object");
}

static void a_header_longer_than_the_file_is_refused(void **state)
{
	const char *path = path_in(*state, "x.safetensors");
	FILE *file = fopen(path, "wb");
	struct eb_safetensors opened;
	const uint64_t size = UINT64_MAX - 3;

	assert_non_null(file);
	fwrite(&size, sizeof(size), 1, file);
	fputs("{}", file);
	fclose(file);
	assert_detail(eb_safetensors_open(path, &opened), EB_INVALID_ARGUMENT, "does not fit");
}

static void tensors_that_lie_are_refused_by_name(void **state)
{
	static const struct {
		const char *entry;
		const char *detail;
	} lies[] = {
		{ "{\"shape\":[4],\"data_offsets\":[0,16]}", "tensor t has no \"dtype\"" },
		{ "{\"dtype\":\"F64\",\"shape\":[4],\"data_offsets\":[0,16]}", "its shape and type say 32" },
		{ "{\"dtype\":\"F32\",\"data_offsets\":[0,16]}", "no \"shape\"" },
		{ "{\"dtype\":\"F32\",\"shape\":[4]}", "no \"data_offsets\"" },
		{ "{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}", "non-negative" },
		{ "{\"dtype\":\"F32\",\"shape\":[1,1,1,1,4],\"data_offsets\":[0,16]}", "at most 4" },
		{ "{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,17]}", "outside" },
		{ "{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]}", "outside" },
		{ "{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0]}", "outside" },
		{ "{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,16]}", "say 12" },
		{ "{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4,4],"
		  "\"data_offsets\":[0,16]}", "too large" },
		{ "{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}",
		  "shape and type say" },
		{ "7", "no \"dtype\"" },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		char header[300];

		snprintf(header, sizeof(header), "{\"t\":%s}", lies[i].entry);
		refused(state, header, 16, lies[i].detail);
	}
}

static void missing_files_and_folders_are_refused(void **state)
{
	struct eb_safetensors file;

	assert_detail(eb_safetensors_open(path_in(*state, "none"), &file), EB_INVALID_ARGUMENT,
		      "can not be opened");
	assert_detail(eb_safetensors_open(*state, &file), EB_INVALID_ARGUMENT, "regular file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)
		TEST(what_is_written_is_read_back),
		TEST(brain_floats_are_read),
		TEST(halves_convert_exactly),
		TEST(a_file_cut_anywhere_is_refused),
		TEST(headers_that_are_not_json_are_refused),
		TEST(a_header_longer_than_the_file_is_refused),
		TEST(tensors_that_lie_are_refused_by_name),
		TEST(missing_files_and_folders_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-safetensors", tests, NULL, NULL);
}
