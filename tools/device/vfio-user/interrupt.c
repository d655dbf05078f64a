// SPDX-License-Identifier: MIT
/*
 * Interrupts as the client sees them: MSI-X vectors that are signalled by eventfds.
 *
 * The client owns the MSI-X table its guest sees.  It masks a vector by taking the
 * eventfd away, and brings several in batches that start and grow as it likes.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tools/device/vfio-user/server.h"

#define DATA_MASK	(VFIO_USER_IRQ_DATA_NONE | VFIO_USER_IRQ_DATA_BOOL | VFIO_USER_IRQ_DATA_EVENTFD)
#define ACTION_MASK	(VFIO_USER_IRQ_ACTION_MASK | VFIO_USER_IRQ_ACTION_UNMASK | \
			 VFIO_USER_IRQ_ACTION_TRIGGER)

int eb_handle_irq_info(struct eb_server *server, struct eb_message *message,
		       struct eb_reply *reply)
{
	struct vfio_user_irq_info info;

	(void)server;
	memcpy(&info, message->payload, sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFIO_USER_IRQ_COUNT)
		return -EINVAL;
	info = (struct vfio_user_irq_info) { .argsz = sizeof(info), .index = info.index };
	if (info.index == VFIO_USER_IRQ_MSIX) {
		info.flags = VFIO_USER_IRQ_FLAG_EVENTFD;
		info.count = EDGEBERT_HW_IRQ_COUNT;
	}
	memcpy(reply->payload, &info, sizeof(info));
	reply->size = sizeof(info);
	return 0;
}

/* Interrupts' lock held.  Never blocks, whatever kind of file the client passed. */
static bool signal_vector(struct eb_interrupts *interrupts, unsigned int vector)
{
	struct pollfd descriptor = { .fd = interrupts->eventfds[vector], .events = POLLOUT };
	uint64_t one = 1;

	if (descriptor.fd < 0)
		return false;
	if (poll(&descriptor, 1, 0) != 1 || !(descriptor.revents & POLLOUT))
		return true;	/* signalled so often that once more says nothing new */
	return write(descriptor.fd, &one, sizeof(one)) == (ssize_t)sizeof(one) || errno == EAGAIN;
}

bool eb_interrupts_send(void *opaque, unsigned int vector)
{
	struct eb_server *server = opaque;
	bool sent;

	pthread_mutex_lock(&server->interrupts.lock);
	sent = signal_vector(&server->interrupts, vector);
	pthread_mutex_unlock(&server->interrupts.lock);
	return sent;
}

static void set_eventfd(struct eb_interrupts *interrupts, unsigned int vector, int fd)
{
	if (interrupts->eventfds[vector] >= 0)
		close(interrupts->eventfds[vector]);
	interrupts->eventfds[vector] = fd;
}

void eb_interrupts_clear(struct eb_interrupts *interrupts)
{
	pthread_mutex_lock(&interrupts->lock);
	for (unsigned int vector = 0; vector < EDGEBERT_HW_IRQ_COUNT; vector++)
		set_eventfd(interrupts, vector, -1);
	pthread_mutex_unlock(&interrupts->lock);
}

static int check_set(struct eb_server *server, const struct vfio_user_irq_set *set,
		     const struct eb_message *message)
{
	uint32_t data = set->flags & DATA_MASK, action = set->flags & ACTION_MASK;
	uint32_t available = set->index == VFIO_USER_IRQ_MSIX ? EDGEBERT_HW_IRQ_COUNT : 0;
	size_t bytes = data == VFIO_USER_IRQ_DATA_BOOL ? set->count : 0;

	if (set->flags & ~(DATA_MASK | ACTION_MASK) || __builtin_popcount(data) != 1 ||
	    __builtin_popcount(action) != 1 || set->index >= VFIO_USER_IRQ_COUNT) {
		eb_server_log(server, "SET_IRQS with flags 0x%x, index %u", set->flags, set->index);
		return -EINVAL;
	}
	if (set->start > available || set->count > available - set->start ||
	    message->size - sizeof(*set) < bytes) {
		eb_server_log(server, "SET_IRQS of vectors %u + %u, there are %u", set->start,
			      set->count, available);
		return -EINVAL;
	}
	/* All of a batch have a descriptor, or none: then they lose theirs. */
	if (message->fd_count != 0 &&
	    (data != VFIO_USER_IRQ_DATA_EVENTFD || message->fd_count != set->count)) {
		eb_server_log(server, "SET_IRQS of %u vectors with %u file descriptors",
			      set->count, message->fd_count);
		return -EINVAL;
	}
	return 0;
}

/* What DATA_NONE and DATA_BOOL ask for: the client tries its own interrupts. */
static void trigger(struct eb_interrupts *interrupts, const struct vfio_user_irq_set *set,
		    const uint8_t *chosen)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (chosen == NULL || chosen[i] != 0)
			signal_vector(interrupts, set->start + i);
	}
}

static void assign(struct eb_interrupts *interrupts, const struct vfio_user_irq_set *set,
		   struct eb_message *message)
{
	for (uint32_t i = 0; i < set->count; i++) {
		int fd = -1;

		if (message->fd_count > 0) {
			fd = message->fds[i];
			message->fds[i] = -1;
		}
		set_eventfd(interrupts, set->start + i, fd);
	}
}

int eb_handle_set_irqs(struct eb_server *server, struct eb_message *message,
		       struct eb_reply *reply)
{
	struct eb_interrupts *interrupts = &server->interrupts;
	struct vfio_user_irq_set set;
	int result;

	(void)reply;
	memcpy(&set, message->payload, sizeof(set));
	result = check_set(server, &set, message);
	if (result != 0)
		return result;
	if (!(set.flags & VFIO_USER_IRQ_ACTION_TRIGGER))
		return -EOPNOTSUPP;	/* irq_info does not offer masking */
	if (set.flags & VFIO_USER_IRQ_DATA_NONE && set.count == 0) {
		if (set.index == VFIO_USER_IRQ_MSIX)
			eb_interrupts_clear(interrupts);
		return 0;
	}
	pthread_mutex_lock(&interrupts->lock);
	if (set.flags & VFIO_USER_IRQ_DATA_EVENTFD)
		assign(interrupts, &set, message);
	else
		trigger(interrupts, &set, set.flags & VFIO_USER_IRQ_DATA_BOOL ?
			message->payload + sizeof(set) : NULL);
	pthread_mutex_unlock(&interrupts->lock);
	/* What was raised while a vector had no eventfd can be delivered now. */
	eb_device_interrupts_available(server->device);
	return 0;
}
