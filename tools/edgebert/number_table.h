/* SPDX-License-Identifier: MIT */
/* Comma-separated entropies in rows of one length, as numbers that compare exactly. */
#ifndef EDGEBERT_TOOL_NUMBER_TABLE_H
#define EDGEBERT_TOOL_NUMBER_TABLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Entropies are kept in billionths of a nat: finer than the single precision they were
 * recorded in, and every decimal threshold is a whole number of them.
 */
#define NAT 1000000000
#define NATS_MAX 2.1

struct number_table {
	int32_t *values;	/* [rows][columns] */
	size_t rows, columns;
};

/* Returns 0 or the exit status, reported already. */
int number_table_load(struct number_table *table, const char *path, size_t columns_max);
void number_table_free(struct number_table *table);

int32_t nats_to_billionths(double nats);

#endif /* EDGEBERT_TOOL_NUMBER_TABLE_H */
