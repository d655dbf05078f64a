// SPDX-License-Identifier: MIT
/*
 * Events: who asked is told of new limits, once, and with the newest state.
 */
#include "tests/kselftest/device.h"
#include "tests/kselftest/envm.h"
#include "tests/kselftest/limits.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>

#define WITHIN_MS	10000
/* Long enough for an event that must not come. */
#define QUIET_MS	300

static int try_events(int fd, uint32_t events, uint32_t pad)
{
	struct drm_edgebert_events args = { .events = events, .pad = pad };

	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_EVENTS, &args);
}

static int open_for_events(void)
{
	int fd = device_open();

	if (geteuid() != 0)
		SKIP("not root");
	CHECK_OK(try_events(fd, DRM_EDGEBERT_EVENT_DVFS, 0));
	return fd;
}

/* Every test begins without limits. */
static int start(void)
{
	if (geteuid() == 0)
		limits_clear();
	return open_for_events();
}

static bool has_event(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int count = poll(&wait, 1, timeout_ms);

	CHECK(count >= 0);
	return count == 1 && wait.revents & POLLIN;
}

static struct drm_edgebert_event_dvfs read_event(int fd)
{
	struct drm_edgebert_event_dvfs event;

	memset(&event, 0xcc, sizeof(event));
	CHECK(has_event(fd, WITHIN_MS));
	CHECK_EQ(read(fd, &event, sizeof(event)), sizeof(event));
	CHECK_EQ(event.base.type, DRM_EDGEBERT_EVENT_TYPE_DVFS);
	CHECK_EQ(event.base.length, sizeof(event));
	return event;
}

/*
 * Sets a limit and waits until everybody has been told of it: @witness is, and after those
 * files that were opened later.
 */
static void limit_and_settle(int witness, uint32_t high)
{
	limit_hz("max_freq", operating_points(witness).points[high].khz * 1000ull);
	while (read_event(witness).window_high != high)
		;
}

TEST(new_limits_are_told)
{
	int fd = start();
	struct drm_edgebert_event_dvfs event;

	limit_hz("max_freq", operating_points(fd).points[1].khz * 1000ull);
	event = read_event(fd);
	CHECK_EQ(event.window_low, 0);
	CHECK_EQ(event.window_high, 1);
	CHECK_EQ(event.thermal_max, query_dvfs(fd).thermal_max);
	CHECK_EQ(event.flags, query_dvfs(fd).flags);
	limits_clear();
	CHECK_EQ(read_event(fd).window_high, operating_points(fd).count - 1);
	CHECK(!has_event(fd, QUIET_MS));
}

TEST(one_event_waits_with_the_newest_state)
{
	int witness = start(), fd = open_for_events();

	limit_and_settle(witness, 0);
	limit_and_settle(witness, 2);
	limit_and_settle(witness, 1);
	CHECK_EQ(read_event(fd).window_high, 1);
	CHECK(!has_event(fd, QUIET_MS));
}

TEST(many_changes_do_not_fill_the_queue)
{
	int witness = start(), fd = open_for_events();
	unsigned int i;

	for (i = 0; i < 300; i++)
		limit_hz("max_freq", operating_points(fd).points[i % 3].khz * 1000ull);
	limit_and_settle(witness, 3);
	limit_and_settle(witness, 1);
	CHECK_EQ(read_event(fd).window_high, 1);
	CHECK(!has_event(fd, QUIET_MS));
}

TEST(the_same_limit_again_is_no_event)
{
	int fd = start();

	limit_hz("max_freq", operating_points(fd).points[1].khz * 1000ull);
	read_event(fd);
	limit_hz("max_freq", operating_points(fd).points[1].khz * 1000ull);
	CHECK(!has_event(fd, QUIET_MS));
}

TEST(nobody_is_told_who_did_not_ask)
{
	int fd = device_open(), other = start();

	limit_hz("max_freq", operating_points(fd).points[1].khz * 1000ull);
	read_event(other);
	CHECK(!has_event(fd, QUIET_MS));
}

TEST(only_what_was_asked_for_is_told)
{
	int fd = start(), other = open_for_events();

	CHECK_OK(try_events(fd, DRM_EDGEBERT_EVENT_ENVM, 0));
	limit_hz("max_freq", operating_points(fd).points[1].khz * 1000ull);
	read_event(other);
	CHECK(!has_event(fd, QUIET_MS));
}

TEST(events_can_be_declined_again)
{
	int fd = start(), other = open_for_events();

	CHECK_OK(try_events(fd, 0, 0));
	limit_hz("max_freq", operating_points(fd).points[1].khz * 1000ull);
	read_event(other);
	CHECK(!has_event(fd, QUIET_MS));
}

TEST(all_who_asked_are_told)
{
	int a = start(), b = open_for_events();

	limit_hz("max_freq", operating_points(a).points[1].khz * 1000ull);
	CHECK_EQ(read_event(a).window_high, 1);
	CHECK_EQ(read_event(b).window_high, 1);
}

TEST(event_stays_when_the_buffer_is_too_short)
{
	uint8_t buffer[sizeof(struct drm_edgebert_event_dvfs)];
	int fd = start();

	limit_hz("max_freq", operating_points(fd).points[1].khz * 1000ull);
	CHECK(has_event(fd, WITHIN_MS));
	CHECK_EQ(read(fd, buffer, sizeof(buffer) - 1), 0);
	CHECK_EQ(read_event(fd).window_high, 1);
}

TEST(event_stays_when_the_buffer_is_bad)
{
	void *volatile nowhere = (void *)8;
	int fd = start();

	limit_hz("max_freq", operating_points(fd).points[1].khz * 1000ull);
	CHECK(has_event(fd, WITHIN_MS));
	CHECK_ERRNO((int)read(fd, nowhere, sizeof(struct drm_edgebert_event_dvfs)), EFAULT);
	CHECK_EQ(read_event(fd).window_high, 1);
}

TEST(read_without_event_does_not_block_if_told_so)
{
	struct drm_edgebert_event_dvfs event;
	int fd = start();

	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_ERRNO((int)read(fd, &event, sizeof(event)), EAGAIN);
}

static void ignore_alarm(int signal)
{
	(void)signal;
}

TEST(waiting_read_is_interrupted_by_signals)
{
	const struct sigaction action = { .sa_handler = ignore_alarm };
	const struct itimerval timer = { .it_value = { .tv_usec = 100000 } };
	struct drm_edgebert_event_dvfs event;
	int fd = start();

	CHECK_OK(sigaction(SIGALRM, &action, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
	CHECK_ERRNO((int)read(fd, &event, sizeof(event)), EINTR);
}

/* The newest of two: an image, and then none any more. */
TEST(other_images_in_the_envm_are_told)
{
	struct drm_edgebert_event_envm event;
	int fd = start();

	envm_deactivate(fd);
	CHECK_OK(try_events(fd, DRM_EDGEBERT_EVENT_ENVM, 0));
	envm_install(fd, DRM_EDGEBERT_ENVM_SLOT_A, ENVM_PAGE, 1);
	CHECK(has_event(fd, WITHIN_MS));
	CHECK_EQ(read(fd, &event, sizeof(event)), sizeof(event));
	CHECK_EQ(event.base.type, DRM_EDGEBERT_EVENT_TYPE_ENVM);
	CHECK_EQ(event.base.length, sizeof(event));
	CHECK_EQ(event.generation, envm_info(fd).generation);
	CHECK(event.generation != 0);

	envm_install(fd, DRM_EDGEBERT_ENVM_SLOT_B, ENVM_PAGE, 2);
	envm_deactivate(fd);
	CHECK_EQ(read(fd, &event, sizeof(event)), sizeof(event));
	CHECK_EQ(event.generation, 0);
	CHECK(!has_event(fd, 0));
}

TEST(unknown_events_are_refused)
{
	int fd = device_open();

	CHECK_ERRNO(try_events(fd, 1u << 2, 0), EINVAL);
	CHECK_ERRNO(try_events(fd, ~0u, 0), EINVAL);
	CHECK_ERRNO(try_events(fd, DRM_EDGEBERT_EVENT_DVFS, 1), EINVAL);
}

/* Of a test that is killed in the middle of it, too. */
TEST(closing_forgets_what_was_not_read)
{
	int witness = start(), fd = open_for_events();

	limit_and_settle(witness, 1);
	CHECK_OK(close(fd));
	CHECK(!has_event(open_for_events(), QUIET_MS));
}

int main(void)
{
	int status = harness_main(device_path() ? NULL : "no EdgeBERT device");

	if (device_path() && geteuid() == 0)
		limits_clear();
	return status;
}
