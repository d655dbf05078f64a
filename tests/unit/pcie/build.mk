# SPDX-License-Identifier: MIT
# Unit tests of the PCIe function.

pcie_board := tests/unit/pcie/board.c tests/unit/pcie/host_driver.c

# $(call pcie_test,NAME): a program of test_NAME.c on the test board
define pcie_test
UNIT_TESTS += test_pcie_$(1)
THREADED_UNIT_TESTS += test_pcie_$(1)
test_pcie_$(1)_SOURCES := tests/unit/pcie/test_$(1).c $(pcie_board)
test_pcie_$(1)_ARCHIVES := edgebert-pcie edgebert-core
test_pcie_$(1)_PACKAGES := cmocka
test_pcie_$(1)_LIBS := -pthread -lm
endef
$(foreach name,registers config_space mmu jobs resets,$(eval $(call pcie_test,$(name))))
