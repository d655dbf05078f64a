/* SPDX-License-Identifier: MIT */
/*
 * The PCIe function as its transport sees it: configuration space, two BARs, resets.
 *
 * The transport (vfio-user/, or a unit test) calls in for every access of the host and
 * offers callbacks for what the function does by itself: DMA and interrupts.  All
 * calls return promptly, whatever the function computes: jobs run in a thread of
 * the function.  Accesses must come from one thread at a time.
 */
#ifndef EDGEBERT_DEVICE_PCIE_DEVICE_H
#define EDGEBERT_DEVICE_PCIE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eb_device;
struct eb_envm;

/* Called from the function's own thread, except allow_dma and interrupt: from any. */
struct eb_device_host {
	void *opaque;
	/*
	 * Bus addresses; the range may cross mappings.  Return 0 or a negative errno.
	 * A write of 4 aligned bytes reaches the host in one piece and after the
	 * bytes of all earlier writes.
	 */
	int (*read)(void *opaque, uint64_t address, void *destination, size_t size);
	int (*write)(void *opaque, uint64_t address, const void *source, size_t size);
	/*
	 * While not allowed, read and write fail without delay, also those that are
	 * under way.  Optional for transports whose accesses never wait.
	 */
	void (*allow_dma)(void *opaque, bool allowed);
	/* Sends the MSI-X message of a vector; false: there is nobody to take it yet. */
	bool (*interrupt)(void *opaque, unsigned int vector);
	/* Optional: one line about something a host should not have done. */
	void (*event)(void *opaque, const char *text);
};

struct eb_device_options {
	const char *profile;	/* NULL: the core's default */
	unsigned int threads;	/* that work on one job, at most EB_CORE_THREADS_MAX; 0: one */
	bool paced;		/* completions and eNVM operations take the modelled time */
	/* NULL: as profiles/thermal.def says; else 1/1000 degree C, see thermal.h. */
	const int32_t *ambient;
	struct eb_envm *envm;	/* stays the caller's, outlives the device; NULL: an erased one */
};

enum eb_device_region {
	EB_DEVICE_REGISTERS,	/* BAR0 */
	EB_DEVICE_MSIX,		/* BAR2 */
	EB_DEVICE_CONFIG,
	EB_DEVICE_REGION_COUNT,
};

/* NULL with errno: ENOENT (no such profile), ENOMEM, EAGAIN (no thread). */
struct eb_device *eb_device_create(const struct eb_device_options *options,
				   const struct eb_device_host *host);
/* Stops everything; no callback is made after it returns.  NULL is accepted. */
void eb_device_destroy(struct eb_device *device);

size_t eb_device_region_size(enum eb_device_region region);

/* offset and size must be inside the region; other access rules are the region's. */
void eb_device_read(struct eb_device *device, enum eb_device_region region, uint32_t offset,
		    void *destination, size_t size);
void eb_device_write(struct eb_device *device, enum eb_device_region region, uint32_t offset,
		     const void *source, size_t size);

/* Conventional reset, as at power-on, except for the contents of the eNVM. */
void eb_device_reset(struct eb_device *device);

/* A vector that could not be delivered may be deliverable now. */
void eb_device_interrupts_available(struct eb_device *device);

/*
 * The eNVM, for what no host can do to it: loading, ageing, flipped bits, power cuts (see
 * core/envm.h).  A conventional reset is the power-on after a cut.
 */
struct eb_envm *eb_device_envm(struct eb_device *device);
const char *eb_device_profile(const struct eb_device *device);

#endif /* EDGEBERT_DEVICE_PCIE_DEVICE_H */
