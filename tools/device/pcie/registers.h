/* SPDX-License-Identifier: MIT */
/*
 * The register table: the one place that says what each register of BAR0 is.
 *
 * Reset, access rules, the register map in the documentation check and the unit tests
 * are derived from it.  Hooks run with the device lock held; they only latch and
 * schedule, the worker thread does what takes time or touches host memory.
 */
#ifndef EDGEBERT_DEVICE_PCIE_REGISTERS_H
#define EDGEBERT_DEVICE_PCIE_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/edgebert_hw.h"
#include "tools/device/core/envm.h"

struct eb_device;

enum eb_register_access {
	EB_READ_ONLY,
	EB_READ_WRITE,
	EB_WRITE_ONLY,		/* reads as zero */
	EB_WRITE_ONE_CLEAR,
	EB_WRITE_STOPPED,	/* read-write, but written only while CONTROL.ENABLE is 0 */
};

/* A hook's index is the element of an array register, otherwise 0. */
typedef uint64_t eb_register_read(struct eb_device *device, unsigned int index);
typedef void eb_register_write(struct eb_device *device, unsigned int index, uint32_t value);

struct eb_register {
	const char *name;
	uint16_t offset;
	uint8_t count;			/* elements of an array register, else 1 */
	uint8_t bits;			/* 32, or 64: low word first, reading it latches the high one */
	uint8_t access;			/* enum eb_register_access */
	uint32_t reset;			/* latched value after a function reset */
	eb_register_read *read;		/* NULL: the latched value */
	eb_register_write *write;	/* NULL: latch the value */
};

#define EB_REG(name)		EDGEBERT_HW_REG_##name
#define EB_POINTS_MAX		EDGEBERT_HW_OPERATING_POINTS_MAX

/*
 *      offset                       name                count bits access
 *              reset                    read hook                    write hook
 */
#define EB_REGISTER_TABLE(R) \
	R(EB_REG(ID),                  ID,                  1,  32, READ_ONLY, \
		EDGEBERT_HW_ID_MAGIC,    NULL,                        NULL) \
	R(EB_REG(VERSION),             VERSION,             1,  32, READ_ONLY, \
		EDGEBERT_HW_VERSION_MAJOR << 16 | EDGEBERT_HW_VERSION_MINOR, NULL, NULL) \
	R(EB_REG(CAPABILITIES),        CAPABILITIES,        1,  32, READ_ONLY, \
		EB_CAPABILITIES,         NULL,                        NULL) \
	R(EB_REG(LIMITS),              LIMITS,              1,  32, READ_ONLY, \
		0,                       eb_limits_read,              NULL) \
	R(EB_REG(DATA_BUFFER_BYTES),   DATA_BUFFER_BYTES,   1,  32, READ_ONLY, \
		EDGEBERT_HW_DATA_BUFFER_BYTES, NULL, NULL) \
	R(EB_REG(AUX_BUFFER_BYTES),    AUX_BUFFER_BYTES,    1,  32, READ_ONLY, \
		EDGEBERT_HW_AUX_BUFFER_BYTES, NULL, NULL) \
	R(EB_REG(ENVM_BYTES),          ENVM_BYTES,          1,  32, READ_ONLY, \
		EDGEBERT_HW_ENVM_BYTES,  NULL,                        NULL) \
	R(EB_REG(PROFILE_NAME),        PROFILE_NAME,        4,  32, READ_ONLY, \
		0,                       eb_profile_name_read,        NULL) \
	R(EB_REG(TIME_LO),             TIME,                1,  64, READ_ONLY, \
		0,                       eb_time_read,                NULL) \
	R(EB_REG(CONTROL),             CONTROL,             1,  32, READ_WRITE, \
		0,                       eb_control_read,             eb_control_written) \
	R(EB_REG(STATUS),              STATUS,              1,  32, READ_ONLY, \
		0,                       eb_status_read,              NULL) \
	R(EB_REG(CONTEXT_ABORT),       CONTEXT_ABORT,       1,  32, WRITE_ONLY, \
		0,                       NULL,                        eb_context_abort_written) \
	R(EB_REG(CONTEXT_UPDATE),      CONTEXT_UPDATE,      1,  32, WRITE_ONLY, \
		0,                       NULL,                        eb_context_update_written) \
	R(EB_REG(CONTEXT_UPDATE_BUSY), CONTEXT_UPDATE_BUSY, 1,  32, READ_ONLY, \
		0,                       eb_context_update_busy_read, NULL) \
	R(EB_REG(SUBMIT_BASE_LO),      SUBMIT_BASE_LO,      1,  32, WRITE_STOPPED, \
		0,                       NULL,                        NULL) \
	R(EB_REG(SUBMIT_BASE_HI),      SUBMIT_BASE_HI,      1,  32, WRITE_STOPPED, \
		0,                       NULL,                        NULL) \
	R(EB_REG(RING_ORDER),          RING_ORDER,          1,  32, WRITE_STOPPED, \
		0,                       NULL,                        NULL) \
	R(EB_REG(SUBMIT_HEAD),         SUBMIT_HEAD,         1,  32, READ_ONLY, \
		0,                       eb_submit_head_read,         NULL) \
	R(EB_REG(COMPLETE_BASE_LO),    COMPLETE_BASE_LO,    1,  32, WRITE_STOPPED, \
		0,                       NULL,                        NULL) \
	R(EB_REG(COMPLETE_BASE_HI),    COMPLETE_BASE_HI,    1,  32, WRITE_STOPPED, \
		0,                       NULL,                        NULL) \
	R(EB_REG(COMPLETE_TAIL),       COMPLETE_TAIL,       1,  32, READ_ONLY, \
		0,                       eb_complete_tail_read,       NULL) \
	R(EB_REG(CONTEXT_TABLE_LO),    CONTEXT_TABLE_LO,    1,  32, WRITE_STOPPED, \
		0,                       NULL,                        NULL) \
	R(EB_REG(CONTEXT_TABLE_HI),    CONTEXT_TABLE_HI,    1,  32, WRITE_STOPPED, \
		0,                       NULL,                        NULL) \
	R(EB_REG(IRQ_STATUS),          IRQ_STATUS,          1,  32, WRITE_ONE_CLEAR, \
		0,                       NULL,                        NULL) \
	R(EB_REG(IRQ_ENABLE),          IRQ_ENABLE,          1,  32, READ_WRITE, \
		0,                       NULL,                        eb_irq_enable_written) \
	R(EB_REG(DVFS_WINDOW),         DVFS_WINDOW,         1,  32, READ_WRITE, \
		0,                       NULL,                        eb_dvfs_window_written) \
	R(EB_REG(DVFS_DEFAULT),        DVFS_DEFAULT,        1,  32, READ_WRITE, \
		0,                       NULL,                        eb_dvfs_default_written) \
	R(EB_REG(DVFS_CURRENT),        DVFS_CURRENT,        1,  32, READ_ONLY, \
		0,                       NULL,                        NULL) \
	R(EB_REG(DVFS_TRANSITIONS),    DVFS_TRANSITIONS,    1,  32, READ_ONLY, \
		0,                       eb_dvfs_transitions_read,    NULL) \
	R(EB_REG(DVFS_THERMAL_MAX),    DVFS_THERMAL_MAX,    1,  32, READ_ONLY, \
		0,                       eb_dvfs_thermal_max_read,    NULL) \
	R(EB_REG(TEMPERATURE),         TEMPERATURE,         1,  32, READ_ONLY, \
		0,                       eb_temperature_read,         NULL) \
	R(EB_REG(OPP_KHZ(0)),          OPP_KHZ,             EB_POINTS_MAX, 32, READ_ONLY, \
		0,                       eb_opp_khz_read,             NULL) \
	R(EB_REG(OPP_MILLIVOLT(0)),    OPP_MILLIVOLT,       EB_POINTS_MAX, 32, READ_ONLY, \
		0,                       eb_opp_millivolt_read,       NULL) \
	R(EB_REG(OPP_MICROWATT(0)),    OPP_MICROWATT,       EB_POINTS_MAX, 32, READ_ONLY, \
		0,                       eb_opp_microwatt_read,       NULL) \
	R(EB_REG(COUNT_CYCLES),        COUNT_CYCLES,        1,  64, READ_ONLY, \
		0,                       eb_count_cycles_read,        NULL) \
	R(EB_REG(COUNT_BUSY_NS),       COUNT_BUSY_NS,       1,  64, READ_ONLY, \
		0,                       eb_count_busy_ns_read,       NULL) \
	R(EB_REG(COUNT_ENERGY_PJ),     COUNT_ENERGY_PJ,     1,  64, READ_ONLY, \
		0,                       eb_count_energy_read,        NULL) \
	R(EB_REG(COUNT_JOBS),          COUNT_JOBS,          1,  64, READ_ONLY, \
		0,                       eb_count_jobs_read,          NULL) \
	R(EB_REG(COUNT_FAULTS),        COUNT_FAULTS,        1,  64, READ_ONLY, \
		0,                       eb_count_faults_read,        NULL) \
	R(EB_REG(COUNT_ABORTS),        COUNT_ABORTS,        1,  64, READ_ONLY, \
		0,                       eb_count_aborts_read,        NULL) \
	R(EB_REG(COUNT_BLOCK_PJ(0)),   COUNT_BLOCK_PJ,      EDGEBERT_HW_BLOCK_COUNT, 64, READ_ONLY, \
		0,                       eb_count_block_read,         NULL) \
	R(EB_REG(COUNT_EXITS(1)),      COUNT_EXITS,         EDGEBERT_HW_LAYERS_MAX, 64, READ_ONLY, \
		0,                       eb_count_exits_read,         NULL) \
	R(EB_REG(ENVM_PAGE_BYTES),     ENVM_PAGE_BYTES,     1,  32, READ_ONLY, \
		EB_ENVM_PAGE_BYTES,      NULL,                        NULL) \
	R(EB_REG(ENVM_SECTOR_BYTES),   ENVM_SECTOR_BYTES,   1,  32, READ_ONLY, \
		EB_ENVM_SECTOR_BYTES,    NULL,                        NULL) \
	R(EB_REG(ENVM_COMMAND),        ENVM_COMMAND,        1,  32, WRITE_ONLY, \
		0,                       NULL,                        eb_envm_command_written) \
	R(EB_REG(ENVM_STATUS),         ENVM_STATUS,         1,  32, READ_ONLY, \
		0,                       NULL,                        NULL) \
	R(EB_REG(ENVM_ADDRESS),        ENVM_ADDRESS,        1,  32, READ_WRITE, \
		0,                       NULL,                        NULL) \
	R(EB_REG(ENVM_LENGTH),         ENVM_LENGTH,         1,  32, READ_WRITE, \
		0,                       NULL,                        NULL) \
	R(EB_REG(ENVM_HOST_LO),        ENVM_HOST_LO,        1,  32, READ_WRITE, \
		0,                       NULL,                        NULL) \
	R(EB_REG(ENVM_HOST_HI),        ENVM_HOST_HI,        1,  32, READ_WRITE, \
		0,                       NULL,                        NULL) \
	R(EB_REG(ENVM_ECC_CORRECTED),  ENVM_ECC_CORRECTED,  1,  32, READ_ONLY, \
		0,                       eb_envm_corrected_read,      NULL) \
	R(EB_REG(ENVM_ECC_FAILED),     ENVM_ECC_FAILED,     1,  32, READ_ONLY, \
		0,                       eb_envm_failed_read,         NULL) \
	R(EB_REG(ENVM_SINGLE_BYTES),   ENVM_SINGLE_BYTES,   1,  32, READ_ONLY, \
		EB_ENVM_SINGLE_BYTES,    NULL,                        NULL) \
	R(EB_REG(ENVM_WEAR),           ENVM_WEAR,           1,  32, READ_ONLY, \
		0,                       eb_envm_wear_read,           NULL) \
	R(EB_REG(SUBMIT_DOORBELL),     SUBMIT_DOORBELL,     1,  32, WRITE_ONLY, \
		0,                       NULL,                        eb_doorbell_written)

/* The hooks named above; each is in the file that owns what it reads or changes. */
eb_register_read eb_limits_read, eb_profile_name_read, eb_time_read, eb_control_read,
	eb_status_read, eb_context_update_busy_read, eb_submit_head_read, eb_complete_tail_read,
	eb_dvfs_transitions_read, eb_dvfs_thermal_max_read, eb_temperature_read, eb_opp_khz_read,
	eb_opp_millivolt_read, eb_opp_microwatt_read, eb_count_cycles_read,
	eb_count_busy_ns_read, eb_count_energy_read, eb_count_jobs_read, eb_count_faults_read,
	eb_count_aborts_read, eb_count_block_read, eb_count_exits_read,
	eb_envm_corrected_read, eb_envm_failed_read, eb_envm_wear_read;
eb_register_write eb_control_written, eb_context_abort_written, eb_context_update_written,
	eb_irq_enable_written, eb_dvfs_window_written, eb_dvfs_default_written,
	eb_envm_command_written, eb_doorbell_written;

/* What this model has; PREDICT is part of the core. */
#define EB_CAPABILITIES		(EDGEBERT_HW_CAP_ENVM_READ | EDGEBERT_HW_CAP_ENVM_PROGRAM | \
				 EDGEBERT_HW_CAP_AUTONOMOUS_DVFS | EDGEBERT_HW_CAP_THERMAL | \
				 EDGEBERT_HW_CAP_QUEUE_TIME)

/* Latched values exist for every word up to the doorbell. */
#define EB_REGISTER_WORDS	(EDGEBERT_HW_REG_SUBMIT_DOORBELL / 4 + 1)

extern const struct eb_register eb_registers[];
extern const size_t eb_register_count;

/* The register at a word offset, or NULL; *ret_word: which of its words. */
const struct eb_register *eb_register_find(uint32_t offset, unsigned int *ret_word);

/* Accesses of any size, by the rules of registers.md; device lock held. */
void eb_registers_read(struct eb_device *device, uint32_t offset, uint8_t *destination,
		       size_t size);
void eb_registers_write(struct eb_device *device, uint32_t offset, const uint8_t *source,
			size_t size);

/* Every register to its value after a function reset. */
void eb_registers_reset(struct eb_device *device);

#endif /* EDGEBERT_DEVICE_PCIE_REGISTERS_H */
