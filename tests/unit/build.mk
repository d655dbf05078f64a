# SPDX-License-Identifier: MIT
# Unit tests: each folder here lists its own programs.

include $(sort $(wildcard tests/unit/*/build.mk))
