/* SPDX-License-Identifier: MIT */
/*
 * What calibration remembers of a tensor: enough to tell, for every AdaptivFloat bias, the
 * squared error of quantising all values seen, without keeping them.
 */
#ifndef EDGEBERT_MODEL_STATISTICS_H
#define EDGEBERT_MODEL_STATISTICS_H

#include <stddef.h>

/* Powers of two that are told apart: 2^-32 <= |x| < 2^32. */
#define EB_BINADES 64
#define EB_BINADE_FIRST (-32)

/*
 * The mantissa of a code has the same width at every bias, so a bias only decides which
 * binades are rounded, which become zero and which saturate: sums per binade suffice.
 */
struct eb_statistics {
	double weight[EB_BINADES];	/* sum of importances */
	double first[EB_BINADES];	/* ... times |x| */
	double second[EB_BINADES];	/* ... times x^2 */
	double rounding[EB_BINADES];	/* ... times squared rounding error */
	/* The same of those that round to the power of two itself: its code may mean zero. */
	double edge_second[EB_BINADES];
	double edge_rounding[EB_BINADES];
	double total;			/* importances of all values, zeros included */
	double largest;			/* |x| */
};

void eb_statistics_add(struct eb_statistics *statistics, const float *values, size_t count,
		       double importance);
void eb_statistics_merge(struct eb_statistics *statistics, const struct eb_statistics *other);

/* Squared error, weighted by importance, when codes have this bias (any integer). */
double eb_statistics_error(const struct eb_statistics *statistics, int bias);
/* The bias of least error from first to last; the lowest of equals. */
int eb_statistics_best_bias(const struct eb_statistics *statistics, int first, int last);
/* Sum of squares, weighted. */
double eb_statistics_energy(const struct eb_statistics *statistics);
/* Signal to noise in decibels, at most 200. */
double eb_decibels(double signal, double noise);

/* The largest magnitude of a code with this bias. */
double eb_bias_limit(int bias);

#endif /* EDGEBERT_MODEL_STATISTICS_H */
