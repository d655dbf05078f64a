# SPDX-License-Identifier: MIT
# The reference of the library's interface.

.PHONY: api-reference
api-reference:
	@mkdir -p $(BUILD)/api
	@{ cat Documentation/Doxyfile; echo 'OUTPUT_DIRECTORY = $(BUILD)/api'; \
		echo 'PROJECT_NUMBER = $(VERSION)'; } | doxygen -
	@echo "  DOC     $(BUILD)/api/html/index.html"
