# SPDX-License-Identifier: MIT
# What the test scripts of the VM share: the device's node and address, jobs, comparing results.
# shellcheck shell=sh

. tests/tap.sh

# What the module binds to, as in its modules.alias line pci:vVVVVVVVVdDDDDDDDD...
PCI_DRIVER=/sys/bus/pci/drivers/edgebert
MODEL=${MODEL:-/models/gte-small-sst2-ee.ebm}
GUEST_WORK=$(mktemp -d)

# The PCI addresses that the driver has bound, one per line.
bound_devices() {
	for bound in "$PCI_DRIVER"/*:*; do
		[ ! -e "$bound" ] || basename "$bound"
	done
}

# wait_until SECONDS COMMAND...: tries the command ten times a second.
wait_until() {
	wait_tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		wait_tries=$((wait_tries - 1))
		[ $wait_tries -gt 0 ] || { echo "waited in vain for: $*"; return 1; }
		sleep 0.1
	done
}

has_node() {
	ls /dev/accel/accel* >/dev/null 2>&1
}

has_no_node() {
	! has_node
}

# The first COUNT sentences of the demo, without labels.
sentences() {
	tail -n +2 models/data/sst2-dev-100.tsv | head -n "$1" | cut -f 1
}

# The same sentence for as long as somebody reads: work that does not end by itself.
endless_sentences() {
	yes "an entertaining film that never quite decides what it wants to be" 2>/dev/null
}

# classify ARGUMENT...: JSON results of the sentences on stdin, without the measured time.
classify() {
	classified=$(edgebert run --model "$MODEL" --json "$@" -) || return
	echo "$classified" | sed 's/,"host_us":[^,}]*//'
}

# The number of jobs the driver has completed since it was bound.
job_count() {
	edgebert info --json | sed -n 's/.*"jobs": *\([0-9]*\).*/\1/p' | head -n 1
}

# Ends the script: nothing is left behind that the next one would meet.
finish_tests() {
	rm -rf "$GUEST_WORK"
	end_tests
}
