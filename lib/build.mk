# SPDX-License-Identifier: MIT
# libedgebert-rt: the runtime, as shared library and as internal archive.

# Status texts alone, for programs that share nothing else with the runtime.
STATIC_LIBS += status
status_SOURCES := lib/status.c

# The runtime's own objects; the library is these, the tokenizer and the device core.
STATIC_LIBS += edgebert-rt
edgebert-rt_SOURCES := $(addprefix lib/, \
	accel_buffer.c accel_envm.c accel_explain.c accel_ioctl.c accel_jobs.c \
	backend_accel.c backend_reference.c cycle_table.c device.c device_find.c \
	device_monitor.c engine.c engine_options.c envm.c envm_image.c exit_policy.c \
	exit_predictor.c exit_replay.c failover.c latency_policy.c log.c model.c \
	model_file.c model_parameters.c operating_point.c options.c place.c program.c \
	request.c request_pool.c request_queue.c resident_model.c result.c \
	sentence_job.c status.c tally.c window.c)
edgebert-rt_PACKAGES := json-c libdrm libkmod libudev zlib

runtime_archives := $(BUILD)/obj/libedgebert-rt.a $(BUILD)/obj/libtokenizer.a \
	$(BUILD)/obj/libedgebert-core.a
runtime_packages := json-c libkmod libudev zlib libutf8proc sentencepiece

# What a host program needs beside the archives edgebert-rt, tokenizer and edgebert-core.
RUNTIME_PACKAGES := $(runtime_packages)
RUNTIME_LIBS := -lm -lpthread -lstdc++

RUNTIME_LIBRARY := $(BUILD)/lib/libedgebert-rt.so
RUNTIME_PKGCONFIG := $(BUILD)/lib/pkgconfig/edgebert-rt.pc
ALL_TARGETS += $(RUNTIME_LIBRARY) $(RUNTIME_PKGCONFIG)

$(RUNTIME_LIBRARY).$(VERSION): $(runtime_archives) lib/libedgebert-rt.map
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) -shared -o $@ \
		-Wl,-soname,libedgebert-rt.so.$(SOMAJOR) -Wl,-z,defs \
		-Wl,--version-script=lib/libedgebert-rt.map -Wl,--whole-archive \
		$(BUILD)/obj/libedgebert-rt.a -Wl,--no-whole-archive $(runtime_archives) \
		$(ALL_LDFLAGS) $(RUNTIME_LIBS) $(call package_libs,$(runtime_packages))

$(RUNTIME_LIBRARY).$(SOMAJOR): $(RUNTIME_LIBRARY).$(VERSION)
	@ln -sf $(<F) $@

$(RUNTIME_LIBRARY): $(RUNTIME_LIBRARY).$(SOMAJOR)
	@ln -sf $(<F) $@

# ---- make install: DESTDIR, PREFIX, BINDIR, LIBDIR, INCLUDEDIR ----

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

pkgconfig_file = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(VERSION)|' lib/edgebert-rt.pc.in

$(RUNTIME_PKGCONFIG): lib/edgebert-rt.pc.in FORCE
	@mkdir -p $(@D)
	@$(pkgconfig_file) | cmp -s - $@ || $(pkgconfig_file) > $@

.PHONY: install
install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig \
		$(DESTDIR)$(INCLUDEDIR)/edgebert
	$(if $(PROGRAMS),install -m 755 $(PROGRAMS:%=$(BUILD)/bin/%) $(DESTDIR)$(BINDIR))
	install -m 644 $(RUNTIME_LIBRARY).$(VERSION) $(DESTDIR)$(LIBDIR)
	cp -Pf $(RUNTIME_LIBRARY) $(RUNTIME_LIBRARY).$(SOMAJOR) $(DESTDIR)$(LIBDIR)
	$(pkgconfig_file) > $(DESTDIR)$(LIBDIR)/pkgconfig/edgebert-rt.pc
	install -m 644 lib/include/edgebert/*.h $(DESTDIR)$(INCLUDEDIR)/edgebert

# Text to token ids; the model compiler uses it too.
STATIC_LIBS += tokenizer
tokenizer_SOURCES := lib/sentencepiece.cc lib/sentencepiece_check.c lib/sentencepiece_map.c \
	lib/tokenizer.c lib/tokenizer_albert.c lib/tokenizer_wordpiece.c lib/vocabulary.c \
	lib/unicode_text.c
tokenizer_PACKAGES := libutf8proc sentencepiece
