/* SPDX-License-Identifier: MIT */
/*
 * A small test harness: TAP output, every test in a process of its own.
 *
 * TEST(name) { ... } registers a test.  A failed CHECK ends it and says where; so do a
 * crash and a time limit.  SKIP ends it without judgement.
 */
#ifndef EDGEBERT_KSELFTEST_HARNESS_H
#define EDGEBERT_KSELFTEST_HARNESS_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit statuses of a test's process; 4 is also what kselftest calls skipped. */
#define HARNESS_PASSED	0
#define HARNESS_FAILED	1
#define HARNESS_SKIPPED	4

struct harness_test {
	const char *name;
	void (*run)(void);
	unsigned int limit_s;
	struct harness_test *next;
};

void harness_register(struct harness_test *test);
int harness_main(const char *requirement_missing);

/* More than 1 on kernels that check every access. */
unsigned int harness_time_scale(void);

/* Only a hang takes so long, however slow the machine. */
#define HARNESS_LIMIT_S 60

#define TEST_LIMIT(test_name, seconds)						\
	static void test_##test_name(void);					\
	__attribute__((constructor)) static void register_##test_name(void)	\
	{									\
		static struct harness_test test = {				\
			.name = #test_name,					\
			.run = test_##test_name,				\
			.limit_s = seconds,					\
		};								\
		harness_register(&test);					\
	}									\
	static void test_##test_name(void)

#define TEST(test_name) TEST_LIMIT(test_name, HARNESS_LIMIT_S)

__attribute__((noreturn, format(printf, 3, 4)))
void harness_fail(const char *file, int line, const char *format, ...);
__attribute__((noreturn)) void harness_skip(const char *reason);

#define SKIP(reason) harness_skip(reason)

#define CHECK(condition)							\
	do {									\
		if (!(condition))						\
			harness_fail(__FILE__, __LINE__, "not true: %s", #condition); \
	} while (0)

#define CHECK_EQ(actual, expected)						\
	do {									\
		long long harness_actual = (long long)(actual);			\
		long long harness_expected = (long long)(expected);		\
		if (harness_actual != harness_expected)				\
			harness_fail(__FILE__, __LINE__, "%s is %lld (%#llx), not %s = %lld", \
				     #actual, harness_actual, harness_actual,	\
				     #expected, harness_expected);		\
	} while (0)

/* A call that returns -1 and errno. */
#define CHECK_ERRNO(call, error)						\
	do {									\
		int harness_result = (call);					\
		int harness_errno = errno;					\
		if (harness_result != -1)					\
			harness_fail(__FILE__, __LINE__, "%s returned %d, expected %s", \
				     #call, harness_result, #error);		\
		if (harness_errno != (error))					\
			harness_fail(__FILE__, __LINE__, "%s failed with %s, expected %s", \
				     #call, strerror(harness_errno), #error);	\
	} while (0)

/* A call that succeeds with 0. */
#define CHECK_OK(call)								\
	do {									\
		int harness_result = (call);					\
		if (harness_result != 0)					\
			harness_fail(__FILE__, __LINE__, "%s returned %d: %s", #call,	\
				     harness_result, strerror(errno));		\
	} while (0)

#endif /* EDGEBERT_KSELFTEST_HARNESS_H */
