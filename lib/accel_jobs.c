// SPDX-License-Identifier: MIT
/*
 * Jobs on their way to the driver and back.  One context per open node; its jobs run in order.
 *
 * A job goes to the driver at once while few are there.  When the device has enough to do,
 * jobs wait here without harm, and the thread that fetches the result after which the device
 * would soon run out submits all that have come together, in one call.  Each job succeeds or
 * fails by itself even so.
 */
#include "lib/accel_jobs.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/accel_explain.h"
#include "lib/clock.h"

/* More in one call would gain nothing: that many threads are rare. */
#define GATHERED_MAX 16
/*
 * While the driver has so many jobs, others wait to be gathered.  It keeps up to four of them
 * with the device, so that all but that many results may be fetched late.
 */
#define ENOUGH_JOBS 8

/* A job from the time a thread brings it until it leaves with the result. */
struct turn {
	uint64_t number;		/* from 1; 0: a free place */
	struct turn *next;		/* to be submitted after this one */
	bool submitted;			/* or refused: error */
	int error;
	uint32_t context_id;		/* where; 0: nowhere yet */
	struct drm_edgebert_job job;
	struct drm_edgebert_job_buffer buffers[1 + EDGEBERT_HW_SEGMENTS];
};

struct eb_accel_jobs {
	const struct eb_accel_node *node;
	const char *path;
	struct eb_accel_jobs_limits limits;
	uint32_t enough;		/* jobs that the driver should have */

	pthread_mutex_t lock;		/* what follows */
	pthread_cond_t turn_ended, turn_submitted;
	uint32_t context_id;
	uint64_t turn_count;		/* ever */
	struct turn *turns;		/* limits.in_flight_max of them */
	struct turn *first, *last;	/* not submitted yet, in order */
	uint32_t with_driver;
	/* A thread is submitting these, without the lock; one at a time, in order. */
	bool submitting;
	struct turn *gathered[GATHERED_MAX];
	struct drm_edgebert_job gathered_jobs[GATHERED_MAX];
};

/*
 * The driver keeps 4 * in_flight_max results.  A thread that was submitted but is slow to
 * fetch its result must not be overtaken by so many: that leaves room for turns to be taken
 * in another order than jobs are submitted.
 */
#define TURNS_AHEAD(in_flight_max) (2ull * (in_flight_max))

/* ---- as the driver sees a job ---- */

static void add_buffer(struct turn *turn, const struct eb_buffer *buffer)
{
	for (uint32_t i = 0; i < turn->job.buffers.count; i++) {
		if (turn->buffers[i].handle == buffer->handle)
			return;
	}
	turn->buffers[turn->job.buffers.count++] = (struct drm_edgebert_job_buffer){
		.handle = buffer->handle,
		.flags = buffer->device_read_only ? 0 : DRM_EDGEBERT_JOB_BUFFER_WRITE,
	};
}

/* A driver that does not count the time in queues is told what has passed until now. */
static void describe_target(const struct eb_accel_jobs *jobs, const struct eb_job *job,
			    struct drm_edgebert_job *kernel_job)
{
	kernel_job->flags = DRM_EDGEBERT_JOB_AUTONOMOUS;
	kernel_job->target_latency_us = job->target_latency_us;
	if (job->target_start_ns && jobs->limits.knows_target_start)
		kernel_job->target_start_ns = (int64_t)job->target_start_ns;
	else if (job->target_start_ns)
		kernel_job->elapsed_us = eb_elapsed_us(job->target_start_ns);
}

static void describe(const struct eb_accel_jobs *jobs, const struct eb_job *job,
		     struct turn *turn)
{
	turn->job = (struct drm_edgebert_job){
		.stream_address = job->stream->device_address,
		.stream_commands = job->command_count,
		.first_command = job->first_command,
		.sequence_length = job->sequence_length,
		.entropy_threshold = job->entropy_threshold,
		.exit_layer_limit = job->exit_layer_limit,
		.envm_generation = job->envm_generation,
		.operating_point = job->operating_point,
		.buffers = {
			.stride = sizeof(turn->buffers[0]),
			.array = (uint64_t)(uintptr_t)turn->buffers,
		},
	};
	if (job->autonomous)
		describe_target(jobs, job, &turn->job);
	add_buffer(turn, job->stream);
	for (size_t i = 0; i < EDGEBERT_HW_SEGMENTS; i++) {
		if (!job->segments[i])
			continue;
		turn->job.segments[i] = job->segments[i]->device_address;
		add_buffer(turn, job->segments[i]);
	}
}

static void fill_result(const struct drm_edgebert_result *kernel_result,
			struct eb_job_result *result)
{
	result->status = kernel_result->status;
	result->fault_command = kernel_result->fault_command;
	result->fault_address = kernel_result->fault_address;
	result->exit_layer = kernel_result->exit_layer;
	result->operating_point = kernel_result->operating_point;
	result->layers_assessed = kernel_result->layers_assessed;
	result->predicted_layer = kernel_result->predicted_layer;
	result->throttled = kernel_result->throttled;
	result->transitions = kernel_result->transitions;
	result->started_ns = kernel_result->started_ns;
	result->ended_ns = kernel_result->ended_ns;
	result->cycles = kernel_result->cycles;
	result->time_ns = kernel_result->time_ns;
	result->energy_pj = kernel_result->energy_pj;
	memcpy(result->entropies, kernel_result->entropies, sizeof(result->entropies));
}

/* ---- contexts: with the lock held ---- */

/* After a job left a context: one that was replaced goes with the last of its jobs. */
static void drop_context(struct eb_accel_jobs *jobs, uint32_t context_id)
{
	if (context_id == jobs->context_id || !context_id)
		return;
	for (uint32_t i = 0; i < jobs->limits.in_flight_max; i++) {
		if (jobs->turns[i].number && jobs->turns[i].context_id == context_id)
			return;
	}
	eb_accel_context_destroy(jobs->node, context_id);
}

/*
 * The driver takes no more jobs of a context after it had to stop too many in a row.  Those
 * were of some sentences; the others go on in a new one.
 */
static int renew_context(struct eb_accel_jobs *jobs, struct turn *const *turns, uint32_t count)
{
	const uint32_t banned = turns[0]->context_id;
	int error = 0;

	if (jobs->context_id == banned)
		error = eb_accel_context_create(jobs->node, &jobs->context_id);
	for (uint32_t i = 0; i < count; i++)
		turns[i]->context_id = jobs->context_id;
	drop_context(jobs, banned);
	return error;
}

/* ---- submitting: without the lock, by one thread at a time ---- */

static int submit_together(struct eb_accel_jobs *jobs, struct turn *const *turns, uint32_t count)
{
	int error;

	for (uint32_t i = 0; i < count; i++)
		jobs->gathered_jobs[i] = turns[i]->job;
	error = eb_accel_submit(jobs->node, turns[0]->context_id, jobs->gathered_jobs, count);
	for (uint32_t i = 0; i < count; i++) {
		turns[i]->error = error;
		turns[i]->job.sequence = jobs->gathered_jobs[i].sequence;
	}
	return error;
}

/* In the turns' context, or in a new one if that is banned. */
static int submit_somewhere(struct eb_accel_jobs *jobs, struct turn *const *turns, uint32_t count)
{
	int error = submit_together(jobs, turns, count);

	if (error != -EIO)
		return error;
	pthread_mutex_lock(&jobs->lock);
	error = renew_context(jobs, turns, count);
	pthread_mutex_unlock(&jobs->lock);
	if (!error)
		return submit_together(jobs, turns, count);
	for (uint32_t i = 0; i < count; i++)
		turns[i]->error = error;
	return error;
}

/* The driver takes all or none; what is wrong with one is not to fail the others. */
static void submit_gathered(struct eb_accel_jobs *jobs, uint32_t count)
{
	if (!submit_somewhere(jobs, jobs->gathered, count) || count == 1)
		return;
	for (uint32_t i = 0; i < count; i++)
		submit_somewhere(jobs, &jobs->gathered[i], 1);
}

/* ---- gathering: with the lock held ---- */

static uint32_t gather(struct eb_accel_jobs *jobs)
{
	uint32_t count = 0;

	while (jobs->first && count < jobs->limits.per_submit_max) {
		struct turn *turn = jobs->first;

		jobs->first = turn->next;
		turn->context_id = jobs->context_id;
		jobs->gathered[count++] = turn;
	}
	return count;
}

/*
 * Called whenever there is a job more to submit, or one less with the driver: either this
 * thread submits what has come together, or another one is going to.
 */
static void submit_if_due(struct eb_accel_jobs *jobs)
{
	while (!jobs->submitting && jobs->first && jobs->with_driver < jobs->enough) {
		const uint32_t count = gather(jobs);

		jobs->with_driver += count;
		jobs->submitting = true;
		pthread_mutex_unlock(&jobs->lock);
		submit_gathered(jobs, count);
		pthread_mutex_lock(&jobs->lock);
		jobs->submitting = false;
		for (uint32_t i = 0; i < count; i++)
			jobs->gathered[i]->submitted = true;
		pthread_cond_broadcast(&jobs->turn_submitted);
	}
}

/* Where one more job can be noted, NULL while none may begin. */
static struct turn *free_place(struct eb_accel_jobs *jobs)
{
	const uint32_t most = jobs->limits.in_flight_max;
	struct turn *place = NULL;

	for (uint32_t i = 0; i < most; i++) {
		struct turn *turn = &jobs->turns[i];

		if (!turn->number)
			place = turn;
		else if (jobs->turn_count - turn->number >= TURNS_AHEAD(most))
			return NULL;
	}
	return place;
}

/* Returns when the job is with the driver, or refused. */
static struct turn *begin_turn(struct eb_accel_jobs *jobs, const struct eb_job *job)
{
	struct turn *turn;

	pthread_mutex_lock(&jobs->lock);
	while (!(turn = free_place(jobs)))
		pthread_cond_wait(&jobs->turn_ended, &jobs->lock);
	turn->number = ++jobs->turn_count;
	turn->submitted = false;
	turn->next = NULL;
	describe(jobs, job, turn);
	*(jobs->first ? &jobs->last->next : &jobs->first) = turn;
	jobs->last = turn;
	submit_if_due(jobs);
	while (!turn->submitted)
		pthread_cond_wait(&jobs->turn_submitted, &jobs->lock);
	pthread_mutex_unlock(&jobs->lock);
	return turn;
}

static void end_turn(struct eb_accel_jobs *jobs, struct turn *turn)
{
	pthread_mutex_lock(&jobs->lock);
	turn->number = 0;
	drop_context(jobs, turn->context_id);
	turn->context_id = 0;
	jobs->with_driver--;
	submit_if_due(jobs);
	/* All: whether one more may begin can depend on this one alone. */
	pthread_cond_broadcast(&jobs->turn_ended);
	pthread_mutex_unlock(&jobs->lock);
}

/* ---- waiting ---- */

static int count_jobs(const struct eb_accel_jobs *jobs, uint64_t *ret_jobs)
{
	struct drm_edgebert_query_telemetry telemetry;
	int result = eb_accel_query(jobs->node, DRM_EDGEBERT_QUERY_TELEMETRY, &telemetry,
				    sizeof(telemetry));

	*ret_jobs = telemetry.jobs;
	return result < 0 ? result : 0;
}

/*
 * Waits without a limit of its own as long as the device ends jobs of anybody: others
 * may rightly be before us.  The kernel stops jobs that hang, so a device on which
 * nothing ends for longer than that takes is stuck.
 */
static int wait_for(const struct eb_accel_jobs *jobs, const struct turn *turn,
		    struct drm_edgebert_result *kernel_result)
{
	uint64_t before = UINT64_MAX, now = 0;

	for (;;) {
		const uint64_t end_ns = eb_time_ns() + jobs->limits.patience_ns;
		int result = eb_accel_job_result(jobs->node, turn->context_id, turn->job.sequence,
						 (int64_t)end_ns, kernel_result);

		if (result != -ETIMEDOUT)
			return result;
		result = count_jobs(jobs, &now);
		if (result)
			return result;
		if (now == before)
			return -ETIMEDOUT;
		before = now;
	}
}

static enum eb_status take_result(const struct eb_accel_jobs *jobs, const struct turn *turn,
				  struct eb_job_result *result)
{
	struct drm_edgebert_result kernel_result;
	int error;

	if (turn->error)
		return eb_accel_explain(jobs->path, "submitting a job", turn->error);
	error = wait_for(jobs, turn, &kernel_result);
	if (error)
		return eb_accel_explain(jobs->path, "waiting for a job", error);
	if (kernel_result.error && kernel_result.error != -EIO)
		return eb_accel_explain(jobs->path, "running a job", kernel_result.error);
	fill_result(&kernel_result, result);
	if (kernel_result.error && result->status == EDGEBERT_HW_OK)
		result->status = EDGEBERT_HW_DEVICE_ERROR;
	return result->status == EDGEBERT_HW_OK ? EB_OK : EB_DEVICE_FAULT;
}

enum eb_status eb_accel_jobs_run(struct eb_accel_jobs *jobs, const struct eb_job *job,
				 struct eb_job_result *result)
{
	struct turn *turn = begin_turn(jobs, job);
	enum eb_status status = take_result(jobs, turn, result);

	end_turn(jobs, turn);
	return status;
}

/* ---- life ---- */

static enum eb_status create_context(struct eb_accel_jobs *jobs)
{
	int result = eb_accel_context_create(jobs->node, &jobs->context_id);

	if (result == -EBUSY)
		return eb_fail(EB_BUSY, "%s: as many processes use the device as it has address "
			       "spaces for; wait until one of them ends", jobs->path);
	return result ? eb_accel_explain(jobs->path, "creating a context", result) : EB_OK;
}

enum eb_status eb_accel_jobs_create(const struct eb_accel_node *node, const char *path,
				    const struct eb_accel_jobs_limits *limits,
				    struct eb_accel_jobs **ret_jobs)
{
	struct eb_accel_jobs *jobs = calloc(1, sizeof(*jobs));
	enum eb_status status;

	if (jobs)
		jobs->turns = calloc(limits->in_flight_max, sizeof(*jobs->turns));
	if (!jobs || !jobs->turns) {
		free(jobs);
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for %u jobs", limits->in_flight_max);
	}
	jobs->node = node;
	jobs->path = path;
	jobs->limits = *limits;
	if (jobs->limits.per_submit_max > GATHERED_MAX)
		jobs->limits.per_submit_max = GATHERED_MAX;
	jobs->enough = limits->in_flight_max < 2 * ENOUGH_JOBS ? (limits->in_flight_max + 1) / 2 :
								 ENOUGH_JOBS;
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->turn_ended, NULL);
	pthread_cond_init(&jobs->turn_submitted, NULL);
	status = create_context(jobs);
	if (status)
		eb_accel_jobs_destroy(jobs);
	else
		*ret_jobs = jobs;
	return status;
}

void eb_accel_jobs_destroy(struct eb_accel_jobs *jobs)
{
	if (!jobs)
		return;
	if (jobs->context_id)
		eb_accel_context_destroy(jobs->node, jobs->context_id);
	pthread_cond_destroy(&jobs->turn_submitted);
	pthread_cond_destroy(&jobs->turn_ended);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs->turns);
	free(jobs);
}
