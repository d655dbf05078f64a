# SPDX-License-Identifier: MIT
# The example programs, built with everything else so that they can not fall behind; that they
# also build outside, against what "make install" installs, is tested by tests/cli/examples.sh.

EXAMPLES := $(basename $(notdir $(wildcard examples/*.c)))
HELPER_PROGRAMS += $(EXAMPLES:%=example-%)

define example
example-$(1)_SOURCES := examples/$(1).c
example-$(1)_ARCHIVES := edgebert-rt tokenizer edgebert-core
example-$(1)_PACKAGES := $(RUNTIME_PACKAGES)
example-$(1)_LIBS := $(RUNTIME_LIBS)
endef

$(foreach e,$(EXAMPLES),$(eval $(call example,$(e))))
