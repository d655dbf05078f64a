/* SPDX-License-Identifier: MIT */
/* What run and eval share: the options that choose device, model and policy, and opening them. */
#ifndef EDGEBERT_TOOL_SESSION_H
#define EDGEBERT_TOOL_SESSION_H

#include <edgebert/edgebert.h>

#include "tools/edgebert/command.h"

struct session_options {
	const char *model;
	uint32_t policy;		/* enum eb_policy, or POLICY_OF_MODEL until it is open */
	uint32_t target_latency_us;	/* 0: not given */
	uint32_t latency_mode;		/* enum eb_latency_mode */
	uint32_t target_scope;		/* enum eb_target_scope */
	uint32_t unreachable;		/* enum eb_unreachable */
	double entropy;			/* negative: the model's */
	int32_t operating_point;	/* EB_OPERATING_POINT_HIGHEST: not given */
	uint32_t backend;		/* enum eb_backend */
	const char *device;
	const char *profile;
	bool failover;
	int32_t threads;		/* 0: not given */
	const char *envm_image;
	int32_t in_flight;
};

/* Not chosen: entropy where the model has exits, else full. */
#define POLICY_OF_MODEL UINT32_MAX

/* in_flight: sentences at once unless the user says otherwise. */
#define SESSION_DEFAULTS(in_flight_) \
	{ .policy = POLICY_OF_MODEL, .entropy = -1, \
	  .operating_point = EB_OPERATING_POINT_HIGHEST, .in_flight = in_flight_ }

#define IN_FLIGHT_MAX 64

extern const char *const policy_names[];
extern const char *const backend_names[];
extern const char *const latency_mode_names[];
extern const char *const target_scope_names[];
extern const char *const unreachable_names[];

#define SESSION_DEVICE_ROWS(options) \
	OPTION_CHOICE("backend", 'b', "BACKEND", &(options).backend, backend_names, \
		      "a device, or the reference in this process (default: accel)"), \
	OPTION_TEXT("device", 'd', "NODE", &(options).device, \
		    "device node (default: the first EdgeBERT below /dev/accel)"), \
	OPTION_FLAG("failover", 0, &(options).failover, \
		    "when the device disappears, go on on another one of its kind"), \
	OPTION_TEXT("profile", 0, "NAME", &(options).profile, \
		    "device profile of the reference backend"), \
	OPTION_WHOLE("threads", 0, "COUNT", &(options).threads, 1, 64, \
		     "threads of the reference backend for one sentence (default: 1)"), \
	OPTION_TEXT("envm-image", 0, "FILE", &(options).envm_image, \
		    "image in the eNVM of the reference backend (default: none)")

/* All but the threshold. */
#define SESSION_ENGINE_ROWS(options) \
	OPTION_REQUIRED_TEXT("model", 'm', "FILE", &(options).model, "model file (.ebm)"), \
	OPTION_CHOICE("policy", 'p', "POLICY", &(options).policy, policy_names, \
		      "when to stop (default: entropy; full for a model without exits)"), \
	OPTION_DURATION("target-latency", 't', "DURATION", &(options).target_latency_us, 1, 1e9, \
			"modelled latency that policy latency must meet, as 50ms"), \
	OPTION_CHOICE("latency-mode", 0, "MODE", &(options).latency_mode, latency_mode_names, \
		      "who decides after layer 1: the tool between two-jobs, the device in " \
		      "one-job (default: automatic)"), \
	OPTION_CHOICE("target-scope", 0, "SCOPE", &(options).target_scope, target_scope_names, \
		      "what the target is for: modelled device time, or that and the measured " \
		      "time in queues (default: device)"), \
	OPTION_CHOICE("unreachable", 0, "WHAT", &(options).unreachable, unreachable_names, \
		      "what to do with a sentence that no operating point answers in time " \
		      "(default: best-effort)"), \
	OPTION_WHOLE("operating-point", 'o', "INDEX", &(options).operating_point, -1, 63, \
		     "operating point of policies full and entropy (default: -1, the highest)"), \
	SESSION_DEVICE_ROWS(options), \
	OPTION_WHOLE("in-flight", 'i', "COUNT", &(options).in_flight, 1, IN_FLIGHT_MAX, \
		     "sentences worked on at once; their host times overlap")

#define SESSION_ROWS(options) \
	SESSION_ENGINE_ROWS(options), \
	OPTION_REAL("entropy", 'e', "NATS", &(options).entropy, 0, 10, \
		    "entropy at which a layer is good enough (default: the model's)")

struct session {
	struct eb_device *device;
	struct eb_model *model;
	struct eb_engine *engine;
	struct eb_model_info model_info;
	uint32_t in_flight;
};

/* These return 0 or the exit status, reported already. */
int session_check(const struct session_options *options);
int session_open_device(const struct session_options *options, struct eb_device **ret_device);
/* Also chooses options->policy where nobody did. */
int session_open(struct session *session, struct session_options *options);
/* Another policy on the same device and model. */
int session_set_policy(struct session *session, const struct session_options *options);
void session_close(struct session *session);

#endif /* EDGEBERT_TOOL_SESSION_H */
