// SPDX-License-Identifier: MIT
/*
 * Operating points, sleep and sensors, set and read through sysfs.
 */
#include "tests/kselftest/limits.h"
#include "tests/kselftest/device.h"

#include <fcntl.h>
#include <glob.h>
#include <poll.h>

#define ASLEEP_WITHIN_MS 20000
/* Limits that were set and taken back at once are told to nobody. */
#define LIMITS_TOLD_MS	2000

static void query(int fd, uint32_t type, void *answer, uint32_t *size)
{
	struct drm_edgebert_dev_query query = {
		.type = type,
		.size = *size,
		.pointer = (uintptr_t)answer,
	};

	memset(answer, 0xcc, *size);
	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	*size = query.size;
}

struct points operating_points(int fd)
{
	struct points points;
	uint32_t size = sizeof(points.points);

	query(fd, DRM_EDGEBERT_QUERY_OPERATING_POINTS, points.points, &size);
	points.count = size / sizeof(points.points[0]);
	return points;
}

struct drm_edgebert_query_dvfs query_dvfs(int fd)
{
	struct drm_edgebert_query_dvfs dvfs;
	uint32_t size = sizeof(dvfs);

	query(fd, DRM_EDGEBERT_QUERY_DVFS, &dvfs, &size);
	CHECK_EQ(size, sizeof(dvfs));
	return dvfs;
}

/* "accelN"; found once, as not everybody may open the node. */
static const char *node_name(void)
{
	static char name[16];

	if (!name[0])
		snprintf(name, sizeof(name), "%s", strrchr(device_path(), '/') + 1);
	return name;
}

/* Opens a file of the PCI device, or of one below it, whose folder has a name of its own. */
static int open_device_file(const char *name, int flags)
{
	static const char *const classes[] = { "devfreq/", "hwmon/" };
	const char *class = "", *wildcard = "";
	char pattern[256];
	glob_t found;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!strncmp(name, classes[i], strlen(classes[i]))) {
			class = classes[i];
			wildcard = "*/";
		}
	}
	snprintf(pattern, sizeof(pattern), "/sys/class/accel/%s/device/%s%s%s", node_name(), class,
		 wildcard, name + strlen(class));
	if (glob(pattern, 0, NULL, &found)) {
		errno = ENOENT;
		return -1;
	}
	fd = open(found.gl_pathv[0], flags | O_CLOEXEC);
	globfree(&found);
	return fd;
}

int try_write_device_file(const char *name, const char *text)
{
	int fd = open_device_file(name, O_WRONLY), status;
	int error;

	if (fd < 0)
		return -1;
	status = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
	error = errno;
	close(fd);
	errno = error;
	return status;
}

void write_device_file(const char *name, const char *text)
{
	if (geteuid() != 0)
		SKIP("not root");
	CHECK_OK(try_write_device_file(name, text));
}

bool has_device_file(const char *name)
{
	int fd = open_device_file(name, O_RDONLY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void read_device_file(const char *name, char *text, unsigned int size)
{
	int fd = open_device_file(name, O_RDONLY);
	ssize_t length;

	CHECK(fd >= 0);
	length = read(fd, text, size - 1);
	CHECK(length >= 0);
	text[length] = 0;
	text[strcspn(text, "\n")] = 0;
	close(fd);
}

long long device_number(const char *name)
{
	char text[32], *end;
	long long value;

	read_device_file(name, text, sizeof(text));
	value = strtoll(text, &end, 10);
	CHECK(text[0] && !*end);
	return value;
}

void limit_hz(const char *name, uint64_t hz)
{
	char path[32], text[32];

	snprintf(path, sizeof(path), "devfreq/%s", name);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)hz);
	write_device_file(path, text);
}

void limit_points(int fd, uint32_t low, uint32_t high)
{
	struct points points = operating_points(fd);

	limit_hz("min_freq", points.points[low].khz * 1000ull);
	limit_hz("max_freq", points.points[high].khz * 1000ull);
}

/* Reads what comes within a while, up to the event that tells these limits. */
static void wait_until_told(int fd, uint32_t low, uint32_t high)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct drm_edgebert_event_dvfs event;

	while (poll(&wait, 1, LIMITS_TOLD_MS) == 1) {
		CHECK_EQ(read(fd, &event, sizeof(event)), sizeof(event));
		if (event.window_low == low && event.window_high == high)
			return;
	}
}

/* 0 means none for both.  Others are told some time later, and have been afterwards. */
void limits_clear(void)
{
	struct drm_edgebert_events events = { .events = DRM_EDGEBERT_EVENT_DVFS };
	struct drm_edgebert_query_dvfs dvfs;
	int fd = device_open();
	uint32_t highest = operating_points(fd).count - 1;

	dvfs = query_dvfs(fd);
	if (dvfs.window_low != 0 || dvfs.window_high != highest) {
		CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_EVENTS, &events));
		limit_hz("min_freq", 0);
		limit_hz("max_freq", 0);
		wait_until_told(fd, 0, highest);
	}
	CHECK_OK(close(fd));
}

void device_keep_awake(bool awake)
{
	write_device_file("power/control", awake ? "on" : "auto");
}

bool device_sleeps(void)
{
	char status[32];

	read_device_file("power/runtime_status", status, sizeof(status));
	return !strcmp(status, "suspended");
}

void device_falls_asleep(void)
{
	int waited;

	if (geteuid() == 0)
		device_keep_awake(false);
	for (waited = 0; !device_sleeps(); waited += 10) {
		if (waited > ASLEEP_WITHIN_MS)
			harness_fail(__FILE__, __LINE__, "the idle device does not fall asleep");
		usleep(10000);
	}
}
