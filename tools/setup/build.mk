# SPDX-License-Identifier: MIT
# Packages: "make" says what is missing, the targets that do their own set-up install it.

# Before pkg-config is asked for anything: without these the build fails in obscure ways.
SELF_INSTALLING_GOALS := clean help packages demo test vm install-dkms
ifneq ($(filter-out $(SELF_INSTALLING_GOALS),$(or $(MAKECMDGOALS),all)),)
$(shell tools/setup/install-packages.sh --check)
ifneq ($(.SHELLSTATUS),0)
$(error Debian packages are missing (listed above); run: make packages)
endif
endif

.PHONY: packages
packages:
	@tools/setup/install-packages.sh
