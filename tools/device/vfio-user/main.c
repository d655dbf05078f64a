// SPDX-License-Identifier: MIT
/*
 * edgebert-device: the virtual EdgeBERT accelerator as a vfio-user server.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/device/core/core.h"
#include "tools/device/core/envm.h"
#include "tools/device/pcie/thermal.h"
#include "tools/device/vfio-user/control.h"
#include "tools/device/vfio-user/server.h"

enum exit_status {
	EXIT_OK,
	EXIT_FAILED,
	EXIT_USAGE,
};

struct settings {
	const char *socket;
	struct eb_envm_options envm;
	const char *envm_image;
	const char *control;
	const char *faults;
	const char *send;	/* NULL: serve */
	int32_t ambient;
	struct eb_server_options server;
};

static void print_help(void)
{
	printf("usage: edgebert-device --socket PATH [OPTION...]\n"
	       "Serves a virtual EdgeBERT accelerator to a virtual machine over vfio-user.\n\n"
	       "  --socket PATH   where to listen; the socket file is removed at the end\n"
	       "  --profile NAME  modelled part, one of:");
	for (const char *const *name = eb_core_profile_names(); *name != NULL; name++)
		printf(" %s", *name);
	printf("\n"
	       "                  (the first is the default)\n"
	       "  --envm FILE     where the embedded non-volatile memory lives; created, erased,\n"
	       "                  when there is none (without this option it is lost at the end)\n"
	       "  --envm-image FILE    fill that memory with these contents, at most %d bytes\n"
	       "  --envm-errors SEED   its cells err at the rates of real ones, by this seed;\n"
	       "                       otherwise never\n"
	       "  --control PATH  where to listen for commands of the debug interface: faults on\n"
	       "                  demand, the device's state; --send PATH help lists them\n"
	       "  --faults FILE   carry out the commands in this file before the first client\n"
	       "  --send PATH COMMAND...  send a command, or those of stdin, to a running\n"
	       "                  device's --control socket and print the answer\n"
	       "  --threads COUNT threads that work on one job, 1 (the default) to %d; results do\n"
	       "                  not depend on it\n"
	       "  --pace          jobs take the time that the modelled part would\n"
	       "  --ambient DEGREES    ambient temperature in degree C, %d to %d (default %d): a\n"
	       "                  device that gets hot, as modelled, works more slowly\n"
	       "  --verbose       say on stderr what clients and guests do wrong\n"
	       "  --version       print the version\n"
	       "  --help          print this text\n\n"
	       "Serves one client at a time.  When it goes away the device is reset and the\n"
	       "next one can connect.  Ends cleanly on SIGTERM and SIGINT.\n",
	       EDGEBERT_HW_ENVM_BYTES, EB_CORE_THREADS_MAX, EB_AMBIENT_MIN / 1000,
	       EB_AMBIENT_MAX / 1000, eb_thermal_default_ambient() / 1000);
}

__attribute__((format(printf, 1, 2)))
static void complain(const char *format, ...)
{
	va_list arguments;

	fputs("edgebert-device: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static bool parse_seed(const char *text, struct eb_envm_options *options)
{
	char *end;

	errno = 0;
	options->seed = strtoull(text, &end, 0);
	options->rates = eb_envm_default_rates();
	if (errno == 0 && end != text && *end == '\0' && text[0] != '-')
		return true;
	complain("--envm-errors '%s' is not a whole number from 0 to 2^64 - 1", text);
	return false;
}

static bool parse_threads(const char *text, unsigned int *ret_threads)
{
	char *end;
	unsigned long threads = strtoul(text, &end, 10);

	*ret_threads = (unsigned int)threads;
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && threads >= 1 &&
	    threads <= EB_CORE_THREADS_MAX)
		return true;
	complain("--threads '%s' is not a whole number from 1 to %d", text, EB_CORE_THREADS_MAX);
	return false;
}

static bool parse_ambient(const char *text, struct settings *settings)
{
	settings->server.ambient = &settings->ambient;
	if (eb_thermal_parse(text, &settings->ambient))
		return true;
	complain("--ambient '%s' is not a temperature from %d to %d degree C", text,
		 EB_AMBIENT_MIN / 1000, EB_AMBIENT_MAX / 1000);
	return false;
}

/* True: go on.  Otherwise *ret_status is the program's. */
static bool parse_options(int count, char **values, struct settings *settings,
			  enum exit_status *ret_status)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "profile", required_argument, NULL, 'p' },
		{ "envm", required_argument, NULL, 'e' },
		{ "envm-image", required_argument, NULL, 'i' },
		{ "envm-errors", required_argument, NULL, 'E' },
		{ "control", required_argument, NULL, 'c' },
		{ "faults", required_argument, NULL, 'f' },
		{ "send", required_argument, NULL, 'S' },
		{ "threads", required_argument, NULL, 't' },
		{ "ambient", required_argument, NULL, 'a' },
		{ "pace", no_argument, NULL, 'P' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	*ret_status = EXIT_USAGE;
	while ((option = getopt_long(count, values, "+", options, NULL)) != -1) {
		switch (option) {
		case 's':
			settings->socket = optarg;
			break;
		case 'p':
			settings->server.profile = optarg;
			break;
		case 'e':
			settings->envm.path = optarg;
			break;
		case 'i':
			settings->envm_image = optarg;
			break;
		case 'E':
			if (!parse_seed(optarg, &settings->envm))
				return false;
			break;
		case 'a':
			if (!parse_ambient(optarg, settings))
				return false;
			break;
		case 'c':
			settings->control = optarg;
			break;
		case 'f':
			settings->faults = optarg;
			break;
		case 'S':
			settings->send = optarg;
			return true;
		case 't':
			if (!parse_threads(optarg, &settings->server.threads))
				return false;
			break;
		case 'P':
			settings->server.paced = true;
			break;
		case 'v':
			settings->server.verbose = true;
			break;
		case 'V':
			printf("edgebert-device %s\n", EDGEBERT_VERSION);
			*ret_status = EXIT_OK;
			return false;
		case 'h':
			print_help();
			*ret_status = EXIT_OK;
			return false;
		default:
			complain("see --help");
			return false;
		}
	}
	if (optind < count) {
		complain("unexpected argument '%s'; see --help", values[optind]);
		return false;
	}
	if (settings->socket == NULL) {
		complain("--socket PATH is missing; see --help");
		return false;
	}
	return true;
}

/* Reads up to size + 1 bytes, so that a file too long shows. */
static ssize_t read_file(int fd, uint8_t *bytes, size_t size)
{
	size_t used = 0;
	uint8_t extra;

	for (;;) {
		ssize_t got = used < size ? read(fd, bytes + used, size - used) :
					    read(fd, &extra, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			return used;
		used += got;
		if (used > size)
			return used;
	}
}

static bool load_image(struct eb_envm *envm, const char *path)
{
	static uint8_t contents[EDGEBERT_HW_ENVM_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read_file(fd, contents, sizeof(contents));
	bool loaded = false;

	if (size < 0)
		complain("cannot read the eNVM contents '%s': %s", path, strerror(errno));
	else if (size > EDGEBERT_HW_ENVM_BYTES)
		complain("the eNVM contents '%s' have more than the %d bytes of the eNVM", path,
			 EDGEBERT_HW_ENVM_BYTES);
	else if (eb_envm_load(envm, contents, size) != EDGEBERT_HW_ENVM_OK)
		complain("cannot write the contents of '%s' to the eNVM's file; is the disk full?",
			 path);
	else
		loaded = true;
	if (fd >= 0)
		close(fd);
	return loaded;
}

/* NULL: the reason was told. */
static struct eb_envm *open_envm(const struct settings *settings)
{
	char message[300];
	struct eb_envm *envm = eb_envm_create(&settings->envm, message, sizeof(message));

	if (envm == NULL) {
		complain("%s", message);
	} else if (settings->envm_image != NULL && !load_image(envm, settings->envm_image)) {
		eb_envm_destroy(envm);
		envm = NULL;
	}
	return envm;
}

/* Readable once the program is asked to end. */
static int open_stop_fd(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	/* Blocked before any thread exists, so that all inherit it. */
	if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void complain_about_socket(const char *path, int error)
{
	switch (-error) {
	case ENAMETOOLONG:
		complain("the socket path '%s' is too long; use one of at most 107 characters", path);
		break;
	case EADDRINUSE:
		complain("another server is listening on '%s'; end it or use another path", path);
		break;
	case EEXIST:
		complain("'%s' exists and is not a socket; use another path", path);
		break;
	default:
		complain("cannot listen on '%s': %s", path, strerror(-error));
	}
}

static enum exit_status serve_clients(struct eb_server *server, const char *path, int stop_fd)
{
	enum exit_status status = EXIT_OK;
	int listener, result;

	result = eb_socket_listen(path, &listener);
	if (result != 0) {
		complain_about_socket(path, result);
		return EXIT_FAILED;
	}
	eb_server_log(server, "listening on %s, profile %s", path,
		      eb_device_profile(server->device));
	for (;;) {
		int client;

		result = eb_socket_accept(listener, stop_fd, &client);
		if (result != 0)
			break;
		if (eb_server_serve(server, client, stop_fd)) {
			result = -ECANCELED;
			break;
		}
	}
	if (result != -ECANCELED) {
		complain("cannot accept clients on '%s': %s", path, strerror(-result));
		status = EXIT_FAILED;
	}
	close(listener);
	unlink(path);
	return status;
}

/* False: the reason was told. */
static bool start_debugging(struct eb_server *server, const struct settings *settings,
			    struct eb_control **ret_control)
{
	char message[300];
	int error;

	*ret_control = NULL;
	if (settings->faults != NULL) {
		if (!eb_control_run_file(server->device, settings->faults, message,
					 sizeof(message))) {
			complain("%s", message);
			return false;
		}
		/* Registers that shall lie do so from a reset on. */
		eb_device_reset(server->device);
	}
	if (settings->control == NULL)
		return true;
	*ret_control = eb_control_start(server->device, settings->control, &error);
	if (*ret_control == NULL)
		complain_about_socket(settings->control, error);
	return *ret_control != NULL;
}

static enum exit_status run(struct settings *settings, int stop_fd)
{
	struct eb_server *server = eb_server_create(&settings->server);
	enum exit_status status = EXIT_FAILED;
	struct eb_control *control;

	if (server == NULL && errno == ENOENT) {
		complain("there is no profile '%s'; --help lists them", settings->server.profile);
		return EXIT_USAGE;
	}
	if (server == NULL) {
		complain("cannot create the device: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (start_debugging(server, settings, &control))
		status = serve_clients(server, settings->socket, stop_fd);
	eb_control_stop(control);
	eb_server_destroy(server);
	return status;
}

int main(int count, char **values)
{
	struct settings settings = { 0 };
	enum exit_status status;
	int stop_fd;

	if (!parse_options(count, values, &settings, &status))
		return status;
	if (settings.send != NULL)
		return eb_control_send(settings.send, values + optind, count - optind);
	stop_fd = open_stop_fd();
	if (stop_fd < 0) {
		complain("cannot handle signals: %s", strerror(errno));
		return EXIT_FAILED;
	}
	settings.server.envm = open_envm(&settings);
	status = settings.server.envm == NULL ? EXIT_FAILED : run(&settings, stop_fd);
	eb_envm_destroy(settings.server.envm);
	close(stop_fd);
	return status;
}
