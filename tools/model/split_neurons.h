/* SPDX-License-Identifier: MIT */
/* Removing outliers from feed-forward matrices without changing the network. */
#ifndef EDGEBERT_MODEL_SPLIT_NEURONS_H
#define EDGEBERT_MODEL_SPLIT_NEURONS_H

#include "tools/model/network.h"

/*
 * A feed-forward output matrix may hold single weights a hundred times above the others;
 * one bias per tensor can not hold both.  Such a weight's neuron is computed several times
 * and the weight divided among its copies: exact, at the cost of one more vector of 16
 * neurons.  Layers that gain nothing stay as they are.
 */
enum eb_status eb_split_neurons(struct eb_network *network) EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_SPLIT_NEURONS_H */
