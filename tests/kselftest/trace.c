// SPDX-License-Identifier: MIT
/*
 * The driver's tracepoints, compared with what user space learns of the same jobs.
 *
 * Root only.  Every test has a trace instance of its own.
 */
#include "tests/kselftest/device.h"

#include <fcntl.h>
#include <sys/stat.h>

#define INSTANCE	"/sys/kernel/tracing/instances/edgebert-kselftest"

static char trace_text[256 * 1024];

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

static void trace_begin(void)
{
	if (geteuid() != 0)
		SKIP("not root");
	rmdir(INSTANCE);
	if (mkdir(INSTANCE, 0700))
		SKIP("no tracefs");
	CHECK(write_file(INSTANCE "/events/edgebert/enable", "1"));
}

static void trace_end(void)
{
	size_t length = 0;
	ssize_t got;
	int fd;

	CHECK(write_file(INSTANCE "/events/edgebert/enable", "0"));
	fd = open(INSTANCE "/trace", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	while ((got = read(fd, trace_text + length, sizeof(trace_text) - 1 - length)) > 0)
		length += (size_t)got;
	trace_text[length] = '\0';
	CHECK_OK(close(fd));
	CHECK_OK(rmdir(INSTANCE));
}

/* How many events of that name have all of that text, and where the last one is. */
static unsigned int count_events(const char *event, const char *text, const char **last)
{
	char name[64];
	const char *line;
	unsigned int count = 0;

	snprintf(name, sizeof(name), " %s: ", event);
	for (line = trace_text; (line = strstr(line, name)); line++) {
		const char *end = strchr(line, '\n');
		const char *found = strstr(line, text);

		if (found && found < end) {
			count++;
			if (last)
				*last = line;
		}
	}
	return count;
}

/* The number after " KEY=" in the line that begins at @line. */
static unsigned long long value_of(const char *line, const char *key)
{
	char pattern[32];
	const char *found;

	snprintf(pattern, sizeof(pattern), " %s=", key);
	found = strstr(line, pattern);
	CHECK(found && found < strchr(line, '\n'));
	return strtoull(found + strlen(pattern), NULL, 0);
}

static const char *one_event(const char *event, const char *text)
{
	const char *line = NULL;

	CHECK_EQ(count_events(event, text, &line), 1);
	return line;
}

TEST(a_job_is_seen_from_submit_to_completion)
{
	struct drm_edgebert_result result;
	const char *submit_event, *run_event, *end_event;
	struct workload w;

	workload_init(&w, device_open(), 3);
	w.job.operating_point = 0;
	trace_begin();
	result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
	trace_end();
	CHECK_EQ(result.error, 0);

	submit_event = one_event("edgebert_submit", " sequence=1 ");
	CHECK_EQ(value_of(submit_event, "commands"), w.commands);
	CHECK_EQ(value_of(submit_event, "buffers"), 4);
	CHECK_EQ(value_of(submit_event, "point"), 0);
	run_event = one_event("edgebert_run", " sequence=1 ");
	CHECK_EQ(value_of(run_event, "queue"), value_of(submit_event, "queue"));
	CHECK_EQ(value_of(run_event, "outstanding"), 1);
	end_event = one_event("edgebert_complete", " status=OK error=0 ");
	CHECK_EQ(value_of(end_event, "queue"), value_of(submit_event, "queue"));
	CHECK_EQ(value_of(end_event, "cookie"), value_of(run_event, "cookie"));
	CHECK_EQ(value_of(end_event, "sequence"), 1);
	CHECK_EQ(value_of(end_event, "exit_layer"), result.exit_layer);
	CHECK_EQ(value_of(end_event, "point"), 0);
	CHECK_EQ(value_of(end_event, "cycles"), result.cycles);
	CHECK_EQ(value_of(end_event, "time_ns"), result.time_ns);
	CHECK_EQ(value_of(end_event, "energy_pj"), result.energy_pj);
	CHECK(result.cycles > 0 && result.energy_pj > 0);
	CHECK_EQ(count_events("edgebert_fault", "", NULL), 0);
	CHECK_EQ(count_events("edgebert_recovery", "", NULL), 0);
}

TEST(a_fault_says_where)
{
	struct drm_edgebert_result result;
	const char *event;
	struct workload w;

	workload_init(&w, device_open(), 3);
	w.job.segments[1] = 0xf0000000;
	trace_begin();
	result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
	trace_end();
	CHECK_EQ(result.error, -EIO);

	event = one_event("edgebert_fault", " status=PAGE_NOT_MAPPED ");
	CHECK_EQ(value_of(event, "sequence"), result.sequence);
	CHECK_EQ(value_of(event, "command"), result.fault_command);
	CHECK_EQ(value_of(event, "address"), result.fault_address);
	CHECK_EQ(count_events("edgebert_complete", " status=PAGE_NOT_MAPPED error=-5 ", NULL), 1);
}

TEST(a_change_of_the_operating_point_is_seen)
{
	struct drm_edgebert_query_device info = { 0 };
	struct drm_edgebert_dev_query query = {
		.type = DRM_EDGEBERT_QUERY_DEVICE,
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};
	const char *event;
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_OK(try_ioctl(w.fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	if (info.operating_point_count < 2)
		SKIP("one operating point only");
	w.job.operating_point = 1;
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	w.job.operating_point = 0;
	trace_begin();
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	trace_end();
	event = one_event("edgebert_dvfs", " throttled=0");
	CHECK_EQ(value_of(event, "from"), 1);
	CHECK_EQ(value_of(event, "to"), 0);
	CHECK(value_of(event, "khz") > 0);
	CHECK(value_of(event, "millivolt") > 0);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
