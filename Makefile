# SPDX-License-Identifier: MIT
#
# EdgeBERT: one Makefile, no configure step.  Each folder says what it builds in
# its build.mk; this file holds what they share.  "make help" lists the targets.

SHELL         := /bin/bash
.SHELLFLAGS   := -o pipefail -ec
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS     += --no-builtin-rules --no-print-directory

BUILD    ?= build
# One spelling per directory: the dependency files name their objects by it.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
SANITIZE ?=
CC       := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
# The C++ compiler of the same make; one file needs it (lib/sentencepiece.cc).
ifneq ($(filter default undefined,$(origin CXX)),)
CXX      := $(if $(findstring clang,$(CC)),$(subst clang,clang++,$(CC)),$(subst gcc,g++,$(CC)))
endif
AR       ?= ar
PKG_CONFIG ?= pkg-config
VERSION  := 0.1.0
SOMAJOR  := 1

CFLAGS   ?= -O2 -g
CXXFLAGS ?= $(CFLAGS)
COMMON_WARNINGS := -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wvla -Wformat=2
WARNINGS := $(COMMON_WARNINGS) -Wstrict-prototypes -Wmissing-prototypes
SANITIZER_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
                   -fno-omit-frame-pointer) $(if $(FUZZING),-fsanitize=fuzzer-no-link)
COMMON_FLAGS := -D_GNU_SOURCE -DEDGEBERT_VERSION='"$(VERSION)"' -fPIC \
              -fvisibility=hidden -fno-strict-aliasing -fwrapv -fstack-protector-strong \
              -I. -Ilib/include -Iuapi
ALL_CFLAGS := -std=c17 $(COMMON_FLAGS) $(WARNINGS) $(CFLAGS) $(SANITIZER_FLAGS)
# The C++ libraries are not instrumented: checks of their types' identity would need that.
CXX_SANITIZER_FLAGS := $(if $(SANITIZE),-fno-sanitize=vptr) $(if $(FUZZING),-fno-sanitize=function)
ALL_CXXFLAGS := -std=c++17 $(COMMON_FLAGS) $(COMMON_WARNINGS) $(CXXFLAGS) $(SANITIZER_FLAGS) \
                $(CXX_SANITIZER_FLAGS)
ALL_LDFLAGS := -Wl,--as-needed -Wl,-z,relro,-z,now $(SANITIZER_FLAGS) $(LDFLAGS)

# What the build.mk files append to:
#   PROGRAMS        installed programs        -> build/bin/NAME
#   HELPER_PROGRAMS programs that only the build, demo and tests use -> build/helpers/NAME
#   UNIT_TESTS      host test programs (TAP)  -> build/tests/NAME
#   THREADED_UNIT_TESTS  those of UNIT_TESTS that start threads: run with the thread sanitizer too
#   STATIC_LIBS     internal archives         -> build/obj/libNAME.a
#   ALL_TARGETS     anything else "make" builds
# and for each name: NAME_SOURCES, NAME_ARCHIVES (internal archive names),
# NAME_PACKAGES (pkg-config), NAME_LIBS (linker flags), NAME_CFLAGS.
PROGRAMS     :=
HELPER_PROGRAMS :=
UNIT_TESTS   :=
THREADED_UNIT_TESTS :=
STATIC_LIBS  :=
ALL_TARGETS  :=
HELP         :=

include $(sort $(wildcard lib/build.mk tools/*/build.mk tools/device/*/build.mk tests/build.mk tests/*/build.mk kernel/build.mk packaging/build.mk Documentation/build.mk))

objects = $(patsubst %,$(BUILD)/obj/%.o,$(basename $(1)))
archives = $(patsubst %,$(BUILD)/obj/lib%.a,$(1))
package_libs = $(if $(1),$(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null))
package_cflags = $(if $(1),$(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null))

# $(call link_rule,OUTPUT,NAME)
define link_rule
$(1): $(call objects,$($(2)_SOURCES)) $(call archives,$($(2)_ARCHIVES))
	@mkdir -p $$(@D)
	@echo "  LINK    $$@"
	@$(CC) $(ALL_CFLAGS) -o $$@ $(call objects,$($(2)_SOURCES)) \
		-Wl,--start-group $(call archives,$($(2)_ARCHIVES)) -Wl,--end-group \
		$(ALL_LDFLAGS) $($(2)_LIBS) $(call package_libs,$($(2)_PACKAGES))
$(call objects,$($(2)_SOURCES)): TARGET_CFLAGS += $($(2)_CFLAGS) $(call package_cflags,$($(2)_PACKAGES))
OBJECT_SOURCES += $($(2)_SOURCES)
endef

define archive_rule
$(BUILD)/obj/lib$(1).a: $(call objects,$($(1)_SOURCES))
	@mkdir -p $$(@D)
	@echo "  AR      $$@"
	@rm -f $$@ && $(AR) rcs $$@ $$^
$(call objects,$($(1)_SOURCES)): TARGET_CFLAGS += $($(1)_CFLAGS) $(call package_cflags,$($(1)_PACKAGES))
OBJECT_SOURCES += $($(1)_SOURCES)
endef

$(foreach p,$(PROGRAMS),$(eval $(call link_rule,$(BUILD)/bin/$(p),$(p))))
$(foreach p,$(HELPER_PROGRAMS),$(eval $(call link_rule,$(BUILD)/helpers/$(p),$(p))))
$(foreach t,$(UNIT_TESTS),$(eval $(call link_rule,$(BUILD)/tests/$(t),$(t))))
$(foreach a,$(STATIC_LIBS),$(eval $(call archive_rule,$(a))))

# Objects are rebuilt when the flags they were built with change.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(CXX) $(ALL_CXXFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(ALL_CFLAGS) $(CXX) $(ALL_CXXFLAGS)' > $@

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALL_CFLAGS) $(TARGET_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CXX     $<"
	@$(CXX) $(ALL_CXXFLAGS) $(TARGET_CFLAGS) -MMD -MP -c -o $@ $<

-include $(patsubst %,$(BUILD)/obj/%.d,$(basename $(sort $(OBJECT_SOURCES))))

.PHONY: all FORCE clean help programs unit-tests threaded-unit-tests list-unit-tests \
        list-threaded-unit-tests
all: programs $(ALL_TARGETS)
programs: $(PROGRAMS:%=$(BUILD)/bin/%) $(HELPER_PROGRAMS:%=$(BUILD)/helpers/%)
unit-tests: $(UNIT_TESTS:%=$(BUILD)/tests/%)
threaded-unit-tests: $(THREADED_UNIT_TESTS:%=$(BUILD)/tests/%)
list-unit-tests:
	@printf '%s\n' $(UNIT_TESTS:%=$(BUILD)/tests/%)
list-threaded-unit-tests:
	@printf '%s\n' $(THREADED_UNIT_TESTS:%=$(BUILD)/tests/%)
FORCE:

clean:
	rm -rf build

help:
	@echo "make             build everything under build/"
	@echo "make demo        classify real sentences through the driver in a VM"
	@echo "make test        run every test"
	@echo "make fuzz        fuzz everything that reads foreign bytes (FUZZ_SECONDS each, default 10)"
	@echo "make bench-device  time the device core against onnxruntime int8"
	@echo "make bench-driver  measure what the driver costs, in a VM"
	@echo "make api-reference  the references of the library and of the driver, as HTML"
	@echo "make bench-runtime  time the runtime: modes, sentences in flight, idle device"
	@echo "make vm          a shell in the VM with the module loaded (KERNEL=7: newest kernel)"
	@echo "make packages    install the Debian packages that all this needs"
	@echo "make install-dkms  the driver's source, for DKMS, in DESTDIR/usr/src"
	@echo "make install     program, library, header, pkg-config file (DESTDIR, PREFIX)"
	@echo "make clean       remove build/ (downloads stay in the cache)"
