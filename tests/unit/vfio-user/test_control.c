// SPDX-License-Identifier: MIT
/*
 * The control socket: what its clients send is answered, whatever it is, and none of them
 * keeps another from being served.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/device/vfio-user/control.h"

#define PATIENCE_MS	60000

struct process {
	char directory[32];
	char path[64];
	struct eb_device *device;
	struct eb_control *control;
};

static int no_memory(void *opaque, uint64_t address, void *destination, size_t size)
{
	(void)opaque, (void)address, (void)destination, (void)size;
	return -EFAULT;
}

static int no_memory_to_write(void *opaque, uint64_t address, const void *source, size_t size)
{
	(void)opaque, (void)address, (void)source, (void)size;
	return -EFAULT;
}

static bool no_interrupts(void *opaque, unsigned int vector)
{
	(void)opaque, (void)vector;
	return true;
}

static int start(void **state)
{
	const struct eb_device_host host = { .read = no_memory, .write = no_memory_to_write,
					     .interrupt = no_interrupts };
	const struct eb_device_options options = { 0 };
	struct process *process = calloc(1, sizeof(*process));
	int error;

	assert_non_null(process);
	strcpy(process->directory, "/tmp/test-control-XXXXXX");
	assert_non_null(mkdtemp(process->directory));
	snprintf(process->path, sizeof(process->path), "%s/socket", process->directory);
	process->device = eb_device_create(&options, &host);
	assert_non_null(process->device);
	process->control = eb_control_start(process->device, process->path, &error);
	assert_non_null(process->control);
	*state = process;
	return 0;
}

static int stop(void **state)
{
	struct process *process = *state;

	eb_control_stop(process->control);
	eb_device_destroy(process->device);
	assert_int_equal(access(process->path, F_OK), -1);
	assert_int_equal(rmdir(process->directory), 0);
	free(process);
	return 0;
}

static int connect_client(const struct process *process)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, process->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads up to a line that begins with `wanted`; false: the connection was closed first. */
static bool hears(int fd, const char *wanted)
{
	char line[8192];
	size_t used = 0;

	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t got;

		assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
		got = recv(fd, line + used, 1, 0);
		if (got <= 0)
			return false;
		if (line[used] != '\n') {
			used += used + 1 < sizeof(line);
			continue;
		}
		line[used] = '\0';
		if (strncmp(line, wanted, strlen(wanted)) == 0)
			return true;
		used = 0;
	}
}

static void is_served(const struct process *process)
{
	int fd = connect_client(process);

	say(fd, "status\n");
	assert_true(hears(fd, "ok"));
	close(fd);
}

static void commands_are_answered_in_order(void **state)
{
	int fd = connect_client(*state);

	say(fd, "hang-job\nnonsense\r\nclear\n\nstatus\n");
	assert_true(hears(fd, "ok"));
	assert_true(hears(fd, "error: there is no command 'nonsense'"));
	assert_true(hears(fd, "ok"));
	assert_true(hears(fd, "error: the line is empty"));
	assert_true(hears(fd, "ok"));
	close(fd);
}

static void a_line_may_come_in_pieces(void **state)
{
	int fd = connect_client(*state), other = connect_client(*state);

	say(fd, "hang-");
	say(other, "status\n");
	assert_true(hears(other, "ok"));
	say(fd, "job after=1\n");
	assert_true(hears(fd, "ok"));
	say(other, "status\n");
	assert_true(hears(other, "- hang-job armed=1"));
	close(fd);
	close(other);
}

static void a_line_that_is_too_long_is_one_error(void **state)
{
	int fd = connect_client(*state);

	for (unsigned int i = 0; i < 3000; i++)
		say(fd, "0123456789");
	say(fd, "\nstatus\n");
	assert_true(hears(fd, "error: the line is too long"));
	assert_true(hears(fd, "ok"));
	close(fd);
}

static void any_bytes_are_answered(void **state)
{
	unsigned char bytes[4096];

	srand(4);
	for (unsigned int round = 0; round < 20; round++) {
		int fd = connect_client(*state);

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = rand() % 8 ? rand() : '\n';
		(void)!send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
		/* Half of them go away without a word. */
		if (round % 2)
			assert_true(hears(fd, "error: "));
		close(fd);
	}
	is_served(*state);
}

static void a_client_that_never_reads_keeps_nobody(void **state)
{
	int fd = connect_client(*state);
	bool closed = false;

	/* Each answer has kilobytes; the socket takes only so many. */
	for (unsigned int i = 0; i < 10000 && !closed; i++)
		closed = send(fd, "help\nstate\n", 11, MSG_NOSIGNAL) < 0;
	assert_true(closed);
	is_served(*state);
	close(fd);
}

static void clients_beyond_the_limit_are_told(void **state)
{
	int fds[32];
	unsigned int refused = 0;

	for (unsigned int i = 0; i < 32; i++)
		fds[i] = connect_client(*state);
	for (unsigned int i = 0; i < 32; i++) {
		(void)!send(fds[i], "status\n", 7, MSG_NOSIGNAL);
		refused += !hears(fds[i], "ok");
	}
	assert_int_equal(refused, 16);
	for (unsigned int i = 0; i < 32; i++)
		close(fds[i]);
	/* Their places are free again, though not at once. */
	for (unsigned int tries = 0; tries < 1000; tries++) {
		int fd = connect_client(*state);
		bool served;

		(void)!send(fd, "status\n", 7, MSG_NOSIGNAL);
		served = hears(fd, "ok");
		close(fd);
		if (served)
			return;
		usleep(1000);
	}
	fail_msg("no place became free");
}

static void only_the_owner_may_connect(void **state)
{
	struct process *process = *state;
	struct stat status;

	assert_int_equal(stat(process->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

#define CONTROL_TEST(test)	cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTROL_TEST(commands_are_answered_in_order),
		CONTROL_TEST(a_line_may_come_in_pieces),
		CONTROL_TEST(a_line_that_is_too_long_is_one_error),
		CONTROL_TEST(any_bytes_are_answered),
		CONTROL_TEST(a_client_that_never_reads_keeps_nobody),
		CONTROL_TEST(clients_beyond_the_limit_are_told),
		CONTROL_TEST(only_the_owner_may_connect),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
