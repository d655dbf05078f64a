# SPDX-License-Identifier: MIT
# References of both interfaces, from the comments of their headers: the library's and the driver's.

.PHONY: api-reference
api-reference:
	@mkdir -p $(BUILD)/api $(BUILD)/uapi
	@{ cat Documentation/Doxyfile; echo 'OUTPUT_DIRECTORY = $(BUILD)/api'; \
		echo 'PROJECT_NUMBER = $(VERSION)'; } | doxygen -
	@echo "  DOC     $(BUILD)/api/html/index.html"
	@{ cat Documentation/Doxyfile Documentation/Doxyfile.uapi; \
		echo 'OUTPUT_DIRECTORY = $(BUILD)/uapi'; } | doxygen -
	@echo "  DOC     $(BUILD)/uapi/html/index.html"
