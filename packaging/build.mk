# SPDX-License-Identifier: MIT
# A source tree for DKMS: DESTDIR, DKMS_SOURCE.

DKMS_SOURCE ?= /usr/src
dkms_directory = $(DESTDIR)$(DKMS_SOURCE)/edgebert-$(VERSION)
# What Kbuild needs and nothing else; generated files of a build in the tree stay out.
dkms_files := Kbuild $(filter-out %.mod.c %_compat_config.h,$(wildcard kernel/Kconfig kernel/Makefile kernel/*.[ch] \
	kernel/*.sh kernel/tests/*.[ch] uapi/drm/*.h))

.PHONY: install-dkms
install-dkms:
	@rm -rf $(dkms_directory)
	@$(foreach file,$(dkms_files),install -D -m $(if $(filter %.sh,$(file)),755,644) $(file) \
		$(dkms_directory)/$(file);)
	@sed -e 's|@VERSION@|$(VERSION)|' packaging/dkms.conf > $(dkms_directory)/dkms.conf
	@echo "  INSTALL $(dkms_directory)"
	$(if $(DESTDIR),,@echo "now: dkms install edgebert/$(VERSION)")
