/* SPDX-License-Identifier: MIT */
/*
 * What goes over the socket: vfio-user messages, protocol version 0.1.
 *
 * Written from the published specification.  All fields are in host byte order and
 * naturally aligned; file descriptors travel beside a message, not in it.
 */
#ifndef EDGEBERT_DEVICE_VFIO_USER_PROTOCOL_H
#define EDGEBERT_DEVICE_VFIO_USER_PROTOCOL_H

#include <stdint.h>

#define VFIO_USER_MAJOR		0
#define VFIO_USER_MINOR		1

enum vfio_user_command {
	VFIO_USER_VERSION = 1,
	VFIO_USER_DMA_MAP = 2,
	VFIO_USER_DMA_UNMAP = 3,
	VFIO_USER_DEVICE_GET_INFO = 4,
	VFIO_USER_DEVICE_GET_REGION_INFO = 5,
	VFIO_USER_DEVICE_GET_REGION_IO_FDS = 6,
	VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
	VFIO_USER_DEVICE_SET_IRQS = 8,
	VFIO_USER_REGION_READ = 9,
	VFIO_USER_REGION_WRITE = 10,
	VFIO_USER_DMA_READ = 11,	/* from the server to the client */
	VFIO_USER_DMA_WRITE = 12,	/* from the server to the client */
	VFIO_USER_DEVICE_RESET = 13,
};

struct vfio_user_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;			/* of the message, with this header */
	uint32_t flags;
	uint32_t error;			/* errno of a reply with FLAG_ERROR */
};

#define VFIO_USER_TYPE_MASK	0xfu
#define VFIO_USER_TYPE_COMMAND	0u
#define VFIO_USER_TYPE_REPLY	1u
#define VFIO_USER_FLAG_NO_REPLY	(1u << 4)
#define VFIO_USER_FLAG_ERROR	(1u << 5)

/* Followed by JSON text with its terminating zero. */
struct vfio_user_version {
	uint16_t major;
	uint16_t minor;
};

/* What a side that names no limits is taken to accept. */
#define VFIO_USER_DEFAULT_DATA_BYTES	1048576u
#define VFIO_USER_DEFAULT_FDS		1u

#define VFIO_USER_DMA_READABLE	(1u << 0)
#define VFIO_USER_DMA_WRITABLE	(1u << 1)

struct vfio_user_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;		/* in the file that comes with the message */
	uint64_t address;
	uint64_t size;
};

#define VFIO_USER_UNMAP_ALL	(1u << 1)

struct vfio_user_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
};

#define VFIO_USER_DEVICE_FLAG_RESET	(1u << 0)
#define VFIO_USER_DEVICE_FLAG_PCI	(1u << 1)

struct vfio_user_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t regions;
	uint32_t irqs;
};

/* Region numbers of a PCI device */
#define VFIO_USER_REGION_BAR0	0
#define VFIO_USER_REGION_BAR2	2
#define VFIO_USER_REGION_CONFIG	7
#define VFIO_USER_REGION_COUNT	9

#define VFIO_USER_REGION_FLAG_READ	(1u << 0)
#define VFIO_USER_REGION_FLAG_WRITE	(1u << 1)

struct vfio_user_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t capability_offset;
	uint64_t size;
	uint64_t offset;
};

/* Interrupt types of a PCI device */
#define VFIO_USER_IRQ_MSIX	2
#define VFIO_USER_IRQ_COUNT	5

#define VFIO_USER_IRQ_FLAG_EVENTFD	(1u << 0)

struct vfio_user_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

#define VFIO_USER_IRQ_DATA_NONE		(1u << 0)
#define VFIO_USER_IRQ_DATA_BOOL		(1u << 1)
#define VFIO_USER_IRQ_DATA_EVENTFD	(1u << 2)
#define VFIO_USER_IRQ_ACTION_MASK	(1u << 3)
#define VFIO_USER_IRQ_ACTION_UNMASK	(1u << 4)
#define VFIO_USER_IRQ_ACTION_TRIGGER	(1u << 5)

struct vfio_user_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

struct vfio_user_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
};

struct vfio_user_dma_access {
	uint64_t address;
	uint64_t count;
};

_Static_assert(sizeof(struct vfio_user_header) == 16, "header");
_Static_assert(sizeof(struct vfio_user_version) == 4, "version");
_Static_assert(sizeof(struct vfio_user_dma_map) == 32, "DMA_MAP");
_Static_assert(sizeof(struct vfio_user_dma_unmap) == 24, "DMA_UNMAP");
_Static_assert(sizeof(struct vfio_user_device_info) == 16, "DEVICE_GET_INFO");
_Static_assert(sizeof(struct vfio_user_region_info) == 32, "DEVICE_GET_REGION_INFO");
_Static_assert(sizeof(struct vfio_user_irq_info) == 16, "DEVICE_GET_IRQ_INFO");
_Static_assert(sizeof(struct vfio_user_irq_set) == 20, "DEVICE_SET_IRQS");
_Static_assert(sizeof(struct vfio_user_region_access) == 16, "REGION_READ, REGION_WRITE");
_Static_assert(sizeof(struct vfio_user_dma_access) == 16, "DMA_READ, DMA_WRITE");

#endif /* EDGEBERT_DEVICE_VFIO_USER_PROTOCOL_H */
