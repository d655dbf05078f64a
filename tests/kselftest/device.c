// SPDX-License-Identifier: MIT
/*
 * What the tests share: the node, its ioctls, buffers, command streams and jobs.
 */
#include "tests/kselftest/device.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define NODES_MAX	64

/* The interface is the same for 32-bit programs, whose 64-bit fields align to 4 bytes. */
_Static_assert(sizeof(struct drm_edgebert_query_device) == 88, "layout");
_Static_assert(sizeof(struct drm_edgebert_query_telemetry) == 40, "layout");
_Static_assert(sizeof(struct drm_edgebert_bo_create) == 24, "layout");
_Static_assert(sizeof(struct drm_edgebert_context_create) == 24, "layout");
_Static_assert(sizeof(struct drm_edgebert_job) == 128, "layout");
_Static_assert(sizeof(struct drm_edgebert_sync) == 16, "layout");
_Static_assert(sizeof(struct drm_edgebert_submit) == 24, "layout");
_Static_assert(sizeof(struct drm_edgebert_job_result) == 32, "layout");
_Static_assert(offsetof(struct drm_edgebert_result, entropies) == 144, "layout");

int try_ioctl(int fd, unsigned long request, void *argument)
{
	int result;

	do {
		result = ioctl(fd, request, argument);
	} while (result == -1 && (errno == EINTR || errno == EAGAIN));
	return result;
}

static bool is_edgebert(int fd)
{
	char name[32] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	return !try_ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "edgebert");
}

const char *device_path(void)
{
	static char path[32];
	int number, fd;
	bool found;

	for (number = 0; number < NODES_MAX; number++) {
		snprintf(path, sizeof(path), "/dev/accel/accel%d", number);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		found = is_edgebert(fd);
		close(fd);
		if (found)
			return path;
	}
	return NULL;
}

int device_open(void)
{
	const char *path = device_path();
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	CHECK(fd >= 0);
	return fd;
}

int64_t in_ns(int64_t nanoseconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec + nanoseconds;
}

struct buffer buffer_create(int fd, uint64_t size, uint32_t flags)
{
	struct drm_edgebert_bo_create create = { .size = size, .flags = flags };
	struct drm_edgebert_bo_mmap_offset offset = { 0 };
	struct buffer buffer = { 0 };

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_CREATE, &create));
	buffer.handle = create.handle;
	buffer.address = create.device_address;
	buffer.size = create.size;
	if (flags & DRM_EDGEBERT_BO_NO_CPU_MAP)
		return buffer;
	offset.handle = create.handle;
	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET, &offset));
	buffer.memory = mmap(NULL, buffer.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     (off_t)offset.offset);
	CHECK(buffer.memory != MAP_FAILED);
	return buffer;
}

void buffer_close(int fd, struct buffer *buffer)
{
	struct drm_gem_close close_handle = { .handle = buffer->handle };

	if (buffer->memory)
		CHECK_OK(munmap(buffer->memory, buffer->size));
	CHECK_OK(try_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close_handle));
}

int try_buffer_wait(int fd, uint32_t handle, uint32_t flags, int64_t timeout_ns)
{
	struct drm_edgebert_bo_wait wait = {
		.handle = handle,
		.flags = flags,
		.timeout_ns = timeout_ns,
	};

	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_WAIT, &wait);
}

int try_context_create(int fd, uint32_t priority, uint32_t low, uint32_t high, uint32_t *id)
{
	struct drm_edgebert_context_create create = {
		.priority = priority,
		.operating_point_low = low,
		.operating_point_high = high,
	};
	int result = try_ioctl(fd, DRM_IOCTL_EDGEBERT_CONTEXT_CREATE, &create);

	*id = create.context_id;
	return result;
}

uint32_t context_create(int fd)
{
	uint32_t id;

	CHECK_OK(try_context_create(fd, DRM_EDGEBERT_PRIORITY_NORMAL, 0, UINT32_MAX, &id));
	CHECK(id != 0);
	return id;
}

int try_context_destroy(int fd, uint32_t id)
{
	struct drm_edgebert_context_destroy destroy = { .context_id = id };

	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_CONTEXT_DESTROY, &destroy);
}

static struct edgebert_hw_command *command_at(struct buffer *stream, uint32_t number)
{
	struct edgebert_hw_command *command = stream->memory;

	CHECK((number + 1) * sizeof(*command) <= stream->size);
	memset(&command[number], 0, sizeof(*command));
	return &command[number];
}

uint32_t command_end(struct buffer *stream, uint32_t number)
{
	command_at(stream, number)->opcode = EDGEBERT_HW_OP_END;
	return number + 1;
}

uint32_t command_copy(struct buffer *stream, uint32_t number, uint32_t destination,
		      uint32_t source, uint32_t bytes)
{
	struct edgebert_hw_command *command = command_at(stream, number);

	command->opcode = EDGEBERT_HW_OP_COPY;
	command->copy.source = source;
	command->copy.destination = destination;
	command->copy.source_stride = bytes;
	command->copy.destination_stride = bytes;
	command->copy.row_bytes = bytes;
	command->copy.rows = 1;
	return number + 1;
}

uint32_t command_matmul(struct buffer *stream, uint32_t number, uint32_t output, uint32_t input,
			uint32_t weights, uint16_t rows, uint16_t depth, uint16_t columns)
{
	struct edgebert_hw_command *command = command_at(stream, number);

	command->opcode = EDGEBERT_HW_OP_MATMUL;
	command->matmul.input = input;
	command->matmul.weights = weights;
	command->matmul.output = output;
	command->matmul.input_stride = depth;
	command->matmul.weights_stride = depth;
	command->matmul.output_stride = columns * 2u;
	command->matmul.rows = rows;
	command->matmul.depth = depth;
	command->matmul.columns = columns;
	command->matmul.input_bias = 7;
	command->matmul.weights_bias = 7;
	command->matmul.output_format = EDGEBERT_HW_FORMAT_Q6_10;
	return number + 1;
}

struct drm_edgebert_job job_of(const struct buffer *stream, uint32_t commands)
{
	return (struct drm_edgebert_job) {
		.stream_address = stream->address,
		.stream_commands = commands,
		.sequence_length = 1,
		.operating_point = DRM_EDGEBERT_OPERATING_POINT_DEFAULT,
	};
}

struct drm_edgebert_array array_of(const void *elements, uint32_t count, uint32_t stride)
{
	return (struct drm_edgebert_array) {
		.stride = stride,
		.count = count,
		.array = (uintptr_t)elements,
	};
}

int try_submit(int fd, uint32_t context, struct drm_edgebert_job *jobs, uint32_t count)
{
	struct drm_edgebert_submit submit_jobs = {
		.context_id = context,
		.jobs = array_of(jobs, count, sizeof(*jobs)),
	};

	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_SUBMIT, &submit_jobs);
}

uint64_t submit(int fd, uint32_t context, struct drm_edgebert_job *job)
{
	CHECK_OK(try_submit(fd, context, job, 1));
	CHECK(job->sequence != 0);
	return job->sequence;
}

int try_result(int fd, uint32_t context, uint64_t sequence, int64_t timeout_ns,
	       struct drm_edgebert_result *result)
{
	struct drm_edgebert_job_result wait = {
		.context_id = context,
		.size = sizeof(*result),
		.sequence = sequence,
		.timeout_ns = timeout_ns,
		.pointer = (uintptr_t)result,
	};
	int status;

	/* So that a field nobody wrote is seen. */
	memset(result, 0xcc, sizeof(*result));
	status = try_ioctl(fd, DRM_IOCTL_EDGEBERT_JOB_RESULT, &wait);
	if (!status)
		CHECK_EQ(wait.size, sizeof(*result));
	return status;
}

struct drm_edgebert_result result_of(int fd, uint32_t context, uint64_t sequence)
{
	struct drm_edgebert_result result;

	CHECK_OK(try_result(fd, context, sequence, in_ns(30 * SECOND_NS), &result));
	CHECK_EQ(result.sequence, sequence);
	return result;
}

uint32_t syncobj_create(int fd)
{
	struct drm_syncobj_create create = { 0 };

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &create));
	return create.handle;
}

/* Point 0: the binary fence. */
int try_syncobj_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns)
{
	struct drm_syncobj_timeline_wait wait = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.timeout_nsec = timeout_ns,
		.count_handles = 1,
	};

	return try_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait);
}

static void workload_init_buffers(struct workload *w, int fd, uint32_t commands,
				  uint32_t operand_bytes)
{
	uint32_t i;

	memset(w, 0, sizeof(*w));
	w->fd = fd;
	w->context = context_create(fd);
	w->stream = buffer_create(fd, commands * sizeof(struct edgebert_hw_command),
				  DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
	w->source = buffer_create(fd, operand_bytes, 0);
	w->destination = buffer_create(fd, EDGEBERT_HW_DATA_BUFFER_BYTES, 0);
	w->scratch = buffer_create(fd, operand_bytes, 0);
	for (i = 0; i < w->source.size; i++)
		((uint8_t *)w->source.memory)[i] = (uint8_t)(i * 31 + i / 4096);
	w->used[0].handle = w->stream.handle;
	w->used[1].handle = w->source.handle;
	w->used[2].handle = w->destination.handle;
	w->used[2].flags = DRM_EDGEBERT_JOB_BUFFER_WRITE;
	w->used[3].handle = w->scratch.handle;
	w->used[3].flags = DRM_EDGEBERT_JOB_BUFFER_WRITE;
}

/* The stream ends with copies of the source; then the job is complete. */
static void workload_finish(struct workload *w, uint32_t number, uint32_t copies)
{
	while (copies--)
		number = command_copy(&w->stream, number, EDGEBERT_HW_OPERAND(1, 0),
				      EDGEBERT_HW_OPERAND(0, 0), EDGEBERT_HW_DATA_BUFFER_BYTES);
	w->commands = command_end(&w->stream, number);
	w->job = job_of(&w->stream, w->commands);
	w->job.segments[0] = w->source.address;
	w->job.segments[1] = w->destination.address;
	w->job.segments[2] = w->scratch.address;
	w->job.buffers = array_of(w->used, 4, sizeof(w->used[0]));
}

void workload_init(struct workload *w, int fd, uint32_t copies)
{
	workload_init_buffers(w, fd, copies + 1, EDGEBERT_HW_DATA_BUFFER_BYTES);
	workload_finish(w, 0, copies);
}

/* Multiplies the source with itself: large, so that few take long on a fast device too. */
static void workload_init_products(struct workload *w, int fd, uint32_t products)
{
	const uint16_t rows = 256, depth = 1024, columns = 512;
	uint32_t i, number = 0;

	workload_init_buffers(w, fd, products + 2, (uint32_t)columns * depth);
	for (i = 0; i < products; i++)
		number = command_matmul(&w->stream, number, EDGEBERT_HW_OPERAND(2, 0),
					EDGEBERT_HW_OPERAND(0, 0), EDGEBERT_HW_OPERAND(0, 0),
					rows, depth, columns);
	workload_finish(w, number, 1);
}

/* The least of several measurements: a machine busy with others must not look like a slow one. */
static uint64_t measure_product_ns(void)
{
	/* So many that what the kernel adds to a job, a lot when it is a debug one, is little. */
	const uint32_t products = 32;
	struct drm_edgebert_result result;
	uint64_t least = UINT64_MAX, took;
	struct workload w;
	int i;

	workload_init_products(&w, device_open(), products);
	for (i = 0; i < 5; i++) {
		result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
		CHECK_EQ(result.error, 0);
		took = result.ended_ns - result.started_ns;
		least = took < least ? took : least;
	}
	workload_close(&w);
	return least / products + 1;
}

void workload_init_slow(struct workload *w, int fd, uint32_t milliseconds)
{
	static uint64_t product_ns;
	uint64_t products;

	if (!product_ns)
		product_ns = measure_product_ns();
	products = milliseconds * 1000000ull / product_ns + 1;
	if (products > EDGEBERT_HW_STREAM_COMMANDS_MAX - 2)
		products = EDGEBERT_HW_STREAM_COMMANDS_MAX - 2;
	workload_init_products(w, fd, (uint32_t)products);
}

void workload_close(struct workload *w)
{
	CHECK_OK(munmap(w->stream.memory, w->stream.size));
	CHECK_OK(munmap(w->source.memory, w->source.size));
	CHECK_OK(munmap(w->destination.memory, w->destination.size));
	CHECK_OK(munmap(w->scratch.memory, w->scratch.size));
	CHECK_OK(close(w->fd));
}
