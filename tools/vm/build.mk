# SPDX-License-Identifier: MIT
# The targets that boot a VM, and the module they load.
#
# demo, test and vm install packages first and build in a make of its own: only that one can
# see what the installed packages provide.  The scripts they run decide by themselves whether
# downloads, module and images are up to date.

ALL_TARGETS += $(BUILD)/helpers/qemu-eof.so
$(BUILD)/helpers/qemu-eof.so: tools/vm/qemu_eof.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(ALL_CFLAGS) -shared -o $@ $<

.PHONY: module vm demo test
module:
	@tools/vm/build-module.sh --output $(BUILD)/kernel

vm: packages
	@$(MAKE) BUILD=$(BUILD) all
	@BUILD=$(BUILD) tools/vm/run-vm.sh

demo:
	@BUILD=$(BUILD) tools/vm/demo.sh

test: packages
	@BUILD=$(BUILD) tests/run
