// SPDX-License-Identifier: MIT
/* Modelled latency and energy of replayed sentences. */
#include "tools/edgebert/replay_cost.h"

#include "lib/device.h"
#include "tools/edgebert/session.h"

static uint64_t add_job(const struct replay_device *device, uint64_t cycles, uint32_t layers,
			uint32_t point, struct replay_cost *cost)
{
	struct eb_estimate estimate = eb_estimate_job(device->device->estimator, cycles, point);

	cost->energy_pj += (double)estimate.energy_pj;
	cost->latency_ns += (double)estimate.time_ns;
	cost->point_layers[point] += layers;
	return estimate.time_ns;
}

/* Layer 1 at the highest point; then the cheapest that meets the target (algorithm 2). */
static uint64_t add_latency_aware(const struct replay_device *device,
				  const struct eb_replayed *replayed, struct replay_cost *cost)
{
	const struct eb_estimator *estimator = device->device->estimator;
	const struct eb_window window = { .high = eb_estimator_highest_point(estimator) };
	uint64_t time_ns, left_ns;
	bool reachable;
	uint32_t point;

	time_ns = add_job(device, device->cycles_per_layer, 1, window.high, cost);
	if (replayed->predicted_layer <= 1)
		return time_ns;
	left_ns = time_ns < device->target_ns ? device->target_ns - time_ns : 0;
	point = eb_operating_point_choose(estimator, &window,
					  (replayed->predicted_layer - 1) * device->cycles_per_layer,
					  left_ns, &reachable);
	return time_ns + add_job(device, (replayed->exit_layer - 1) * device->cycles_per_layer,
				 replayed->exit_layer - 1, point, cost);
}

void replay_cost_add(const struct replay_device *device, enum eb_policy policy,
		     const struct eb_replayed *replayed, struct replay_cost *cost)
{
	uint64_t time_ns;

	cost->sentences++;
	cost->exit_layers += replayed->exit_layer;
	if (policy == EB_POLICY_LATENCY)
		time_ns = add_latency_aware(device, replayed, cost);
	else
		time_ns = add_job(device, replayed->exit_layer * device->cycles_per_layer,
				  replayed->exit_layer,
				  eb_estimator_highest_point(device->device->estimator), cost);
	cost->misses += time_ns > device->target_ns;
}

/* Mean clock of the layers. */
static double mean_mhz(const struct replay_device *device, const struct replay_cost *cost)
{
	const struct eb_device_info *info = &device->device->backend->info;
	double sum = 0, layers = 0;

	for (uint32_t point = 0; point < info->operating_point_count; point++) {
		sum += (double)cost->point_layers[point] * info->operating_points[point].khz / 1e3;
		layers += (double)cost->point_layers[point];
	}
	return layers > 0 ? sum / layers : 0;
}

void replay_cost_report(struct record *list, const struct replay_device *device,
			enum eb_policy policy, const struct replay_cost costs[3])
{
	const struct replay_cost *cost = &costs[policy];
	const double count = (double)cost->sentences;
	struct record *row = record_add_record(list, "", NULL);

	record_add_text(row, "policy", "policy", policy_names[policy]);
	record_add_number(row, "mean_exit_layer", "mean exit", "", (double)cost->exit_layers / count,
			  2);
	record_add_number(row, "mean_mhz", "mean MHz", "MHz", mean_mhz(device, cost), 1);
	record_add_number(row, "modelled_latency_ms_mean", "modelled ms", "ms",
			  cost->latency_ns / count / 1e6, 3);
	record_add_number(row, "modelled_energy_uj_mean", "modelled uJ", "uJ",
			  cost->energy_pj / count / 1e6, 1);
	record_add_whole(row, "deadline_misses", "misses", "", cost->misses);
	record_add_number(row, "times_less_than_full", "less than full", "x",
			  costs[EB_POLICY_FULL].energy_pj / cost->energy_pj, 2);
	record_add_number(row, "times_less_than_entropy", "less than entropy", "x",
			  costs[EB_POLICY_ENTROPY].energy_pj / cost->energy_pj, 2);
}
