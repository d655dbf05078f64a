# SPDX-License-Identifier: MIT
# Unit tests of the device core, each with the fixture.
core_tests := adaptivfloat functions bitmask matmul special elementwise exits commands execute \
	cycles energy garbage vectors kernels rows envm envm_file
UNIT_TESTS += $(core_tests:%=core-%)
define core_test
core-$(1)_SOURCES := tests/unit/core/test_$(1).c tests/unit/core/fixture.c
core-$(1)_ARCHIVES := edgebert-core
core-$(1)_PACKAGES := cmocka
core-$(1)_LIBS := -lm -lpthread
endef
$(foreach test,$(core_tests),$(eval $(call core_test,$(test))))
THREADED_UNIT_TESTS += core-kernels core-rows
core-vectors_SOURCES += $(addprefix tools/device/core/, vector_checks.c vector_file.c \
	vector_published.c)
