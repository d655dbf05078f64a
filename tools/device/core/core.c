// SPDX-License-Identifier: MIT
/*
 * Life of a device core: creation, limits, abort, working memory, estimates.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/device/core/job.h"

#define MEMORY_ALIGNMENT 64

static void *allocate(size_t size)
{
	return aligned_alloc(MEMORY_ALIGNMENT,
			     (size + MEMORY_ALIGNMENT - 1) & ~(size_t)(MEMORY_ALIGNMENT - 1));
}

void *eb_core_scratch(struct eb_core *core, enum eb_scratch use, size_t size)
{
	size_t wanted = size ? size : 1;

	if (core->scratch[use].size >= wanted)
		return core->scratch[use].memory;
	free(core->scratch[use].memory);
	core->scratch[use].memory = allocate(wanted);
	core->scratch[use].size = core->scratch[use].memory ? wanted : 0;
	return core->scratch[use].memory;
}

struct eb_core *eb_core_create(const char *profile)
{
	struct eb_core *core = calloc(1, sizeof(*core));

	if (!core)
		return NULL;
	core->profile = eb_profile_find(profile);
	if (!core->profile) {
		free(core);
		errno = ENOENT;
		return NULL;
	}
	core->envm = allocate(EDGEBERT_HW_ENVM_BYTES);
	core->data[0] = allocate(EDGEBERT_HW_DATA_BUFFER_BYTES);
	core->data[1] = allocate(EDGEBERT_HW_DATA_BUFFER_BYTES);
	core->aux = allocate(EDGEBERT_HW_AUX_BUFFER_BYTES);
	if (!core->envm || !core->data[0] || !core->data[1] || !core->aux) {
		eb_core_destroy(core);
		errno = ENOMEM;
		return NULL;
	}
	memset(core->envm, 0xff, EDGEBERT_HW_ENVM_BYTES);
	core->kernels = eb_kernels_find(NULL);
	core->threads = 1;
	core->limits.window_high = (uint8_t)(core->profile->point_count - 1);
	core->limits.default_point = core->limits.window_high;
	return core;
}

void eb_core_destroy(struct eb_core *core)
{
	if (!core)
		return;
	for (int use = 0; use < EB_SCRATCH_COUNT; use++)
		free(core->scratch[use].memory);
	eb_workers_destroy(core->workers);
	free(core->envm);
	free(core->data[0]);
	free(core->data[1]);
	free(core->aux);
	free(core);
}

bool eb_core_use_kernels(struct eb_core *core, const char *name)
{
	const struct eb_kernels *kernels = eb_kernels_find(name);

	if (!kernels) {
		errno = ENOTSUP;
		return false;
	}
	core->kernels = kernels;
	return true;
}

const char *eb_core_kernels(const struct eb_core *core)
{
	return core->kernels->name;
}

bool eb_core_set_threads(struct eb_core *core, unsigned int threads)
{
	struct eb_workers *workers = NULL;

	if (threads < 1 || threads > EB_CORE_THREADS_MAX) {
		errno = EINVAL;
		return false;
	}
	if (threads > 1) {
		workers = eb_workers_create(threads);
		if (!workers)
			return false;
	}
	eb_workers_destroy(core->workers);
	core->workers = workers;
	core->threads = threads;
	return true;
}

const char *eb_core_profile(const struct eb_core *core)
{
	return core->profile->name;
}

size_t eb_core_operating_points(const struct eb_core *core,
				struct eb_core_operating_point *points)
{
	const struct eb_profile *profile = core->profile;

	for (unsigned int i = 0; i < profile->point_count; i++)
		points[i] = (struct eb_core_operating_point){
			.khz = profile->points[i].khz,
			.millivolt = profile->points[i].millivolt,
			.microwatt = eb_profile_dense_microwatt(profile, i),
		};
	return profile->point_count;
}

uint8_t *eb_core_envm(struct eb_core *core)
{
	return core->envm;
}

void eb_core_attach_envm(struct eb_core *core, struct eb_envm *envm)
{
	core->attached_envm = envm;
}

/* Limits beyond the table mean its end; a window upside down means its lower end. */
void eb_core_set_limits(struct eb_core *core, const struct eb_core_limits *limits)
{
	uint8_t last = (uint8_t)(core->profile->point_count - 1);
	struct eb_core_limits *set = &core->limits;

	*set = *limits;
	set->points_withheld = set->points_withheld > last ? last : set->points_withheld;
	set->window_low = set->window_low > last ? last : set->window_low;
	set->window_high = set->window_high > last ? last : set->window_high;
	if (set->window_high < set->window_low)
		set->window_high = set->window_low;
	if (set->default_point > set->window_high)
		set->default_point = set->window_high;
	if (set->default_point < set->window_low)
		set->default_point = set->window_low;
}

void eb_core_abort(struct eb_core *core)
{
	atomic_store_explicit(&core->abort, true, memory_order_relaxed);
}

void eb_core_abort_clear(struct eb_core *core)
{
	atomic_store_explicit(&core->abort, false, memory_order_relaxed);
}

struct eb_core_energy_estimate eb_core_estimate(const struct eb_core *core, uint64_t cycles,
						unsigned int operating_point)
{
	struct eb_account account;

	eb_account_begin(&account, core->profile);
	if (operating_point >= core->profile->point_count)
		operating_point = (unsigned int)core->profile->point_count - 1;
	eb_account_move(&account, operating_point);
	eb_account_add_average(&account, cycles);
	return (struct eb_core_energy_estimate){
		.time_ns = account.picoseconds / 1000,
		.energy_pj = eb_account_total_femtojoule(&account) / 1000,
	};
}
