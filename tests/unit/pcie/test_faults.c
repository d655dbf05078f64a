// SPDX-License-Identifier: MIT
/*
 * Faults on demand: each one fires when it shall, does what it says, and leaves the device
 * usable afterwards.
 */
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "tests/unit/pcie/board.h"
#include "tools/device/core/envm.h"
#include "tools/device/pcie/debug.h"

#define CONTEXT		1
#define PAGE		EDGEBERT_HW_PAGE_SIZE
#define WITH_BOARD(test) \
	cmocka_unit_test_setup_teardown(test, board_setup, board_teardown)
#define WITH_PACED_BOARD(test) \
	cmocka_unit_test_setup_teardown(test, board_setup_paced, board_teardown)

/* ---- Talking to the debug interface ---- */

/* The answer's last line begins with `wanted`; returns the whole answer. */
static char *command_answers(struct board *board, const char *line, const char *wanted)
{
	char *answer = eb_debug_command(board->device, line), *last;

	assert_non_null(answer);
	assert_int_equal(answer[strlen(answer) - 1], '\n');
	answer[strlen(answer) - 1] = '\0';
	last = strrchr(answer, '\n');
	last = last ? last + 1 : answer;
	if (strncmp(last, wanted, strlen(wanted)) != 0)
		fail_msg("'%s' is answered '%s', wanted '%s'", line, last, wanted);
	return answer;
}

static void command(struct board *board, const char *line)
{
	free(command_answers(board, line, "ok"));
}

static void refused(struct board *board, const char *line, const char *reason)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "error: %s", reason);
	free(command_answers(board, line, wanted));
}

static bool status_has(struct board *board, const char *text)
{
	char *answer = command_answers(board, "status", "ok");
	bool found = strstr(answer, text) != NULL;

	free(answer);
	return found;
}

static void wait_for_status(struct board *board, const char *text)
{
	uint64_t deadline = test_now_ms() + 60000;

	while (!status_has(board, text)) {
		if (test_now_ms() > deadline)
			fail_msg("no '%s' in the status", text);
		test_sleep_ms(1);
	}
}

/* ---- Jobs ---- */

/* A context whose stream computes a little and copies 64 bytes. */
static struct edgebert_hw_job prepare(struct board *board, uint32_t context)
{
	const struct edgebert_hw_command stream[] = {
		command_busy(),
		command_copy(EDGEBERT_HW_OPERAND(0, 0), EDGEBERT_HW_OPERAND(1, 0), 64),
		command_end(),
	};
	struct edgebert_hw_job job = driver_job(context, STREAM, 3);

	job.segments[0] = SOURCE;
	job.segments[1] = DESTINATION;
	board_write_stream(board, board_map_stream(board, context, 3), stream, 3);
	driver_map(&board->driver, context, SOURCE, PAGE, false);
	driver_map(&board->driver, context, DESTINATION, PAGE, true);
	return job;
}

static struct edgebert_hw_completion run(struct board *board, const struct edgebert_hw_job *job)
{
	return driver_wait(&board->driver, driver_submit(&board->driver, job));
}

static void runs_well(struct board *board, const struct edgebert_hw_job *job)
{
	struct edgebert_hw_completion record = run(board, job);

	assert_int_equal(record.status, EDGEBERT_HW_OK);
	assert_int_equal(record.cookie, job->cookie);
}

static uint32_t device_register(struct board *board, uint32_t offset)
{
	return driver_register(&board->driver, offset);
}

/* As a driver does after a fault that only a reset ends. */
static void reset_and_restart(struct board *board)
{
	driver_set_register(&board->driver, EDGEBERT_HW_REG_CONTROL,
			    EDGEBERT_HW_CONTROL_CORE_RESET);
	driver_wait_status(&board->driver, EDGEBERT_HW_STATUS_RESETTING, 0);
	driver_restart(&board->driver);
}

static void nothing_comes(struct board *board, uint32_t number)
{
	struct edgebert_hw_completion record;

	assert_false(driver_poll(&board->driver, number, 100, &record));
}

/* ---- When faults fire ---- */

static void occasions_are_counted(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	/* Not the first two, then every third one, three times: 3, 6, 9. */
	const bool fails[] = { 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0 };

	command(board, "mmu-fault after=2 every=3 count=3");
	for (size_t i = 0; i < sizeof(fails); i++)
		assert_int_equal(run(board, &job).status,
				 fails[i] ? EDGEBERT_HW_PAGE_NOT_MAPPED : EDGEBERT_HW_OK);
	assert_true(status_has(board, "- mmu-fault armed=0 fired=3\n"));
	/* Without words: the next one only.  With every: until it is cleared. */
	command(board, "mmu-fault");
	assert_int_equal(run(board, &job).status, EDGEBERT_HW_PAGE_NOT_MAPPED);
	runs_well(board, &job);
	command(board, "mmu-fault every=1");
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(run(board, &job).status, EDGEBERT_HW_PAGE_NOT_MAPPED);
	command(board, "clear mmu-fault");
	runs_well(board, &job);
	assert_true(status_has(board, "- mmu-fault armed=0 fired=9\n"));
	command(board, "clear");
	assert_false(status_has(board, "mmu-fault"));
}

static void a_context_is_chosen(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job first = prepare(board, 1), second = prepare(board, 2);

	command(board, "mmu-fault every=1 context=2");
	runs_well(board, &first);
	assert_int_equal(run(board, &second).status, EDGEBERT_HW_PAGE_NOT_MAPPED);
	runs_well(board, &first);
}

static void commands_that_make_no_sense_are_refused(void **state)
{
	struct board *board = *state;
	char line[EB_DEBUG_LINE_BYTES + 100];

	refused(board, "", "the line is empty");
	refused(board, "hang", "there is no command 'hang'");
	refused(board, "hang-job often", "'often' means nothing here");
	refused(board, "hang-job after=-1", "after=-1 is not a number from 0");
	refused(board, "hang-job count=0", "count=0 is not a number from 1");
	refused(board, "hang-job context=256", "context=256 is not a number from 0 to 255");
	refused(board, "drop-interrupt vector=4", "vector=4 is not a number from 0 to 3");
	refused(board, "raise-interrupt", "the vector is missing");
	refused(board, "delay-completion", "the time is missing");
	refused(board, "mmu-fault status=ok", "an access does not fail with 'ok'");
	refused(board, "corrupt-completion", "the field is missing");
	refused(board, "corrupt-completion field=colour", "the completion record has no field");
	refused(board, "corrupt-completion field=status value=65536", "value=65536 is not a number of 16");
	refused(board, "fatal", "the code is missing");
	refused(board, "stuck-reset kind=warm", "no reset is of kind 'warm'");
	refused(board, "override ID", "register or value is missing");
	refused(board, "override COLOUR value=1", "there is no register 'COLOUR'");
	refused(board, "override OPP_KHZ(16) value=1", "the index of OPP_KHZ is not from 0 to 15");
	refused(board, "override ID value=4294967296", "value=4294967296 is not a number of 32");
	refused(board, "points many", "the number of points");
	refused(board, "point-table", "the kind is missing");
	refused(board, "envm-flip bit=0", "the address is missing");
	refused(board, "envm-flip address=2097152 bit=0", "address=2097152 is not a number");
	refused(board, "envm-flip address=0 bit=72", "bit=72 is not a number from 0 to 71");
	refused(board, "envm-age", "the time is missing");
	refused(board, "clear everything", "there is no fault 'everything'");
	refused(board, "status 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "more than 16 words");
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	refused(board, line, "the line has more than 511 characters");
	assert_true(status_has(board, "ok"));
	assert_false(status_has(board, "armed=1"));
}

/* ---- Faults of jobs ---- */

static void a_hanging_job_ends_by_abort(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	uint64_t cycles;
	uint32_t number;

	runs_well(board, &job);
	command(board, "hang-job commands=1");
	number = driver_submit(driver, &job);
	wait_for_status(board, "- a job hangs");
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_STATUS) & EDGEBERT_HW_STATUS_BUSY,
			 EDGEBERT_HW_STATUS_BUSY);
	/* The first command has counted, and nothing goes on. */
	cycles = driver_register64(driver, EDGEBERT_HW_REG_COUNT_CYCLES);
	nothing_comes(board, number);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_CYCLES), cycles);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_ABORT, CONTEXT);
	assert_int_equal(driver_wait(driver, number).status, EDGEBERT_HW_ABORTED);
	driver_update_context(driver, CONTEXT);
	runs_well(board, &job);
}

static void a_job_that_ignores_aborts_ends_by_reset(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	uint64_t cycles;
	uint32_t number;

	runs_well(board, &job);
	cycles = driver_register64(&board->driver, EDGEBERT_HW_REG_COUNT_CYCLES);
	command(board, "hang-job commands=1");
	command(board, "ignore-abort");
	number = driver_submit(&board->driver, &job);
	wait_for_status(board, "- a job hangs");
	driver_set_register(&board->driver, EDGEBERT_HW_REG_CONTEXT_ABORT, CONTEXT);
	nothing_comes(board, number);
	reset_and_restart(board);
	/* A job that a reset took away is not counted. */
	assert_int_equal(driver_register64(&board->driver, EDGEBERT_HW_REG_COUNT_CYCLES), cycles);
	runs_well(board, &job);
}

static void clearing_lets_a_hanging_job_go_on(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	uint32_t number;

	command(board, "hang-job");
	number = driver_submit(&board->driver, &job);
	wait_for_status(board, "- a job hangs");
	command(board, "clear");
	assert_int_equal(driver_wait(&board->driver, number).status, EDGEBERT_HW_OK);
}

static void a_delay_delays_and_changes_nothing_else(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	struct edgebert_hw_completion usual = run(board, &job), late;

	command(board, "delay-completion ms=200");
	late = run(board, &job);
	assert_int_equal(late.status, EDGEBERT_HW_OK);
	assert_true(late.end_ns - late.start_ns >= 200000000);
	assert_int_equal(late.time_ns, usual.time_ns);
	assert_int_equal(late.cycles, usual.cycles);
	runs_well(board, &job);
}

static void accesses_fail_as_asked(void **state)
{
	static const struct {
		const char *command;
		uint16_t status;
		uint32_t fault_command, fault_address;
	} cases[] = {
		/* The first access fetches command 0, the second 1, the third reads its source. */
		{ "mmu-fault", EDGEBERT_HW_PAGE_NOT_MAPPED, 0, STREAM },
		{ "mmu-fault access=3 status=page-not-mapped", EDGEBERT_HW_PAGE_NOT_MAPPED, 1, 0 },
		{ "mmu-fault access=4 status=page-read-only", EDGEBERT_HW_PAGE_READ_ONLY, 1,
		  EDGEBERT_HW_OPERAND(1, 0) },
		{ "mmu-fault access=2 status=page-table-invalid", EDGEBERT_HW_PAGE_TABLE_INVALID, 1,
		  STREAM + 64 },
		{ "mmu-fault access=3 status=bus-error", EDGEBERT_HW_BUS_ERROR, 1, 0 },
		{ "mmu-fault access=3 status=device-error", EDGEBERT_HW_DEVICE_ERROR, 1, 0 },
	};
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct edgebert_hw_completion record;

		command(board, cases[i].command);
		record = run(board, &job);
		assert_int_equal(record.status, cases[i].status);
		assert_int_equal(record.fault_command, cases[i].fault_command);
		assert_int_equal(record.fault_address, cases[i].fault_address);
		runs_well(board, &job);
	}
}

/* ---- Faults of records ---- */

static void fields_of_records_are_corrupted(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	struct edgebert_hw_completion good = run(board, &job), bad;

	command(board, "corrupt-completion field=cookie");
	bad = run(board, &job);
	assert_int_equal(bad.cookie, ~job.cookie);
	assert_int_equal(bad.cycles, good.cycles);
	command(board, "corrupt-completion field=status value=0x7fff");
	assert_int_equal(run(board, &job).status, 0x7fff);
	command(board, "corrupt-completion field=context value=9");
	assert_int_equal(run(board, &job).context, 9);
	command(board, "corrupt-completion field=reserved value=1");
	assert_int_equal(run(board, &job).reserved[0], 1);
	command(board, "corrupt-completion field=layers-assessed");
	assert_int_equal(run(board, &job).layers_assessed, 0xff);
	runs_well(board, &job);
}

static void a_wrong_sequence_hides_the_record(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	uint32_t number;

	command(board, "corrupt-completion field=sequence value=77");
	number = driver_submit(&board->driver, &job);
	board_wait_interrupts(board, EDGEBERT_HW_IRQ_COMPLETION, number);
	nothing_comes(board, number);
	runs_well(board, &job);
}

static void a_lost_record_leaves_its_place(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	uint32_t number;

	command(board, "lose-completion");
	number = driver_submit(&board->driver, &job);
	runs_well(board, &job);		/* it is the second */
	nothing_comes(board, number);
	board_wait_interrupts(board, EDGEBERT_HW_IRQ_COMPLETION, 1);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_COMPLETION]), 1);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_COMPLETE_TAIL), 2);
}

static void a_record_is_written_twice(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	struct edgebert_hw_completion again;

	command(board, "repeat-completion");
	runs_well(board, &job);
	again = driver_wait(&board->driver, 2);
	assert_int_equal(again.cookie, job.cookie);
	assert_int_equal(driver_register64(&board->driver, EDGEBERT_HW_REG_COUNT_JOBS), 1);
}

/* ---- Interrupts and register writes ---- */

static void interrupts_are_dropped_repeated_and_made_up(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	atomic_uint *count = &board->interrupts[EDGEBERT_HW_IRQ_COMPLETION];

	command(board, "drop-interrupt vector=0");
	runs_well(board, &job);
	runs_well(board, &job);
	board_wait_interrupts(board, EDGEBERT_HW_IRQ_COMPLETION, 1);
	assert_int_equal(atomic_load(count), 1);
	command(board, "repeat-interrupt vector=0");
	runs_well(board, &job);
	board_wait_interrupts(board, EDGEBERT_HW_IRQ_COMPLETION, 3);
	command(board, "raise-interrupt vector=1 times=5");
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ERROR]), 5);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_IRQ_STATUS), 0);
	runs_well(board, &job);
	board_wait_interrupts(board, EDGEBERT_HW_IRQ_COMPLETION, 4);
	assert_int_equal(atomic_load(count), 4);
}

static void a_doorbell_is_lost(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);

	command(board, "ignore-doorbell");
	nothing_comes(board, driver_submit(&board->driver, &job));
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_SUBMIT_HEAD), 0);
	/* The next one rings for both. */
	driver_submit(&board->driver, &job);
	assert_int_equal(driver_wait(&board->driver, 2).status, EDGEBERT_HW_OK);
}

static void an_update_stays_busy_until_a_reset(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);

	command(board, "stuck-update");
	driver_set_register(&board->driver, EDGEBERT_HW_REG_CONTEXT_UPDATE, CONTEXT);
	test_sleep_ms(20);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_CONTEXT_UPDATE_BUSY), 1);
	reset_and_restart(board);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_CONTEXT_UPDATE_BUSY), 0);
	runs_well(board, &job);
}

static void a_reset_does_not_end(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint32_t express = driver_find_capability(driver, PCI_CAP_ID_EXP);
	struct edgebert_hw_job job = prepare(board, CONTEXT);

	command(board, "stuck-reset");
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
	driver_restart(driver);
	driver_submit(driver, &job);
	nothing_comes(board, 1);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_STATUS) &
			 (EDGEBERT_HW_STATUS_RESETTING | EDGEBERT_HW_STATUS_READY),
			 EDGEBERT_HW_STATUS_RESETTING);
	/* A more thorough reset helps. */
	driver_set_config(driver, express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	driver_power_up(driver);
	driver_restart(driver);
	runs_well(board, &job);
}

/* ---- The whole device ---- */

static void a_lost_link_answers_all_ones(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	uint32_t number;

	runs_well(board, &job);
	board_wait_interrupts(board, EDGEBERT_HW_IRQ_COMPLETION, 1);
	command(board, "link-down");
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ID), 0xffffffff);
	assert_int_equal(driver_config(driver, PCI_VENDOR_ID, 4), 0xffffffff);
	assert_false(atomic_load(&board->dma_allowed));
	number = driver_submit(driver, &job);
	command(board, "raise-interrupt vector=0");
	nothing_comes(board, number);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_COMPLETION]), 1);
	command(board, "link-up");
	/* It comes back as reset. */
	assert_int_equal(driver_config(driver, PCI_COMMAND, 2), 0);
	driver_power_up(driver);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ID), EDGEBERT_HW_ID_MAGIC);
	driver_restart(driver);
	runs_well(board, &job);
}

static void the_link_is_lost_at_a_job(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);

	command(board, "link-down after=1");
	runs_well(board, &job);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ID), EDGEBERT_HW_ID_MAGIC);
	nothing_comes(board, driver_submit(&board->driver, &job));
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ID), 0xffffffff);
	command(board, "clear");
	driver_power_up(&board->driver);
	driver_restart(&board->driver);
	runs_well(board, &job);
}

static void a_dead_device_answers_and_does_nothing(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = prepare(board, CONTEXT);

	command(board, "dead");
	nothing_comes(board, driver_submit(driver, &job));
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ID), EDGEBERT_HW_ID_MAGIC);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
	test_sleep_ms(50);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_STATUS) &
			 EDGEBERT_HW_STATUS_RESETTING, EDGEBERT_HW_STATUS_RESETTING);
	command(board, "alive");
	driver_wait_status(driver, EDGEBERT_HW_STATUS_RESETTING, 0);
	driver_restart(driver);
	runs_well(board, &job);
	/* Also in the middle of work. */
	command(board, "dead after=0");
	nothing_comes(board, driver_submit(driver, &job));
	command(board, "alive");
	assert_int_equal(driver_wait(driver, 2).status, EDGEBERT_HW_OK);
}

static void fatal_errors_have_the_code_that_was_asked_for(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	uint32_t status;

	command(board, "fatal code=2");
	status = device_register(board, EDGEBERT_HW_REG_STATUS);
	assert_true(status & EDGEBERT_HW_STATUS_FATAL);
	assert_int_equal(EDGEBERT_HW_STATUS_FATAL_CODE(status), 2);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ERROR]), 1);
	driver_set_register(&board->driver, EDGEBERT_HW_REG_IRQ_STATUS, 0xf);
	reset_and_restart(board);
	command(board, "fatal after=1 code=200");
	runs_well(board, &job);
	nothing_comes(board, driver_submit(&board->driver, &job));
	assert_int_equal(EDGEBERT_HW_STATUS_FATAL_CODE(
				 device_register(board, EDGEBERT_HW_REG_STATUS)), 200);
	reset_and_restart(board);
	runs_well(board, &job);
}

static void registers_lie_from_the_next_reset(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint32_t lowest = device_register(board, EDGEBERT_HW_REG_OPP_KHZ(0));

	command(board, "override ID value=0x12345678");
	command(board, "points 17");
	command(board, "point-table reversed");
	command(board, "override COUNT_BLOCK_PJ(2) value=0x123456789abcdef0");
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ID), EDGEBERT_HW_ID_MAGIC);
	eb_device_reset(board->device);
	driver_power_up(driver);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ID), 0x12345678);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_LIMITS),
			 17 | EDGEBERT_HW_RING_ORDER_MAX << 8 | EDGEBERT_HW_CONTEXT_COUNT << 16);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_OPP_KHZ(15)), lowest);
	assert_true(driver_register64(driver, EDGEBERT_HW_REG_COUNT_BLOCK_PJ(2)) ==
		    0x123456789abcdef0);
	command(board, "override VERSION value=0x20000 now");
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_VERSION), 0x20000);
	command(board, "clear");
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ID), EDGEBERT_HW_ID_MAGIC);
	command(board, "point-table zero now");
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_OPP_KHZ(15)), 0);
	command(board, "point-table equal now");
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_OPP_KHZ(15)), lowest);
}

static void overrides_have_an_end(void **state)
{
	struct board *board = *state;
	char line[64];

	for (unsigned int i = 0; i < 16; i++) {
		snprintf(line, sizeof(line), "override OPP_KHZ(%u) value=1", i);
		command(board, line);
		snprintf(line, sizeof(line), "override OPP_MILLIVOLT(%u) value=1", i);
		command(board, line);
		snprintf(line, sizeof(line), "override COUNT_EXITS(%u) value=1", i);
		command(board, line);
	}
	refused(board, "override ID value=1", "64 registers are overridden already");
	command(board, "override OPP_KHZ(3) value=2");	/* a place that is taken is free */
}

/* ---- eNVM ---- */

static uint32_t envm_command(struct board *board, uint32_t command, uint32_t address,
			     uint32_t length, uint64_t host)
{
	struct host_driver *driver = &board->driver;

	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, address);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_LENGTH, length);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_HOST_LO, (uint32_t)host);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_HOST_HI, host >> 32);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_COMMAND, command);
	for (unsigned int i = 0; i < 1000; i++) {
		uint32_t status = device_register(board, EDGEBERT_HW_REG_ENVM_STATUS);

		if (!(status & 1))
			return status >> 8;
		test_sleep_ms(1);
	}
	return UINT32_MAX;
}

static uint64_t host_buffer(struct board *board, size_t size)
{
	uint64_t address = driver_allocate(&board->driver, size);

	board->driver.allow(board, address, size, true);
	return address;
}

static void envm_bits_flip_and_words_are_spoiled(void **state)
{
	struct board *board = *state;
	uint64_t host = host_buffer(board, 4096);

	command(board, "envm-flip address=0x100 bit=5");
	assert_int_equal(envm_command(board, EDGEBERT_HW_ENVM_READ, 0, 4096, host),
			 EDGEBERT_HW_ENVM_OK);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ENVM_ECC_CORRECTED), 1);
	command(board, "envm-spoil address=0x200");
	assert_int_equal(envm_command(board, EDGEBERT_HW_ENVM_READ, 0, 4096, host),
			 EDGEBERT_HW_ENVM_ECC_ERROR);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ENVM_ECC_FAILED), 1);
}

static void envm_loses_its_supply_and_gets_it_back(void **state)
{
	struct board *board = *state;
	uint64_t host = host_buffer(board, 4096);

	command(board, "envm-cut-power steps=3");
	assert_int_equal(envm_command(board, EDGEBERT_HW_ENVM_ERASE, 0, 4096, host),
			 EDGEBERT_HW_ENVM_ECC_ERROR);
	refused(board, "envm-flip address=0 bit=0", "the array has lost its supply");
	command(board, "envm-power-on");
	assert_int_equal(envm_command(board, EDGEBERT_HW_ENVM_ERASE, 0, 4096, host),
			 EDGEBERT_HW_ENVM_OK);
	assert_int_equal(envm_command(board, EDGEBERT_HW_ENVM_READ, 0, 4096, host),
			 EDGEBERT_HW_ENVM_OK);
	command(board, "envm-age hours=1");
}

static void an_envm_operation_hangs_and_jobs_do_not(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	uint64_t host = host_buffer(board, 4096);

	command(board, "hang-envm count=2");
	assert_int_equal(envm_command(board, EDGEBERT_HW_ENVM_READ, 0, 4096, host), UINT32_MAX);
	assert_true(status_has(board, "- an eNVM operation hangs"));
	runs_well(board, &job);
	reset_and_restart(board);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ENVM_STATUS), 0);
	assert_int_equal(envm_command(board, EDGEBERT_HW_ENVM_READ, 0, 4096, host), UINT32_MAX);
	command(board, "clear");
	test_sleep_ms(100);
	assert_int_equal(device_register(board, EDGEBERT_HW_REG_ENVM_STATUS), 0);
	assert_int_equal(envm_command(board, EDGEBERT_HW_ENVM_READ, 0, 4096, host),
			 EDGEBERT_HW_ENVM_OK);
}

/* ---- What the interface tells ---- */

static struct json_object *member(struct json_object *object, const char *path)
{
	struct json_object *found = object;
	char copy[64], *rest, *key;

	snprintf(copy, sizeof(copy), "%s", path);
	for (key = strtok_r(copy, "/", &rest); key; key = strtok_r(NULL, "/", &rest)) {
		if (!json_object_object_get_ex(found, key, &found))
			fail_msg("the state has no %s", path);
	}
	return found;
}

static void the_state_is_json_and_true(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, CONTEXT);
	struct json_object *json;
	char *answer;

	runs_well(board, &job);
	command(board, "hang-job commands=2");
	driver_submit(&board->driver, &job);
	wait_for_status(board, "- a job hangs");
	answer = command_answers(board, "state", "ok");
	assert_int_equal(strncmp(answer, "- {", 3), 0);
	*strrchr(answer, '\n') = '\0';
	json = json_tokener_parse(answer + 2);
	assert_non_null(json);
	assert_int_equal(json_object_get_int(member(json, "registers/SUBMIT_HEAD")), 2);
	assert_int_equal(json_object_get_int(member(json, "registers/ID")), EDGEBERT_HW_ID_MAGIC);
	assert_int_equal(json_object_array_length(member(json, "registers/OPP_KHZ")), 16);
	assert_int_equal(json_object_get_int(member(json, "rings/completed")), 1);
	assert_int_equal(json_object_get_int(member(json, "rings/entries")), 8);
	assert_int_equal(json_object_get_int(member(json, "job/context")), CONTEXT);
	assert_int_equal(json_object_get_int(member(json, "job/commands_done")), 2);
	assert_true(json_object_get_uint64(member(json, "job/cookie")) == job.cookie);
	assert_true(json_object_get_boolean(member(json, "job/hangs")));
	assert_int_equal(json_object_get_int(member(json, "envm/locked_sectors")), 0);
	json_object_put(json);
	free(answer);
	command(board, "clear");
	driver_wait(&board->driver, 2);
}

static void help_has_all_commands_and_ends_with_ok(void **state)
{
	char *answer = command_answers(*state, "help", "ok");

	assert_non_null(strstr(answer, "\n- hang-job "));
	assert_non_null(strstr(answer, "\n- envm-power-on:"));
	free(answer);
}

/* ---- Progress ---- */

static void cycles_advance_while_a_paced_job_runs(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_command stream[61];
	struct edgebert_hw_job job = driver_job(CONTEXT, STREAM, 61);
	struct edgebert_hw_completion record;
	uint64_t seen = 0, steps = 0;
	uint32_t number;

	for (unsigned int i = 0; i < 60; i++)
		stream[i] = command_busy();
	stream[60] = command_end();
	board_write_stream(board, board_map_stream(board, CONTEXT, 61), stream, 61);
	job.operating_point = 0;	/* slow: 60 times a millisecond */
	number = driver_submit(driver, &job);
	while (!driver_poll(driver, number, 1, &record)) {
		uint64_t now = driver_register64(driver, EDGEBERT_HW_REG_COUNT_CYCLES);

		assert_true(now >= seen);
		steps += now > seen;
		seen = now;
	}
	assert_true(steps >= 5);
	assert_true(seen <= record.cycles);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_CYCLES), record.cycles);
	assert_true(record.end_ns - record.start_ns >= record.time_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOARD(occasions_are_counted),
		WITH_BOARD(a_context_is_chosen),
		WITH_BOARD(commands_that_make_no_sense_are_refused),
		WITH_BOARD(a_hanging_job_ends_by_abort),
		WITH_BOARD(a_job_that_ignores_aborts_ends_by_reset),
		WITH_BOARD(clearing_lets_a_hanging_job_go_on),
		WITH_BOARD(a_delay_delays_and_changes_nothing_else),
		WITH_BOARD(accesses_fail_as_asked),
		WITH_BOARD(fields_of_records_are_corrupted),
		WITH_BOARD(a_wrong_sequence_hides_the_record),
		WITH_BOARD(a_lost_record_leaves_its_place),
		WITH_BOARD(a_record_is_written_twice),
		WITH_BOARD(interrupts_are_dropped_repeated_and_made_up),
		WITH_BOARD(a_doorbell_is_lost),
		WITH_BOARD(an_update_stays_busy_until_a_reset),
		WITH_BOARD(a_reset_does_not_end),
		WITH_BOARD(a_lost_link_answers_all_ones),
		WITH_BOARD(the_link_is_lost_at_a_job),
		WITH_BOARD(a_dead_device_answers_and_does_nothing),
		WITH_BOARD(fatal_errors_have_the_code_that_was_asked_for),
		WITH_BOARD(registers_lie_from_the_next_reset),
		WITH_BOARD(overrides_have_an_end),
		WITH_BOARD(envm_bits_flip_and_words_are_spoiled),
		WITH_BOARD(envm_loses_its_supply_and_gets_it_back),
		WITH_BOARD(an_envm_operation_hangs_and_jobs_do_not),
		WITH_BOARD(the_state_is_json_and_true),
		WITH_BOARD(help_has_all_commands_and_ends_with_ok),
		WITH_PACED_BOARD(cycles_advance_while_a_paced_job_runs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
