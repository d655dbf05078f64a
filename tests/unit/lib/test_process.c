// SPDX-License-Identifier: MIT
/*
 * The library in a process that forks and executes: no descriptor is handed on, a child may use
 * the library for itself, several copies of it do not disturb each other, and messages go to
 * whom they are for.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/accel_ioctl.h"
#include "tests/unit/lib/tiny_engine.h"

#define REQUESTS 20
#define BATCH 500
/* More than can be queued, even while some of them run. */
#define BATCHES_MAX 100

/* Descriptors that a program executed now would have, beyond those it had before. */
static int inherited(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	int count = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != dirfd(folder))
			count += !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	closedir(folder);
	return count;
}

static void no_descriptor_is_handed_on(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_ENTROPY, 0);
	const int before = inherited();
	struct eb_request *requests[REQUESTS];
	struct eb_device_monitor *monitor;
	struct eb_accel_node node;
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	char path[] = "/tmp/edgebert-process-XXXXXX";
	struct eb_model *model;
	int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, tiny.file, tiny.file_size), (ssize_t)tiny.file_size);
	assert_int_equal(eb_model_open(path, &model), EB_OK);
	for (int i = 0; i < REQUESTS; i++)
		assert_int_equal(eb_engine_submit(engine, "aa ba", 5, &requests[i]), EB_OK);
	assert_true(fcntl(eb_request_fd(requests[0]), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(eb_accel_open(&node, NULL, "/dev/null"), 0);
	assert_true(fcntl(node.fd, F_GETFD) & FD_CLOEXEC);
	if (eb_device_monitor_open(&monitor))
		monitor = NULL;		/* no device events here */
	assert_int_equal(inherited(), before);
	eb_device_monitor_close(monitor);
	eb_accel_close(&node);
	for (int i = 0; i < REQUESTS; i++)
		eb_request_unref(requests[i]);
	eb_engine_unref(engine);
	eb_model_unref(model);
	close(fd);
	unlink(path);
}

/* In a child: everything anew, as if it were a program of its own. */
static int classify_anew(const struct eb_result *expected)
{
	const struct eb_device_options where = {
		.size = sizeof(where), .backend = EB_BACKEND_REFERENCE,
	};
	const struct eb_engine_options options = tiny_options(EB_POLICY_ENTROPY, 0);
	struct eb_result result = { .size = sizeof(result) };
	struct eb_device *device;
	struct eb_engine *engine;
	struct eb_model *model;

	if (eb_device_open(&where, &device) ||
	    eb_model_open_memory(tiny.file, tiny.file_size, &model) ||
	    eb_engine_create(device, model, &options, &engine) ||
	    eb_engine_run(engine, "aa ba ca", 8, &result))
		return 1;
	eb_engine_unref(engine);
	eb_model_unref(model);
	eb_device_unref(device);
	return result.label != expected->label || result.logits[0] != expected->logits[0] ||
	       result.modelled_energy_pj != expected->modelled_energy_pj;
}

static void child_may_use_the_library_for_itself(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_ENTROPY, 0);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	struct eb_result expected = { .size = sizeof(expected) };
	struct eb_request *requests[REQUESTS];

	(void)state;
	assert_int_equal(eb_engine_run(engine, "aa ba ca", 8, &expected), EB_OK);
	for (int round = 0; round < 5; round++) {
		int status = -1;
		pid_t child;

		/* Threads of the parent are at work, and hold its locks, when it forks. */
		for (int i = 0; i < REQUESTS; i++)
			assert_int_equal(eb_engine_submit(engine, "aa ba ca da", 11, &requests[i]),
					 EB_OK);
		child = fork();
		if (!child)
			_exit(classify_anew(&expected));
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		for (int i = 0; i < REQUESTS; i++)
			eb_request_unref(requests[i]);
	}
	eb_engine_unref(engine);
}

/* ---- messages ---- */

static void note(void *opaque, enum eb_log_level level, const char *message)
{
	char *last = opaque;

	assert_in_range(level, EB_LOG_ERROR, EB_LOG_INFO);
	strncpy(last, message, 255);
}

static void messages_go_to_whom_they_are_for(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_ENTROPY, 0);
	static char last[2][256];
	struct eb_device_options where = {
		.size = sizeof(where), .backend = EB_BACKEND_REFERENCE, .log = note,
	};
	struct eb_device *devices[2];
	struct eb_engine *engine;

	(void)state;
	for (int i = 0; i < 2; i++) {
		where.log_opaque = last[i];
		assert_int_equal(eb_device_open(&where, &devices[i]), EB_OK);
		assert_non_null(strstr(last[i], "opened reference"));
	}
	assert_int_equal(eb_engine_create(devices[1], tiny.model, &options, &engine), EB_OK);
	assert_non_null(strstr(last[1], "uploaded"));
	assert_non_null(strstr(last[0], "opened reference"));
	eb_engine_unref(engine);
	for (int i = 0; i < 2; i++)
		eb_device_unref(devices[i]);
}

/* ---- the monitor, without a device ---- */

static void monitor_checks_its_arguments(void **state)
{
	enum eb_device_change change = EB_DEVICE_ADDED;
	struct eb_device_monitor *monitor;
	char path[64] = "x";

	(void)state;
	assert_int_equal(eb_device_monitor_open(NULL), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_device_monitor_fd(NULL), -1);
	assert_null(eb_device_monitor_close(NULL));
	assert_int_equal(eb_device_monitor_next(NULL, &change, path, 64), EB_INVALID_ARGUMENT);
	if (eb_device_monitor_open(&monitor)) {
		assert_non_null(strstr(eb_error_detail(), "device events"));
		return;
	}
	assert_true(eb_device_monitor_fd(monitor) >= 0);
	assert_int_equal(eb_device_monitor_next(monitor, NULL, path, 64), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_device_monitor_next(monitor, &change, NULL, 64), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_device_monitor_next(monitor, &change, path, 0), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_device_monitor_next(monitor, &change, path, 64), EB_OK);
	assert_int_equal(change, EB_DEVICE_UNCHANGED);
	assert_string_equal(path, "x");
	assert_null(eb_device_monitor_close(monitor));
}

/* ---- batches ---- */

static void batches_are_taken_whole_or_not_at_all(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	static struct eb_batch_text texts[4097];
	static struct eb_request *requests[BATCHES_MAX * BATCH];
	enum eb_status status = EB_OK;
	struct eb_request *more[1];
	size_t accepted;

	(void)state;
	for (size_t i = 0; i < 4097; i++)
		texts[i] = (struct eb_batch_text){ .text = "aa ba", .size = 5 };
	assert_int_equal(eb_engine_submit_batch(engine, texts, 4097, requests),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_submit_batch(engine, texts, 0, requests), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_submit_batch(NULL, texts, 1, requests), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_submit_batch(engine, NULL, 1, requests), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_submit_batch(engine, texts, 1, NULL), EB_INVALID_ARGUMENT);
	texts[2].text = NULL;
	assert_int_equal(eb_engine_submit_batch(engine, texts, 3, requests), EB_INVALID_ARGUMENT);
	assert_non_null(strstr(eb_error_detail(), "text 2"));
	assert_null(requests[0]);
	texts[2].text = "aa ba";
	/* So many need more descriptors than a process may have, or fill the queue. */
	for (accepted = 0; accepted < BATCHES_MAX && !status; accepted++)
		status = eb_engine_submit_batch(engine, texts, BATCH, &requests[accepted * BATCH]);
	assert_true(status == EB_BUSY || status == EB_OUT_OF_MEMORY);
	accepted--;
	assert_null(requests[accepted * BATCH]);
	for (size_t i = 0; i < accepted * BATCH; i++)
		eb_request_unref(requests[i]);
	assert_int_equal(eb_engine_submit_batch(engine, texts, 1, more), EB_OK);
	eb_request_unref(more[0]);
	eb_engine_unref(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tiny_setup, tiny_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(no_descriptor_is_handed_on),
		TEST(child_may_use_the_library_for_itself),
		TEST(messages_go_to_whom_they_are_for),
		TEST(monitor_checks_its_arguments),
		TEST(batches_are_taken_whole_or_not_at_all),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
