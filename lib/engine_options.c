// SPDX-License-Identifier: MIT
/* The options of an engine, checked field by field. */
#include <math.h>
#include <string.h>

#include "lib/engine.h"
#include "lib/options.h"

#define TYPE "eb_engine_options"

/* H <= T for an H in steps of 1/1024 nat is H <= floor(T). */
static enum eb_status read_threshold(const struct eb_model *model, float threshold,
				     int16_t *ret_threshold)
{
	float scaled = floorf(threshold * EB_MODEL_ENTROPY_ONE);

	if (isnan(threshold))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct " TYPE ": entropy_threshold is not a number");
	if (threshold < 0)
		*ret_threshold = (int16_t)model->parameters.default_threshold;
	else
		*ret_threshold = scaled > INT16_MAX ? INT16_MAX : (int16_t)scaled;
	return EB_OK;
}

static bool decides(enum eb_policy policy)
{
	return policy == EB_POLICY_LATENCY || policy == EB_POLICY_CUSTOM;
}

static enum eb_status read_point(const struct eb_device *device,
				 const struct eb_engine_options *options, uint32_t *ret_point)
{
	const uint32_t count = device->backend->info.operating_point_count;

	if (decides(options->policy) || options->operating_point == EB_OPERATING_POINT_HIGHEST) {
		*ret_point = count - 1;
		return EB_OK;
	}
	if (options->operating_point < 0 || (uint32_t)options->operating_point >= count)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct " TYPE ": operating_point is %d, %s has 0 to %u",
			       options->operating_point, device->backend->info.path, count - 1);
	*ret_point = (uint32_t)options->operating_point;
	return EB_OK;
}

static enum eb_status check_policy(const struct eb_engine_options *options)
{
	if ((unsigned int)options->policy > EB_POLICY_CUSTOM)
		return eb_fail(EB_INVALID_ARGUMENT, "struct " TYPE ": there is no policy %d",
			       (int)options->policy);
	if (options->policy == EB_POLICY_LATENCY && !options->target_latency_us)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct " TYPE ": target_latency_us is 0; the latency policy needs one");
	if (!decides(options->policy) && options->target_latency_us)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct " TYPE ": target_latency_us is %u; the latency policy needs "
			       "one, full and entropy take none", options->target_latency_us);
	if (!options->decide != (options->policy != EB_POLICY_CUSTOM))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct " TYPE ": decide is %s; the custom policy needs it, the others "
			       "take none", options->decide ? "set" : "NULL");
	return EB_OK;
}

/* Options of one policy are an error with another: silently ignored, they would mislead. */
static enum eb_status check_choices(const struct eb_engine_options *options)
{
	const bool latency = options->policy == EB_POLICY_LATENCY;

	if ((unsigned int)options->latency_mode > EB_LATENCY_ONE_JOB ||
	    (options->latency_mode && !latency))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct " TYPE ": latency_mode is %d; the latency policy takes 0 to %d, "
			       "the others 0", (int)options->latency_mode, EB_LATENCY_ONE_JOB);
	if ((unsigned int)options->target_scope > EB_TARGET_END_TO_END ||
	    (options->target_scope && !options->target_latency_us))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct " TYPE ": target_scope is %d; with a target it is 0 or %d, "
			       "without one 0", (int)options->target_scope, EB_TARGET_END_TO_END);
	if ((unsigned int)options->unreachable > EB_UNREACHABLE_REFUSE ||
	    (options->unreachable && !latency))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct " TYPE ": unreachable is %d; the latency policy takes 0 or %d, "
			       "the others 0", (int)options->unreachable, EB_UNREACHABLE_REFUSE);
	if (options->reserved)
		return eb_fail(EB_INVALID_ARGUMENT, "struct " TYPE ": reserved is %u, not 0",
			       options->reserved);
	return EB_OK;
}

enum eb_status eb_engine_options_read(const struct eb_device *device,
				      const struct eb_model *model,
				      const struct eb_engine_options *options,
				      struct eb_policy_settings *ret_settings)
{
	struct eb_policy_settings settings = { 0 };
	struct eb_engine_options ours;
	enum eb_status status;

	status = eb_options_read(&ours, sizeof(ours), EB_ENGINE_OPTIONS_FIRST_SIZE, options, TYPE);
	if (!status)
		status = check_policy(&ours);
	if (!status)
		status = check_choices(&ours);
	if (!status)
		status = read_threshold(model, ours.entropy_threshold, &settings.threshold);
	if (!status)
		status = read_point(device, &ours, &settings.operating_point);
	if (status)
		return status;
	settings.policy = ours.policy;
	settings.target_ns = ours.target_latency_us * 1000ull;
	settings.mode = ours.latency_mode;
	settings.scope = ours.target_scope;
	settings.unreachable = ours.unreachable;
	settings.decide = ours.decide;
	settings.decide_opaque = ours.decide_opaque;
	*ret_settings = settings;
	return EB_OK;
}
