/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * EdgeBERT hardware contract: everything that crosses the PCIe link.
 *
 * One header for both sides: the driver (edgebert.ko) and the device model.
 * Prose, diagrams and rationale are in Documentation/hardware/; a test checks
 * that the two agree.  All structures are little-endian and naturally aligned.
 * Fields named "reserved" must be zero and are checked by the device.
 */
#ifndef EDGEBERT_HW_H
#define EDGEBERT_HW_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#else
#include <assert.h>
#endif

#include <linux/types.h>

/* ---- PCI function ------------------------------------------------------- */

#define EDGEBERT_HW_PCI_VENDOR			0x1234	/* placeholder, see pci.md */
#define EDGEBERT_HW_PCI_DEVICE			0xeb01
#define EDGEBERT_HW_PCI_REVISION		0x01
#define EDGEBERT_HW_PCI_CLASS			0x120000	/* processing accelerator */

#define EDGEBERT_HW_BAR_REGISTERS		0
#define EDGEBERT_HW_BAR_REGISTERS_SIZE		0x10000
#define EDGEBERT_HW_BAR_MSIX			2
#define EDGEBERT_HW_BAR_MSIX_SIZE		0x4000
#define EDGEBERT_HW_MSIX_TABLE_OFFSET		0x0000
#define EDGEBERT_HW_MSIX_PBA_OFFSET		0x2000

/* One MSI-X vector per cause; the same numbers are the bits of IRQ_STATUS/IRQ_ENABLE. */
#define EDGEBERT_HW_IRQ_COMPLETION		0	/* new completion records */
#define EDGEBERT_HW_IRQ_ERROR			1	/* STATUS.FATAL was set */
#define EDGEBERT_HW_IRQ_DVFS			2	/* thermal limit changed */
#define EDGEBERT_HW_IRQ_ENVM			3	/* eNVM operation ended */
#define EDGEBERT_HW_IRQ_COUNT			4

/* ---- Registers (BAR0, 32-bit accesses, offsets in bytes) ----------------- */

/* Identity, read-only */
#define EDGEBERT_HW_REG_ID			0x0000
#define   EDGEBERT_HW_ID_MAGIC			0x54524245	/* "EBRT" */
#define EDGEBERT_HW_REG_VERSION			0x0004	/* major << 16 | minor */
#define   EDGEBERT_HW_VERSION_MAJOR		1
#define   EDGEBERT_HW_VERSION_MINOR		0
#define EDGEBERT_HW_REG_CAPABILITIES		0x0008
#define   EDGEBERT_HW_CAP_ENVM_READ		(1u << 0)	/* segment 8 readable by jobs */
#define   EDGEBERT_HW_CAP_ENVM_PROGRAM		(1u << 1)	/* eNVM command registers work */
#define   EDGEBERT_HW_CAP_AUTONOMOUS_DVFS	(1u << 2)	/* PREDICT acts, one-job latency */
#define   EDGEBERT_HW_CAP_THERMAL		(1u << 3)	/* TEMPERATURE is modelled */
#define   EDGEBERT_HW_CAP_QUEUE_TIME		(1u << 4)	/* knows JOB_QUEUE_TIME */
#define EDGEBERT_HW_REG_LIMITS			0x000c
#define   EDGEBERT_HW_LIMITS_OPERATING_POINTS(v)	((v) & 0xff)
#define   EDGEBERT_HW_LIMITS_RING_ORDER_MAX(v)		(((v) >> 8) & 0xff)
#define   EDGEBERT_HW_LIMITS_CONTEXT_COUNT(v)		(((v) >> 16) & 0xffff)
#define EDGEBERT_HW_REG_DATA_BUFFER_BYTES	0x0010	/* each of the two decoders */
#define EDGEBERT_HW_REG_AUX_BUFFER_BYTES	0x0014
#define EDGEBERT_HW_REG_ENVM_BYTES		0x0018
#define EDGEBERT_HW_REG_PROFILE_NAME		0x0020	/* 16 bytes ASCII, zero padded */
#define   EDGEBERT_HW_PROFILE_NAME_BYTES	16
#define EDGEBERT_HW_REG_TIME_LO			0x0030	/* clock, ns; reading LO latches HI */
#define EDGEBERT_HW_REG_TIME_HI			0x0034

/* Control */
#define EDGEBERT_HW_REG_CONTROL			0x0100
#define   EDGEBERT_HW_CONTROL_ENABLE		(1u << 0)	/* fetch jobs */
#define   EDGEBERT_HW_CONTROL_CORE_RESET	(1u << 1)	/* self-clearing; DMA stops first */
#define EDGEBERT_HW_REG_STATUS			0x0104
#define   EDGEBERT_HW_STATUS_READY		(1u << 0)	/* out of reset, registers valid */
#define   EDGEBERT_HW_STATUS_BUSY		(1u << 1)	/* a job is executing */
#define   EDGEBERT_HW_STATUS_QUIESCED		(1u << 2)	/* disabled, no DMA outstanding */
#define   EDGEBERT_HW_STATUS_RESETTING		(1u << 3)
#define   EDGEBERT_HW_STATUS_THROTTLED		(1u << 4)
#define   EDGEBERT_HW_STATUS_FATAL		(1u << 5)	/* rings stopped until core reset */
#define   EDGEBERT_HW_STATUS_FATAL_CODE(v)	(((v) >> 16) & 0xff)
#define   EDGEBERT_HW_FATAL_NONE		0
#define   EDGEBERT_HW_FATAL_SUBMIT_RING		1	/* submission ring unreadable */
#define   EDGEBERT_HW_FATAL_COMPLETE_RING	2	/* completion ring unwritable */
#define   EDGEBERT_HW_FATAL_CONTEXT_TABLE	3	/* context table unreadable */
#define   EDGEBERT_HW_FATAL_DOORBELL		4	/* tail moved by more than the ring size */
#define   EDGEBERT_HW_FATAL_CONFIGURATION	5	/* enabled with unusable ring settings */
/*
 * CONTEXT_ABORT: the context's running job ends with ABORTED, and so does every
 * further job of it, unexecuted, until CONTEXT_UPDATE names the same context.
 */
#define EDGEBERT_HW_REG_CONTEXT_ABORT		0x0108	/* WO: context id */
/* CONTEXT_UPDATE: forget the context's entry and translations, lift an abort. */
#define EDGEBERT_HW_REG_CONTEXT_UPDATE		0x0110	/* WO: context id */
#define EDGEBERT_HW_REG_CONTEXT_UPDATE_BUSY	0x0114	/* RO: 1 until the update took effect */

/* Rings and tables; writable only while CONTROL.ENABLE is 0.  Bases are bus addresses. */
#define EDGEBERT_HW_REG_SUBMIT_BASE_LO		0x0200
#define EDGEBERT_HW_REG_SUBMIT_BASE_HI		0x0204
#define EDGEBERT_HW_REG_RING_ORDER		0x0208	/* log2 entries of both rings */
#define   EDGEBERT_HW_RING_ORDER_MIN		2
#define   EDGEBERT_HW_RING_ORDER_MAX		10
#define EDGEBERT_HW_REG_SUBMIT_HEAD		0x020c	/* RO: jobs fetched, free running */
#define EDGEBERT_HW_REG_COMPLETE_BASE_LO	0x0210
#define EDGEBERT_HW_REG_COMPLETE_BASE_HI	0x0214
#define EDGEBERT_HW_REG_COMPLETE_TAIL		0x0218	/* RO: records written, free running */
#define EDGEBERT_HW_REG_CONTEXT_TABLE_LO	0x0220
#define EDGEBERT_HW_REG_CONTEXT_TABLE_HI	0x0224
#define EDGEBERT_HW_RING_ALIGN			4096
#define EDGEBERT_HW_CONTEXT_COUNT		256

/* Interrupt causes: a message is sent when (STATUS & ENABLE) gains a bit. */
#define EDGEBERT_HW_REG_IRQ_STATUS		0x0300	/* W1C; COMPLETION is never set here */
#define EDGEBERT_HW_REG_IRQ_ENABLE		0x0304

/* DVFS.  Points are sorted by frequency, 0 is the lowest. */
#define EDGEBERT_HW_OPERATING_POINTS_MAX	16
#define EDGEBERT_HW_REG_DVFS_WINDOW		0x0400	/* [7:0] lowest, [15:8] highest point */
#define EDGEBERT_HW_REG_DVFS_DEFAULT		0x0404	/* point of jobs that ask for none */
#define EDGEBERT_HW_REG_DVFS_CURRENT		0x0408	/* RO */
#define EDGEBERT_HW_REG_DVFS_TRANSITIONS	0x040c	/* RO: count */
#define EDGEBERT_HW_REG_DVFS_THERMAL_MAX	0x0410	/* RO: highest point allowed now */
#define EDGEBERT_HW_REG_TEMPERATURE		0x0414	/* RO: signed, 1/1000 degree C, modelled */
#define EDGEBERT_HW_REG_OPP_KHZ(n)		(0x0480 + 4 * (n))
#define EDGEBERT_HW_REG_OPP_MILLIVOLT(n)	(0x04c0 + 4 * (n))
#define EDGEBERT_HW_REG_OPP_MICROWATT(n)	(0x0500 + 4 * (n))	/* dense compute */

/* Telemetry: 64-bit counters since power-on, LO at n, HI at n + 4; reading LO latches HI. */
#define EDGEBERT_HW_REG_COUNT_CYCLES		0x0600
#define EDGEBERT_HW_REG_COUNT_BUSY_NS		0x0608	/* modelled */
#define EDGEBERT_HW_REG_COUNT_ENERGY_PJ		0x0610	/* modelled */
#define EDGEBERT_HW_REG_COUNT_JOBS		0x0618
#define EDGEBERT_HW_REG_COUNT_FAULTS		0x0620
#define EDGEBERT_HW_REG_COUNT_ABORTS		0x0628
#define EDGEBERT_HW_REG_COUNT_BLOCK_PJ(b)	(0x0640 + 8 * (b))	/* enum edgebert_hw_block */
#define EDGEBERT_HW_REG_COUNT_EXITS(l)		(0x0700 + 8 * ((l) - 1))	/* l is 1-based */

/*
 * eNVM controller: works only with CAP_ENVM_PROGRAM; sizes always readable.  The array
 * changes only between jobs, so each job sees one state of it.
 */
#define EDGEBERT_HW_REG_ENVM_PAGE_BYTES		0x0800	/* RO: program granule */
#define EDGEBERT_HW_REG_ENVM_SECTOR_BYTES	0x0804	/* RO: erase granule */
#define EDGEBERT_HW_REG_ENVM_COMMAND		0x0808	/* WO: starts an operation */
#define   EDGEBERT_HW_ENVM_READ			1	/* eNVM -> host buffer */
#define   EDGEBERT_HW_ENVM_PROGRAM		2	/* host buffer -> erased pages */
#define   EDGEBERT_HW_ENVM_ERASE		3	/* whole sectors */
#define   EDGEBERT_HW_ENVM_VERIFY		4	/* compare with the host buffer */
#define   EDGEBERT_HW_ENVM_LOCK			5	/* sectors read-only until function reset */
#define EDGEBERT_HW_REG_ENVM_STATUS		0x080c	/* RO: [0] busy, [15:8] envm_result */
#define EDGEBERT_HW_REG_ENVM_ADDRESS		0x0810
#define EDGEBERT_HW_REG_ENVM_LENGTH		0x0814
#define EDGEBERT_HW_REG_ENVM_HOST_LO		0x0818	/* bus address of the host buffer */
#define EDGEBERT_HW_REG_ENVM_HOST_HI		0x081c
#define EDGEBERT_HW_REG_ENVM_ECC_CORRECTED	0x0820	/* RO: count */
#define EDGEBERT_HW_REG_ENVM_ECC_FAILED		0x0824	/* RO: count */
#define EDGEBERT_HW_REG_ENVM_SINGLE_BYTES	0x0828	/* RO: below it one bit per cell */
#define EDGEBERT_HW_REG_ENVM_WEAR		0x082c	/* RO: erases of ENVM_ADDRESS's sector */

/* Doorbell page */
#define EDGEBERT_HW_REG_SUBMIT_DOORBELL		0x1000	/* WO: new tail, free running */

enum edgebert_hw_envm_result {
	EDGEBERT_HW_ENVM_OK = 0,
	EDGEBERT_HW_ENVM_BAD_RANGE,
	EDGEBERT_HW_ENVM_LOCKED,
	EDGEBERT_HW_ENVM_NOT_ERASED,
	EDGEBERT_HW_ENVM_MISMATCH,
	EDGEBERT_HW_ENVM_ECC_ERROR,
	EDGEBERT_HW_ENVM_BUS_ERROR,
	EDGEBERT_HW_ENVM_UNSUPPORTED,
};

/*
 * Layout of images in the array, see envm.md.  A convention between drivers and whoever
 * programs the memory; the device does not look at it.
 */
#define EDGEBERT_HW_ENVM_HEADER(n)		(0x1000 * (n))	/* two, one page each */
#define   EDGEBERT_HW_ENVM_HEADER_MAGIC		0x4d495645	/* "EVIM" */
#define   EDGEBERT_HW_ENVM_HEADER_VERSION	1
#define EDGEBERT_HW_ENVM_SLOT_A			0x004000
#define EDGEBERT_HW_ENVM_SLOT_B			0x102000
#define EDGEBERT_HW_ENVM_SLOT_A_BYTES		0x0fe000
#define EDGEBERT_HW_ENVM_SLOT_B_BYTES		0x0fe000
#define EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES	0x1fc000	/* from SLOT_A */

struct edgebert_hw_envm_header {
	__le32 magic;
	__le32 version;
	__le64 sequence;		/* the valid header with the higher one counts */
	__le32 slot;			/* 0 A, 1 B, 2 WHOLE, 0xffffffff none */
	__le32 bytes;			/* of the image, from the slot's start */
	__le32 image_crc32;
	__le32 reserved0;
	__u8 id[16];
	__u8 name[32];
	__le32 reserved[43];
	__le32 crc32;			/* of the 252 bytes before */
};

/* Where energy goes; index of block_energy_pj[] and REG_COUNT_BLOCK_PJ. */
enum edgebert_hw_block {
	EDGEBERT_HW_BLOCK_MATRIX,	/* decoders, multipliers, accumulators, activation */
	EDGEBERT_HW_BLOCK_SPECIAL,	/* special function unit */
	EDGEBERT_HW_BLOCK_BUFFERS,	/* on-chip SRAM */
	EDGEBERT_HW_BLOCK_DMA,
	EDGEBERT_HW_BLOCK_ENVM,
	EDGEBERT_HW_BLOCK_DVFS,		/* LDO and clock transitions */
	EDGEBERT_HW_BLOCK_LEAKAGE,
	EDGEBERT_HW_BLOCK_RESERVED,
	EDGEBERT_HW_BLOCK_COUNT,
};

/* ---- Contexts and address translation ------------------------------------ */

/*
 * Device virtual addresses have 32 bits and 4 KiB pages.
 *   bits 31:30 choose one of the context's four directories,
 *   bits 29:21 one of 512 directory entries, bits 20:12 one of 512 table entries.
 * Entries are 64-bit bus addresses with the flags below; directory entries may
 * carry VALID only.  Any other bit set is a translation fault.
 */
#define EDGEBERT_HW_PAGE_SHIFT			12
#define EDGEBERT_HW_PAGE_SIZE			(1u << EDGEBERT_HW_PAGE_SHIFT)
#define EDGEBERT_HW_TABLE_ENTRIES		512
#define EDGEBERT_HW_PTE_VALID			(1ull << 0)
#define EDGEBERT_HW_PTE_WRITE			(1ull << 1)	/* tables only */
#define EDGEBERT_HW_PTE_ADDRESS			0x000ffffffffff000ull

#define EDGEBERT_HW_CONTEXT_VALID		(1u << 0)

/* Entry of the context table, indexed by context id. */
struct edgebert_hw_context {
	__le32 flags;
	__le32 reserved0;
	__le64 directory[4];	/* bus address | PTE_VALID, or 0 */
	__le64 reserved1[3];
};

/* ---- Jobs ----------------------------------------------------------------- */

#define EDGEBERT_HW_LAYERS_MAX			24
#define EDGEBERT_HW_CLASSES_MAX			16
#define EDGEBERT_HW_SEGMENTS			8
#define EDGEBERT_HW_OPERATING_POINT_DEFAULT	0xff

#define EDGEBERT_HW_JOB_AUTONOMOUS		(1u << 0)	/* PREDICT sets limit, point */
#define EDGEBERT_HW_JOB_QUEUE_TIME		(1u << 1)	/* elapsed_us grows in the ring */

/*
 * Entry of the submission ring.  The device reads it once; everything a job may
 * touch is reached through the context's page tables.
 */
struct edgebert_hw_job {
	__le64 cookie;			/* copied to the completion */
	__le16 context;
	__le16 flags;
	__le32 stream_address;		/* device virtual, 64-byte aligned */
	__le32 stream_commands;		/* length of the stream */
	__le32 first_command;		/* where to begin */
	__le16 sequence_length;		/* tokens, replaces counts marked FROM_JOB */
	__le16 entropy_threshold;	/* signed Q6.10 nats, EXIT when H <= threshold */
	__u8 exit_layer_limit;		/* EXIT always taken at this layer; 0: no limit */
	__u8 operating_point;		/* index or OPERATING_POINT_DEFAULT */
	__u8 window_low;		/* the job's own limits, inside DVFS_WINDOW */
	__u8 window_high;
	__le32 target_latency_us;	/* AUTONOMOUS: from start of the job */
	__le32 elapsed_us;		/* AUTONOMOUS: already spent (queueing) */
	__le32 segments[EDGEBERT_HW_SEGMENTS];	/* base of operand segments 0..7, device virtual */
	__le32 envm_base;		/* byte of the eNVM where operand segment 8 begins */
	__le32 reserved[13];
};

enum edgebert_hw_status {
	EDGEBERT_HW_OK = 0,
	EDGEBERT_HW_BAD_JOB,		/* descriptor field out of range or reserved bit set */
	EDGEBERT_HW_BAD_CONTEXT,	/* context entry not valid */
	EDGEBERT_HW_ABORTED,		/* CONTEXT_ABORT or reset */
	EDGEBERT_HW_PAGE_NOT_MAPPED,
	EDGEBERT_HW_PAGE_READ_ONLY,
	EDGEBERT_HW_PAGE_TABLE_INVALID,	/* reserved bits in an entry, or table unreadable */
	EDGEBERT_HW_BUS_ERROR,
	EDGEBERT_HW_BAD_OPCODE,
	EDGEBERT_HW_BAD_COMMAND,	/* field out of range, reserved bit set */
	EDGEBERT_HW_BAD_ADDRESS,	/* segment, bounds or alignment of an operand */
	EDGEBERT_HW_BAD_PACKING,	/* packed matrix inconsistent */
	EDGEBERT_HW_BAD_INDEX,		/* EMBED: index outside the table */
	EDGEBERT_HW_NO_END,		/* stream ended without END or EXIT taken */
	EDGEBERT_HW_ENVM_FAILED,	/* uncorrectable eNVM read */
	EDGEBERT_HW_DEVICE_ERROR,	/* the device itself failed */
	EDGEBERT_HW_STATUS_COUNT,
};

/*
 * Entry of the completion ring.  "sequence" is written last: record number n
 * (counted from 1) carries n, so the host knows a fresh record without a register.
 * The host never has more jobs outstanding than ring entries.
 */
struct edgebert_hw_completion {
	__le64 cookie;
	__le16 context;
	__le16 status;			/* enum edgebert_hw_status */
	__u8 exit_layer;		/* layer whose EXIT was taken; 0: none */
	__u8 predicted_layer;		/* AUTONOMOUS: PREDICT's choice; else 0 */
	__u8 label;			/* class with the largest logit at the last ENTROPY */
	__u8 operating_point;		/* in force when the job ended */
	__le32 fault_command;		/* index of the command that failed */
	/* Operand address of the failure, where one applies; of an unreadable command its own. */
	__le32 fault_address;
	__le64 cycles;			/* device clock cycles of the job, modelled */
	__le64 time_ns;			/* cycles at their frequencies plus transitions, modelled */
	__le64 energy_pj;		/* modelled, sum of block_energy_pj */
	__le64 block_energy_pj[EDGEBERT_HW_BLOCK_COUNT];
	__le64 start_ns;		/* device clock when the job was started and ended, */
	__le64 end_ns;			/* equal exactly if nothing of it was executed */
	__le16 entropies[EDGEBERT_HW_LAYERS_MAX];	/* Q6.10 nats; 0xffff: not assessed */
	__le32 reserved[18];
	__u8 layers_assessed;		/* highest layer assessed by this job */
	__u8 throttled;			/* the temperature lowered the point */
	__u8 transitions;		/* DVFS transitions in this job */
	__u8 reserved1;
	__le32 sequence;
};

/* ---- Commands --------------------------------------------------------------- */

/*
 * Operand address: bits 31:28 name a segment, bits 27:0 a byte offset in it.
 * Segments 0..7 add the job's segment base (the sum may not wrap) and go
 * through the context's page tables; 8..11 are on-chip.
 */
#define EDGEBERT_HW_OPERAND(segment, offset)	(((__u32)(segment) << 28) | (__u32)(offset))
#define EDGEBERT_HW_OPERAND_SEGMENT(operand)	((operand) >> 28)
#define EDGEBERT_HW_OPERAND_OFFSET(operand)	((operand) & 0x0fffffffu)
#define EDGEBERT_HW_SEGMENT_ENVM		8	/* read-only, from job.envm_base */
#define EDGEBERT_HW_SEGMENT_DATA0		9
#define EDGEBERT_HW_SEGMENT_DATA1		10
#define EDGEBERT_HW_SEGMENT_AUX			11

#define EDGEBERT_HW_DATA_BUFFER_BYTES		(128 * 1024)
#define EDGEBERT_HW_AUX_BUFFER_BYTES		(32 * 1024)
#define EDGEBERT_HW_ENVM_BYTES			(2 * 1024 * 1024)

#define EDGEBERT_HW_LANES			16
#define EDGEBERT_HW_ROWS_MAX			1024
#define EDGEBERT_HW_DEPTH_MAX			4080
#define EDGEBERT_HW_COLUMNS_MAX			4096
#define EDGEBERT_HW_SEQUENCE_MAX		512
#define EDGEBERT_HW_STREAM_COMMANDS_MAX		65536

enum edgebert_hw_opcode {
	EDGEBERT_HW_OP_END = 0x01,
	EDGEBERT_HW_OP_COPY = 0x02,
	EDGEBERT_HW_OP_MATMUL = 0x10,
	EDGEBERT_HW_OP_SOFTMAX = 0x11,
	EDGEBERT_HW_OP_LAYERNORM = 0x12,
	EDGEBERT_HW_OP_ADD = 0x13,
	EDGEBERT_HW_OP_EMBED = 0x14,
	EDGEBERT_HW_OP_ENTROPY = 0x15,
	EDGEBERT_HW_OP_EXIT = 0x16,
	EDGEBERT_HW_OP_PREDICT = 0x17,
	EDGEBERT_HW_OP_MARK = 0x18,
};

/* Element formats */
#define EDGEBERT_HW_FORMAT_AF8			0	/* AdaptivFloat<8,3>, bias 0..7 */
#define EDGEBERT_HW_FORMAT_Q6_10		1	/* signed 16-bit, 10 fraction bits */

/* Activation functions of MATMUL */
#define EDGEBERT_HW_ACTIVATION_NONE		0
#define EDGEBERT_HW_ACTIVATION_RELU		1
#define EDGEBERT_HW_ACTIVATION_GELU		2
#define EDGEBERT_HW_ACTIVATION_TANH		3

/*
 * Command flags.  FROM_JOB replaces a count by job.sequence_length; for a depth
 * it is rounded up to a whole vector of 16.  Fields of an operand whose flag (BIAS,
 * SPAN) is not set must be zero, and so must flags that mean nothing to the opcode.
 */
#define EDGEBERT_HW_CMD_ROWS_FROM_JOB		(1u << 0)
#define EDGEBERT_HW_CMD_COLUMNS_FROM_JOB	(1u << 1)
#define EDGEBERT_HW_CMD_DEPTH_FROM_JOB		(1u << 2)
#define EDGEBERT_HW_CMD_PACKED			(1u << 3)	/* MATMUL weights, EMBED table */
#define EDGEBERT_HW_CMD_BIAS			(1u << 4)	/* MATMUL: add the bias vector */
#define EDGEBERT_HW_CMD_TRANSPOSE		(1u << 5)	/* MATMUL: output[column][row] */
#define EDGEBERT_HW_CMD_SPAN			(1u << 6)	/* SOFTMAX: times the span mask */
#define EDGEBERT_HW_CMD_SPAN_RELATIVE		(1u << 7)	/* SOFTMAX: of |row - column| */
#define EDGEBERT_HW_CMD_LAST			(1u << 8)	/* EXIT: always taken */

/*
 * MATMUL: output[r][c] = activation(bias[c] + sum over d of input[r][d] * weights[c][d]).
 * input and weights are AF8; depth is a multiple of 16; sums wrap at 32 bits (the
 * compiler proves they cannot).  bias is __le32 with 12 fraction bits per column.
 * Dense operands are row-major with a stride in bytes.  A packed operand is, from
 * its start: __le32 offset[ceil(columns / 16) + 1] relative to that start, then per
 * block of 16 weight rows: __le16 masks[rows in block][depth / 16], then the non-zero
 * bytes in the same order, zero padding to 4 bytes.  offset[i + 1] ends block i; blocks
 * follow the table and each other without gaps.
 */
struct edgebert_hw_matmul {
	__le32 input;
	__le32 weights;
	__le32 bias;
	__le32 output;
	__le32 input_stride;
	__le32 weights_stride;		/* 0 when packed */
	__le32 output_stride;
	__le16 rows;
	__le16 depth;
	__le16 columns;
	__u8 input_bias;		/* AdaptivFloat biases */
	__u8 weights_bias;
	__u8 output_bias;
	__u8 output_format;
	__u8 activation;
	__u8 reserved0;
	__le32 reserved[4];
};

/* SOFTMAX over each row; columns past the count, up to a whole vector, are written as zero. */
struct edgebert_hw_softmax {
	__le32 input;
	__le32 output;
	__le32 span;			/* AF8; columns entries, max(rows, columns) if relative */
	__le32 input_stride;
	__le32 output_stride;
	__le16 rows;
	__le16 columns;
	__u8 input_bias;
	__u8 output_bias;
	__u8 span_bias;
	__u8 input_format;
	__u8 output_format;
	__u8 reserved0[3];
	__le32 reserved[6];
};

/* LAYERNORM over each row: (x - mean) / sqrt(variance + epsilon) * gamma + beta. */
struct edgebert_hw_layernorm {
	__le32 input;
	__le32 output;
	__le32 gamma;			/* columns entries each, parameter_format */
	__le32 beta;
	__le32 input_stride;
	__le32 output_stride;
	__le32 epsilon;			/* 20 fraction bits */
	__le16 rows;
	__le16 columns;
	__u8 input_bias;
	__u8 output_bias;
	__u8 gamma_bias;
	__u8 beta_bias;
	__u8 input_format;
	__u8 output_format;
	__u8 parameter_format;
	__u8 reserved0;
	__le32 reserved[4];
};

/* ADD: output = a + b, element-wise. */
struct edgebert_hw_add {
	__le32 a;
	__le32 b;
	__le32 output;
	__le32 a_stride;
	__le32 b_stride;		/* 0: the same row of b for every row */
	__le32 output_stride;
	__le16 rows;
	__le16 columns;
	__u8 a_bias;
	__u8 b_bias;
	__u8 output_bias;
	__u8 a_format;
	__u8 b_format;
	__u8 output_format;
	__u8 reserved0[2];
	__le32 reserved[5];
};

/* EMBED: output[r] = table[indices[r]]; table rows are AF8, dense or packed as in MATMUL. */
struct edgebert_hw_embed {
	__le32 indices;			/* __le32 each */
	__le32 table;
	__le32 output;
	__le32 table_stride;		/* 0 when packed */
	__le32 output_stride;
	__le32 table_rows;
	__le16 rows;
	__le16 columns;
	__u8 table_bias;
	__u8 output_bias;
	__u8 output_format;
	__u8 reserved0;
	__le32 reserved[6];
};

/* COPY: rows of row_bytes bytes each, 1..DATA_BUFFER_BYTES, in ascending order. */
struct edgebert_hw_copy {
	__le32 source;
	__le32 destination;
	__le32 source_stride;
	__le32 destination_stride;
	__le32 row_bytes;
	__le16 rows;
	__le16 reserved0;
	__le32 reserved[8];
};

/* ENTROPY of one row of logits; remembers H, the label and the layer for EXIT and PREDICT. */
struct edgebert_hw_entropy {
	__le32 input;
	__u8 input_bias;
	__u8 input_format;
	__u8 classes;			/* 2..16 */
	__u8 layer;			/* 1-based */
	__le32 reserved[12];
};

/*
 * EXIT ends the job when the last entropy of this layer is at or below the job's
 * threshold, when the layer reached exit_layer_limit, or when LAST is set.
 */
struct edgebert_hw_exit {
	__u8 layer;
	__u8 reserved0[3];
	__le32 reserved[13];
};

/*
 * PREDICT, for AUTONOMOUS jobs only (otherwise it only costs its cycles): the row
 * nearest to the last entropy is (H + step / 2) / step, at most rows - 1; the first
 * column whose predicted entropy is at or below the threshold is the predicted
 * exit layer (first_layer + column), else last_layer.  It becomes exit_layer_limit,
 * unless the job's own limit is lower.
 * cycles[t][l]: cycles from after this command to the EXIT of layer first_layer + l,
 * for t + 1 vectors of 16 tokens.  The point of least modelled energy that meets
 * target_latency_us is set; if none does, the highest.
 */
struct edgebert_hw_predict {
	__le32 table;			/* __le16 Q6.10 [rows][columns] */
	__le32 cycles;			/* __le32 [cycle_rows][last_layer - first_layer + 1] */
	__le16 rows;
	__le16 step;			/* Q6.10 */
	__u8 columns;
	__u8 first_layer;
	__u8 last_layer;
	__u8 cycle_rows;
	__le32 reserved[10];
};

/* MARK writes struct edgebert_hw_mark_record; for measurements by the owner of the job. */
struct edgebert_hw_mark {
	__le32 output;
	__le32 tag;
	__le32 reserved[12];
};

struct edgebert_hw_mark_record {
	__le32 tag;
	__le32 reserved;
	__le64 cycles;			/* since the start of the job, modelled */
};

/* One command: 64 bytes, 64-byte aligned. */
struct edgebert_hw_command {
	__u8 opcode;
	__u8 reserved;
	__le16 flags;
	__le32 tag;			/* free for the compiler: not interpreted, not checked */
	union {
		struct edgebert_hw_matmul matmul;
		struct edgebert_hw_softmax softmax;
		struct edgebert_hw_layernorm layernorm;
		struct edgebert_hw_add add;
		struct edgebert_hw_embed embed;
		struct edgebert_hw_copy copy;
		struct edgebert_hw_entropy entropy;
		struct edgebert_hw_exit exit;
		struct edgebert_hw_predict predict;
		struct edgebert_hw_mark mark;
		__u8 bytes[56];
	};
};

static_assert(sizeof(struct edgebert_hw_context) == 64, "context entry");
static_assert(sizeof(struct edgebert_hw_job) == 128, "job descriptor");
static_assert(sizeof(struct edgebert_hw_completion) == 256, "completion record");
static_assert(sizeof(struct edgebert_hw_command) == 64, "command");
static_assert(sizeof(struct edgebert_hw_envm_header) == 256, "eNVM header");
static_assert(sizeof(struct edgebert_hw_mark_record) == 16, "mark record");

#endif /* EDGEBERT_HW_H */
