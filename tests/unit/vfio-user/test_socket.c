// SPDX-License-Identifier: MIT
/*
 * Listening on a path: who may, what is in the way, one client after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/vfio-user/client.h"

struct place {
	char folder[64];
	char path[96];
	int stop_fd;
};

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	strcpy(place->folder, "/tmp/vfio-user-test-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof(place->path), "%s/socket", place->folder);
	place->stop_fd = eventfd(0, EFD_CLOEXEC);
	*state = place;
	return 0;
}

static int place_teardown(void **state)
{
	struct place *place = *state;

	close(place->stop_fd);
	unlink(place->path);
	rmdir(place->folder);
	free(place);
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void paths_that_can_not_be_are_refused(void **state)
{
	char longest[109];
	int fd;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[108] = '\0';
	assert_int_equal(eb_socket_listen("", &fd), -EINVAL);
	assert_int_equal(eb_socket_listen(longest, &fd), -ENAMETOOLONG);
	assert_int_equal(eb_socket_listen("/nowhere/at/all", &fd), -ENOENT);
}

static void what_is_no_socket_stays(void **state)
{
	struct place *place = *state;
	struct stat status;
	int fd = open(place->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(eb_socket_listen(place->path, &fd), -EEXIST);
	assert_int_equal(stat(place->path, &status), 0);
	/* Not even what a link points at. */
	unlink(place->path);
	assert_int_equal(symlink("/dev/null", place->path), 0);
	assert_int_equal(eb_socket_listen(place->path, &fd), -EEXIST);
}

static void a_socket_in_use_is_refused_and_a_stale_one_replaced(void **state)
{
	struct place *place = *state;
	int first, second;

	assert_int_equal(eb_socket_listen(place->path, &first), 0);
	assert_int_equal(eb_socket_listen(place->path, &second), -EADDRINUSE);
	close(first);
	assert_int_equal(eb_socket_listen(place->path, &second), 0);
	close(second);
}

static void waiting_for_a_client_can_be_ended(void **state)
{
	struct place *place = *state;
	uint64_t one = 1;
	int listener, client;

	assert_int_equal(eb_socket_listen(place->path, &listener), 0);
	assert_int_equal(write(place->stop_fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(eb_socket_accept(listener, place->stop_fd, &client), -ECANCELED);
	close(listener);
}

/* A server that serves as many clients as there come, as the program does. */
struct host {
	struct place *place;
	int listener;
};

static void *serve_all(void *opaque)
{
	const struct eb_server_options options = { 0 };
	struct host *host = opaque;
	struct eb_server *server = eb_server_create(&options);
	int client;

	while (eb_socket_accept(host->listener, host->place->stop_fd, &client) == 0) {
		if (eb_server_serve(server, client, host->place->stop_fd))
			break;
	}
	eb_server_destroy(server);
	return NULL;
}

static void negotiate(int fd)
{
	struct {
		struct vfio_user_header header;
		struct vfio_user_version version;
	} request = { .header = { .id = 9, .command = VFIO_USER_VERSION,
				  .size = sizeof(request) } };

	assert_int_equal(send(fd, &request, sizeof(request), 0), sizeof(request));
}

static bool answers(int fd)
{
	struct vfio_user_header header;

	return recv(fd, &header, sizeof(header), MSG_DONTWAIT | MSG_PEEK) == sizeof(header);
}

static void clients_are_served_one_after_the_other(void **state)
{
	struct host host = { .place = *state };
	struct vfio_user_header header;
	uint64_t one = 1;
	pthread_t thread;
	int first, second;

	assert_int_equal(eb_socket_listen(host.place->path, &host.listener), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve_all, &host), 0);
	for (unsigned int i = 0; i < 3; i++) {
		first = connect_to(host.place->path);
		negotiate(first);
		assert_int_equal(recv(first, &header, sizeof(header), MSG_WAITALL), sizeof(header));
		/* The second has to wait, and is served when the first has gone. */
		second = connect_to(host.place->path);
		negotiate(second);
		test_sleep_ms(30);
		assert_false(answers(second));
		close(first);
		assert_int_equal(recv(second, &header, sizeof(header), MSG_WAITALL),
				 sizeof(header));
		assert_int_equal(header.id, 9);
		close(second);
	}
	/* A request to stop ends it also while a client is there. */
	first = connect_to(host.place->path);
	negotiate(first);
	assert_int_equal(recv(first, &header, sizeof(header), MSG_WAITALL), sizeof(header));
	assert_int_equal(write(host.place->stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(thread, NULL);
	close(first);
	close(host.listener);
}

#define PLACED(test)	cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_that_can_not_be_are_refused),
		PLACED(what_is_no_socket_stays),
		PLACED(a_socket_in_use_is_refused_and_a_stale_one_replaced),
		PLACED(waiting_for_a_client_can_be_ended),
		PLACED(clients_are_served_one_after_the_other),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
