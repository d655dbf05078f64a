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

	/** @DRM_EDGEBERT_BO_MAP: give an imported buffer a device address. */
	DRM_EDGEBERT_BO_MAP,

	/** @DRM_EDGEBERT_CONTEXT_SET: change the operating points of a context. */
	DRM_EDGEBERT_CONTEXT_SET,

	/** @DRM_EDGEBERT_CONTEXT_COUNTERS: performance counters of a context. */
	DRM_EDGEBERT_CONTEXT_COUNTERS,

	/** @DRM_EDGEBERT_EVENTS: choose which events read() on the node delivers. */
	DRM_EDGEBERT_EVENTS,

	/** @DRM_EDGEBERT_ENVM_INFO: what is installed in the eNVM, and its state. */
	DRM_EDGEBERT_ENVM_INFO,

	/** @DRM_EDGEBERT_ENVM_READ: read from a slot. */
	DRM_EDGEBERT_ENVM_READ,

	/** @DRM_EDGEBERT_ENVM_ERASE: erase a slot; needs CAP_SYS_ADMIN. */
	DRM_EDGEBERT_ENVM_ERASE,

	/** @DRM_EDGEBERT_ENVM_PROGRAM: write to an erased slot; needs CAP_SYS_ADMIN. */
	DRM_EDGEBERT_ENVM_PROGRAM,

	/** @DRM_EDGEBERT_ENVM_VERIFY: compare a slot with memory; needs CAP_SYS_ADMIN. */
	DRM_EDGEBERT_ENVM_VERIFY,

	/** @DRM_EDGEBERT_ENVM_COMMIT: make a slot the active one; needs CAP_SYS_ADMIN. */
	DRM_EDGEBERT_ENVM_COMMIT,

	/** @DRM_EDGEBERT_ENVM_LOCK: lock a slot until reset; needs CAP_SYS_ADMIN. */
	DRM_EDGEBERT_ENVM_LOCK,
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

/**
 * enum drm_edgebert_query_type - what DEV_QUERY reports
 */
enum drm_edgebert_query_type {
	/** @DRM_EDGEBERT_QUERY_DEVICE: struct drm_edgebert_query_device. */
	DRM_EDGEBERT_QUERY_DEVICE = 0,

	/** @DRM_EDGEBERT_QUERY_OPERATING_POINTS: array of struct drm_edgebert_operating_point. */
	DRM_EDGEBERT_QUERY_OPERATING_POINTS,

	/** @DRM_EDGEBERT_QUERY_TELEMETRY: struct drm_edgebert_query_telemetry. */
	DRM_EDGEBERT_QUERY_TELEMETRY,

	/** @DRM_EDGEBERT_QUERY_DVFS: struct drm_edgebert_query_dvfs. */
	DRM_EDGEBERT_QUERY_DVFS,
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

/**
 * struct drm_edgebert_query_device - answer of QUERY_DEVICE
 */
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

	/** @memory_limit_bytes: What the buffers of one file may take together, 0: no limit. */
	__u64 memory_limit_bytes;
};

/**
 * struct drm_edgebert_operating_point - one voltage/frequency pair, ordered by frequency
 */
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

/**
 * struct drm_edgebert_query_telemetry - device-wide counters since the driver was bound
 */
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

/**
 * DRM_EDGEBERT_DVFS_THROTTLED - Temperature holds the points below the window's highest.
 */
#define DRM_EDGEBERT_DVFS_THROTTLED		(1u << 0)

/**
 * struct drm_edgebert_query_dvfs - operating points in force now
 */
struct drm_edgebert_query_dvfs {
	/** @current_point: Point of the last job, 0 before the first and after sleep or reset. */
	__u32 current_point;

	/** @default_point: Point of jobs that ask for none. */
	__u32 default_point;

	/** @window_low: Lowest point the administrator allows. */
	__u32 window_low;

	/** @window_high: Highest point that administrator and cooling allow. */
	__u32 window_high;

	/** @thermal_max: Highest point that temperature allows. */
	__u32 thermal_max;

	/** @flags: DRM_EDGEBERT_DVFS_*. */
	__u32 flags;

	/** @temperature_millicelsius: Modelled, in steps of one degree. */
	__s32 temperature_millicelsius;

	/** @pad: Zero. */
	__u32 pad;

	/** @transitions: Transitions since the device was started. */
	__u64 transitions;
};

/**
 * DRM_EDGEBERT_BO_DEVICE_READ_ONLY - The device may not write the buffer.
 */
#define DRM_EDGEBERT_BO_DEVICE_READ_ONLY	(1u << 0)

/**
 * DRM_EDGEBERT_BO_NO_CPU_MAP - The buffer can not be mmap()ed.
 */
#define DRM_EDGEBERT_BO_NO_CPU_MAP		(1u << 1)

/**
 * struct drm_edgebert_bo_create - argument of BO_CREATE
 */
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

/**
 * struct drm_edgebert_bo_mmap_offset - argument of BO_MMAP_OFFSET
 */
struct drm_edgebert_bo_mmap_offset {
	/** @handle: GEM handle. */
	__u32 handle;

	/** @pad: Zero. */
	__u32 pad;

	/** @offset: Returned offset for mmap() on the node. */
	__u64 offset;
};

/**
 * DRM_EDGEBERT_BO_WAIT_READ - Wait for jobs that write only, before reading.
 */
#define DRM_EDGEBERT_BO_WAIT_READ		(1u << 0)

/**
 * struct drm_edgebert_bo_wait - argument of BO_WAIT; -ETIMEDOUT when time is up
 */
struct drm_edgebert_bo_wait {
	/** @handle: GEM handle. */
	__u32 handle;

	/** @flags: DRM_EDGEBERT_BO_WAIT_*. */
	__u32 flags;

	/** @timeout_ns: Absolute CLOCK_MONOTONIC time. */
	__s64 timeout_ns;
};

/**
 * enum drm_edgebert_priority - scheduling priority of a context
 */
enum drm_edgebert_priority {
	/** @DRM_EDGEBERT_PRIORITY_NORMAL: Default. */
	DRM_EDGEBERT_PRIORITY_NORMAL = 0,

	/** @DRM_EDGEBERT_PRIORITY_LOW: Only when nothing else wants to run. */
	DRM_EDGEBERT_PRIORITY_LOW,

	/** @DRM_EDGEBERT_PRIORITY_HIGH: First; needs CAP_SYS_NICE. */
	DRM_EDGEBERT_PRIORITY_HIGH,
};

/**
 * struct drm_edgebert_context_create - argument of CONTEXT_CREATE
 */
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

/**
 * struct drm_edgebert_context_destroy - argument of CONTEXT_DESTROY
 */
struct drm_edgebert_context_destroy {
	/** @context_id: Id from CONTEXT_CREATE. */
	__u32 context_id;

	/** @pad: Zero. */
	__u32 pad;
};

/**
 * DRM_EDGEBERT_SYNC_SIGNAL - Signal when the job ends; otherwise wait before it starts.
 */
#define DRM_EDGEBERT_SYNC_SIGNAL		(1u << 0)

/**
 * DRM_EDGEBERT_SYNC_TIMELINE - @point of a timeline syncobj is meant.
 */
#define DRM_EDGEBERT_SYNC_TIMELINE		(1u << 1)

/**
 * struct drm_edgebert_sync - one wait or signal operation
 */
struct drm_edgebert_sync {
	/** @flags: DRM_EDGEBERT_SYNC_*. */
	__u32 flags;

	/** @handle: Syncobj handle. */
	__u32 handle;

	/** @point: Timeline point, zero for binary syncobjs. */
	__u64 point;
};

/**
 * struct drm_edgebert_job_buffer - a buffer that a job uses
 */
struct drm_edgebert_job_buffer {
	/** @handle: GEM handle. */
	__u32 handle;

	/** @flags: DRM_EDGEBERT_JOB_BUFFER_*. */
	__u32 flags;
};

/**
 * DRM_EDGEBERT_JOB_BUFFER_WRITE - The job writes the buffer (implicit fences).
 */
#define DRM_EDGEBERT_JOB_BUFFER_WRITE		(1u << 0)

/**
 * DRM_EDGEBERT_JOB_AUTONOMOUS - The device picks layer limit and operating point.
 */
#define DRM_EDGEBERT_JOB_AUTONOMOUS		(1u << 0)

/**
 * DRM_EDGEBERT_OPERATING_POINT_DEFAULT - The administrator's default point.
 */
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

	/** @elapsed_us: For JOB_AUTONOMOUS: what is spent of the target, see @target_start_ns. */
	__u32 elapsed_us;

	/** @buffers: Array of struct drm_edgebert_job_buffer. */
	struct drm_edgebert_array buffers;

	/** @syncs: Array of struct drm_edgebert_sync. */
	struct drm_edgebert_array syncs;

	/** @sequence: Returned number of the job in its context, from 1. */
	__u64 sequence;

	/**
	 * @deadline_ns: Absolute CLOCK_MONOTONIC time, 0: none. A job that the device could
	 * not be given by then is not run and ends with -ETIME.
	 */
	__s64 deadline_ns;

	/**
	 * @envm_generation: Generation of the eNVM image the job was made for (ENVM_INFO), 0: any.
	 * If another is active when the job starts, it is not run and ends with -ESTALE.
	 */
	__u64 envm_generation;

	/**
	 * @target_start_ns: For JOB_AUTONOMOUS: absolute CLOCK_MONOTONIC time, 0: none. What has
	 * passed since then when the job starts adds to @elapsed_us. Driver version 1.2; a
	 * device without the capability QUEUE_TIME counts until it was given the job.
	 */
	__s64 target_start_ns;
};

/**
 * struct drm_edgebert_submit - argument of SUBMIT; all jobs are accepted or none
 */
struct drm_edgebert_submit {
	/** @context_id: Context; its jobs run in order. */
	__u32 context_id;

	/** @flags: Zero. */
	__u32 flags;

	/** @jobs: Array of struct drm_edgebert_job; @sequence is written back to each. */
	struct drm_edgebert_array jobs;
};

/**
 * struct drm_edgebert_result - how a job ended; written by the kernel only
 */
struct drm_edgebert_result {
	/** @sequence: Number of the job. */
	__u64 sequence;

	/**
	 * @error: 0, -EIO (device fault, see @status), -ECANCELED (context destroyed
	 * or aborted, device reset), -ETIMEDOUT (no progress), -ENODEV (device lost),
	 * -ETIME (deadline passed), -ESTALE (another eNVM image).
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
 * struct drm_edgebert_bo_map - argument of BO_MAP
 *
 * Buffers of BO_CREATE have an address from the beginning: for them this is a query.
 */
struct drm_edgebert_bo_map {
	/** @handle: GEM handle, usually of DRM_IOCTL_PRIME_FD_TO_HANDLE. */
	__u32 handle;

	/** @flags: DRM_EDGEBERT_BO_DEVICE_READ_ONLY or 0; returned as the buffer is mapped. */
	__u32 flags;

	/** @device_address: Returned address in the file's device address space. */
	__u32 device_address;

	/** @pad: Zero. */
	__u32 pad;

	/** @size: Returned size in bytes. */
	__u64 size;
};

/**
 * struct drm_edgebert_context_set - argument of CONTEXT_SET
 *
 * Takes effect with the next job that starts. Points outside of the administrator's
 * window are allowed and clamped to it, whatever it becomes.
 */
struct drm_edgebert_context_set {
	/** @context_id: Id from CONTEXT_CREATE. */
	__u32 context_id;

	/** @flags: Zero. */
	__u32 flags;

	/** @operating_point_low: Lowest point jobs of this context may use. */
	__u32 operating_point_low;

	/** @operating_point_high: Highest point; 0xffffffff: the table's highest. */
	__u32 operating_point_high;
};

/**
 * DRM_EDGEBERT_CONTEXT_BANNED - Takes no more jobs (-EIO): too many had to be stopped in a row.
 */
#define DRM_EDGEBERT_CONTEXT_BANNED		(1u << 0)

/**
 * struct drm_edgebert_counters - what the jobs of a context took since it was created
 */
struct drm_edgebert_counters {
	/** @submitted: Jobs submitted. */
	__u64 submitted;

	/** @completed: Jobs that ended without error. */
	__u64 completed;

	/** @faults: Jobs that ended with -EIO. */
	__u64 faults;

	/** @cancelled: Jobs that ended with any other error. */
	__u64 cancelled;

	/** @deadline_misses: Those of them that ended with -ETIME. */
	__u64 deadline_misses;

	/** @throttled: Jobs whose point was lowered by temperature. */
	__u64 throttled;

	/** @transitions: Voltage/frequency transitions. */
	__u64 transitions;

	/** @cycles: Device cycles, modelled. */
	__u64 cycles;

	/** @time_ns: Device time, modelled. */
	__u64 time_ns;

	/** @queue_ns: From submit until the device was told, measured, sum over all jobs. */
	__u64 queue_ns;

	/** @energy_pj: Energy, modelled. */
	__u64 energy_pj;

	/** @block_energy_pj: The same by block, see the hardware reference. */
	__u64 block_energy_pj[8];

	/** @exits: Jobs that took the exit of layer n + 1. */
	__u64 exits[24];

	/** @stopped: Of the cancelled, stopped for lack of progress, -ETIMEDOUT. */
	__u64 stopped;

	/** @flags: DRM_EDGEBERT_CONTEXT_*. */
	__u32 flags;

	/** @pad: Zero. */
	__u32 pad;
};

/**
 * struct drm_edgebert_context_counters - argument of CONTEXT_COUNTERS
 */
struct drm_edgebert_context_counters {
	/** @context_id: Id from CONTEXT_CREATE. */
	__u32 context_id;

	/** @size: Size of the user's struct drm_edgebert_counters, in and out. */
	__u32 size;

	/** @pointer: User pointer to struct drm_edgebert_counters. */
	__u64 pointer;
};

/**
 * DRM_EDGEBERT_EVENT_DVFS - The window or the thermal limit changed.
 */
#define DRM_EDGEBERT_EVENT_DVFS			(1u << 0)

/**
 * DRM_EDGEBERT_EVENT_ENVM - Another eNVM image became the active one.
 */
#define DRM_EDGEBERT_EVENT_ENVM			(1u << 1)

/**
 * struct drm_edgebert_events - argument of EVENTS; poll() and read() then deliver them
 */
struct drm_edgebert_events {
	/** @events: DRM_EDGEBERT_EVENT_*; replaces the earlier choice. */
	__u32 events;

	/** @pad: Zero. */
	__u32 pad;
};

/**
 * DRM_EDGEBERT_EVENT_TYPE_DVFS - struct drm_event.type of struct drm_edgebert_event_dvfs.
 */
#define DRM_EDGEBERT_EVENT_TYPE_DVFS		0x80000000

/**
 * DRM_EDGEBERT_EVENT_TYPE_ENVM - struct drm_event.type of struct drm_edgebert_event_envm.
 */
#define DRM_EDGEBERT_EVENT_TYPE_ENVM		0x80000001

/**
 * struct drm_edgebert_event_dvfs - what read() delivers; the newest state, earlier ones may be lost
 */
struct drm_edgebert_event_dvfs {
	/** @base: Type and length. */
	struct drm_event base;

	/** @window_low: Lowest point the administrator allows. */
	__u32 window_low;

	/** @window_high: Highest point that administrator and cooling allow. */
	__u32 window_high;

	/** @thermal_max: Highest point that temperature allows. */
	__u32 thermal_max;

	/** @flags: DRM_EDGEBERT_DVFS_*. */
	__u32 flags;
};

/**
 * struct drm_edgebert_event_envm - what read() delivers
 */
struct drm_edgebert_event_envm {
	/** @base: Type and length. */
	struct drm_event base;

	/** @generation: Of the image that is active now, 0: none. */
	__u64 generation;
};

/**
 * enum drm_edgebert_envm_slot - parts of the eNVM that hold an image
 */
enum drm_edgebert_envm_slot {
	/** @DRM_EDGEBERT_ENVM_SLOT_A: First half. */
	DRM_EDGEBERT_ENVM_SLOT_A = 0,

	/** @DRM_EDGEBERT_ENVM_SLOT_B: Second half. */
	DRM_EDGEBERT_ENVM_SLOT_B,

	/** @DRM_EDGEBERT_ENVM_SLOT_WHOLE: Both, for one large image. */
	DRM_EDGEBERT_ENVM_SLOT_WHOLE,

	/** @DRM_EDGEBERT_ENVM_SLOT_NONE: No image is active. */
	DRM_EDGEBERT_ENVM_SLOT_NONE = 0xffffffff,
};

/**
 * enum drm_edgebert_envm_operation - what is under way
 */
enum drm_edgebert_envm_operation {
	/** @DRM_EDGEBERT_ENVM_IDLE: Nothing. */
	DRM_EDGEBERT_ENVM_IDLE = 0,

	/** @DRM_EDGEBERT_ENVM_ERASING: An erase. */
	DRM_EDGEBERT_ENVM_ERASING,

	/** @DRM_EDGEBERT_ENVM_PROGRAMMING: A program. */
	DRM_EDGEBERT_ENVM_PROGRAMMING,

	/** @DRM_EDGEBERT_ENVM_VERIFYING: A verify or the check of a commit. */
	DRM_EDGEBERT_ENVM_VERIFYING,

	/** @DRM_EDGEBERT_ENVM_READING: A read. */
	DRM_EDGEBERT_ENVM_READING,
};

/**
 * struct drm_edgebert_envm_image - identity of an image, chosen by who builds it
 */
struct drm_edgebert_envm_image {
	/** @id: Names the contents, not all zero; models name the image they need by it. */
	__u8 id[16];

	/** @name: For people, UTF-8, zero padded. */
	__u8 name[32];

	/** @bytes: Size. */
	__u32 bytes;

	/** @crc32: CRC-32 (IEEE 802.3, as zlib's) of the contents. */
	__u32 crc32;
};

/**
 * struct drm_edgebert_envm_info - state of the eNVM; anyone may ask
 */
struct drm_edgebert_envm_info {
	/** @generation: Grows with each commit and never returns; 0: no image is active. */
	__u64 generation;

	/** @image: The active image, all zero if there is none. */
	struct drm_edgebert_envm_image image;

	/** @active_slot: enum drm_edgebert_envm_slot. */
	__u32 active_slot;

	/** @page_bytes: Granule of ENVM_PROGRAM. */
	__u32 page_bytes;

	/** @sector_bytes: Granule of erases and locks. */
	__u32 sector_bytes;

	/** @slot_bytes: Sizes of slots A, B and WHOLE. */
	__u32 slot_bytes[3];

	/** @locked: Bit n: slot n (A, B) is locked until reset. */
	__u32 locked;

	/** @operation: enum drm_edgebert_envm_operation under way. */
	__u32 operation;

	/** @done_bytes: How far it has come. */
	__u32 done_bytes;

	/** @total_bytes: How far it goes. */
	__u32 total_bytes;

	/** @ecc_corrected: Errors corrected since power-on. */
	__u64 ecc_corrected;

	/** @ecc_failed: Errors that could not be corrected since power-on. */
	__u64 ecc_failed;

	/** @wear_max: Erases of the most worn sector. */
	__u32 wear_max;

	/** @wear_mean: Erases of a sector on average. */
	__u32 wear_mean;
};

/**
 * struct drm_edgebert_envm_query - argument of ENVM_INFO; the answer is cut to @size
 */
struct drm_edgebert_envm_query {
	/** @size: Size of the user's struct drm_edgebert_envm_info, in and out. */
	__u32 size;

	/** @pad: Zero. */
	__u32 pad;

	/** @pointer: User pointer to struct drm_edgebert_envm_info. */
	__u64 pointer;
};

/**
 * struct drm_edgebert_envm_transfer - argument of ENVM_READ, ENVM_PROGRAM and ENVM_VERIFY
 *
 * ENVM_PROGRAM takes whole pages. When a signal interrupts a transfer, @done tells how
 * far it came and the call ends with -EINTR; the same call goes on from there.
 */
struct drm_edgebert_envm_transfer {
	/** @slot: enum drm_edgebert_envm_slot. */
	__u32 slot;

	/** @offset: In the slot. */
	__u32 offset;

	/** @size: Bytes. */
	__u32 size;

	/**
	 * @done: In: bytes to leave out at the beginning, 0 at first. Out: bytes read,
	 * programmed or found equal so far, those left out included, in whole commands.
	 */
	__u32 done;

	/** @pointer: User pointer to the bytes. */
	__u64 pointer;
};

/**
 * struct drm_edgebert_envm_slot_operation - argument of ENVM_ERASE and ENVM_LOCK
 */
struct drm_edgebert_envm_slot_operation {
	/** @slot: enum drm_edgebert_envm_slot; not the active one for an erase (-EBUSY). */
	__u32 slot;

	/** @flags: Zero. */
	__u32 flags;
};

/**
 * struct drm_edgebert_envm_commit - argument of ENVM_COMMIT
 *
 * Checks the contents of the slot against @image and then makes it the active one in
 * a single step: whenever power fails, either the old or the new image is active
 * afterwards. Jobs that have started keep the image they started with.
 */
struct drm_edgebert_envm_commit {
	/** @slot: enum drm_edgebert_envm_slot; NONE: from now on no image is active. */
	__u32 slot;

	/** @flags: Zero. */
	__u32 flags;

	/** @image: What was programmed to the slot; all zero for NONE. */
	struct drm_edgebert_envm_image image;

	/** @generation: Returned generation. */
	__u64 generation;
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
	DRM_IOCTL_EDGEBERT_BO_MAP = DRM_IOCTL_EDGEBERT(WR, BO_MAP, bo_map),
	DRM_IOCTL_EDGEBERT_CONTEXT_SET = DRM_IOCTL_EDGEBERT(W, CONTEXT_SET, context_set),
	DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS =
		DRM_IOCTL_EDGEBERT(WR, CONTEXT_COUNTERS, context_counters),
	DRM_IOCTL_EDGEBERT_EVENTS = DRM_IOCTL_EDGEBERT(W, EVENTS, events),
	DRM_IOCTL_EDGEBERT_ENVM_INFO = DRM_IOCTL_EDGEBERT(WR, ENVM_INFO, envm_query),
	DRM_IOCTL_EDGEBERT_ENVM_READ = DRM_IOCTL_EDGEBERT(WR, ENVM_READ, envm_transfer),
	DRM_IOCTL_EDGEBERT_ENVM_ERASE = DRM_IOCTL_EDGEBERT(W, ENVM_ERASE, envm_slot_operation),
	DRM_IOCTL_EDGEBERT_ENVM_PROGRAM = DRM_IOCTL_EDGEBERT(WR, ENVM_PROGRAM, envm_transfer),
	DRM_IOCTL_EDGEBERT_ENVM_VERIFY = DRM_IOCTL_EDGEBERT(WR, ENVM_VERIFY, envm_transfer),
	DRM_IOCTL_EDGEBERT_ENVM_COMMIT = DRM_IOCTL_EDGEBERT(WR, ENVM_COMMIT, envm_commit),
	DRM_IOCTL_EDGEBERT_ENVM_LOCK = DRM_IOCTL_EDGEBERT(W, ENVM_LOCK, envm_slot_operation),
};

#if defined(__cplusplus)
}
#endif

#endif /* _EDGEBERT_ACCEL_H_ */
