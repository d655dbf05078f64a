# SPDX-License-Identifier: MIT
STATIC_LIBS += edgebert-pcie
edgebert-pcie_SOURCES := $(addprefix tools/device/pcie/, \
	config_space.c context.c debug.c debug_envm.c \
	debug_faults.c debug_state.c debug_thermal.c device.c envm.c faults.c host_memory.c interrupt.c mmu.c \
	operating_point.c \
	registers.c reset.c ring.c thermal.c worker.c)
# Only what the debug interface says of the device's state is JSON.
edgebert-pcie_PACKAGES := json-c
edgebert-pcie_LIBS := -pthread
