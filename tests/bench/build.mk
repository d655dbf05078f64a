# SPDX-License-Identifier: MIT
# Benchmarks: built with everything else, run only by hand.
HELPER_PROGRAMS += edgebert-bench-device
edgebert-bench-device_SOURCES := tests/bench/bench_device.c tests/bench/encoder.c
edgebert-bench-device_ARCHIVES := edgebert-core
edgebert-bench-device_LIBS := -lm -lpthread

.PHONY: bench-device
bench-device: $(BUILD)/helpers/edgebert-bench-device
	@tests/bench/bench-device.sh $< $(BENCH_FLAGS)

HELPER_PROGRAMS += edgebert-bench-runtime
edgebert-bench-runtime_SOURCES := tests/bench/bench_runtime.c
edgebert-bench-runtime_ARCHIVES := edgebert-rt tokenizer edgebert-core
edgebert-bench-runtime_PACKAGES = libdrm $(RUNTIME_PACKAGES)
bench_comma := ,
edgebert-bench-runtime_LIBS = $(RUNTIME_LIBS) -Wl$(bench_comma)--wrap=ioctl

# On the reference backend here, then through the driver in a VM.
BENCH_MODEL  ?= gte-small-sst2-ee
BENCH_TARGET_US ?= 12000
bench_runtime_arguments = models/data/sst2-dev-100.tsv $(BENCH_TARGET_US)

.PHONY: bench-runtime
bench-runtime: all
	@$(BUILD)/helpers/edgebert-bench-runtime reference $(BUILD)/models/$(BENCH_MODEL).ebm \
		$(bench_runtime_arguments)
	@BUILD=$(BUILD) tools/vm/run-vm.sh --name bench-runtime --smp 2 --timeout 1200 -- sh -c \
		'modprobe edgebert && /build/helpers/edgebert-bench-runtime accel \
		/models/$(BENCH_MODEL).ebm $(bench_runtime_arguments) 30'
	@BUILD=$(BUILD) tools/vm/run-vm.sh --name bench-runtime --smp 2 --timeout 1200 \
		--device-args --pace -- sh -c \
		'modprobe edgebert && /build/helpers/edgebert-bench-runtime accel \
		/models/albert384-sst2-ee.ebm models/data/sst2-dev-100.tsv 200000 32 0'

# The driver's own costs, in the VM; with the test library of the kselftests.
$(BUILD)/obj/tests/bench/bench_driver.o: TARGET_CFLAGS += $(KSELFTEST_CFLAGS)
OBJECT_SOURCES += tests/bench/bench_driver.c
BENCH_DRIVER_OBJECTS := $(patsubst %,$(BUILD)/obj/tests/%.o,bench/bench_driver kselftest/harness kselftest/device)
$(BUILD)/guest/edgebert-bench-driver: $(BENCH_DRIVER_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS)

ALL_TARGETS += $(BUILD)/guest/edgebert-bench-driver

.PHONY: bench-driver
bench-driver: $(BUILD)/guest/edgebert-bench-driver $(BUILD)/bin/edgebert-device \
		$(BUILD)/bin/edgebert $(BUILD)/helpers/qemu-eof.so
	@BUILD=$(BUILD) tests/bench/bench-driver.sh $(BENCH_FLAGS)
