# SPDX-License-Identifier: MIT
# Unit tests of the runtime.

runtime_tests := test_pairs test_status test_options test_model_file test_policies \
	test_exit_predictor test_exit_replay test_operating_point test_engine test_request \
	test_accel_backend test_accel_jobs test_device_find test_latency_modes test_tally \
	test_custom_policy test_end_to_end test_window test_failover test_steady_state test_process
test_pairs_EXTRA := tiny_model.c tiny_engine.c
test_model_file_EXTRA := tiny_model.c
test_policies_EXTRA := tiny_model.c tiny_engine.c
test_exit_replay_EXTRA := tiny_model.c tiny_engine.c
test_latency_modes_EXTRA := tiny_model.c tiny_engine.c
test_tally_EXTRA := tiny_model.c tiny_engine.c
test_custom_policy_EXTRA := tiny_model.c tiny_engine.c
test_end_to_end_EXTRA := tiny_model.c tiny_engine.c fake_driver.c
test_window_EXTRA := tiny_model.c tiny_engine.c fake_driver.c
test_failover_EXTRA := tiny_model.c tiny_engine.c fake_driver.c
test_steady_state_EXTRA := tiny_model.c tiny_engine.c fake_driver.c
test_process_EXTRA := tiny_model.c tiny_engine.c
test_engine_EXTRA := tiny_model.c tiny_engine.c
test_request_EXTRA := tiny_model.c tiny_engine.c
test_accel_jobs_EXTRA := tiny_model.c tiny_engine.c fake_driver.c
test_accel_backend_EXTRA := tiny_model.c tiny_engine.c fake_driver.c
UNIT_TESTS += $(runtime_tests)
THREADED_UNIT_TESTS += test_status test_engine test_request test_accel_backend test_accel_jobs \
	test_failover

define runtime_test
$(1)_SOURCES := tests/unit/lib/$(1).c $(addprefix tests/unit/lib/,$($(1)_EXTRA))
$(1)_ARCHIVES := edgebert-rt tokenizer edgebert-core
$(1)_PACKAGES := cmocka libdrm $(RUNTIME_PACKAGES)
$(1)_LIBS := $(RUNTIME_LIBS)
endef

# Counts what the library takes from the system.
comma := ,
counted := malloc calloc realloc aligned_alloc strdup mmap eventfd pthread_create
$(foreach t,$(runtime_tests),$(eval $(call runtime_test,$(t))))
test_steady_state_LIBS += $(counted:%=-Wl$(comma)--wrap=%)

# Sees the library only as an application does.
UNIT_TESTS += test_shared_library
test_shared_library_SOURCES := tests/unit/lib/test_shared_library.c
test_shared_library_PACKAGES := cmocka
test_shared_library_CFLAGS := -DRUNTIME_LIBRARY='"$(RUNTIME_LIBRARY)"'
$(BUILD)/tests/test_shared_library: $(RUNTIME_LIBRARY)

# Makes its image files with the compiler.
UNIT_TESTS += test_envm
test_envm_SOURCES := tests/unit/lib/test_envm.c
test_envm_ARCHIVES := edgebert-compiler edgebert-rt tokenizer edgebert-core
test_envm_PACKAGES := cmocka libdrm libmd $(RUNTIME_PACKAGES)
test_envm_LIBS := $(RUNTIME_LIBS)
