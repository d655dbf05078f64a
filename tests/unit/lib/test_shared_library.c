// SPDX-License-Identifier: MIT
/*
 * The shared library as others see it: exactly the exported symbols of the ledger, a
 * header that compiles alone in C and C++, and loading at run time.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <edgebert/edgebert.h>

#define LEDGER "lib/libedgebert-rt.symbols"
#define HEADER "lib/include/edgebert/edgebert.h"
#define TEXT_MAX 16384

/* All that a command writes; fails the test when it cannot run or fails. */
static void run(const char *command, char *text, size_t size)
{
	FILE *output = popen(command, "r");
	size_t length;

	assert_non_null(output);
	length = fread(text, 1, size - 1, output);
	text[length] = '\0';
	if (pclose(output) != 0)
		fail_msg("failed: %s\n%s", command, text);
}

static void exported_symbols_are_those_of_the_ledger(void **state)
{
	static char exported[TEXT_MAX], ledger[TEXT_MAX];

	(void)state;
	/* "name@@NODE" -> "name NODE"; the node itself is an absolute symbol. */
	run("nm -D --defined-only " RUNTIME_LIBRARY " | awk '$2 != \"A\" {print $3}' | "
	    "sed 's/@@*/ /' | LC_ALL=C sort", exported, sizeof(exported));
	run("cat " LEDGER, ledger, sizeof(ledger));
	assert_true(strlen(ledger) > 500);
	assert_string_equal(exported, ledger);
}

static void every_function_of_the_header_is_exported(void **state)
{
	static char declared[TEXT_MAX], ledger[TEXT_MAX];

	(void)state;
	run("grep '^EB_API' " HEADER " | grep -o 'eb_[a-z_]*(' | tr -d '(' | LC_ALL=C sort",
	    declared, sizeof(declared));
	run("cut -d' ' -f1 " LEDGER, ledger, sizeof(ledger));
	assert_string_equal(declared, ledger);
}

static void soname_carries_the_major_version(void **state)
{
	static char text[TEXT_MAX];

	(void)state;
	run("readelf -d " RUNTIME_LIBRARY " | grep SONAME", text, sizeof(text));
	assert_non_null(strstr(text, "[libedgebert-rt.so.1]"));
}

static void header_compiles_alone_in_c_and_cpp(void **state)
{
	static const char *const commands[] = {
		"cc -std=c99 -x c", "cc -std=c17 -x c", "c++ -std=c++11 -x c++",
		"c++ -std=c++17 -x c++",
	};
	static char text[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		char command[256];

		snprintf(command, sizeof(command),
			 "echo '#include <edgebert/edgebert.h>' | %s -Wall -Wextra -Werror "
			 "-fsyntax-only -Ilib/include - 2>&1", commands[i]);
		run(command, text, sizeof(text));
	}
}

static void library_loads_and_runs_by_name(void **state)
{
	void *library = dlopen(RUNTIME_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	enum eb_status (*device_open)(const struct eb_device_options *, struct eb_device **);
	struct eb_device *(*device_unref)(struct eb_device *);
	const char *(*version)(void);
	const struct eb_device_options options = {
		.size = sizeof(options), .backend = EB_BACKEND_REFERENCE,
	};
	struct eb_device *device;

	(void)state;
	if (!library)
		fail_msg("%s", dlerror());
	*(void **)&version = dlsym(library, "eb_version");
	*(void **)&device_open = dlsym(library, "eb_device_open");
	*(void **)&device_unref = dlsym(library, "eb_device_unref");
	assert_non_null(version);
	assert_string_equal(version(), "0.1.0");
	assert_int_equal(device_open(&options, &device), EB_OK);
	assert_null(device_unref(device));
	/* Nothing of the inside can be reached. */
	assert_null(dlsym(library, "eb_core_create"));
	assert_null(dlsym(library, "eb_fail"));
	assert_int_equal(dlclose(library), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exported_symbols_are_those_of_the_ledger),
		cmocka_unit_test(every_function_of_the_header_is_exported),
		cmocka_unit_test(soname_carries_the_major_version),
		cmocka_unit_test(header_compiles_alone_in_c_and_cpp),
		cmocka_unit_test(library_loads_and_runs_by_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
