# SPDX-License-Identifier: MIT
# libedgebert-rt: the runtime, as shared library and as internal archive.

STATIC_LIBS += status
status_SOURCES := lib/status.c
