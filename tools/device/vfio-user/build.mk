# SPDX-License-Identifier: MIT
STATIC_LIBS += edgebert-vfio-user
edgebert-vfio-user_SOURCES := $(addprefix tools/device/vfio-user/, \
	control.c control_send.c dispatch.c dma_map.c guest_memory.c interrupt.c message.c negotiate.c region.c server.c \
	socket.c)
edgebert-vfio-user_PACKAGES := json-c

PROGRAMS += edgebert-device
edgebert-device_SOURCES := tools/device/vfio-user/main.c
edgebert-device_ARCHIVES := edgebert-vfio-user edgebert-pcie edgebert-core
edgebert-device_PACKAGES := json-c
edgebert-device_LIBS := -pthread -lm
