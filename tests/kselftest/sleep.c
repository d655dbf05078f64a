// SPDX-License-Identifier: MIT
/*
 * edgebert-sleep: puts the whole system to sleep; the clock wakes it.
 *
 * usage: edgebert-sleep freeze|mem
 * Exit status: 0 it has slept; 1 a device refused, whose name is printed; 2 anything else.
 *
 * The alarm is repeated: on a slow machine one may go off before all devices are asleep, which
 * then is no sleep and is tried again, instead of a sleep without end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define STATISTICS "/sys/power/suspend_stats/"
/* The kernel refuses when the alarm is less than two seconds away. */
#define ALARM_SECONDS 6
#define TRIES 20

/* The first line of a file in sysfs. */
static void read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "r");

	if (!file || !fgets(line, size, file)) {
		fprintf(stderr, "edgebert-sleep: %s can not be read: %s\n", path, strerror(errno));
		exit(2);
	}
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

static long read_count(const char *path)
{
	char line[32];

	read_line(path, line, sizeof(line));
	return atol(line);
}

/* Rings until it is closed, also while the system sleeps. */
static int set_alarm(void)
{
	struct itimerspec alarm = { { ALARM_SECONDS, 0 }, { ALARM_SECONDS, 0 } };
	int fd = timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &alarm, NULL)) {
		fprintf(stderr, "edgebert-sleep: no clock can wake the system: %s\n",
			strerror(errno));
		exit(2);
	}
	return fd;
}

/* Returns when the system is awake again, or did not fall asleep: errno. */
static int try_sleep(const char *state)
{
	int fd = open("/sys/power/state", O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0 || write(fd, state, strlen(state)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}

/* Whether it was a device that refused, other than the clock. */
static int device_refused(long failed_before)
{
	char name[64];

	if (read_count(STATISTICS "failed_suspend") == failed_before)
		return 0;
	read_line(STATISTICS "last_failed_dev", name, sizeof(name));
	if (!strncmp(name, "alarmtimer", strlen("alarmtimer")))
		return 0;
	printf("refused by %s\n", name);
	return 1;
}

int main(int argc, char **argv)
{
	int alarm, error, i;
	long failed;

	if (argc != 2 || (strcmp(argv[1], "freeze") && strcmp(argv[1], "mem"))) {
		fprintf(stderr, "usage: edgebert-sleep freeze|mem\n");
		return 2;
	}
	alarm = set_alarm();
	for (i = 0; i < TRIES; i++) {
		failed = read_count(STATISTICS "failed_suspend");
		error = try_sleep(argv[1]);
		if (!error) {
			printf("slept, at try %d\n", i + 1);
			close(alarm);
			return 0;
		}
		if (device_refused(failed))
			return 1;
		usleep(200000);
	}
	fprintf(stderr, "edgebert-sleep: the system does not fall asleep: %s\n", strerror(error));
	return 2;
}
