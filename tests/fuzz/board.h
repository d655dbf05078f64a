/* SPDX-License-Identifier: MIT */
/*
 * The PCIe function for fuzz targets: one board for the whole process, as at power-on
 * before each input, and the board's oracle of what the function may touch.
 */
#ifndef EDGEBERT_TESTS_FUZZ_BOARD_H
#define EDGEBERT_TESTS_FUZZ_BOARD_H

#include "tests/fuzz/fuzz.h"
#include "tests/unit/pcie/board.h"

/* Powered up, nothing started, all memory forbidden. */
struct board *fuzz_board(void);
/* Waits until no job runs; a function that hangs is a finding. */
void fuzz_board_settle(struct board *board);
/* Nothing forbidden was touched; every record that was written is well formed. */
void fuzz_board_check(struct board *board);

#endif /* EDGEBERT_TESTS_FUZZ_BOARD_H */
