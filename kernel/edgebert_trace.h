/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: events/edgebert/ in tracefs.
 *
 * A job is named by its queue (a context's timeline, as in the scheduler's own
 * tracepoints) and its sequence in it; on the ring by its cookie.  "space" is the number
 * of its address space in the device's context table.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM edgebert

#if !defined(EDGEBERT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define EDGEBERT_TRACE_H

#include <linux/tracepoint.h>

#include <drm/gpu_scheduler.h>

#include "edgebert_context.h"
#include "edgebert_device.h"
#include "edgebert_job.h"

#define edgebert_trace_status(status)					\
	__print_symbolic(status,					\
	{ EDGEBERT_HW_OK,			"OK" },			\
	{ EDGEBERT_HW_BAD_JOB,			"BAD_JOB" },		\
	{ EDGEBERT_HW_BAD_CONTEXT,		"BAD_CONTEXT" },	\
	{ EDGEBERT_HW_ABORTED,			"ABORTED" },		\
	{ EDGEBERT_HW_PAGE_NOT_MAPPED,		"PAGE_NOT_MAPPED" },	\
	{ EDGEBERT_HW_PAGE_READ_ONLY,		"PAGE_READ_ONLY" },	\
	{ EDGEBERT_HW_PAGE_TABLE_INVALID,	"PAGE_TABLE_INVALID" },	\
	{ EDGEBERT_HW_BUS_ERROR,		"BUS_ERROR" },		\
	{ EDGEBERT_HW_BAD_OPCODE,		"BAD_OPCODE" },		\
	{ EDGEBERT_HW_BAD_COMMAND,		"BAD_COMMAND" },	\
	{ EDGEBERT_HW_BAD_ADDRESS,		"BAD_ADDRESS" },	\
	{ EDGEBERT_HW_BAD_PACKING,		"BAD_PACKING" },	\
	{ EDGEBERT_HW_BAD_INDEX,		"BAD_INDEX" },		\
	{ EDGEBERT_HW_NO_END,			"NO_END" },		\
	{ EDGEBERT_HW_ENVM_FAILED,		"ENVM_FAILED" },	\
	{ EDGEBERT_HW_DEVICE_ERROR,		"DEVICE_ERROR" })

/* A job was accepted from user space. */
TRACE_EVENT(edgebert_submit,
	TP_PROTO(const struct edgebert_job *job),
	TP_ARGS(job),
	TP_STRUCT__entry(
		__string(device, dev_name(job->context->edev->drm.dev))
		__field(u64, queue)
		__field(u64, sequence)
		__field(u32, space)
		__field(u32, commands)
		__field(u32, buffers)
		__field(u8, point)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->queue = job->context->entity.fence_context;
		__entry->sequence = job->sequence;
		__entry->space = le16_to_cpu(job->desc.context);
		__entry->commands = le32_to_cpu(job->desc.stream_commands);
		__entry->buffers = job->buffer_count;
		__entry->point = job->desc.operating_point;
	),
	TP_printk("%s queue=%llu sequence=%llu space=%u commands=%u buffers=%u point=%u",
		  __get_str(device), __entry->queue, __entry->sequence, __entry->space,
		  __entry->commands, __entry->buffers, __entry->point)
);

/* A job was put on the ring: handed to the device. */
TRACE_EVENT(edgebert_run,
	TP_PROTO(const struct edgebert_job *job, unsigned int outstanding),
	TP_ARGS(job, outstanding),
	TP_STRUCT__entry(
		__string(device, dev_name(job->context->edev->drm.dev))
		__field(u64, queue)
		__field(u64, sequence)
		__field(u64, cookie)
		__field(u32, outstanding)
		__field(u8, point)
		__field(u8, low)
		__field(u8, high)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->queue = job->context->entity.fence_context;
		__entry->sequence = job->sequence;
		__entry->cookie = job->cookie;
		__entry->outstanding = outstanding;
		__entry->point = job->desc.operating_point;
		__entry->low = job->desc.window_low;
		__entry->high = job->desc.window_high;
	),
	TP_printk("%s queue=%llu sequence=%llu cookie=%llu outstanding=%u point=%u window=%u..%u",
		  __get_str(device), __entry->queue, __entry->sequence, __entry->cookie,
		  __entry->outstanding, __entry->point, __entry->low, __entry->high)
);

/* The device reported the end of a job.  Cycles, time and energy are modelled. */
TRACE_EVENT(edgebert_complete,
	TP_PROTO(const struct edgebert_job *job, const struct edgebert_hw_completion *record,
		 int error),
	TP_ARGS(job, record, error),
	TP_STRUCT__entry(
		__string(device, dev_name(job->context->edev->drm.dev))
		__field(u64, queue)
		__field(u64, sequence)
		__field(u64, cookie)
		__field(u64, cycles)
		__field(u64, time_ns)
		__field(u64, energy_pj)
		__field(int, error)
		__field(u16, status)
		__field(u8, exit_layer)
		__field(u8, point)
		__field(u8, throttled)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->queue = job->context->entity.fence_context;
		__entry->sequence = job->sequence;
		__entry->cookie = job->cookie;
		__entry->cycles = le64_to_cpu(record->cycles);
		__entry->time_ns = le64_to_cpu(record->time_ns);
		__entry->energy_pj = le64_to_cpu(record->energy_pj);
		__entry->error = error;
		__entry->status = le16_to_cpu(record->status);
		__entry->exit_layer = record->exit_layer;
		__entry->point = record->operating_point;
		__entry->throttled = record->throttled;
	),
	TP_printk("%s queue=%llu sequence=%llu cookie=%llu status=%s error=%d exit_layer=%u point=%u throttled=%u cycles=%llu time_ns=%llu energy_pj=%llu",
		  __get_str(device), __entry->queue, __entry->sequence, __entry->cookie,
		  edgebert_trace_status(__entry->status), __entry->error,
		  __entry->exit_layer, __entry->point, __entry->throttled, __entry->cycles,
		  __entry->time_ns, __entry->energy_pj)
);

/* A job ended in a fault of its own. */
TRACE_EVENT(edgebert_fault,
	TP_PROTO(const struct edgebert_job *job, const struct edgebert_hw_completion *record),
	TP_ARGS(job, record),
	TP_STRUCT__entry(
		__string(device, dev_name(job->context->edev->drm.dev))
		__field(u64, queue)
		__field(u64, sequence)
		__field(u32, space)
		__field(u32, command)
		__field(u32, address)
		__field(u16, status)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->queue = job->context->entity.fence_context;
		__entry->sequence = job->sequence;
		__entry->space = le16_to_cpu(job->desc.context);
		__entry->command = le32_to_cpu(record->fault_command);
		__entry->address = le32_to_cpu(record->fault_address);
		__entry->status = le16_to_cpu(record->status);
	),
	TP_printk("%s queue=%llu sequence=%llu space=%u status=%s command=%u address=%#x",
		  __get_str(device), __entry->queue, __entry->sequence, __entry->space,
		  edgebert_trace_status(__entry->status), __entry->command,
		  __entry->address)
);

/* Recovery acts: "abort", "lift" (of an abort), "reset" or "lost", and why. */
TRACE_EVENT(edgebert_recovery,
	TP_PROTO(struct edgebert_device *edev, const char *action, const char *reason, u32 space),
	TP_ARGS(edev, action, reason, space),
	TP_STRUCT__entry(
		__string(device, dev_name(edev->drm.dev))
		__string(action, action)
		__string(reason, reason)
		__field(u32, space)
		__field(u32, outstanding)
		__field(u32, resets)
	),
	TP_fast_assign(
		__assign_str(device);
		__assign_str(action);
		__assign_str(reason);
		__entry->space = space;
		__entry->outstanding = edgebert_ring_outstanding(edev);
		__entry->resets = atomic_read(&edev->recovery.reset_count);
	),
	TP_printk("%s action=%s space=%u outstanding=%u resets=%u reason=\"%s\"",
		  __get_str(device), __get_str(action), __entry->space, __entry->outstanding,
		  __entry->resets, __get_str(reason))
);

/* The device works at another operating point than before: seen when a job ends. */
TRACE_EVENT(edgebert_dvfs,
	TP_PROTO(struct edgebert_device *edev, u8 from, u8 to, bool throttled),
	TP_ARGS(edev, from, to, throttled),
	TP_STRUCT__entry(
		__string(device, dev_name(edev->drm.dev))
		__field(u32, khz)
		__field(u32, millivolt)
		__field(u8, from)
		__field(u8, to)
		__field(bool, throttled)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->from = from;
		__entry->to = to;
		__entry->khz = to < edev->info.point_count ? edev->info.points[to].khz : 0;
		__entry->millivolt = to < edev->info.point_count ?
				     edev->info.points[to].millivolt : 0;
		__entry->throttled = throttled;
	),
	TP_printk("%s from=%u to=%u khz=%u millivolt=%u throttled=%d",
		  __get_str(device), __entry->from, __entry->to, __entry->khz,
		  __entry->millivolt, __entry->throttled)
);

/* The points that jobs may use have changed, by an administrator, cooling or temperature. */
TRACE_EVENT(edgebert_limits,
	TP_PROTO(struct edgebert_device *edev, const struct edgebert_dvfs_limits *limits,
		 s32 temperature),
	TP_ARGS(edev, limits, temperature),
	TP_STRUCT__entry(
		__string(device, dev_name(edev->drm.dev))
		__field(u32, low)
		__field(u32, high)
		__field(u32, thermal_max)
		__field(s32, temperature)
		__field(bool, throttled)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->low = limits->window_low;
		__entry->high = limits->window_high;
		__entry->thermal_max = limits->thermal_max;
		__entry->temperature = temperature;
		__entry->throttled = limits->throttled;
	),
	TP_printk("%s window=%u..%u thermal_max=%u throttled=%d temperature=%d",
		  __get_str(device), __entry->low, __entry->high, __entry->thermal_max,
		  __entry->throttled, __entry->temperature)
);

#endif /* EDGEBERT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE edgebert_trace
#include <trace/define_trace.h>
