// SPDX-License-Identifier: MIT
/*
 * ENVM_*: images, slots, locks, and jobs that read them; what is refused, to whom.
 *
 * Every test begins without an active image; the last ones are of the whole array.
 */
#include "tests/kselftest/envm.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#define IMAGE_BYTES	(4 * ENVM_PAGE)

/* A file without an active image. */
static int open_fresh(void)
{
	int fd = device_open();

	envm_deactivate(fd);
	return fd;
}

/* Runs what a test does as an ordinary user. */
static void as_ordinary_user(void (*run)(int fd))
{
	int status, fd = open_fresh();
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_OK(setuid(65534));
		run(fd);
		_exit(HARNESS_PASSED);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HARNESS_PASSED);
}

/* Lifts locks: echo 1 > reset */
static void function_reset(void)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/sys/class/accel/%s/device/reset",
		 strrchr(device_path(), '/') + 1);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "1", 1), 1);
	close(fd);
}

/* A job that copies the beginning of the active image. */
static void workload_init_envm(struct workload *w, int fd)
{
	workload_init(w, fd, 1);
	command_copy(&w->stream, 0, EDGEBERT_HW_OPERAND(1, 0),
		     EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 0), IMAGE_BYTES);
}

static void check_reads(struct workload *w, uint32_t seed)
{
	uint8_t bytes[IMAGE_BYTES];

	envm_pattern(bytes, IMAGE_BYTES, seed);
	CHECK_EQ(result_of(w->fd, w->context, submit(w->fd, w->context, &w->job)).error, 0);
	CHECK(!memcmp(w->destination.memory, bytes, IMAGE_BYTES));
}

TEST(info_of_no_image)
{
	struct drm_edgebert_envm_info info = envm_info(open_fresh());
	static const uint8_t nothing[sizeof(info.image)];

	CHECK_EQ(info.generation, 0);
	CHECK_EQ(info.active_slot, SLOT_NONE);
	CHECK(!memcmp(&info.image, nothing, sizeof(nothing)));
	CHECK_EQ(info.page_bytes, ENVM_PAGE);
	CHECK_EQ(info.sector_bytes, 4096);
	CHECK_EQ(info.slot_bytes[SLOT_A], EDGEBERT_HW_ENVM_SLOT_A_BYTES);
	CHECK_EQ(info.slot_bytes[SLOT_B], EDGEBERT_HW_ENVM_SLOT_B_BYTES);
	CHECK_EQ(info.slot_bytes[SLOT_WHOLE], EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES);
	CHECK_EQ(info.locked, 0);
	CHECK_EQ(info.operation, DRM_EDGEBERT_ENVM_IDLE);
	CHECK_EQ(info.done_bytes, 0);
	CHECK_EQ(info.total_bytes, 0);
	CHECK(info.wear_max >= info.wear_mean);
}

TEST(info_is_cut_to_whole_words)
{
	struct { struct drm_edgebert_envm_info info; uint8_t behind[8]; } answer;
	struct drm_edgebert_envm_query query = { .size = 15, .pointer = (uintptr_t)&answer };
	int fd = open_fresh();

	memset(&answer, 0xcc, sizeof(answer));
	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_INFO, &query));
	CHECK_EQ(query.size, 8);
	CHECK_EQ(answer.info.generation, 0);
	CHECK_EQ(answer.info.image.id[0], 0xcc);
	query.size = sizeof(answer);
	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_INFO, &query));
	CHECK_EQ(query.size, sizeof(answer.info));
	CHECK_EQ(answer.behind[0], 0xcc);
}

TEST(info_refuses)
{
	struct drm_edgebert_envm_info info;
	struct drm_edgebert_envm_query query = { .size = 7, .pointer = (uintptr_t)&info };
	int fd = device_open();

	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_INFO, &query), EINVAL);
	query.size = sizeof(info);
	query.pad = 1;
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_INFO, &query), EINVAL);
	query.pad = 0;
	query.pointer = 0;
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_INFO, &query), EINVAL);
	query.pointer = 8;
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_INFO, &query), EFAULT);
}

TEST(image_is_installed)
{
	int fd = open_fresh();
	struct drm_edgebert_envm_image image = envm_install(fd, SLOT_A, IMAGE_BYTES, 1);
	struct drm_edgebert_envm_info info = envm_info(fd);
	uint8_t read[IMAGE_BYTES], wanted[IMAGE_BYTES];

	CHECK(info.generation > 0);
	CHECK_EQ(info.active_slot, SLOT_A);
	CHECK(!memcmp(&info.image, &image, sizeof(image)));
	CHECK(info.wear_max > 0);
	envm_pattern(wanted, sizeof(wanted), 1);
	CHECK_OK(try_envm_read(fd, SLOT_A, 0, read, sizeof(read)));
	CHECK(!memcmp(read, wanted, sizeof(read)));
	/* Not on a word, not a word long. */
	CHECK_OK(try_envm_read(fd, SLOT_A, 259, read, 5));
	CHECK(!memcmp(read, wanted + 259, 5));
	CHECK_OK(try_envm_read(fd, SLOT_A, EDGEBERT_HW_ENVM_SLOT_A_BYTES - 1, read, 1));
	CHECK_EQ(read[0], 0xff);
}

/* Longer than any command, so in parts, and whole. */
TEST(image_that_fills_a_slot)
{
	const uint32_t size = EDGEBERT_HW_ENVM_SLOT_B_BYTES;
	uint8_t *read = malloc(size), *wanted = malloc(size);
	int fd = open_fresh();

	CHECK(read && wanted);
	envm_install(fd, SLOT_B, size, 2);
	envm_pattern(wanted, size, 2);
	CHECK_OK(try_envm_read(fd, SLOT_B, 0, read, size));
	CHECK(!memcmp(read, wanted, size));
	CHECK_EQ(envm_info(fd).image.bytes, size);
}

TEST(generations_grow)
{
	int fd = open_fresh();
	uint64_t first, second;

	envm_install(fd, SLOT_A, IMAGE_BYTES, 3);
	first = envm_info(fd).generation;
	envm_install(fd, SLOT_B, IMAGE_BYTES, 4);
	second = envm_info(fd).generation;
	CHECK(second > first);
	envm_deactivate(fd);
	CHECK_EQ(envm_info(fd).generation, 0);
	envm_install(fd, SLOT_A, IMAGE_BYTES, 3);
	CHECK(envm_info(fd).generation > second);
}

TEST(image_outlives_a_function_reset)
{
	int fd = open_fresh();
	struct drm_edgebert_envm_image image = envm_install(fd, SLOT_A, IMAGE_BYTES, 5);
	uint64_t generation = envm_info(fd).generation;
	struct drm_edgebert_envm_info info;

	function_reset();
	info = envm_info(fd);
	CHECK_EQ(info.generation, generation);
	CHECK(!memcmp(&info.image, &image, sizeof(image)));
	CHECK_OK(try_envm_commit(fd, SLOT_A, &image, &generation));
}

TEST(program_goes_on_where_it_was_interrupted)
{
	struct drm_edgebert_envm_transfer arguments = { .slot = SLOT_A, .size = IMAGE_BYTES };
	uint8_t bytes[IMAGE_BYTES];
	int fd = open_fresh();

	envm_pattern(bytes, sizeof(bytes), 6);
	arguments.pointer = (uintptr_t)bytes;
	CHECK_OK(try_envm_erase(fd, SLOT_A));
	CHECK_OK(try_envm_program(fd, SLOT_A, 0, bytes, ENVM_PAGE));
	arguments.done = ENVM_PAGE;
	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_PROGRAM, &arguments));
	CHECK_EQ(arguments.done, IMAGE_BYTES);
	CHECK_OK(try_envm_verify(fd, SLOT_A, 0, bytes, sizeof(bytes)));
}

static void ignore(int signal)
{
	(void)signal;
}

/* Every call that a signal ends is made again as it is, as libdrm does. */
TEST(long_transfers_survive_signals)
{
	const struct itimerval often = { { 0, 3000 }, { 0, 3000 } }, never = { { 0, 0 }, { 0, 0 } };
	const struct sigaction action = { .sa_handler = ignore };
	const uint32_t size = EDGEBERT_HW_ENVM_SLOT_A_BYTES;
	int fd = open_fresh();

	CHECK_OK(sigaction(SIGALRM, &action, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
	envm_install(fd, SLOT_A, size, 7);
	CHECK_OK(setitimer(ITIMER_REAL, &never, NULL));
	CHECK_EQ(envm_info(fd).image.bytes, size);
}

/* Somebody else sees how far an operation has come. */
TEST(progress_is_seen)
{
	const uint32_t size = EDGEBERT_HW_ENVM_SLOT_A_BYTES;
	struct drm_edgebert_envm_info info;
	int fd = open_fresh(), seen = 0, status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		envm_install(device_open(), SLOT_A, size, 8);
		_exit(HARNESS_PASSED);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		info = envm_info(fd);
		CHECK(info.done_bytes <= info.total_bytes);
		if (info.operation == DRM_EDGEBERT_ENVM_PROGRAMMING) {
			CHECK_EQ(info.total_bytes, size);
			seen |= info.done_bytes > 0;
		}
	}
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HARNESS_PASSED);
	CHECK(seen);
}

/* Those who asked are told of every change, in its order. */
TEST(commits_are_events)
{
	struct drm_edgebert_events events = { .events = DRM_EDGEBERT_EVENT_ENVM };
	struct drm_edgebert_event_envm event;
	struct pollfd wait = { .events = POLLIN };
	uint64_t generation;
	int fd = open_fresh();

	wait.fd = device_open();
	CHECK_OK(try_ioctl(wait.fd, DRM_IOCTL_EDGEBERT_EVENTS, &events));
	envm_install(fd, SLOT_A, IMAGE_BYTES, 9);
	generation = envm_info(fd).generation;
	CHECK_EQ(poll(&wait, 1, 1000), 1);
	CHECK_EQ(read(wait.fd, &event, sizeof(event)), sizeof(event));
	CHECK_EQ(event.base.type, DRM_EDGEBERT_EVENT_TYPE_ENVM);
	CHECK_EQ(event.base.length, sizeof(event));
	CHECK_EQ(event.generation, generation);
	envm_deactivate(fd);
	CHECK_EQ(read(wait.fd, &event, sizeof(event)), sizeof(event));
	CHECK_EQ(event.generation, 0);
}

/* ---- Jobs ---- */

TEST(job_reads_the_active_image)
{
	int fd = open_fresh();
	struct workload w;

	workload_init_envm(&w, fd);
	envm_install(fd, SLOT_A, IMAGE_BYTES, 10);
	check_reads(&w, 10);
	envm_install(fd, SLOT_B, IMAGE_BYTES, 11);
	check_reads(&w, 11);
	envm_install(fd, SLOT_A, IMAGE_BYTES, 12);
	check_reads(&w, 12);
}

TEST(job_for_this_image_runs)
{
	int fd = open_fresh();
	struct workload w;

	workload_init_envm(&w, fd);
	envm_install(fd, SLOT_B, IMAGE_BYTES, 13);
	w.job.envm_generation = envm_info(fd).generation;
	check_reads(&w, 13);
}

TEST(job_for_another_image_is_stale)
{
	int fd = open_fresh();
	struct drm_edgebert_result result;
	struct workload w;

	workload_init_envm(&w, fd);
	envm_install(fd, SLOT_B, IMAGE_BYTES, 14);
	w.job.envm_generation = envm_info(fd).generation - 1;
	result = result_of(fd, w.context, submit(fd, w.context, &w.job));
	CHECK_EQ(result.error, -ESTALE);
	CHECK_EQ(result.cycles, 0);
	/* Nothing is held by it, and the next job runs. */
	w.job.envm_generation = 0;
	check_reads(&w, 14);
	envm_deactivate(fd);
	CHECK_OK(try_envm_erase(fd, SLOT_B));
}

/*
 * The image that a job has begun with stays until the job has ended.  The device takes turns
 * between jobs and steps of the commit, so there must be some.
 */
TEST(running_jobs_keep_their_image)
{
	const int jobs = 10;
	struct workload w;
	int fd, i;

	workload_init_slow(&w, open_fresh(), 300);
	fd = w.fd;
	envm_install(fd, SLOT_A, IMAGE_BYTES, 15);
	for (i = 0; i < jobs; i++)
		submit(fd, w.context, &w.job);
	usleep(100000);
	envm_deactivate(fd);
	CHECK_ERRNO(try_envm_erase(fd, SLOT_A), EBUSY);
	for (i = 1; i <= jobs; i++)
		CHECK_EQ(result_of(fd, w.context, i).error, 0);
	CHECK_OK(try_envm_erase(fd, SLOT_A));
}

/* ---- What is refused ---- */

TEST(active_slot_is_not_changed)
{
	uint8_t page[ENVM_PAGE] = { 0 };
	int fd = open_fresh();

	envm_install(fd, SLOT_A, IMAGE_BYTES, 20);
	CHECK_ERRNO(try_envm_erase(fd, SLOT_A), EBUSY);
	CHECK_ERRNO(try_envm_program(fd, SLOT_A, 4096, page, sizeof(page)), EBUSY);
	/* It overlaps. */
	CHECK_ERRNO(try_envm_erase(fd, SLOT_WHOLE), EBUSY);
	CHECK_OK(try_envm_erase(fd, SLOT_B));
	CHECK_OK(try_envm_program(fd, SLOT_B, 4096, page, sizeof(page)));
}

TEST(locked_slot_is_not_changed)
{
	uint8_t page[ENVM_PAGE] = { 0 };
	int fd = open_fresh();

	CHECK_OK(try_envm_erase(fd, SLOT_B));
	CHECK_OK(try_envm_lock(fd, SLOT_B));
	CHECK_EQ(envm_info(fd).locked, 1u << SLOT_B);
	CHECK_ERRNO(try_envm_erase(fd, SLOT_B), EROFS);
	CHECK_ERRNO(try_envm_program(fd, SLOT_B, 0, page, sizeof(page)), EROFS);
	CHECK_ERRNO(try_envm_erase(fd, SLOT_WHOLE), EROFS);
	CHECK_OK(try_envm_erase(fd, SLOT_A));
	CHECK_OK(try_envm_lock(fd, SLOT_WHOLE));
	CHECK_EQ(envm_info(fd).locked, 3);
	function_reset();
	CHECK_EQ(envm_info(fd).locked, 0);
	CHECK_OK(try_envm_erase(fd, SLOT_B));
}

/* The device sleeps in between, and is not open to changes afterwards. */
TEST(lock_outlives_sleep)
{
	int fd = open_fresh();

	CHECK_OK(try_envm_lock(fd, SLOT_A));
	sleep(2);
	CHECK_EQ(envm_info(fd).locked, 1u << SLOT_A);
	CHECK_ERRNO(try_envm_erase(fd, SLOT_A), EROFS);
	function_reset();
	CHECK_OK(try_envm_erase(fd, SLOT_A));
}

TEST(programmed_page_is_not_programmed_again)
{
	uint8_t page[ENVM_PAGE] = { 1 };
	int fd = open_fresh();

	CHECK_OK(try_envm_erase(fd, SLOT_A));
	CHECK_OK(try_envm_program(fd, SLOT_A, 0, page, sizeof(page)));
	CHECK_ERRNO(try_envm_program(fd, SLOT_A, 0, page, sizeof(page)), EEXIST);
}

TEST(difference_is_found)
{
	struct drm_edgebert_envm_image image;
	uint8_t bytes[IMAGE_BYTES];
	uint64_t generation;
	int fd = open_fresh();

	envm_pattern(bytes, sizeof(bytes), 21);
	CHECK_OK(try_envm_erase(fd, SLOT_A));
	CHECK_OK(try_envm_program(fd, SLOT_A, 0, bytes, sizeof(bytes)));
	bytes[999] ^= 1;
	CHECK_ERRNO(try_envm_verify(fd, SLOT_A, 0, bytes, sizeof(bytes)), EILSEQ);
	CHECK_OK(try_envm_verify(fd, SLOT_A, 0, bytes, 999));
	image = envm_image_of(bytes, sizeof(bytes), "wrong");
	CHECK_ERRNO(try_envm_commit(fd, SLOT_A, &image, &generation), EILSEQ);
	CHECK_EQ(envm_info(fd).generation, 0);
}

TEST(transfers_refuse_bad_ranges)
{
	static const struct drm_edgebert_envm_transfer bad[] = {
		{ .slot = 3, .size = ENVM_PAGE },
		{ .slot = SLOT_NONE, .size = ENVM_PAGE },
		{ .slot = SLOT_A, .size = 0 },
		{ .slot = SLOT_A, .size = EDGEBERT_HW_ENVM_SLOT_A_BYTES + ENVM_PAGE },
		{ .slot = SLOT_B, .size = ENVM_PAGE, .offset = EDGEBERT_HW_ENVM_SLOT_B_BYTES },
		{ .slot = SLOT_A, .size = 2 * ENVM_PAGE,
		  .offset = EDGEBERT_HW_ENVM_SLOT_A_BYTES - ENVM_PAGE },
		{ .slot = SLOT_A, .size = ENVM_PAGE, .offset = UINT32_MAX - ENVM_PAGE + 1 },
		{ .slot = SLOT_A, .size = ENVM_PAGE, .done = 2 * ENVM_PAGE },
	};
	static const unsigned long requests[] = {
		DRM_IOCTL_EDGEBERT_ENVM_READ,
		DRM_IOCTL_EDGEBERT_ENVM_PROGRAM,
		DRM_IOCTL_EDGEBERT_ENVM_VERIFY,
	};
	struct drm_edgebert_envm_transfer arguments;
	uint8_t bytes[2 * ENVM_PAGE];
	int fd = open_fresh();
	size_t i, j;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (j = 0; j < 3; j++) {
			arguments = bad[i];
			arguments.pointer = (uintptr_t)bytes;
			CHECK_ERRNO(try_ioctl(fd, requests[j], &arguments), EINVAL);
		}
	}
}

TEST(program_refuses_parts_of_pages)
{
	uint8_t bytes[2 * ENVM_PAGE] = { 0 };
	struct drm_edgebert_envm_transfer arguments = {
		.slot = SLOT_A,
		.size = 2 * ENVM_PAGE,
		.done = 8,
		.pointer = (uintptr_t)bytes,
	};
	int fd = open_fresh();

	CHECK_ERRNO(try_envm_program(fd, SLOT_A, 8, bytes, ENVM_PAGE), EINVAL);
	CHECK_ERRNO(try_envm_program(fd, SLOT_A, 0, bytes, 8), EINVAL);
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_PROGRAM, &arguments), EINVAL);
}

TEST(transfers_refuse_bad_pointers)
{
	int fd = open_fresh();

	CHECK_OK(try_envm_erase(fd, SLOT_A));
	CHECK_ERRNO(try_envm_read(fd, SLOT_A, 0, (void *)8, ENVM_PAGE), EFAULT);
	CHECK_ERRNO(try_envm_verify(fd, SLOT_A, 0, (void *)8, ENVM_PAGE), EFAULT);
	CHECK_ERRNO(try_envm_program(fd, SLOT_A, 0, (void *)8, ENVM_PAGE), EFAULT);
}

TEST(slot_operations_refuse)
{
	static const unsigned long requests[] = {
		DRM_IOCTL_EDGEBERT_ENVM_ERASE,
		DRM_IOCTL_EDGEBERT_ENVM_LOCK,
	};
	struct drm_edgebert_envm_slot_operation arguments = { 0 };
	int fd = open_fresh();
	size_t i;

	for (i = 0; i < 2; i++) {
		arguments.slot = SLOT_A;
		arguments.flags = 1;
		CHECK_ERRNO(try_ioctl(fd, requests[i], &arguments), EINVAL);
		arguments.flags = 0;
		arguments.slot = 3;
		CHECK_ERRNO(try_ioctl(fd, requests[i], &arguments), EINVAL);
		arguments.slot = SLOT_NONE;
		CHECK_ERRNO(try_ioctl(fd, requests[i], &arguments), EINVAL);
	}
}

static void check_commit_refused(int fd, struct drm_edgebert_envm_commit arguments)
{
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_COMMIT, &arguments), EINVAL);
}

TEST(commit_refuses)
{
	struct drm_edgebert_envm_commit good = { .slot = SLOT_A }, bad;
	uint8_t bytes[IMAGE_BYTES];
	int fd = open_fresh();

	envm_pattern(bytes, sizeof(bytes), 22);
	good.image = envm_image_of(bytes, sizeof(bytes), "refused");
	bad = good;
	bad.flags = 1;
	check_commit_refused(fd, bad);
	bad = good;
	bad.slot = 3;
	check_commit_refused(fd, bad);
	bad = good;
	bad.slot = SLOT_NONE;
	check_commit_refused(fd, bad);
	bad = good;
	bad.image.bytes = 0;
	check_commit_refused(fd, bad);
	bad = good;
	bad.image.bytes = EDGEBERT_HW_ENVM_SLOT_A_BYTES + 1;
	check_commit_refused(fd, bad);
	bad = good;
	memset(bad.image.id, 0, sizeof(bad.image.id));
	check_commit_refused(fd, bad);
	/* Something behind the name's end. */
	bad = good;
	bad.image.name[31] = 'x';
	check_commit_refused(fd, bad);
}

static void try_changes(int fd)
{
	uint8_t page[ENVM_PAGE] = { 0 };
	struct drm_edgebert_envm_image image = envm_image_of(page, sizeof(page), "ordinary");
	uint64_t generation;

	CHECK_ERRNO(try_envm_erase(fd, SLOT_A), EACCES);
	CHECK_ERRNO(try_envm_program(fd, SLOT_A, 0, page, sizeof(page)), EACCES);
	CHECK_ERRNO(try_envm_verify(fd, SLOT_A, 0, page, sizeof(page)), EACCES);
	CHECK_ERRNO(try_envm_commit(fd, SLOT_A, &image, &generation), EACCES);
	CHECK_ERRNO(try_envm_lock(fd, SLOT_A), EACCES);
}

TEST(ordinary_user_changes_nothing)
{
	as_ordinary_user(try_changes);
}

static void read_and_ask(int fd)
{
	uint8_t page[ENVM_PAGE];

	CHECK_EQ(envm_info(fd).generation, 0);
	CHECK_OK(try_envm_read(fd, SLOT_WHOLE, 0, page, sizeof(page)));
}

TEST(ordinary_user_reads_and_asks)
{
	as_ordinary_user(read_and_ask);
}

/* ---- The whole array ---- */

TEST(whole_array_holds_one_image)
{
	int fd = open_fresh();
	struct workload w;

	workload_init_envm(&w, fd);
	envm_install(fd, SLOT_WHOLE, EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES, 30);
	CHECK_EQ(envm_info(fd).active_slot, SLOT_WHOLE);
	check_reads(&w, 30);
	CHECK_ERRNO(try_envm_erase(fd, SLOT_A), EBUSY);
	CHECK_ERRNO(try_envm_erase(fd, SLOT_B), EBUSY);
	envm_deactivate(fd);
	CHECK_OK(try_envm_erase(fd, SLOT_WHOLE));
}

int main(void)
{
	struct drm_edgebert_envm_info info;
	const char *missing = NULL;
	int fd;

	if (!device_path())
		return harness_main("no EdgeBERT node");
	fd = device_open();
	if (try_envm_info(fd, &info) && errno == EOPNOTSUPP)
		missing = "the device has no eNVM that can be programmed";
	else if (geteuid() != 0)
		missing = "only root may change the eNVM";
	close(fd);
	return harness_main(missing);
}
