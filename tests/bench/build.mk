# SPDX-License-Identifier: MIT
# Benchmarks: built with everything else, run only by hand.
HELPER_PROGRAMS += edgebert-bench-device
edgebert-bench-device_SOURCES := tests/bench/bench_device.c tests/bench/encoder.c
edgebert-bench-device_ARCHIVES := edgebert-core
edgebert-bench-device_LIBS := -lm -lpthread

.PHONY: bench-device
bench-device: $(BUILD)/helpers/edgebert-bench-device
	@tests/bench/bench-device.sh $< $(BENCH_FLAGS)
