# SPDX-License-Identifier: MIT
STATIC_LIBS += edgebert-pcie
edgebert-pcie_SOURCES := $(addprefix tools/device/pcie/, \
	config_space.c context.c device.c envm.c host_memory.c interrupt.c mmu.c \
	operating_point.c \
	registers.c reset.c ring.c worker.c)
edgebert-pcie_LIBS := -pthread
