// SPDX-License-Identifier: MIT
/*
 * The built-in device profiles, made from profiles/NAME.def.  Each file is read three
 * times: for the values, for the number of operating points, and for the unit and
 * source of every value.
 */
#include "tools/device/core/profile.h"

#include <string.h>

#define PARAMETER(name, value, unit, source) .name = (value),
#define OPERATING_POINT(index, khz, millivolt, source) .points[index] = { khz, millivolt },
static const struct eb_profile stp23 = {
	.name = "stp23",
#include "tools/device/core/profiles/stp23.def"
#undef PARAMETER
#undef OPERATING_POINT
#define PARAMETER(name, value, unit, source)
#define OPERATING_POINT(index, khz, millivolt, source) + 1
	.point_count = 0
#include "tools/device/core/profiles/stp23.def"
};
#undef PARAMETER
#undef OPERATING_POINT

#define PARAMETER(name, value, unit, source) .name = (value),
#define OPERATING_POINT(index, khz, millivolt, source) .points[index] = { khz, millivolt },
static const struct eb_profile micro21 = {
	.name = "micro21",
#include "tools/device/core/profiles/micro21.def"
#undef PARAMETER
#undef OPERATING_POINT
#define PARAMETER(name, value, unit, source)
#define OPERATING_POINT(index, khz, millivolt, source) + 1
	.point_count = 0
#include "tools/device/core/profiles/micro21.def"
};
#undef PARAMETER
#undef OPERATING_POINT

#define PARAMETER(name, value, unit, source) .name = (value),
#define OPERATING_POINT(index, khz, millivolt, source) .points[index] = { khz, millivolt },
static const struct eb_profile published = {
	.name = "published",
#include "tools/device/core/profiles/published.def"
#undef PARAMETER
#undef OPERATING_POINT
#define PARAMETER(name, value, unit, source)
#define OPERATING_POINT(index, khz, millivolt, source) + 1
	.point_count = 0
#include "tools/device/core/profiles/published.def"
};
#undef PARAMETER
#undef OPERATING_POINT

#define PARAMETER(name, value, unit, source) { #name, value, unit, source },
#define OPERATING_POINT(index, khz, millivolt, source)                  \
	{ "points[" #index "].khz", khz, "kHz", source },               \
	{ "points[" #index "].millivolt", millivolt, "mV", source },
static const struct eb_profile_origin stp23_origins[] = {
#include "tools/device/core/profiles/stp23.def"
};
static const struct eb_profile_origin micro21_origins[] = {
#include "tools/device/core/profiles/micro21.def"
};
static const struct eb_profile_origin published_origins[] = {
#include "tools/device/core/profiles/published.def"
};
#undef PARAMETER
#undef OPERATING_POINT

#define ENTRY(profile)                                                                 \
	{ &(profile), profile##_origins, sizeof(profile##_origins) / sizeof(profile##_origins[0]) }
static const struct {
	const struct eb_profile *profile;
	const struct eb_profile_origin *origins;
	size_t origin_count;
} profiles[] = { ENTRY(stp23), ENTRY(micro21), ENTRY(published) };
#define PROFILE_COUNT (sizeof(profiles) / sizeof(profiles[0]))

const struct eb_profile *eb_profile_find(const char *name)
{
	for (size_t i = 0; i < PROFILE_COUNT; i++)
		if (!name || strcmp(profiles[i].profile->name, name) == 0)
			return profiles[i].profile;
	return NULL;
}

const struct eb_profile_origin *eb_profile_origins(const struct eb_profile *profile,
						   size_t *ret_count)
{
	for (size_t i = 0; i < PROFILE_COUNT; i++) {
		if (profiles[i].profile == profile) {
			*ret_count = profiles[i].origin_count;
			return profiles[i].origins;
		}
	}
	*ret_count = 0;
	return NULL;
}

const char *const *eb_core_profile_names(void)
{
	static const char *const names[] = { "stp23", "micro21", "published", NULL };

	_Static_assert(sizeof(names) / sizeof(names[0]) == PROFILE_COUNT + 1, "every profile");
	return names;
}
