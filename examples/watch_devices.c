// SPDX-License-Identifier: MIT
/*
 * Says which EdgeBERT devices there are, then which come and go, until the wanted number of
 * changes was seen or time is up.
 *
 *	cc watch_devices.c $(pkg-config --cflags --libs edgebert-rt) -o watch_devices
 *	./watch_devices CHANGES SECONDS
 */
#include <edgebert/edgebert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int show_present(const char *path, const char *bus_address, void *opaque)
{
	(void)opaque;
	printf("present %s at %s\n", path, bus_address);
	return 0;
}

static enum eb_status show_changes(struct eb_device_monitor *monitor, long *wanted)
{
	enum eb_device_change change;
	enum eb_status status;
	char path[64];

	for (;;) {
		status = eb_device_monitor_next(monitor, &change, path, sizeof(path));
		if (status || change == EB_DEVICE_UNCHANGED)
			return status;
		printf("%s %s\n", change == EB_DEVICE_ADDED ? "added" : "removed", path);
		fflush(stdout);
		--*wanted;
	}
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (long)time.tv_sec;
}

int main(int argc, char **argv)
{
	struct eb_device_monitor *monitor = NULL;
	enum eb_status status;
	long wanted, end;

	if (argc != 3) {
		fprintf(stderr, "usage: watch_devices CHANGES SECONDS\n");
		return 64;
	}
	wanted = strtol(argv[1], NULL, 10);
	end = now() + strtol(argv[2], NULL, 10);
	/* Watch first, then look: nothing comes or goes unseen in between. */
	status = eb_device_monitor_open(&monitor);
	if (!status)
		status = eb_device_find(show_present, NULL);
	fflush(stdout);
	while (!status && wanted > 0 && now() < end) {
		struct pollfd descriptor = {
			.fd = eb_device_monitor_fd(monitor), .events = POLLIN,
		};

		if (poll(&descriptor, 1, 1000) > 0)
			status = show_changes(monitor, &wanted);
	}
	if (status)
		fprintf(stderr, "%s: %s\n", eb_status_text(status), eb_error_detail());
	eb_device_monitor_close(monitor);
	return status ? (int)status : wanted > 0;
}
