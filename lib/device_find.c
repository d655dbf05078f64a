// SPDX-License-Identifier: MIT
/* Finds device nodes with libudev, and says why there is none or why it can not be opened. */
#include <errno.h>
#include <grp.h>
#include <libkmod.h>
#include <libudev.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/device.h"

#define MODULE_NAME "edgebert"

/* ---- is the module there? ---- */

static bool module_installed(struct kmod_ctx *context)
{
	struct kmod_list *found = NULL;
	bool installed = kmod_module_new_from_lookup(context, MODULE_NAME, &found) >= 0 && found;

	kmod_module_unref_list(found);
	return installed;
}

static bool module_loaded(struct kmod_ctx *context)
{
	struct kmod_module *module;
	int state;

	if (kmod_module_new_from_name(context, MODULE_NAME, &module) < 0)
		return false;
	state = kmod_module_get_initstate(module);
	kmod_module_unref(module);
	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
}

static void ignore_log(void *data, int priority, const char *file, int line, const char *function,
		       const char *format, va_list arguments)
{
	/* libkmod writes to stderr by default; a library must not. */
	(void)data, (void)priority, (void)file, (void)line, (void)function;
	(void)format, (void)arguments;
}

/* Why no node was found.  Always fails. */
static enum eb_status explain_missing(void)
{
	const char *no_configuration = NULL;
	struct kmod_ctx *context = kmod_new(NULL, &no_configuration);
	struct utsname kernel = { 0 };
	bool loaded, installed;

	if (!context)
		return eb_fail(EB_NO_DEVICE, "no EdgeBERT device node below /dev/accel");
	kmod_set_log_fn(context, ignore_log, NULL);
	loaded = module_loaded(context);
	installed = module_installed(context);
	kmod_unref(context);
	uname(&kernel);
	if (loaded)
		return eb_fail(EB_NO_DEVICE,
			       "the " MODULE_NAME " module is loaded but drives no device; see "
			       "\"lspci -d %04x:%04x\" and \"dmesg | grep " MODULE_NAME "\", or use the "
			       "reference backend", EDGEBERT_HW_PCI_VENDOR, EDGEBERT_HW_PCI_DEVICE);
	if (installed)
		return eb_fail(EB_NO_MODULE,
			       "the " MODULE_NAME " module is installed but not loaded; run: sudo "
			       "modprobe " MODULE_NAME ", or use the reference backend");
	return eb_fail(EB_NO_MODULE,
		       "the " MODULE_NAME " module is neither loaded nor installed for kernel %s; "
		       "install it and run: sudo modprobe " MODULE_NAME ", or use the reference "
		       "backend", kernel.release);
}

/* ---- permission on a node ---- */

static void name_owner(uid_t uid, char *name, size_t size)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];

	if (!getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) && found)
		snprintf(name, size, "%s", found->pw_name);
	else
		snprintf(name, size, "%u", uid);
}

static void name_group(gid_t gid, char *name, size_t size)
{
	struct group entry, *found = NULL;
	char buffer[16384];

	if (!getgrgid_r(gid, &entry, buffer, sizeof(buffer), &found) && found)
		snprintf(name, size, "%s", found->gr_name);
	else
		snprintf(name, size, "%u", gid);
}

static enum eb_status explain_permission(const char *path, int error)
{
	char owner[64], group[64], user[64];
	struct stat info;

	if (stat(path, &info))
		return eb_fail(EB_PERMISSION, "%s: %s; a directory above it can not be searched",
			       path, eb_errno_name(error));
	name_owner(info.st_uid, owner, sizeof(owner));
	name_group(info.st_gid, group, sizeof(group));
	name_owner(geteuid(), user, sizeof(user));
	if (info.st_gid && (info.st_mode & 0060) == 0060)
		return eb_fail(EB_PERMISSION,
			       "%s: %s: it belongs to %s:%s with mode %04o and user %s is not in "
			       "group %s; run: sudo usermod -aG %s %s, then log in again", path,
			       eb_errno_name(error), owner, group, info.st_mode & 07777, user, group,
			       group, user);
	return eb_fail(EB_PERMISSION,
		       "%s: %s: it belongs to %s:%s with mode %04o, which lets no group in; run: sudo "
		       "chgrp render %s && sudo chmod 0660 %s, or copy packaging/70-edgebert.rules to "
		       "/etc/udev/rules.d, which does so for good", path, eb_errno_name(error), owner, group, info.st_mode & 07777,
		       path, path);
}

enum eb_status eb_device_explain_open(const char *path, int error)
{
	enum eb_status status;

	switch (error) {
	case EACCES:
	case EPERM:
		return explain_permission(path, error);
	case ENOENT:
	case ENOTDIR:
		status = explain_missing();
		return eb_fail(status, "%s: no such device node: %s", path, eb_error_detail());
	case ENODEV:
	case ENXIO:
		return eb_fail(EB_NO_DEVICE, "%s: no device behind this node (%s); was it removed?",
			       path, eb_errno_name(error));
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return eb_fail(EB_OUT_OF_MEMORY, "%s: can not be opened: %s (%s)", path,
			       strerrordesc_np(error), eb_errno_name(error));
	default:
		return eb_fail(EB_NO_DEVICE, "%s: can not be opened: %s (%s)", path,
			       strerrordesc_np(error), eb_errno_name(error));
	}
}

/* ---- enumeration ---- */

typedef int (*found_function)(const char *path, const char *bus_address, void *opaque);

bool eb_device_is_ours(struct udev_device *device)
{
	struct udev_device *parent = udev_device_get_parent(device);	/* owned by device */
	const char *driver = parent ? udev_device_get_driver(parent) : NULL;

	return driver && !strcmp(driver, MODULE_NAME);
}

/* Calls found() when the entry is a node of our driver; returns what it returned. */
static int visit(struct udev *udev, const char *syspath, found_function found, void *opaque)
{
	struct udev_device *device = udev_device_new_from_syspath(udev, syspath);
	const char *node;
	int result = 0;

	if (!device)
		return 0;	/* it went away meanwhile */
	node = udev_device_get_devnode(device);
	if (node && eb_device_is_ours(device))
		result = found(node, udev_device_get_sysname(udev_device_get_parent(device)),
			       opaque);
	udev_device_unref(device);
	return result;
}

enum eb_status eb_device_find(int (*found)(const char *path, const char *bus_address,
					   void *opaque), void *opaque)
{
	struct udev_enumerate *enumerate = NULL;
	struct udev_list_entry *entry;
	struct udev *udev;
	int result;

	if (!found)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_device_find: found is NULL");
	udev = udev_new();
	if (udev)
		enumerate = udev_enumerate_new(udev);
	if (!enumerate) {
		udev_unref(udev);
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to look for devices");
	}
	result = udev_enumerate_add_match_subsystem(enumerate, "accel");
	if (result >= 0)
		result = udev_enumerate_scan_devices(enumerate);
	if (result >= 0) {
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate)) {
			if (visit(udev, udev_list_entry_get_name(entry), found, opaque))
				break;
		}
	}
	udev_enumerate_unref(enumerate);
	udev_unref(udev);
	return result < 0 ? eb_fail(EB_INTERNAL, "looking for devices below /sys: %s",
				    eb_errno_name(result)) : EB_OK;
}

void eb_device_bus_address(const char *path, char *address, size_t address_size)
{
	struct udev_device *device = NULL, *parent = NULL;
	struct stat info;
	struct udev *udev = udev_new();

	address[0] = '\0';
	if (udev && !stat(path, &info) && S_ISCHR(info.st_mode))
		device = udev_device_new_from_devnum(udev, 'c', info.st_rdev);
	if (device)
		parent = udev_device_get_parent(device);	/* owned by device */
	if (parent)
		snprintf(address, address_size, "%s", udev_device_get_sysname(parent));
	udev_device_unref(device);
	udev_unref(udev);
}

struct first_node {
	char *path;
	size_t size;
	bool found;
};

static int take_first(const char *path, const char *bus_address, void *opaque)
{
	struct first_node *first = opaque;

	(void)bus_address;
	snprintf(first->path, first->size, "%s", path);
	first->found = true;
	return 1;
}

enum eb_status eb_device_find_first(char *path, size_t path_size)
{
	struct first_node first = { .path = path, .size = path_size };
	enum eb_status status = eb_device_find(take_first, &first);

	if (status)
		return status;
	return first.found ? EB_OK : explain_missing();
}
