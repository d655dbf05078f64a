// SPDX-License-Identifier: MIT
/*
 * Faults inside the kernel, one at a time: the nth allocation or copy of a system call fails.
 *
 * The kernel's own fault injection does it, for one thread, by /proc/thread-self/fail-nth.
 */
#include "tests/kselftest/fault.h"

#include <fcntl.h>
#include <stdlib.h>

#include "tests/kselftest/harness.h"

#define DEBUGFS	"/sys/kernel/debug/"

/* By default only allocations that must not sleep can fail; and each failure is logged. */
static const struct {
	const char *file;
	const char *value;
} settings[] = {
	{ DEBUGFS "failslab/ignore-gfp-wait", "N" },
	{ DEBUGFS "failslab/verbose", "0" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ DEBUGFS "fail_page_alloc/min-order", "0" },
	{ DEBUGFS "fail_page_alloc/verbose", "0" },
	{ DEBUGFS "fail_usercopy/verbose", "0" },
};

static bool write_setting(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	close(fd);
	return written;
}

const char *fault_prepare(void)
{
	size_t i;

	if (access("/proc/thread-self/fail-nth", W_OK))
		return "no fault injection in this kernel";
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!write_setting(settings[i].file, settings[i].value))
			return "no fault injection in this kernel's debugfs";
	return NULL;
}

/* The file of the calling thread; a child has one of its own. */
static int fail_nth_file(void)
{
	static int fd = -1;
	static pid_t owner;

	if (owner != getpid()) {
		fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
		owner = getpid();
	}
	CHECK(fd >= 0);
	return fd;
}

void fault_arm(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);
	int fd = fail_nth_file();

	CHECK_EQ(pwrite(fd, text, (size_t)length, 0), length);
}

bool fault_disarm(void)
{
	char text[16] = "";
	int fd = fail_nth_file();
	ssize_t length;

	/* Both calls are chances to fail too; the second one then has none left. */
	length = pread(fd, text, sizeof(text) - 1, 0);
	if (length < 0)
		text[0] = '1';
	if (pwrite(fd, "0", 1, 0) != 1) {
		text[0] = '1';
		CHECK_EQ(pwrite(fd, "0", 1, 0), 1);
	}
	return atoi(text) == 0;
}

bool fault_is_clean(int error)
{
	/* What shmem says when it can allocate no inode. */
	return error == ENOMEM || error == EFAULT || error == ENOSPC;
}
