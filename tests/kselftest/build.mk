# SPDX-License-Identifier: MIT
# Tests of the driver's ioctls, run in the VM; they need nothing but the C library.

KSELFTESTS := buffers contexts counters deadlines dvfs envm events faults isolation lifetime query \
	results submit syncs target telemetry timeout trace
# With faults inside the kernel, where it can inject them.
KSELFTESTS += failnth
# Memory: shared, and how much of it.
KSELFTESTS += memory mtd order prime
KSELFTEST_SHARED := $(addprefix tests/kselftest/,harness.c device.c envm_calls.c fault.c limits.c)

# drm.h is the only thing used of libdrm.
KSELFTEST_CFLAGS := $(shell $(PKG_CONFIG) --cflags libdrm 2>/dev/null)
KSELFTEST_SOURCES := $(KSELFTEST_SHARED) $(KSELFTESTS:%=tests/kselftest/%.c)
KSELFTEST_OBJECTS := $(KSELFTEST_SHARED:%.c=$(BUILD)/obj/%.o)

$(KSELFTEST_SOURCES:%.c=$(BUILD)/obj/%.o): TARGET_CFLAGS += $(KSELFTEST_CFLAGS)
OBJECT_SOURCES += $(KSELFTEST_SOURCES)

$(KSELFTESTS:%=$(BUILD)/tests/kselftest/%): $(BUILD)/tests/kselftest/%: \
		$(BUILD)/obj/tests/kselftest/%.o $(KSELFTEST_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS)

.PHONY: kselftests
kselftests: $(KSELFTESTS:%=$(BUILD)/tests/kselftest/%)
ALL_TARGETS += $(KSELFTESTS:%=$(BUILD)/tests/kselftest/%)

# Not a test: keeps the device busy while a script disturbs it.
$(BUILD)/obj/tests/kselftest/load.o: TARGET_CFLAGS += $(KSELFTEST_CFLAGS)
OBJECT_SOURCES += tests/kselftest/load.c
$(BUILD)/guest/edgebert-load: $(BUILD)/obj/tests/kselftest/load.o $(KSELFTEST_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS)

kselftests: $(BUILD)/guest/edgebert-load
ALL_TARGETS += $(BUILD)/guest/edgebert-load

# Not a test: works on the eNVM while a script breaks it.
$(BUILD)/obj/tests/kselftest/envm_update.o: TARGET_CFLAGS += $(KSELFTEST_CFLAGS)
OBJECT_SOURCES += tests/kselftest/envm_update.c
$(BUILD)/guest/edgebert-envm: $(BUILD)/obj/tests/kselftest/envm_update.o $(KSELFTEST_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS)

kselftests: $(BUILD)/guest/edgebert-envm
ALL_TARGETS += $(BUILD)/guest/edgebert-envm

# The same tests as 32-bit programs, whose 64-bit fields align to 4 bytes: the interface is the
# same for them.  Static, so that the VM needs no second set of libraries.
KSELFTESTS_32 := $(KSELFTESTS:%=$(BUILD)/tests/kselftest32/%-32)
$(BUILD)/obj32/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC -m32 $<"
	@$(CC) $(ALL_CFLAGS) -m32 -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 $(KSELFTEST_CFLAGS) \
		-MMD -MP -c -o $@ $<
-include $(KSELFTEST_SOURCES:%.c=$(BUILD)/obj32/%.d)

$(KSELFTESTS_32): $(BUILD)/tests/kselftest32/%-32: \
		$(BUILD)/obj32/tests/kselftest/%.o $(KSELFTEST_SHARED:%.c=$(BUILD)/obj32/%.o)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -m32 -static -o $@ $^

.SECONDARY: $(KSELFTEST_SOURCES:%.c=$(BUILD)/obj32/%.o)
kselftests: $(KSELFTESTS_32)
ALL_TARGETS += $(KSELFTESTS_32)

# Not a test: what the script fail-nth does its work with.
$(BUILD)/obj/tests/kselftest/failbind.o: TARGET_CFLAGS += $(KSELFTEST_CFLAGS)
OBJECT_SOURCES += tests/kselftest/failbind.c
$(BUILD)/guest/edgebert-fail-bind: $(BUILD)/obj/tests/kselftest/failbind.o $(KSELFTEST_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS)

kselftests: $(BUILD)/guest/edgebert-fail-bind
ALL_TARGETS += $(BUILD)/guest/edgebert-fail-bind

# Not a test: puts the system to sleep.
OBJECT_SOURCES += tests/kselftest/sleep.c
$(BUILD)/guest/edgebert-sleep: $(BUILD)/obj/tests/kselftest/sleep.o
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS)

kselftests: $(BUILD)/guest/edgebert-sleep
ALL_TARGETS += $(BUILD)/guest/edgebert-sleep

# For the script that takes the device's capabilities away.
$(BUILD)/obj/tests/kselftest/lacking.o: TARGET_CFLAGS += $(KSELFTEST_CFLAGS)
OBJECT_SOURCES += tests/kselftest/lacking.c
$(BUILD)/guest/edgebert-lacking: $(BUILD)/obj/tests/kselftest/lacking.o $(KSELFTEST_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS)

kselftests: $(BUILD)/guest/edgebert-lacking
ALL_TARGETS += $(BUILD)/guest/edgebert-lacking

# Not a test: keeps the device busy with allocations that fail, while a script takes it away.
$(BUILD)/obj/tests/kselftest/failcalls.o: TARGET_CFLAGS += $(KSELFTEST_CFLAGS)
OBJECT_SOURCES += tests/kselftest/failcalls.c
$(BUILD)/guest/edgebert-fail-calls: $(BUILD)/obj/tests/kselftest/failcalls.o $(KSELFTEST_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS)

kselftests: $(BUILD)/guest/edgebert-fail-calls
ALL_TARGETS += $(BUILD)/guest/edgebert-fail-calls
