// SPDX-License-Identifier: MIT
/* Looks at the PCI bus, the module and the device nodes in the order they depend on each other. */
#include "tools/edgebert/diagnosis.h"

#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/edgebert_hw.h"

#define PCI_DIRECTORY "/sys/bus/pci/devices"
#define MODULE_DIRECTORY "/sys/module/edgebert"
#define DRIVER_DIRECTORY "/sys/bus/pci/drivers/edgebert"
#define NODE_DIRECTORY "/dev/accel"

static unsigned long read_hexadecimal(const char *device, const char *attribute)
{
	char path[PATH_MAX], text[32];
	unsigned long value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", PCI_DIRECTORY, device, attribute);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file))
		value = strtoul(text, NULL, 16);
	fclose(file);
	return value;
}

static void look_at_pci_device(struct findings *findings, const char *device)
{
	char path[PATH_MAX];

	if (read_hexadecimal(device, "vendor") != EDGEBERT_HW_PCI_VENDOR ||
	    read_hexadecimal(device, "device") != EDGEBERT_HW_PCI_DEVICE)
		return;
	findings->devices++;
	snprintf(path, sizeof(path), "%s/%s", DRIVER_DIRECTORY, device);
	findings->bound += access(path, F_OK) == 0;
}

static void look_at_pci(struct findings *findings)
{
	DIR *directory = opendir(PCI_DIRECTORY);
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			look_at_pci_device(findings, entry->d_name);
	closedir(directory);
}

static void look_at_node(struct findings *findings, struct record *list, const char *name)
{
	char path[PATH_MAX], mode[8];
	struct record *record;
	const struct passwd *owner;
	const struct group *group;
	struct stat status;
	bool usable;

	snprintf(path, sizeof(path), "%s/%s", NODE_DIRECTORY, name);
	if (stat(path, &status) != 0 || !S_ISCHR(status.st_mode))
		return;
	owner = getpwuid(status.st_uid);
	group = getgrgid(status.st_gid);
	usable = access(path, R_OK | W_OK) == 0;
	findings->nodes++;
	findings->usable += usable;
	snprintf(mode, sizeof(mode), "%04o", status.st_mode & 07777);
	record = record_add_record(list, "", NULL);
	record_add_text(record, "path", "node", path);
	record_add_text(record, "mode", "mode", mode);
	record_add_text(record, "owner", "owner", owner ? owner->pw_name : "?");
	record_add_text(record, "group", "group", group ? group->gr_name : "?");
	record_add_boolean(record, "usable", "usable by you", usable);
}

static void look_at_nodes(struct findings *findings, struct record *list)
{
	DIR *directory = opendir(NODE_DIRECTORY);
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			look_at_node(findings, list, entry->d_name);
	closedir(directory);
}

const char *diagnosis_advice(const struct findings *findings, enum eb_status failure)
{
	if (findings->devices == 0)
		return "no EdgeBERT is on the PCI bus: check the board (or, in a VM, that the "
		       "device process runs), or use --backend reference";
	if (!findings->module_loaded)
		return "load the driver: modprobe edgebert";
	if (findings->bound == 0)
		return "the driver did not accept the device: its reason is in the kernel log "
		       "(dmesg | grep edgebert)";
	if (findings->nodes == 0)
		return "there is no device node below /dev/accel: check that devtmpfs is mounted "
		       "and udev runs";
	if (findings->usable == 0)
		return "you may not open the node: add your user to the node's group and log in "
		       "again, or ask the administrator";
	if (failure == EB_DEVICE_LOST || failure == EB_DEVICE_TIMEOUT)
		return "device and node are there, but the device does not answer: check the board "
		       "(or, in a VM, that the device process runs) and the kernel log (dmesg | grep "
		       "edgebert)";
	return "the device and its node look right: the error above says why opening it failed";
}

void diagnosis_add(struct record *record, enum eb_status failure)
{
	struct findings findings = { .module_loaded = access(MODULE_DIRECTORY, F_OK) == 0 };
	struct record *inner = record_add_record(record, "diagnosis", "diagnosis");

	look_at_pci(&findings);
	record_add_whole(inner, "pci_devices", "EdgeBERT devices on the PCI bus", "",
			 findings.devices);
	record_add_boolean(inner, "module_loaded", "module loaded", findings.module_loaded);
	record_add_whole(inner, "devices_bound", "devices with the driver", "", findings.bound);
	look_at_nodes(&findings, record_add_list(inner, "nodes", "nodes below /dev/accel"));
	record_add_text(inner, "advice", "what to do", diagnosis_advice(&findings, failure));
}
