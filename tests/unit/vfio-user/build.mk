# SPDX-License-Identifier: MIT
# Unit tests of the vfio-user server, by a client in the same process.

vfio_user_client := tests/unit/vfio-user/client.c tests/unit/pcie/host_driver.c

# $(call vfio_user_test,NAME,SOURCES)
define vfio_user_test
UNIT_TESTS += test_vfio_user_$(1)
THREADED_UNIT_TESTS += test_vfio_user_$(1)
test_vfio_user_$(1)_SOURCES := tests/unit/vfio-user/test_$(1).c $(vfio_user_client)
test_vfio_user_$(1)_ARCHIVES := edgebert-vfio-user edgebert-pcie edgebert-core
test_vfio_user_$(1)_PACKAGES := cmocka json-c
test_vfio_user_$(1)_LIBS := -pthread -lm
endef
$(foreach name,protocol guest socket control,$(eval $(call vfio_user_test,$(name))))
