// SPDX-License-Identifier: MIT
/*
 * The one door to host memory: range, overflow and bus mastering are checked here.
 *
 * Only the worker goes through it, one access at a time and each inside the gate.
 * Closing the gate waits for the access under way, so that a reset, a bus master
 * disable and a power state change leave no DMA behind when they return.
 */
#include <errno.h>

#include "tools/device/pcie/internal.h"

/* The widest bus address a page table entry can hold. */
#define BUS_ADDRESS_END	(EDGEBERT_HW_PTE_ADDRESS + EDGEBERT_HW_PAGE_SIZE)

static bool in_bus_range(uint64_t address, size_t size)
{
	return address < BUS_ADDRESS_END && size <= BUS_ADDRESS_END - address;
}

/* False: DMA is not allowed now.  Otherwise eb_gate_leave() must follow. */
bool eb_gate_enter(struct eb_gate *gate)
{
	bool open;

	pthread_mutex_lock(&gate->lock);
	open = gate->open;
	gate->accessing = open;
	pthread_mutex_unlock(&gate->lock);
	return open;
}

void eb_gate_leave(struct eb_gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->accessing = false;
	/* Whatever used the translations of before the update has ended. */
	gate->update_pending = false;
	pthread_cond_broadcast(&gate->idle);
	pthread_mutex_unlock(&gate->lock);
}

static void close_gate(struct eb_device *device)
{
	struct eb_gate *gate = &device->gate;

	pthread_mutex_lock(&gate->lock);
	if (gate->open) {
		gate->open = false;
		/* An access that waits for the host's answer must not keep us. */
		if (device->host.allow_dma != NULL)
			device->host.allow_dma(device->host.opaque, false);
		while (gate->accessing)
			pthread_cond_wait(&gate->idle, &gate->lock);
	}
	pthread_mutex_unlock(&gate->lock);
}

static void open_gate(struct eb_device *device)
{
	struct eb_gate *gate = &device->gate;

	pthread_mutex_lock(&gate->lock);
	if (!gate->open) {
		gate->open = true;
		if (device->host.allow_dma != NULL)
			device->host.allow_dma(device->host.opaque, true);
	}
	pthread_mutex_unlock(&gate->lock);
}

/* Opens or closes the gate as the function's state demands; device lock held. */
void eb_gate_update(struct eb_device *device)
{
	if (eb_config_bus_master(device) && !device->reset_pending && !device->stopping &&
	    !device->faults.link_down)
		open_gate(device);
	else
		close_gate(device);
}

int eb_host_read_inside(struct eb_device *device, uint64_t address, void *destination,
			size_t size)
{
	if (!in_bus_range(address, size))
		return -EFAULT;
	return device->host.read(device->host.opaque, address, destination, size);
}

int eb_host_write_inside(struct eb_device *device, uint64_t address, const void *source,
			 size_t size)
{
	if (!in_bus_range(address, size))
		return -EFAULT;
	return device->host.write(device->host.opaque, address, source, size);
}

int eb_host_read(struct eb_device *device, uint64_t address, void *destination, size_t size)
{
	int error;

	if (!eb_gate_enter(&device->gate))
		return -EPERM;
	error = eb_host_read_inside(device, address, destination, size);
	eb_gate_leave(&device->gate);
	return error;
}

int eb_host_write(struct eb_device *device, uint64_t address, const void *source, size_t size)
{
	int error;

	if (!eb_gate_enter(&device->gate))
		return -EPERM;
	error = eb_host_write_inside(device, address, source, size);
	eb_gate_leave(&device->gate);
	return error;
}
