// SPDX-License-Identifier: MIT
/* What a user is told when there is no device, no module, or no permission. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/device.h"

static bool module_is_loaded(void)
{
	return access("/sys/module/edgebert", F_OK) == 0;
}

static enum eb_status open_path(const char *path)
{
	const struct eb_device_options options = {
		.size = sizeof(options), .backend = EB_BACKEND_ACCEL, .path = path,
	};
	struct eb_device *device = (void *)1;
	enum eb_status status = eb_device_open(&options, &device);

	if (status)
		assert_ptr_equal(device, (void *)1);
	else
		eb_device_unref(device);
	return status;
}

static int count_node(const char *path, const char *bus_address, void *opaque)
{
	int *count = opaque;

	assert_memory_equal(path, "/dev/", 5);
	assert_non_null(bus_address);
	(*count)++;
	return 0;
}

static void without_module_it_says_so_and_what_to_do(void **state)
{
	int count = 0;

	(void)state;
	if (module_is_loaded())
		skip();
	assert_int_equal(eb_device_find(count_node, &count), EB_OK);
	assert_int_equal(count, 0);
	assert_int_equal(eb_device_open(NULL, &(struct eb_device *){ NULL }), EB_NO_MODULE);
	assert_non_null(strstr(eb_error_detail(), "modprobe edgebert"));
	assert_non_null(strstr(eb_error_detail(), "reference backend"));
	assert_int_equal(open_path("/dev/accel/accel99"), EB_NO_MODULE);
	assert_non_null(strstr(eb_error_detail(), "/dev/accel/accel99: no such device node"));
	assert_int_equal(eb_device_find(NULL, NULL), EB_INVALID_ARGUMENT);
}

static void other_nodes_are_not_devices(void **state)
{
	(void)state;
	assert_int_equal(open_path("/dev/null"), EB_NO_DEVICE);
	assert_non_null(strstr(eb_error_detail(), "/dev/null: is not an EdgeBERT device node"));
	assert_int_equal(open_path("/tmp"), EB_NO_DEVICE);
	assert_non_null(strstr(eb_error_detail(), "EISDIR"));
}

static void bus_address_of_other_nodes_is_empty(void **state)
{
	char address[32] = "unset";

	(void)state;
	eb_device_bus_address("/dev/null", address, sizeof(address));
	assert_string_equal(address, "");
	strcpy(address, "unset");
	eb_device_bus_address("/nonexistent", address, sizeof(address));
	assert_string_equal(address, "");
}

/* ---- permission ---- */

/* The detail that an ordinary user gets for a node; its own process, as it drops root. */
static enum eb_status open_as_nobody(const char *path, char *detail, size_t detail_size)
{
	enum eb_status status = EB_INTERNAL;
	int channel[2], wait_status;
	pid_t child;
	ssize_t got;

	assert_int_equal(pipe(channel), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		if (geteuid() == 0 &&
		    (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
			_exit(EB_INTERNAL);
		status = open_path(path);
		if (write(channel[1], eb_error_detail(), strlen(eb_error_detail())) < 0)
			_exit(EB_INTERNAL);
		_exit((int)status);
	}
	close(channel[1]);
	got = read(channel[0], detail, detail_size - 1);
	detail[got < 0 ? 0 : got] = '\0';
	close(channel[0]);
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_true(WIFEXITED(wait_status));
	return (enum eb_status)WEXITSTATUS(wait_status);
}

static void no_permission_names_node_owner_mode_and_command(void **state)
{
	char path[] = "/tmp/edgebert-test-XXXXXX", detail[1024];
	int fd = mkstemp(path);

	(void)state;
	/* Only root can give a file to a group that the child is not in. */
	if (geteuid() != 0) {
		unlink(path);
		skip();
	}
	assert_true(fd >= 0);
	assert_int_equal(chown(path, 0, 1), 0);
	assert_int_equal(chmod(path, 0660), 0);
	assert_int_equal(open_as_nobody(path, detail, sizeof(detail)), EB_PERMISSION);
	assert_non_null(strstr(detail, path));
	assert_non_null(strstr(detail, "root:daemon with mode 0660"));
	assert_non_null(strstr(detail, "sudo usermod -aG daemon nobody"));
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(open_as_nobody(path, detail, sizeof(detail)), EB_PERMISSION);
	assert_non_null(strstr(detail, "root:root with mode 0600"));
	assert_non_null(strstr(detail, "chgrp render"));
	assert_non_null(strstr(detail, "packaging/70-edgebert.rules"));
	/* The rule that is named is there. */
	assert_int_equal(access("packaging/70-edgebert.rules", R_OK), 0);
	close(fd);
	unlink(path);
}

static void every_open_error_has_its_status(void **state)
{
	(void)state;
	assert_int_equal(eb_device_explain_open("/tmp", EACCES), EB_PERMISSION);
	assert_int_equal(eb_device_explain_open("/nonexistent/x", EACCES), EB_PERMISSION);
	assert_non_null(strstr(eb_error_detail(), "can not be searched"));
	assert_int_equal(eb_device_explain_open("/x", ENODEV), EB_NO_DEVICE);
	assert_int_equal(eb_device_explain_open("/x", ENXIO), EB_NO_DEVICE);
	assert_int_equal(eb_device_explain_open("/x", ENFILE), EB_OUT_OF_MEMORY);
	assert_int_equal(eb_device_explain_open("/x", EBUSY), EB_NO_DEVICE);
	assert_non_null(strstr(eb_error_detail(), "EBUSY"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_module_it_says_so_and_what_to_do),
		cmocka_unit_test(other_nodes_are_not_devices),
		cmocka_unit_test(bus_address_of_other_nodes_is_empty),
		cmocka_unit_test(no_permission_names_node_owner_mode_and_command),
		cmocka_unit_test(every_open_error_has_its_status),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
