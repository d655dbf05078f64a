/* SPDX-License-Identifier: MIT */
/*
 * What a backend offers: buffers that jobs can reach and jobs run to their end.  Both
 * backends are filled in from here, so that everything above gives the same results.
 */
#ifndef EDGEBERT_LIB_BACKEND_H
#define EDGEBERT_LIB_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/edgebert_hw.h"
#include "lib/operating_point.h"
#include "lib/status.h"

struct eb_backend_device;

/* Memory that jobs can reach. */
struct eb_buffer {
	size_t size;			/* as asked for; the device sees whole pages */
	bool device_read_only;
	void *data;			/* host view, NULL for uploaded contents */
	const void *contents;		/* uploaded contents where they stay in host memory */
	uint32_t device_address;	/* accel */
	uint32_t handle;		/* accel */
};

/* One run of a command stream. */
struct eb_job {
	const struct eb_buffer *stream;
	uint32_t command_count;
	uint32_t first_command;
	const struct eb_buffer *segments[EDGEBERT_HW_SEGMENTS];	/* NULL: none */
	uint16_t sequence_length;
	int16_t entropy_threshold;	/* Q6.10; ENTROPY_NEVER: none passes */
	uint8_t exit_layer_limit;	/* 0: no limit */
	uint8_t operating_point;
	uint64_t envm_generation;	/* of the image that it reads; 0: it reads none */
	bool autonomous;		/* PREDICT chooses limit and point */
	uint32_t target_latency_us;	/* autonomous */
	/* Autonomous, CLOCK_MONOTONIC: what has passed since is spent of the target; 0: nothing. */
	uint64_t target_start_ns;
};

/* No entropy is at or below this threshold: entropies are not negative. */
#define EB_ENTROPY_NEVER INT16_MIN

/* How a job ended, as far as the device says. */
struct eb_job_result {
	uint32_t status;		/* enum edgebert_hw_status */
	uint32_t fault_command;
	uint32_t fault_address;
	uint8_t exit_layer;
	uint8_t operating_point;
	uint8_t layers_assessed;
	uint8_t predicted_layer;		/* autonomous, when PREDICT was reached; else 0 */
	uint8_t throttled;
	uint8_t transitions;
	uint64_t cycles, time_ns, energy_pj;	/* modelled */
	uint64_t started_ns, ended_ns;		/* CLOCK_MONOTONIC, measured */
	uint16_t entropies[EDGEBERT_HW_LAYERS_MAX];
};

/* Work on the slots of the eNVM; offsets are in a slot. */
struct eb_envm_access {
	enum eb_status (*erase)(struct eb_backend_device *backend, enum eb_envm_slot slot);
	enum eb_status (*program)(struct eb_backend_device *backend, enum eb_envm_slot slot,
				  uint32_t offset, const void *bytes, uint32_t size);
	enum eb_status (*read)(struct eb_backend_device *backend, enum eb_envm_slot slot,
			       uint32_t offset, void *bytes, uint32_t size);
	/* image NULL, slot NONE: from now on no image is active. */
	enum eb_status (*commit)(struct eb_backend_device *backend, enum eb_envm_slot slot,
				 const struct edgebert_hw_envm_header *image);
};

struct eb_backend_ops {
	void (*destroy)(struct eb_backend_device *backend);

	/* A zeroed buffer with a host view that jobs may read and write. */
	enum eb_status (*buffer_create)(struct eb_backend_device *backend, size_t size,
					struct eb_buffer *ret_buffer);
	/*
	 * A buffer that jobs may only read, with these contents.  They must stay valid and
	 * unchanged as long as the buffer: a backend may use them where they are.
	 */
	enum eb_status (*buffer_upload)(struct eb_backend_device *backend, const void *contents,
					size_t size, struct eb_buffer *ret_buffer);
	/* Accepts a zeroed buffer; leaves one behind. */
	void (*buffer_destroy)(struct eb_backend_device *backend, struct eb_buffer *buffer);

	/*
	 * Runs a job and waits.  EB_OK: *result is filled.  EB_DEVICE_FAULT: the same, and
	 * result->status says what the device met.  EB_DEVICE_TIMEOUT: the job's buffers may
	 * still be in use.  EB_IMAGE_NOT_INSTALLED: another image than the job's is in the
	 * eNVM.  Otherwise nothing ran.  May be called from several threads.
	 */
	enum eb_status (*run)(struct eb_backend_device *backend, const struct eb_job *job,
			      struct eb_job_result *result);

	/* Fills everything but size.  NULL: there is no eNVM. */
	enum eb_status (*envm_get_info)(struct eb_backend_device *backend,
					struct eb_envm_info *info);
	/* NULL: it can not be programmed. */
	const struct eb_envm_access *envm_access;

	/* The whole table where the device has no more to say. */
	enum eb_status (*get_window)(struct eb_backend_device *backend,
				     struct eb_window *ret_window);

	/* Fills everything but size. */
	enum eb_status (*get_counters)(struct eb_backend_device *backend,
				       struct eb_device_counters *counters);
};

/* First member of every backend's structure. */
struct eb_backend_device {
	const struct eb_backend_ops *ops;
	struct eb_device_info info;	/* what eb_device_get_info reports */
	uint32_t parallel_jobs;		/* more than so many at once only wait */
	bool counts_queues;		/* target_start_ns is compared when the job starts */
};

/* Takes profile, threads and envm_image of the options. */
enum eb_status eb_backend_reference_create(const struct eb_device_options *options,
					   struct eb_backend_device **ret_backend);

struct eb_accel_system;

/* system NULL: the real one. */
enum eb_status eb_backend_accel_create(const char *path, const struct eb_accel_system *system,
				       struct eb_backend_device **ret_backend);

#endif /* EDGEBERT_LIB_BACKEND_H */
