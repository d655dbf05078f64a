#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Writes which of the kernel's interfaces exist, by compiling a line that uses each of them.
#
# usage: edgebert_compat_probe.sh OUTPUT COMPILER [FLAG...]
# Versions are no guide: distributions carry newer interfaces back to older kernels.
set -eu

output=$1
shift
scratch=$output.probe.c
trap 'rm -f "$scratch" "$scratch.log" "$output.new"' EXIT

# compiles "HEADERS" LINE COMPILER [FLAG...]
compiles() {
	headers=$1
	line=$2
	shift 2
	{
		for header in $headers; do
			echo "#include <$header>"
		done
		echo "$line"
	} >"$scratch"
	"$@" -DMODULE -DKBUILD_MODNAME='"probe"' -w -Werror=implicit-function-declaration \
		-Werror=incompatible-pointer-types -fsyntax-only -x c "$scratch" \
		>"$scratch.log" 2>&1
}

# probe NAME "HEADERS" LINE COMPILER [FLAG...]
probe() {
	name=$1
	shift
	if compiles "$@"; then
		echo "#define EDGEBERT_HAVE_$name 1"
	else
		echo "/* no EDGEBERT_HAVE_$name */"
	fi
}

# What must compile anywhere: else the answers below would all be a wrong "no".
if ! compiles "linux/module.h drm/gpu_scheduler.h" "int probe(void) { return 0; }" "$@"; then
	cat "$scratch.log" >&2
	echo "${0##*/}: cannot compile against this kernel's headers" >&2
	exit 1
fi

{
	echo "/* SPDX-License-Identifier: GPL-2.0-only */"
	echo "/* Written by ${0##*/}: what this kernel offers. */"
	# drm_sched_init() takes a structure.
	probe SCHED_INIT_ARGS drm/gpu_scheduler.h \
		"struct drm_sched_init_args probe;" "$@"
	# timedout_job() may say that there was no hang.
	probe SCHED_NO_HANG drm/gpu_scheduler.h \
		"int probe = DRM_GPU_SCHED_STAT_NO_HANG;" "$@"
	# A signalled fence forgets its operations, thus the module they are in.
	probe FENCE_FORGETS_OPS linux/dma-fence.h \
		"void *probe(struct dma_fence *f) { return &f->inline_lock; }" "$@"
	# What a devfreq governor needs is public.
	probe GOVERNOR_HEADER linux/devfreq-governor.h \
		"struct devfreq_governor probe;" "$@"
	# struct drm_driver has a date, which must not be missing.
	probe DRIVER_DATE drm/drm_drv.h \
		"struct drm_driver probe = { .date = \"0\" };" "$@"
	# Name spaces of symbols are named without quotes.
	probe IMPORT_NS_TOKEN linux/module.h \
		"MODULE_IMPORT_NS(DMA_BUF);" "$@"
} >"$output.new"
mv "$output.new" "$output"
