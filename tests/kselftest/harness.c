// SPDX-License-Identifier: MIT
/*
 * Runs the registered tests one after the other and prints TAP.
 */
#include "tests/kselftest/harness.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

static struct harness_test *first_test;
static struct harness_test **last_test = &first_test;
static unsigned int test_count;

void harness_register(struct harness_test *test)
{
	*last_test = test;
	last_test = &test->next;
	test_count++;
}

void harness_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	printf("# %s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	/* Not exit(): the test may be the child of a test, with its buffers. */
	_exit(HARNESS_FAILED);
}

void harness_skip(const char *reason)
{
	printf("# skipped: %s\n", reason);
	fflush(stdout);
	_exit(HARNESS_SKIPPED);
}

/* Time limits are for ordinary kernels: TEST_TIME_SCALE multiplies them. */
unsigned int harness_time_scale(void)
{
	const char *text = getenv("TEST_TIME_SCALE");
	int scale = text ? atoi(text) : 1;

	return scale > 0 ? (unsigned int)scale : 1;
}

/* The test's process group is ended with it, so that no child of it outlives the test. */
static int run_test(const struct harness_test *test)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return HARNESS_FAILED;
	if (pid == 0) {
		setpgid(0, 0);
		alarm(test->limit_s * harness_time_scale());
		test->run();
		fflush(stdout);
		_exit(HARNESS_PASSED);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return HARNESS_FAILED;
	kill(-pid, SIGKILL);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("# ended by signal %d%s\n", WTERMSIG(status),
	       WTERMSIG(status) == SIGALRM ? ": took too long" : "");
	return HARNESS_FAILED;
}

/* requirement_missing: why no test can run at all, or NULL. */
int harness_main(const char *requirement_missing)
{
	const struct harness_test *test;
	unsigned int number = 0, failed = 0;
	int result;

	if (requirement_missing) {
		printf("1..0 # SKIP %s\n", requirement_missing);
		return HARNESS_SKIPPED;
	}
	printf("TAP version 13\n1..%u\n", test_count);
	for (test = first_test; test; test = test->next) {
		result = run_test(test);
		number++;
		failed += result != HARNESS_PASSED && result != HARNESS_SKIPPED;
		printf("%s %u - %s%s\n",
		       result == HARNESS_PASSED || result == HARNESS_SKIPPED ? "ok" : "not ok",
		       number, test->name, result == HARNESS_SKIPPED ? " # SKIP" : "");
	}
	return failed ? HARNESS_FAILED : HARNESS_PASSED;
}
