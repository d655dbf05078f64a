/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * EdgeBERT accelerator: userspace interface of /dev/accel/accelN.
 *
 * Rules that hold for every ioctl: fields named pad or reserved must be zero,
 * unknown flag bits are refused with -EINVAL, timeouts are absolute
 * CLOCK_MONOTONIC nanoseconds, device addresses are 32-bit device virtual
 * addresses in the address space of the open file.
 */
#ifndef _EDGEBERT_ACCEL_H_
#define _EDGEBERT_ACCEL_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * enum drm_edgebert_ioctl_id - numbers of the driver's ioctls
 *
 * Place new ioctls at the end, do not re-order, do not remove.
 */
enum drm_edgebert_ioctl_id {
	/** @DRM_EDGEBERT_DEV_QUERY: ask what the device is and can do. */
	DRM_EDGEBERT_DEV_QUERY = 0,

	/** @DRM_EDGEBERT_BO_CREATE: create a buffer and map it for the device. */
	DRM_EDGEBERT_BO_CREATE,

	/** @DRM_EDGEBERT_BO_MMAP_OFFSET: where to mmap() a buffer on the node. */
	DRM_EDGEBERT_BO_MMAP_OFFSET,

	/** @DRM_EDGEBERT_BO_WAIT: wait until no job uses a buffer. */
	DRM_EDGEBERT_BO_WAIT,

	/** @DRM_EDGEBERT_CONTEXT_CREATE: create a queue of jobs. */
	DRM_EDGEBERT_CONTEXT_CREATE,

	/** @DRM_EDGEBERT_CONTEXT_DESTROY: destroy a queue, cancelling its jobs. */
	DRM_EDGEBERT_CONTEXT_DESTROY,

	/** @DRM_EDGEBERT_SUBMIT: submit jobs. */
	DRM_EDGEBERT_SUBMIT,

	/** @DRM_EDGEBERT_JOB_RESULT: wait for a job and read its result record. */
	DRM_EDGEBERT_JOB_RESULT,
};

/**
 * struct drm_edgebert_array - array of structures that may grow
 *
 * Elements shorter than the kernel's structure are zero-extended; longer ones are
 * accepted when the unknown tail is zero (-E2BIG otherwise).
 */
struct drm_edgebert_array {
	/** @stride: Size of one element in bytes. */
	__u32 stride;

	/** @count: Number of elements. */
	__u32 count;

	/** @array: User pointer to the first element. */
	__u64 array;
};

/** enum drm_edgebert_query_type - what DEV_QUERY reports */
enum drm_edgebert_query_type {
	/** @DRM_EDGEBERT_QUERY_DEVICE: struct drm_edgebert_query_device. */
	DRM_EDGEBERT_QUERY_DEVICE = 0,

	/** @DRM_EDGEBERT_QUERY_OPERATING_POINTS: array of struct drm_edgebert_operating_point. */
	DRM_EDGEBERT_QUERY_OPERATING_POINTS,

	/** @DRM_EDGEBERT_QUERY_TELEMETRY: struct drm_edgebert_query_telemetry. */
	DRM_EDGEBERT_QUERY_TELEMETRY,
};

/**
 * struct drm_edgebert_dev_query - argument of DEV_QUERY
 *
 * With @pointer zero, @size is set to the size the answer needs.  Otherwise the
 * answer is cut to @size (never inside a __u64) and @size set to what was written.
 */
struct drm_edgebert_dev_query {
	/** @type: enum drm_edgebert_query_type. */
	__u32 type;

	/** @size: Size of the user buffer, in and out. */
	__u32 size;

	/** @pointer: User pointer to the answer. */
	__u64 pointer;
};

/** struct drm_edgebert_query_device - answer of QUERY_DEVICE */
struct drm_edgebert_query_device {
	/** @hw_version: Hardware contract, major << 16 | minor. */
	__u32 hw_version;

	/** @capabilities: EDGEBERT_HW_CAP_* bits of the hardware reference. */
	__u32 capabilities;

	/** @profile: Name of the device's performance and energy profile. */
	__u8 profile[16];

	/** @operating_point_count: Number of operating points. */
	__u32 operating_point_count;

	/** @data_buffer_bytes: Size of each decoder's data buffer. */
	__u32 data_buffer_bytes;

	/** @aux_buffer_bytes: Size of the auxiliary buffer. */
	__u32 aux_buffer_bytes;

	/** @envm_bytes: Size of the embedded non-volatile memory. */
	__u32 envm_bytes;

	/** @address_space_start: Lowest device address a buffer can have. */
	__u32 address_space_start;

	/** @jobs_in_flight_max: Jobs one context may have unfinished, else -EBUSY. */
	__u32 jobs_in_flight_max;

	/** @address_space_end: First device address past the usable range. */
	__u64 address_space_end;

	/** @jobs_per_submit_max: Largest count of one submit. */
	__u32 jobs_per_submit_max;

	/** @buffers_per_job_max: Largest number of buffers of one job. */
	__u32 buffers_per_job_max;

	/** @syncs_per_submit_max: Largest number of sync operations of one submit. */
	__u32 syncs_per_submit_max;

	/** @contexts_per_file_max: Contexts one open file may have. */
	__u32 contexts_per_file_max;

	/** @job_timeout_ms: A job without progress for this long is stopped. */
	__u32 job_timeout_ms;

	/** @reset_count: Device resets since the driver was bound. */
	__u32 reset_count;
};

/** struct drm_edgebert_operating_point - one voltage/frequency pair, ordered by frequency */
struct drm_edgebert_operating_point {
	/** @khz: Clock. */
	__u32 khz;

	/** @millivolt: Supply. */
	__u32 millivolt;

	/** @microwatt: Power of dense compute, modelled. */
	__u32 microwatt;

	/** @pad: Zero. */
	__u32 pad;
};

/** struct drm_edgebert_query_telemetry - device-wide counters since the driver was bound */
struct drm_edgebert_query_telemetry {
	/** @jobs: Jobs completed, with or without fault. */
	__u64 jobs;

	/** @faults: Jobs that ended in a fault. */
	__u64 faults;

	/** @cycles: Modelled device cycles. */
	__u64 cycles;

	/** @busy_ns: Modelled busy time. */
	__u64 busy_ns;

	/** @energy_uj: Modelled energy, in microjoules (quantised on purpose). */
	__u64 energy_uj;
};

/** @DRM_EDGEBERT_BO_DEVICE_READ_ONLY: The device may not write the buffer. */
#define DRM_EDGEBERT_BO_DEVICE_READ_ONLY	(1u << 0)

/** @DRM_EDGEBERT_BO_NO_CPU_MAP: The buffer can not be mmap()ed. */
#define DRM_EDGEBERT_BO_NO_CPU_MAP		(1u << 1)

/** struct drm_edgebert_bo_create - argument of BO_CREATE */
struct drm_edgebert_bo_create {
	/** @size: Bytes, rounded up to whole pages; set to the real size. */
	__u64 size;

	/** @flags: DRM_EDGEBERT_BO_*. */
	__u32 flags;

	/** @handle: Returned GEM handle; contents are zero. */
	__u32 handle;

	/** @device_address: Returned address in the file's device address space. */
	__u32 device_address;

	/** @pad: Zero. */
	__u32 pad;
};

/** struct drm_edgebert_bo_mmap_offset - argument of BO_MMAP_OFFSET */
struct drm_edgebert_bo_mmap_offset {
	/** @handle: GEM handle. */
	__u32 handle;

	/** @pad: Zero. */
	__u32 pad;

	/** @offset: Returned offset for mmap() on the node. */
	__u64 offset;
};

/** @DRM_EDGEBERT_BO_WAIT_READ: Wait for jobs that write only, before reading. */
#define DRM_EDGEBERT_BO_WAIT_READ		(1u << 0)

/** struct drm_edgebert_bo_wait - argument of BO_WAIT; -ETIMEDOUT when time is up */
struct drm_edgebert_bo_wait {
	/** @handle: GEM handle. */
	__u32 handle;

	/** @flags: DRM_EDGEBERT_BO_WAIT_*. */
	__u32 flags;

	/** @timeout_ns: Absolute CLOCK_MONOTONIC time. */
	__s64 timeout_ns;
};

/** enum drm_edgebert_priority - scheduling priority of a context */
enum drm_edgebert_priority {
	/** @DRM_EDGEBERT_PRIORITY_NORMAL: Default. */
	DRM_EDGEBERT_PRIORITY_NORMAL = 0,

	/** @DRM_EDGEBERT_PRIORITY_LOW: Only when nothing else wants to run. */
	DRM_EDGEBERT_PRIORITY_LOW,

	/** @DRM_EDGEBERT_PRIORITY_HIGH: First; needs CAP_SYS_NICE. */
	DRM_EDGEBERT_PRIORITY_HIGH,
};

/** struct drm_edgebert_context_create - argument of CONTEXT_CREATE */
struct drm_edgebert_context_create {
	/** @flags: Zero. */
	__u32 flags;

	/** @priority: enum drm_edgebert_priority. */
	__u32 priority;

	/** @operating_point_low: Lowest point jobs of this context may use. */
	__u32 operating_point_low;

	/** @operating_point_high: Highest point; 0xffffffff: the table's highest. */
	__u32 operating_point_high;

	/** @context_id: Returned id, never zero. */
	__u32 context_id;

	/** @pad: Zero. */
	__u32 pad;
};

/** struct drm_edgebert_context_destroy - argument of CONTEXT_DESTROY */
struct drm_edgebert_context_destroy {
	/** @context_id: Id from CONTEXT_CREATE. */
	__u32 context_id;

	/** @pad: Zero. */
	__u32 pad;
};

/** @DRM_EDGEBERT_SYNC_SIGNAL: Signal when the job ends; otherwise wait before it starts. */
#define DRM_EDGEBERT_SYNC_SIGNAL		(1u << 0)

/** @DRM_EDGEBERT_SYNC_TIMELINE: @point of a timeline syncobj is meant. */
#define DRM_EDGEBERT_SYNC_TIMELINE		(1u << 1)

/** struct drm_edgebert_sync - one wait or signal operation */
struct drm_edgebert_sync {
	/** @flags: DRM_EDGEBERT_SYNC_*. */
	__u32 flags;

	/** @handle: Syncobj handle. */
	__u32 handle;

	/** @point: Timeline point, zero for binary syncobjs. */
	__u64 point;
};

/** struct drm_edgebert_job_buffer - a buffer that a job uses */
struct drm_edgebert_job_buffer {
	/** @handle: GEM handle. */
	__u32 handle;

	/** @flags: DRM_EDGEBERT_JOB_BUFFER_*. */
	__u32 flags;
};

/** @DRM_EDGEBERT_JOB_BUFFER_WRITE: The job writes the buffer (implicit fences). */
#define DRM_EDGEBERT_JOB_BUFFER_WRITE		(1u << 0)

/** @DRM_EDGEBERT_JOB_AUTONOMOUS: The device picks layer limit and operating point. */
#define DRM_EDGEBERT_JOB_AUTONOMOUS		(1u << 0)

/** @DRM_EDGEBERT_OPERATING_POINT_DEFAULT: The administrator's default point. */
#define DRM_EDGEBERT_OPERATING_POINT_DEFAULT	0xff

/**
 * struct drm_edgebert_job - one job of a submit
 *
 * The kernel does not look into command streams; the context's page tables
 * contain them.  Every buffer the stream touches must be listed in @buffers: the
 * job keeps those mapped, others may disappear under it and end it in a fault.
 */
struct drm_edgebert_job {
	/** @flags: DRM_EDGEBERT_JOB_*. */
	__u32 flags;

	/** @stream_address: Device address of the first command, 64-byte aligned. */
	__u32 stream_address;

	/** @stream_commands: Commands in the stream. */
	__u32 stream_commands;

	/** @first_command: Index of the command to begin with. */
	__u32 first_command;

	/** @segments: Device addresses of operand segments 0..7. */
	__u32 segments[8];

	/** @sequence_length: Tokens of the sentence. */
	__u16 sequence_length;

	/** @entropy_threshold: Exit when the entropy is at or below, Q6.10 nats. */
	__s16 entropy_threshold;

	/** @exit_layer_limit: Last layer that may run; 0: no limit. */
	__u8 exit_layer_limit;

	/** @operating_point: Index or DRM_EDGEBERT_OPERATING_POINT_DEFAULT. */
	__u8 operating_point;

	/** @pad: Zero. */
	__u16 pad;

	/** @target_latency_us: For JOB_AUTONOMOUS. */
	__u32 target_latency_us;

	/** @elapsed_us: For JOB_AUTONOMOUS: part of the target that is already spent. */
	__u32 elapsed_us;

	/** @buffers: Array of struct drm_edgebert_job_buffer. */
	struct drm_edgebert_array buffers;

	/** @syncs: Array of struct drm_edgebert_sync. */
	struct drm_edgebert_array syncs;

	/** @sequence: Returned number of the job in its context, from 1. */
	__u64 sequence;
};

/** struct drm_edgebert_submit - argument of SUBMIT; all jobs are accepted or none */
struct drm_edgebert_submit {
	/** @context_id: Context; its jobs run in order. */
	__u32 context_id;

	/** @flags: Zero. */
	__u32 flags;

	/** @jobs: Array of struct drm_edgebert_job; @sequence is written back to each. */
	struct drm_edgebert_array jobs;
};

/** struct drm_edgebert_result - how a job ended; written by the kernel only */
struct drm_edgebert_result {
	/** @sequence: Number of the job. */
	__u64 sequence;

	/**
	 * @error: 0, -EIO (device fault, see @status), -ECANCELED (context destroyed
	 * or aborted, device reset), -ETIMEDOUT (no progress), -ENODEV (device lost).
	 */
	__s32 error;

	/** @status: enum edgebert_hw_status of the hardware reference. */
	__u32 status;

	/** @fault_command: Index of the failing command. */
	__u32 fault_command;

	/** @fault_address: Operand address of the failure. */
	__u32 fault_address;

	/** @exit_layer: Layer whose exit was taken, 0: none. */
	__u8 exit_layer;

	/** @predicted_layer: The device's prediction (autonomous jobs). */
	__u8 predicted_layer;

	/** @label: Class with the largest logit. */
	__u8 label;

	/** @operating_point: Point in force at the end. */
	__u8 operating_point;

	/** @layers_assessed: Highest layer assessed by this job. */
	__u8 layers_assessed;

	/** @throttled: Non-zero when temperature lowered the point. */
	__u8 throttled;

	/** @transitions: Voltage/frequency transitions of this job. */
	__u8 transitions;

	/** @pad: Zero. */
	__u8 pad;

	/** @cycles: Device cycles, modelled. */
	__u64 cycles;

	/** @time_ns: Device time, modelled. */
	__u64 time_ns;

	/** @energy_pj: Energy, modelled. */
	__u64 energy_pj;

	/** @block_energy_pj: The same by block, see the hardware reference. */
	__u64 block_energy_pj[8];

	/** @queued_ns: CLOCK_MONOTONIC time of the submit. */
	__u64 queued_ns;

	/** @started_ns: CLOCK_MONOTONIC time at which the device was told. */
	__u64 started_ns;

	/** @ended_ns: CLOCK_MONOTONIC time at which the completion was seen. */
	__u64 ended_ns;

	/** @entropies: Q6.10 nats per layer, 0xffff: not assessed. */
	__u16 entropies[24];
};

/**
 * struct drm_edgebert_job_result - argument of JOB_RESULT
 *
 * The last results of a context are kept until they are read or 4 * jobs_in_flight_max
 * newer ones exist; -ENOENT says that a number was never submitted or is forgotten.
 */
struct drm_edgebert_job_result {
	/** @context_id: Context of the job. */
	__u32 context_id;

	/** @size: Size of the user's struct drm_edgebert_result, in and out. */
	__u32 size;

	/** @sequence: Number of the job. */
	__u64 sequence;

	/** @timeout_ns: Absolute CLOCK_MONOTONIC time; -ETIMEDOUT when passed. */
	__s64 timeout_ns;

	/** @pointer: User pointer to struct drm_edgebert_result. */
	__u64 pointer;
};

/**
 * DRM_IOCTL_EDGEBERT - ioctl number of a driver ioctl
 * @__access: Direction (R, W, WR)
 * @__id: Suffix of enum drm_edgebert_ioctl_id
 * @__type: Suffix of the argument's struct
 */
#define DRM_IOCTL_EDGEBERT(__access, __id, __type) \
	DRM_IO ## __access(DRM_COMMAND_BASE + DRM_EDGEBERT_ ## __id, struct drm_edgebert_ ## __type)

enum {
	DRM_IOCTL_EDGEBERT_DEV_QUERY = DRM_IOCTL_EDGEBERT(WR, DEV_QUERY, dev_query),
	DRM_IOCTL_EDGEBERT_BO_CREATE = DRM_IOCTL_EDGEBERT(WR, BO_CREATE, bo_create),
	DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET = DRM_IOCTL_EDGEBERT(WR, BO_MMAP_OFFSET, bo_mmap_offset),
	DRM_IOCTL_EDGEBERT_BO_WAIT = DRM_IOCTL_EDGEBERT(W, BO_WAIT, bo_wait),
	DRM_IOCTL_EDGEBERT_CONTEXT_CREATE = DRM_IOCTL_EDGEBERT(WR, CONTEXT_CREATE, context_create),
	DRM_IOCTL_EDGEBERT_CONTEXT_DESTROY =
		DRM_IOCTL_EDGEBERT(W, CONTEXT_DESTROY, context_destroy),
	DRM_IOCTL_EDGEBERT_SUBMIT = DRM_IOCTL_EDGEBERT(WR, SUBMIT, submit),
	DRM_IOCTL_EDGEBERT_JOB_RESULT = DRM_IOCTL_EDGEBERT(WR, JOB_RESULT, job_result),
};

#if defined(__cplusplus)
}
#endif

#endif /* _EDGEBERT_ACCEL_H_ */
