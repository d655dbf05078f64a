# SPDX-License-Identifier: MIT
# Unit tests of the PCIe function.

pcie_board := tests/unit/pcie/board.c tests/unit/pcie/host_driver.c

# $(call pcie_test,NAME): a program of test_NAME.c on the test board
define pcie_test
UNIT_TESTS += test_pcie_$(1)
THREADED_UNIT_TESTS += test_pcie_$(1)
test_pcie_$(1)_SOURCES := tests/unit/pcie/test_$(1).c $(pcie_board)
test_pcie_$(1)_ARCHIVES := edgebert-pcie edgebert-core
test_pcie_$(1)_PACKAGES := cmocka json-c
test_pcie_$(1)_LIBS := -pthread -lm
endef
$(foreach name,registers config_space mmu jobs queue_time resets envm faults thermal,$(eval $(call pcie_test,$(name))))

# The contract's header, its pages and the register table must agree.
UNIT_TESTS += test_pcie_contract
test_pcie_contract_SOURCES := tests/unit/pcie/test_contract.c
test_pcie_contract_ARCHIVES := edgebert-pcie edgebert-core
test_pcie_contract_PACKAGES := cmocka
test_pcie_contract_LIBS := -pthread -lm
test_pcie_contract_CFLAGS := -I$(BUILD)/generated

$(BUILD)/generated/contract.inc: tests/unit/pcie/contract.awk kernel/edgebert_hw.h
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	@awk -f $^ > $@

$(BUILD)/obj/tests/unit/pcie/test_contract.o: $(BUILD)/generated/contract.inc
