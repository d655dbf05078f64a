/* SPDX-License-Identifier: MIT */
/* The clock that everything measured is measured with. */
#ifndef EDGEBERT_LIB_CLOCK_H
#define EDGEBERT_LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC, as the driver's timestamps, in nanoseconds. */
static inline uint64_t eb_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Whole microseconds since then, rounded up, as job descriptors hold them. */
static inline uint32_t eb_elapsed_us(uint64_t since_ns)
{
	uint64_t elapsed_us = (eb_time_ns() - since_ns + 999) / 1000;

	return elapsed_us < UINT32_MAX ? (uint32_t)elapsed_us : UINT32_MAX;
}

#endif /* EDGEBERT_LIB_CLOCK_H */
