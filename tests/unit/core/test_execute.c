// SPDX-License-Identifier: MIT
/*
 * Jobs as a whole: descriptor checks, the way through a stream, aborts, completions.
 */
#include "tests/unit/core/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static struct edgebert_hw_command mark_command(uint32_t at_byte, uint32_t tag)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_MARK, 0);

	result.mark = (struct edgebert_hw_mark){ .output = OUT(at_byte), .tag = tag };
	return result;
}

static struct edgebert_hw_command matmul_command(uint16_t rows, uint16_t columns, uint16_t depth)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_MATMUL, 0);

	result.matmul = (struct edgebert_hw_matmul){
		.input = IN(0), .weights = WEIGHTS(0), .output = OUT(0), .input_stride = depth,
		.weights_stride = depth, .output_stride = columns, .rows = rows, .depth = depth,
		.columns = columns,
	};
	return result;
}

/* ---- Descriptor --------------------------------------------------------------------- */

/* A mark and END, run with one thing changed. */
#define BAD_JOB(change)                                                                    \
	do {                                                                               \
		device_begin(device);                                                      \
		device_add(device, &mark);                                                 \
		device_add(device, &end);                                                  \
		change;                                                                    \
		eb_core_execute(device->core, &device->job, &device->callbacks,            \
				&device->completion);                                      \
		if (device->completion.status != EDGEBERT_HW_BAD_JOB)                      \
			fail_msg("%s: status %u", #change, device->completion.status);     \
		assert_int_equal(device->completion.cycles, 0);                            \
		assert_int_equal(device->completion.energy_pj, 0);                         \
		assert_int_equal(device->completion.cookie, 0x1122334455667788);           \
	} while (0)

static void every_descriptor_field_is_checked(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command mark = mark_command(0, 1), end = command(EDGEBERT_HW_OP_END, 0);

	BAD_JOB(device->job.flags = 2);
	BAD_JOB(device->job.flags = 0x8000);
	BAD_JOB(device->job.stream_address += 32);
	BAD_JOB(device->job.stream_commands = 0);
	BAD_JOB(device->job.stream_commands = 65537);
	BAD_JOB(device->job.stream_commands = UINT32_MAX);
	BAD_JOB(device->job.first_command = 2);
	BAD_JOB(device->job.first_command = UINT32_MAX);
	BAD_JOB((device->job.stream_address = 0xffffffc0, device->job.stream_commands = 2));
	BAD_JOB(device->job.sequence_length = 0);
	BAD_JOB(device->job.sequence_length = 513);
	BAD_JOB(device->job.exit_layer_limit = 25);
	BAD_JOB(device->job.operating_point = 16);
	BAD_JOB(device->job.operating_point = 254);
	BAD_JOB((device->job.window_low = 3, device->job.window_high = 2));
	for (int i = 0; i < 13; i++)
		BAD_JOB(device->job.reserved[i] = 1);
}

static void the_limits_of_the_descriptor_are_accepted(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command mark = mark_command(0, 1);

	device_begin(device);
	device_add(device, &mark);
	device->job.flags = EDGEBERT_HW_JOB_AUTONOMOUS;
	device->job.sequence_length = 512;
	device->job.exit_layer_limit = 24;
	device->job.operating_point = 15;
	device->job.window_high = 255;
	device->job.target_latency_us = device->job.elapsed_us = UINT32_MAX;
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(device->completion.operating_point, 15);
}

/* ---- Streams ------------------------------------------------------------------------ */

static void a_stream_begins_at_its_first_command(void **state)
{
	struct device *device = *state;

	memset(at(device, OUT(0)), 0, 64);
	device_begin(device);
	for (uint32_t i = 0; i < 4; i++) {
		struct edgebert_hw_command mark = mark_command(16 * i, i + 1);

		device_add(device, &mark);
	}
	device->job.first_command = 2;
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(((uint32_t *)at(device, OUT(16 * i)))[0], i < 2 ? 0 : i + 1);
}

static void a_stream_without_end_is_refused(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command mark = mark_command(0, 7);

	device_begin(device);
	device_add(device, &mark);
	device_add(device, &mark);
	eb_core_execute(device->core, &device->job, &device->callbacks, &device->completion);
	assert_int_equal(device->completion.status, EDGEBERT_HW_NO_END);
	assert_int_equal(device->completion.fault_command, 2);
	assert_true(device->completion.cycles > 0);
}

static void nothing_behind_the_end_is_looked_at(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command end = command(EDGEBERT_HW_OP_END, 0);
	struct edgebert_hw_command broken = command(0xee, 0xffff);

	device_begin(device);
	device_add(device, &end);
	device_add(device, &broken);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
}

static void the_failing_command_is_named(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command mark = mark_command(0, 7), broken = command(0xee, 0);

	device_begin(device);
	device_add(device, &mark);
	device_add(device, &mark);
	device_add(device, &broken);
	assert_int_equal(device_run(device), EDGEBERT_HW_BAD_OPCODE);
	assert_int_equal(device->completion.fault_command, 2);
	assert_int_equal(device->completion.fault_address, 0);
}

static void an_unreadable_stream_is_a_fault_of_its_command(void **state)
{
	struct device *device = *state;

	device_begin(device);
	device->job.stream_address = 0x40000000;
	device->job.first_command = 3;
	device->job.stream_commands = 10;
	eb_core_execute(device->core, &device->job, &device->callbacks, &device->completion);
	assert_int_equal(device->completion.status, EDGEBERT_HW_PAGE_NOT_MAPPED);
	assert_int_equal(device->completion.fault_command, 3);
	assert_int_equal(device->completion.fault_address, 0x40000000 + 3 * 64);
}

static int nonsense_read(void *opaque, uint32_t address, void *destination, size_t size)
{
	(void)opaque;
	(void)address;
	(void)destination;
	(void)size;
	return -5;
}

static void statuses_outside_the_contract_become_device_errors(void **state)
{
	struct device *device = *state;
	int (*read)(void *, uint32_t, void *, size_t) = device->callbacks.read;

	device->callbacks.read = nonsense_read;
	assert_int_equal(device_run_one(device, &(struct edgebert_hw_command){ 0 }),
			 EDGEBERT_HW_DEVICE_ERROR);
	device->callbacks.read = read;
}

static void a_mark_records_the_cycles_before_it(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command first = mark_command(0, 11), second = mark_command(16, 12);
	struct edgebert_hw_command matmul = matmul_command(16, 16, 64);
	const struct edgebert_hw_mark_record *records = (void *)at(device, OUT(0));
	uint64_t cycles;

	matmul.matmul.output = PARAMETERS(0);
	device_begin(device);
	device_add(device, &first);
	device_add(device, &matmul);
	device_add(device, &second);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	cycles = eb_core_command_cycles(device->core, &first, 16, 0) +
		 eb_core_command_cycles(device->core, &matmul, 16, 0);
	assert_int_equal(records[0].tag, 11);
	assert_int_equal(records[0].cycles, 0);
	assert_int_equal(records[1].tag, 12);
	assert_int_equal(records[1].cycles, cycles);
	assert_int_equal(records[1].reserved, 0);
}

static void a_completion_describes_its_job(void **state)
{
	struct device *device = *state;
	const struct edgebert_hw_completion *completion = &device->completion;
	uint64_t sum = 0;

	memset(&device->completion, 0xee, sizeof(device->completion));
	device_begin(device);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(completion->cookie, 0x1122334455667788);
	assert_int_equal(completion->context, 3);
	assert_int_equal(completion->exit_layer, 0);
	assert_int_equal(completion->layers_assessed, 0);
	assert_int_equal(completion->fault_command, 0);
	for (int layer = 0; layer < EDGEBERT_HW_LAYERS_MAX; layer++)
		assert_int_equal(completion->entropies[layer], 0xffff);
	for (int block = 0; block < EDGEBERT_HW_BLOCK_COUNT; block++)
		sum += completion->block_energy_pj[block];
	assert_int_equal(completion->energy_pj, sum);
	assert_true(completion->time_ns > 0);
	for (int i = 0; i < 18; i++)
		assert_int_equal(completion->reserved[i], 0);
}

static void jobs_do_not_depend_on_those_before(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command matmul = matmul_command(30, 40, 64);
	struct edgebert_hw_completion first;
	struct random random = { 4 };

	random_codes(&random, at(device, IN(0)), 30 * 64, 4, 20);
	random_codes(&random, at(device, WEIGHTS(0)), 40 * 64, 4, 20);
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	first = device->completion;
	/* Something else in between, at another point. */
	device_begin(device);
	device->job.operating_point = 3;
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	assert_memory_equal(&device->completion, &first, sizeof(first));
}

/* ---- Operating point ---------------------------------------------------------------- */

static int point_of(struct device *device, uint8_t wanted, uint8_t low, uint8_t high)
{
	device_begin(device);
	device->job.operating_point = wanted;
	device->job.window_low = low;
	device->job.window_high = high;
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	return device->completion.operating_point;
}

static void points_stay_inside_both_windows(void **state)
{
	struct device *device = *state;
	struct eb_core_limits limits = { 4, 10, 7, 0 };

	eb_core_set_limits(device->core, &limits);
	assert_int_equal(point_of(device, EDGEBERT_HW_OPERATING_POINT_DEFAULT, 0, 15), 7);
	assert_int_equal(point_of(device, EDGEBERT_HW_OPERATING_POINT_DEFAULT, 8, 15), 8);
	assert_int_equal(point_of(device, EDGEBERT_HW_OPERATING_POINT_DEFAULT, 0, 5), 5);
	assert_int_equal(point_of(device, 0, 0, 15), 4);
	assert_int_equal(point_of(device, 15, 0, 15), 10);
	assert_int_equal(point_of(device, 9, 0, 15), 9);
	assert_int_equal(point_of(device, 9, 12, 15), 10);
	assert_int_equal(point_of(device, 9, 0, 2), 4);
	limits = (struct eb_core_limits){ 0, 15, 15, 0 };
	eb_core_set_limits(device->core, &limits);
}

static void temperature_is_stronger_than_windows(void **state)
{
	struct device *device = *state;
	struct eb_core_limits limits = { 4, 10, 7, 9 };		/* 6 is the highest left */

	eb_core_set_limits(device->core, &limits);
	assert_int_equal(point_of(device, EDGEBERT_HW_OPERATING_POINT_DEFAULT, 0, 15), 6);
	assert_int_equal(device->completion.throttled, 1);
	assert_int_equal(point_of(device, 5, 0, 15), 5);
	assert_int_equal(device->completion.throttled, 0);
	assert_int_equal(point_of(device, 0, 9, 15), 6);
	assert_int_equal(device->completion.throttled, 1);
	limits.points_withheld = 200;
	eb_core_set_limits(device->core, &limits);
	assert_int_equal(point_of(device, 15, 0, 15), 0);
	assert_int_equal(device->completion.throttled, 1);
	limits = (struct eb_core_limits){ 0, 15, 15, 0 };
	eb_core_set_limits(device->core, &limits);
	assert_int_equal(point_of(device, 15, 0, 15), 15);
	assert_int_equal(device->completion.throttled, 0);
}

static void unusable_limits_are_brought_into_the_table(void **state)
{
	struct device *device = *state;
	struct eb_core_limits limits = { 200, 100, 50, 0 };

	eb_core_set_limits(device->core, &limits);
	assert_int_equal(point_of(device, 3, 0, 15), 15);
	limits = (struct eb_core_limits){ 9, 2, 0, 0 };
	eb_core_set_limits(device->core, &limits);
	assert_int_equal(point_of(device, EDGEBERT_HW_OPERATING_POINT_DEFAULT, 0, 15), 9);
	limits = (struct eb_core_limits){ 0, 15, 15, 0 };
	eb_core_set_limits(device->core, &limits);
}

/* ---- Abort -------------------------------------------------------------------------- */

static void a_pending_abort_ends_the_next_job_once(void **state)
{
	struct device *device = *state;

	device_begin(device);
	eb_core_abort(device->core);
	assert_int_equal(device_run(device), EDGEBERT_HW_ABORTED);
	assert_int_equal(device->completion.fault_command, 0);
	device_begin(device);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	device_begin(device);
	eb_core_abort(device->core);
	eb_core_abort_clear(device->core);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
}

/* Host memory that aborts the job while it is being read, from another thread. */
struct aborter {
	struct eb_core *core;
	atomic_bool go, done;
};

static void *abort_when_told(void *argument)
{
	struct aborter *aborter = argument;

	while (!atomic_load(&aborter->go))
		;
	eb_core_abort(aborter->core);
	atomic_store(&aborter->done, true);
	return NULL;
}

static struct {
	struct device *device;
	struct aborter *aborter;
	uint64_t remaining;
	int (*read)(void *, uint32_t, void *, size_t);
} counted;

static int counted_read(void *opaque, uint32_t address, void *destination, size_t size)
{
	if (counted.remaining-- == 0) {
		atomic_store(&counted.aborter->go, true);
		while (!atomic_load(&counted.aborter->done))
			;
	}
	return counted.read(opaque, address, destination, size);
}

/* Aborts at the given read; the number of reads after it must stay within a block of 16. */
static void abort_during(struct device *device, const struct edgebert_hw_command *one,
			 uint64_t at_read, uint64_t reads_left)
{
	struct aborter aborter = { .core = device->core };
	pthread_t thread;

	counted.device = device;
	counted.aborter = &aborter;
	counted.remaining = at_read;
	counted.read = device->callbacks.read;
	assert_int_equal(pthread_create(&thread, NULL, abort_when_told, &aborter), 0);
	device->callbacks.read = counted_read;
	device->reads = 0;
	assert_int_equal(device_run_one(device, one), EDGEBERT_HW_ABORTED);
	assert_true(device->reads <= at_read + 1 + reads_left);
	device->callbacks.read = counted.read;
	pthread_join(thread, NULL);
	assert_int_equal(device_run_one(device, one), EDGEBERT_HW_OK);
}

static void an_abort_takes_effect_within_sixteen_rows(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command matmul = matmul_command(1, 1000, 64);
	struct edgebert_hw_command add = command(EDGEBERT_HW_OP_ADD, 0);
	struct edgebert_hw_command copy = command(EDGEBERT_HW_OP_COPY, 0);

	add.add = (struct edgebert_hw_add){ .a = IN(0), .b = WEIGHTS(0), .output = OUT(0),
					    .a_stride = 16, .b_stride = 16, .output_stride = 16,
					    .rows = 1000, .columns = 16 };
	copy.copy = (struct edgebert_hw_copy){ .source = IN(0), .destination = OUT(0),
					       .source_stride = 16, .destination_stride = 16,
					       .row_bytes = 16, .rows = 1000 };
	abort_during(device, &matmul, 100, 16);
	abort_during(device, &add, 100, 32);
	abort_during(device, &copy, 100, 16);
}

/* ---- Creation ----------------------------------------------------------------------- */

static void profiles_are_found_by_name(void **state)
{
	const char *const *names = eb_core_profile_names();

	(void)state;
	assert_string_equal(names[0], "stp23");
	for (; *names; names++) {
		struct eb_core *core = eb_core_create(*names);

		assert_non_null(core);
		assert_string_equal(eb_core_profile(core), *names);
		eb_core_destroy(core);
	}
	assert_null(eb_core_create("no such profile"));
	eb_core_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_descriptor_field_is_checked),
		cmocka_unit_test(the_limits_of_the_descriptor_are_accepted),
		cmocka_unit_test(a_stream_begins_at_its_first_command),
		cmocka_unit_test(a_stream_without_end_is_refused),
		cmocka_unit_test(nothing_behind_the_end_is_looked_at),
		cmocka_unit_test(the_failing_command_is_named),
		cmocka_unit_test(an_unreadable_stream_is_a_fault_of_its_command),
		cmocka_unit_test(statuses_outside_the_contract_become_device_errors),
		cmocka_unit_test(a_mark_records_the_cycles_before_it),
		cmocka_unit_test(a_completion_describes_its_job),
		cmocka_unit_test(jobs_do_not_depend_on_those_before),
		cmocka_unit_test(points_stay_inside_both_windows),
		cmocka_unit_test(unusable_limits_are_brought_into_the_table),
		cmocka_unit_test(temperature_is_stronger_than_windows),
		cmocka_unit_test(a_pending_abort_ends_the_next_job_once),
		cmocka_unit_test(an_abort_takes_effect_within_sixteen_rows),
		cmocka_unit_test(profiles_are_found_by_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-execute", tests, device_setup, device_teardown);
}
