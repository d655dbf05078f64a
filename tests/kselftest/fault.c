// SPDX-License-Identifier: MIT
/*
 * Faults inside the kernel, one at a time: the nth allocation or copy of a system call fails.
 *
 * The kernel's own fault injection does it, for one thread, by /proc/thread-self/fail-nth.
 */
#include "tests/kselftest/fault.h"

#include <fcntl.h>
#include <stdint.h>
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

/* Where a module's code begins, by /proc/modules: "NAME SIZE ... ADDRESS"; 0: there is none. */
static unsigned long long find_module(const char *module, unsigned long long *size)
{
	FILE *file = fopen("/proc/modules", "re");
	unsigned long long address = 0;
	char line[512], name[64];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%63s %llu %*s %*s %*s %llx", name, size, &address) == 3 &&
			!strcmp(name, module);
	if (file)
		fclose(file);
	return found ? address : 0;
}

/* The lowest address above this one that has a name, or that of the function of this name. */
static unsigned long long find_symbol(const char *function, unsigned long long above)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long address, found = 0;
	char line[512], name[256];

	/* Modules' names come last, and in no order. */
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %*c %255s", &address, name) != 2 || address <= above ||
		    (function && strcmp(name, function)))
			continue;
		if (!found || address < found)
			found = address;
	}
	if (file)
		fclose(file);
	return found;
}

/* An address range that each injector looks for in the stack of whoever asks for memory. */
static bool write_range(const char *what, unsigned long long start, unsigned long long end)
{
	static const char * const injectors[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	char path[128], text[32];
	size_t i;

	for (i = 0; i < sizeof(injectors) / sizeof(injectors[0]); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s/%s-start", injectors[i], what);
		snprintf(text, sizeof(text), "%#llx", start);
		if (!write_setting(path, text))
			return false;
		snprintf(path, sizeof(path), DEBUGFS "%s/%s-end", injectors[i], what);
		snprintf(text, sizeof(text), "%#llx", end);
		if (!write_setting(path, text))
			return false;
	}
	return true;
}

/* Of a module, or else of a function: that ends where the next one begins. */
static bool set_range(const char *what, const char *name)
{
	unsigned long long size, start = find_module(name, &size);

	if (start)
		return write_range(what, start, start + size);
	start = find_symbol(name, 0);
	return start && write_range(what, start, find_symbol(NULL, start));
}

bool fault_only_in(const char *name, const char *not_in)
{
	return set_range("require", name) &&
	       (not_in ? set_range("reject", not_in) : write_range("reject", 0, 0));
}

/* Nobody else shall run with the ranges of a program before. */
static void fault_anywhere(void)
{
	/* Fails where the kernel has no such filter, and so no ranges. */
	write_range("require", 0, UINT64_MAX);
	write_range("reject", 0, 0);
}

/* One setting of each injector of allocations. */
static bool set_allocations(const char *what, const char *value)
{
	static const char * const injectors[] = { "failslab", "fail_page_alloc" };
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(injectors) / sizeof(injectors[0]); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s/%s", injectors[i], what);
		if (!write_setting(path, value))
			return false;
	}
	return true;
}

bool fault_everywhere(const char *name, unsigned int percent)
{
	char text[16];

	if (!percent) {
		/* First: without ranges it would be true of all of the kernel. */
		if (!set_allocations("probability", "0"))
			return false;
		fault_anywhere();
		return true;
	}
	snprintf(text, sizeof(text), "%u", percent);
	return fault_only_in(name, NULL) && set_allocations("task-filter", "N") &&
	       set_allocations("times", "-1") && set_allocations("probability", text);
}

const char *fault_prepare(void)
{
	size_t i;

	if (access("/proc/thread-self/fail-nth", W_OK))
		return "no fault injection in this kernel";
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!write_setting(settings[i].file, settings[i].value))
			return "no fault injection in this kernel's debugfs";
	fault_anywhere();
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
