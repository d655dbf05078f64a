// SPDX-License-Identifier: MIT
/*
 * The one door between a job and memory: on-chip buffers, eNVM, and host memory through
 * the caller's address translation.  Ranges are checked once per command, before any
 * access; faults of host memory are reported with the operand address of the access.
 */
#include "tools/device/core/operand.h"

#include <string.h>

#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/envm.h"
#include "tools/device/core/job.h"
#include "tools/device/core/row.h"

#define SEGMENT_BYTES (1ull << 28)

bool eb_operand_is_host(uint32_t operand)
{
	return EDGEBERT_HW_OPERAND_SEGMENT(operand) < EDGEBERT_HW_SEGMENTS;
}

/* Start and size of an on-chip segment, or NULL when there is no such segment. */
static uint8_t *on_chip(const struct eb_job *job, unsigned int segment, size_t *ret_size)
{
	const struct eb_core *core = job->core;

	switch (segment) {
	case EDGEBERT_HW_SEGMENT_ENVM:
		*ret_size = EDGEBERT_HW_ENVM_BYTES - job->descriptor->envm_base;
		return core->envm + job->descriptor->envm_base;
	case EDGEBERT_HW_SEGMENT_DATA0:
	case EDGEBERT_HW_SEGMENT_DATA1:
		*ret_size = EDGEBERT_HW_DATA_BUFFER_BYTES;
		return core->data[segment - EDGEBERT_HW_SEGMENT_DATA0];
	case EDGEBERT_HW_SEGMENT_AUX:
		*ret_size = EDGEBERT_HW_AUX_BUFFER_BYTES;
		return core->aux;
	default:
		return NULL;
	}
}

int eb_extent_check(struct eb_job *job, const struct eb_extent *extent)
{
	unsigned int segment = EDGEBERT_HW_OPERAND_SEGMENT(extent->operand);
	uint64_t offset = EDGEBERT_HW_OPERAND_OFFSET(extent->operand);
	uint64_t end = offset + (uint64_t)(extent->rows - 1) * extent->stride + extent->row_bytes;
	uint64_t base = 0;
	size_t size = SEGMENT_BYTES;

	job->fault_address = extent->operand;
	if (segment < EDGEBERT_HW_SEGMENTS) {
		base = job->descriptor->segments[segment];
		if (base + end > 1ull << 32)
			return EDGEBERT_HW_BAD_ADDRESS;
	} else if (!on_chip(job, segment, &size)) {
		return EDGEBERT_HW_BAD_ADDRESS;
	}
	if (extent->written && segment == EDGEBERT_HW_SEGMENT_ENVM)
		return EDGEBERT_HW_BAD_ADDRESS;
	if ((base + offset) % extent->alignment || extent->stride % extent->alignment)
		return EDGEBERT_HW_BAD_ADDRESS;
	if (end > size)
		return EDGEBERT_HW_BAD_ADDRESS;
	job->fault_address = 0;
	return EDGEBERT_HW_OK;
}

static int host_fault(struct eb_job *job, uint32_t operand, int status)
{
	if (status == EDGEBERT_HW_OK)
		return EDGEBERT_HW_OK;
	job->fault_address = operand;
	if (status < 0 || status >= EDGEBERT_HW_STATUS_COUNT)
		return EDGEBERT_HW_DEVICE_ERROR;
	return status;
}

static uint32_t host_address(const struct eb_job *job, uint32_t operand)
{
	return job->descriptor->segments[EDGEBERT_HW_OPERAND_SEGMENT(operand)] +
	       EDGEBERT_HW_OPERAND_OFFSET(operand);
}

static uint8_t *on_chip_address(const struct eb_job *job, uint32_t operand)
{
	size_t size;

	return on_chip(job, EDGEBERT_HW_OPERAND_SEGMENT(operand), &size) +
	       EDGEBERT_HW_OPERAND_OFFSET(operand);
}

/* Whether reads of the operand go through an eNVM with ECC. */
static bool is_attached_envm(const struct eb_job *job, uint32_t operand)
{
	return job->core->attached_envm &&
	       EDGEBERT_HW_OPERAND_SEGMENT(operand) == EDGEBERT_HW_SEGMENT_ENVM;
}

static int read_attached_envm(struct eb_job *job, uint32_t operand, void *destination,
			      size_t size)
{
	uint32_t address = job->descriptor->envm_base + EDGEBERT_HW_OPERAND_OFFSET(operand);

	if (eb_envm_read(job->core->attached_envm, address, destination, size) == EDGEBERT_HW_ENVM_OK)
		return EDGEBERT_HW_OK;
	job->fault_address = operand;
	return EDGEBERT_HW_ENVM_FAILED;
}

int eb_operand_read(struct eb_job *job, uint32_t operand, void *destination, size_t size)
{
	if (!size)
		return EDGEBERT_HW_OK;
	if (is_attached_envm(job, operand))
		return read_attached_envm(job, operand, destination, size);
	if (!eb_operand_is_host(operand)) {
		memcpy(destination, on_chip_address(job, operand), size);
		return EDGEBERT_HW_OK;
	}
	return host_fault(job, operand,
			  job->memory->read(job->memory->opaque, host_address(job, operand),
					    destination, size));
}

int eb_operand_write(struct eb_job *job, uint32_t operand, const void *source, size_t size)
{
	if (!eb_operand_is_host(operand)) {
		memcpy(on_chip_address(job, operand), source, size);
		return EDGEBERT_HW_OK;
	}
	return host_fault(job, operand,
			  job->memory->write(job->memory->opaque, host_address(job, operand),
					     source, size));
}

/* An operand where it lies, or NULL. */
static const void *in_place(struct eb_job *job, uint32_t operand, size_t size)
{
	const struct eb_core_memory *memory = job->memory;
	const void *mapped;
	size_t available = size;

	if (is_attached_envm(job, operand))
		return NULL;
	if (!eb_operand_is_host(operand))
		return on_chip_address(job, operand);
	if (!memory->map_read)
		return NULL;
	mapped = memory->map_read(memory->opaque, host_address(job, operand), &available);
	return available >= size ? mapped : NULL;
}

const void *eb_operand_view(struct eb_job *job, uint32_t operand, size_t size, int *status)
{
	const void *view = in_place(job, operand, size);
	void *row;

	*status = EDGEBERT_HW_OK;
	if (view)
		return view;
	row = eb_core_scratch(job->core, EB_SCRATCH_ROW, size);
	*status = row ? eb_operand_read(job, operand, row, size) : EDGEBERT_HW_DEVICE_ERROR;
	return *status == EDGEBERT_HW_OK ? row : NULL;
}

const void *eb_operand_lasting_view(struct eb_job *job, uint32_t operand, size_t size, void *copy,
				    int *status)
{
	const void *view = in_place(job, operand, size);

	*status = EDGEBERT_HW_OK;
	if (view)
		return view;
	*status = eb_operand_read(job, operand, copy, size);
	return *status == EDGEBERT_HW_OK ? copy : NULL;
}

const uint8_t *eb_operand_rows_in_place(struct eb_job *job, uint32_t operand, size_t rows,
					size_t row_bytes, uint32_t stride)
{
	return in_place(job, operand, (rows - 1) * stride + row_bytes);
}

void eb_saturate_row(const int32_t *values, size_t count, int16_t *words)
{
	for (size_t i = 0; i < count; i++)
		words[i] = eb_saturate_word(values[i]);
}

int eb_operand_read_words(struct eb_job *job, uint32_t operand, uint8_t format, uint8_t bias,
			  size_t count, int16_t *words)
{
	const uint8_t *codes;
	int status;

	if (format == EDGEBERT_HW_FORMAT_Q6_10)
		return eb_operand_read(job, operand, words, count * sizeof(*words));
	codes = eb_operand_view(job, operand, count, &status);
	if (codes)
		job->core->kernels->adaptivfloat_decode_row(codes, count, bias, words);
	return status;
}

int eb_operand_write_words(struct eb_job *job, uint32_t operand, uint8_t format, uint8_t bias,
			   size_t count, const int32_t *words)
{
	size_t size = count * eb_element_bytes(format);
	void *row = eb_core_scratch(job->core, EB_SCRATCH_OUTPUT, size);

	if (!row)
		return EDGEBERT_HW_DEVICE_ERROR;
	if (format == EDGEBERT_HW_FORMAT_AF8)
		job->core->kernels->adaptivfloat_encode_row(words, count, 10, bias, row);
	else
		job->core->kernels->saturate_row(words, count, row);
	return eb_operand_write(job, operand, row, size);
}
