// SPDX-License-Identifier: MIT
/*
 * edgebert-fail-bind: binding the driver, or letting go of the device, with allocations failing.
 *
 * usage: edgebert-fail-bind bind|unbind PCI-ADDRESS [STEP]
 * Writes the address to the driver's file of that name with one allocation failing of those of
 * the driver's initialisation or removal: the first, then the one STEP further (1, so all, when not
 * given), and so on until none is left.  A bind that fails must leave nothing behind and the
 * next one succeed; one that succeeds all the same must give a device that works.  Letting go
 * must always leave nothing behind.  The device is bound at the end.  Exit status: 0 all that
 * holds, 4 this kernel cannot inject faults, 1 anything else.
 */
#include "tests/kselftest/device.h"
#include "tests/kselftest/fault.h"

#include <fcntl.h>

#define DRIVER		"/sys/bus/pci/drivers/edgebert/"
#define NTH_MAX		20000

static const char *address;

/* Returns 0, or an errno. */
static int write_address(int fd)
{
	return write(fd, address, strlen(address)) == (ssize_t)strlen(address) ? 0 : errno;
}

/* The driver's file "bind" or "unbind"; opened before any fault. */
static int driver_file(const char *name)
{
	static int files[2] = { -1, -1 };
	int *file = &files[!strcmp(name, "bind")];
	char path[80];

	if (*file < 0) {
		snprintf(path, sizeof(path), DRIVER "%s", name);
		*file = open(path, O_WRONLY | O_CLOEXEC);
		CHECK(*file >= 0);
	}
	return *file;
}

static bool is_bound(void)
{
	char path[80];

	snprintf(path, sizeof(path), DRIVER "%s", address);
	return access(path, F_OK) == 0;
}

static void check_device_works(void)
{
	struct workload w;

	CHECK(device_path() != NULL);
	workload_init(&w, device_open(), 1);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
	workload_close(&w);
}

/* One bind or unbind with a fault; true when there was one. */
static bool try_one(int fd, bool bind, unsigned int nth, unsigned int *failed)
{
	bool injected;
	int error;

	fault_arm(nth);
	error = write_address(fd);
	injected = fault_disarm();
	if (error) {
		/* Any error will do: not all of the kernel's functions say ENOMEM. */
		printf("chance %u: %s\n", nth, strerror(error));
		CHECK(injected);
		(*failed)++;
	}
	CHECK_EQ(is_bound(), bind != (error != 0));
	return injected;
}

static bool is_usage(int argc, char **argv)
{
	return (argc == 3 || (argc == 4 && atoi(argv[3]) > 0)) &&
	       (!strcmp(argv[1], "bind") || !strcmp(argv[1], "unbind"));
}

/* Every step-th chance of a bind or of an unbind, until none is left; how many those were. */
static unsigned int try_all(const char *what, unsigned int step, unsigned int *failed)
{
	unsigned int nth, tried = 0;
	bool bind = !strcmp(what, "bind"), injected = true;

	for (nth = 1; injected; nth += step) {
		CHECK(nth < NTH_MAX);
		if (is_bound() == bind)
			CHECK_EQ(write_address(driver_file(bind ? "unbind" : "bind")), 0);
		injected = try_one(driver_file(what), bind, nth, failed);
		tried += injected;
		if (is_bound())
			check_device_works();
	}
	return tried;
}

/*
 * What the driver's probe calls, and below it what is left alone: drm_dev_init() of Linux 6.12
 * crashes when it can not make the node's device, devfreq_add_device() when it can not make its
 * statistics, what register_irq_proc() could not make is warned about when it is removed, and
 * nobody is told when devtmpfs_create_node() fails: everything works then, without a node.
 */
static const struct {
	const char *name;
	const char *not_in;
} initialisations[] = {
	{ "__devm_drm_dev_alloc", "drm_dev_init" },
	{ "pcim_enable_device", NULL },
	{ "edgebert_irq_init", "register_irq_proc" },
	{ "edgebert_ring_init", NULL },
	{ "edgebert_recovery_init", NULL },
	{ "edgebert_sched_init", NULL },
	{ "edgebert_envm_init", NULL },
	{ "edgebert_envm_find_active", NULL },
	{ "edgebert_devfreq_init", "devfreq_add_device" },
	{ "edgebert_thermal_init", NULL },
	{ "edgebert_hwmon_init", NULL },
	{ "edgebert_debugfs_init", NULL },
	{ "drm_dev_register", "devtmpfs_create_node" },
	{ "edgebert_envm_mtd_register", NULL },
};

static void try_all_binds(unsigned int step)
{
	unsigned int i, tried, failed, all_failed = 0;

	for (i = 0; i < sizeof(initialisations) / sizeof(initialisations[0]); i++) {
		if (!fault_only_in(initialisations[i].name, initialisations[i].not_in))
			harness_fail(__FILE__, __LINE__, "no function %s, or no filter for it",
				     initialisations[i].name);
		failed = 0;
		tried = try_all("bind", step, &failed);
		printf("%s: %u chances taken, %u made the bind fail\n", initialisations[i].name,
		       tried, failed);
		all_failed += failed;
	}
	/* Without any, nothing was tried: the ranges are not what they are taken for. */
	CHECK(all_failed > 0);
}

static void try_all_unbinds(unsigned int step)
{
	unsigned int tried, failed = 0;

	CHECK(fault_only_in("edgebert", NULL));
	tried = try_all("unbind", step, &failed);
	printf("unbind: %u chances taken\n", tried);
	CHECK(tried > 0);
	CHECK_EQ(failed, 0);
}

int main(int argc, char **argv)
{
	const char *missing;
	unsigned int step;

	if (!is_usage(argc, argv)) {
		fprintf(stderr, "usage: edgebert-fail-bind bind|unbind PCI-ADDRESS [STEP]\n");
		return HARNESS_FAILED;
	}
	missing = fault_prepare();
	if (missing)
		SKIP(missing);
	/* What has been printed when the kernel crashes shall be there. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	address = argv[2];
	step = argc == 4 ? (unsigned int)atoi(argv[3]) : 1;
	if (!strcmp(argv[1], "bind"))
		try_all_binds(step);
	else
		try_all_unbinds(step);
	if (!is_bound())
		CHECK_EQ(write_address(driver_file("bind")), 0);
	check_device_works();
	return HARNESS_PASSED;
}
