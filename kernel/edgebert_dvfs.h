/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operating points: the limits in force, and what the device does within them.
 */
#ifndef EDGEBERT_DVFS_H
#define EDGEBERT_DVFS_H

#include <linux/math.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct edgebert_device;

/**
 * struct edgebert_dvfs_limits - what bounds the points of all jobs
 * @window_low: lowest point that the administrator allows
 * @window_high: highest point that administrator and cooling allow
 * @thermal_max: highest point that temperature allows, by the device's own judgement
 * @throttled: temperature holds jobs below @window_high; set by edgebert_dvfs_read()
 */
struct edgebert_dvfs_limits {
	u32 window_low;
	u32 window_high;
	u32 thermal_max;
	bool throttled;
};

/**
 * struct edgebert_dvfs_state - limits, and what was read last
 * @awake: registers may be accessed; else the rest is as old as the device's sleep
 * @limits: see there
 * @default_point: point of jobs that ask for none
 * @current_point: point in force when the last job ended; 0 after sleep and reset
 * @transitions: counted by the device
 * @temperature: modelled, in 1/1000 degree C; 0 without CAP_THERMAL
 */
struct edgebert_dvfs_state {
	bool awake;
	struct edgebert_dvfs_limits limits;
	u32 default_point;
	u32 current_point;
	u64 transitions;
	s32 temperature;
};

/**
 * struct edgebert_dvfs - operating points in force
 * @lock: guards @state; with it held nothing is waited for or allocated, as waking the
 *	device up for a job takes it
 * @state: what the registers are set to, and said last
 * @work: tells others about new limits; looks after temperature while the device is awake
 * @told: limits that it has told; its own
 */
struct edgebert_dvfs {
	struct mutex lock;
	struct edgebert_dvfs_state state;
	struct delayed_work work;
	struct edgebert_dvfs_limits told;
};

/* Temperature as everybody may know it. */
static inline s32 edgebert_dvfs_degrees(const struct edgebert_dvfs_state *state)
{
	return DIV_ROUND_CLOSEST(state->temperature, 1000);
}

int edgebert_dvfs_init(struct edgebert_device *edev);
void edgebert_dvfs_fini(struct edgebert_device *edev);
void edgebert_dvfs_start(struct edgebert_device *edev);
void edgebert_dvfs_stop(struct edgebert_device *edev);
void edgebert_dvfs_set_window(struct edgebert_device *edev, u32 low, u32 high, u32 point);
void edgebert_dvfs_changed(struct edgebert_device *edev);
int edgebert_dvfs_read(struct edgebert_device *edev, struct edgebert_dvfs_state *state);

#endif /* EDGEBERT_DVFS_H */
