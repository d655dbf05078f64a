// SPDX-License-Identifier: MIT
/* Opens device, model and engine as the options of run and eval ask for. */
#include "tools/edgebert/session.h"

#include "tools/edgebert/report.h"

const char *const policy_names[] = { "full", "entropy", "latency", NULL };
const char *const latency_mode_names[] = { "automatic", "two-jobs", "one-job", NULL };
const char *const target_scope_names[] = { "device", "end-to-end", NULL };
const char *const unreachable_names[] = { "best-effort", "refuse", NULL };
const char *const backend_names[] = { "accel", "reference", NULL };

_Static_assert(EB_POLICY_FULL == 0 && EB_POLICY_ENTROPY == 1 && EB_POLICY_LATENCY == 2,
	       "policy_names are indexed by enum eb_policy");
_Static_assert(EB_BACKEND_ACCEL == 0 && EB_BACKEND_REFERENCE == 1,
	       "backend_names are indexed by enum eb_backend");
_Static_assert(EB_LATENCY_AUTOMATIC == 0 && EB_LATENCY_TWO_JOBS == 1 && EB_LATENCY_ONE_JOB == 2,
	       "latency_mode_names are indexed by enum eb_latency_mode");
_Static_assert(EB_TARGET_DEVICE_TIME == 0 && EB_TARGET_END_TO_END == 1,
	       "target_scope_names are indexed by enum eb_target_scope");
_Static_assert(EB_UNREACHABLE_BEST_EFFORT == 0 && EB_UNREACHABLE_REFUSE == 1,
	       "unreachable_names are indexed by enum eb_unreachable");

/* Options of the other policies are accepted: scripts give one set to all three. */
int session_check(const struct session_options *options)
{
	if (options->policy == EB_POLICY_LATENCY && options->target_latency_us == 0)
		return report_tool(EXIT_USAGE, "--policy latency needs a --target-latency, such as "
				   "50ms");
	if (options->backend == EB_BACKEND_REFERENCE && options->device)
		return report_tool(EXIT_USAGE, "--device and --backend reference exclude each other: "
				   "the reference has no device node");
	if (options->backend == EB_BACKEND_REFERENCE && options->failover)
		return report_tool(EXIT_USAGE, "--failover and --backend reference exclude each "
				   "other: the reference can not disappear");
	if (options->backend == EB_BACKEND_ACCEL && options->profile)
		return report_tool(EXIT_USAGE, "--profile needs --backend reference: a device has "
				   "the profile it was made with");
	if (options->backend == EB_BACKEND_ACCEL && options->threads)
		return report_tool(EXIT_USAGE, "--threads needs --backend reference: a device computes "
				   "by itself");
	if (options->backend == EB_BACKEND_ACCEL && options->envm_image)
		return report_tool(EXIT_USAGE, "--envm-image needs --backend reference: install the "
				   "image in a device with edgebert envm program");
	return 0;
}

/* What the user must know although the results are right; the rest is in the results. */
static void show_message(void *opaque, enum eb_log_level level, const char *message)
{
	(void)opaque;
	if (level == EB_LOG_WARNING)
		report_warning(0, "%s", message);
}

int session_open_device(const struct session_options *options, struct eb_device **ret_device)
{
	const struct eb_device_options device_options = {
		.size = sizeof(device_options),
		.backend = options->backend,
		.path = options->device,
		.profile = options->profile,
		.failover = options->failover,
		.log = show_message,
		.threads = (uint32_t)options->threads,
		.envm_image = options->envm_image,
	};
	enum eb_status status = eb_device_open(&device_options, ret_device);

	return status == EB_OK ? 0 : report_library(status);
}

/* Told here in the words of the command line. */
static int check_point(const struct session *session, const struct session_options *options)
{
	struct eb_device_info info = { .size = sizeof(info) };
	enum eb_status status = eb_device_get_info(session->device, &info);

	if (status)
		return report_library(status);
	if (options->policy == EB_POLICY_LATENCY ||
	    options->operating_point < (int)info.operating_point_count)
		return 0;
	return report_tool(EXIT_USAGE, "--operating-point %d does not exist: %s has 0 to %u; "
			   "edgebert info lists them", options->operating_point, info.path,
			   info.operating_point_count - 1);
}

int session_set_policy(struct session *session, const struct session_options *options)
{
	struct eb_engine_options engine_options = {
		.size = sizeof(engine_options),
		.policy = options->policy,
		.entropy_threshold = (float)options->entropy,
		.operating_point = options->operating_point,
	};
	enum eb_status status;

	if (options->policy == EB_POLICY_LATENCY) {
		engine_options.target_latency_us = options->target_latency_us;
		engine_options.operating_point = EB_OPERATING_POINT_HIGHEST;
		engine_options.latency_mode = options->latency_mode;
		engine_options.target_scope = options->target_scope;
		engine_options.unreachable = options->unreachable;
	}

	session->engine = eb_engine_unref(session->engine);
	session->in_flight = (uint32_t)options->in_flight;
	status = eb_engine_create(session->device, session->model, &engine_options,
				  &session->engine);
	return status == EB_OK ? 0 : report_library(status);
}

static int open_model(struct session *session, const char *path)
{
	enum eb_status status = eb_model_open(path, &session->model);

	if (status == EB_OK) {
		session->model_info.size = sizeof(session->model_info);
		status = eb_model_get_info(session->model, &session->model_info);
	}
	return status == EB_OK ? 0 : report_library(status);
}

/* The model first: a mistake in its path is found without a device, too. */
int session_open(struct session *session, struct session_options *options)
{
	int failed;

	*session = (struct session){ 0 };
	failed = session_check(options);
	if (!failed)
		failed = open_model(session, options->model);
	if (!failed && options->policy == POLICY_OF_MODEL)
		options->policy = session->model_info.exit_count ? EB_POLICY_ENTROPY :
								   EB_POLICY_FULL;
	if (!failed)
		failed = session_open_device(options, &session->device);
	if (!failed)
		failed = check_point(session, options);
	if (!failed)
		failed = session_set_policy(session, options);
	return failed;
}

void session_close(struct session *session)
{
	session->engine = eb_engine_unref(session->engine);
	session->device = eb_device_unref(session->device);
	session->model = eb_model_unref(session->model);
}
