#!/bin/bash
# SPDX-License-Identifier: MIT
# Boots the VM with the virtual device plugged in and runs a command, or a shell, inside it.
set -euo pipefail
. "$(dirname "$0")/common.sh"

usage() {
	cat <<USAGE
usage: run-vm.sh [OPTION...] [--] [COMMAND [ARGUMENT...]]
Boots a VM beside the virtual device, runs COMMAND in it (a shell when there is none) and ends
with its exit status.  It also fails when the guest's kernel reported an error or when the
device model ended otherwise than asked to.

  --kernel 6.12|7|debug guest kernel (default: \$KERNEL, else 6.12)
  --smp N               processors (default 1)
  --memory SIZE         memory, as 1G (default)
  --devices N           number of devices (default 1; --no-device is 0)
  --device-args STRING  more arguments for edgebert-device
  --name NAME           logs go to build/vm/NAME.*.log (default vm)
  --timeout SECONDS     end the VM after this long (default 300; a shell has no limit)
  --iommu               the devices are behind an I/O memory management unit (Intel's)
  --hot-plug            "hostctl plug" plugs in another device in place of one that is gone
  --in-memory           copy tests and models to the VM's memory and leave the shared folders
                        alone while COMMAND runs: they do not survive that the system sleeps
  --qemu-args STRING    more arguments for QEMU
  --count-instructions  the guest's clock counts its instructions, one per nanosecond, while it is
                        not idle: what they take is then the same whatever else the host does
  --allow-kernel-errors do not fail because of what the kernel's log says

In the VM: the repository is /repository (read only), its build directory /build, the models
/models; the programs of build/bin are in the path; "hostctl kill-device" pulls the card and
"hostctl device 0 COMMAND..." sends a command to its debug interface (try: help).
USAGE
}

build=$(realpath -m "${BUILD:-$EDGEBERT_ROOT/build}")
kernel=${KERNEL:-6.12}
smp=1
memory=1G
devices=1
device_arguments=
iommu=no
in_memory=no
hot_plug=no
name=vm
seconds=300
qemu_arguments=
count_instructions=no
kernel_errors=fail
command=()

parse_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) need_value "$1" $#; kernel=$2; shift ;;
		--smp) need_value "$1" $#; smp=$2; shift ;;
		--memory) need_value "$1" $#; memory=$2; shift ;;
		--devices) need_value "$1" $#; devices=$2; shift ;;
		--no-device) devices=0 ;;
		--device-args) need_value "$1" $#; device_arguments=$2; shift ;;
		--name) need_value "$1" $#; name=$2; shift ;;
		--timeout) need_value "$1" $#; seconds=$2; shift ;;
		--iommu) iommu=yes ;;
		--in-memory) in_memory=yes ;;
		--hot-plug) hot_plug=yes; message_timeout_ms=10000 ;;
		--count-instructions) count_instructions=yes ;;
		--qemu-args) need_value "$1" $#; qemu_arguments=$2; shift ;;
		--allow-kernel-errors) kernel_errors=allow ;;
		--help) usage; exit 0 ;;
		--) shift; command=("$@"); return ;;
		-*) die "unknown option '$1' (see --help)" ;;
		*) command=("$@"); return ;;
		esac
		shift
	done
}

# What is known of device model N while there is one is in files, as also the process that serves
# the guest's requests starts some: $work/pidN, and $work/statusN once it has ended.
device_pid() {
	cat "$work/pid$1" 2>/dev/null
}

has_ended() {
	[ -e "$work/status$1" ]
}

run_device() {
	local number=$1 pid status=0

	# shellcheck disable=SC2086 # several words are meant
	"$build/bin/edgebert-device" --socket "$work/device$number.sock" \
		--control "$work/control$number.sock" $device_arguments &
	pid=$!
	echo $pid >"$work/pid$number.new"
	mv "$work/pid$number.new" "$work/pid$number"
	# The shell's own remarks about killed device models are of no interest.
	wait $pid 2>/dev/null || status=$?
	echo $status >"$work/status$number.new"
	mv "$work/status$number.new" "$work/status$number"
}

start_device() {
	local number=$1 socket=$work/device$1.sock log=$logs.device$1.log tries

	rm -f "$work/pid$number" "$work/status$number" "$work/killed$number"
	run_device "$number" </dev/null >>"$log" 2>&1 9>&- &
	# QEMU does not try twice: the socket must be listening (flag 00010000), not just there.
	for ((tries = 0; tries < 200; tries++)); do
		grep -q " 00010000 .* $socket\$" /proc/net/unix && return
		! has_ended "$number" || break
		sleep 0.05
	done
	tail -n 20 "$log" >&2
	say "edgebert-device did not start listening (its output is above and in $log)"
	return 1
}

# Ends a device model and says whether it ended as it should: by itself on SIGTERM, unless the
# guest has had it killed.
end_device() {
	local number=$1 pid tries status

	pid=$(device_pid "$number") || return 0
	has_ended "$number" || kill -TERM "$pid" 2>/dev/null || true
	for ((tries = 0; tries < 100; tries++)); do
		! has_ended "$number" || break
		sleep 0.05
	done
	if ! has_ended "$number"; then
		kill -KILL "$pid" 2>/dev/null || true
		say "run-vm.sh: device $number did not end on SIGTERM within 5 s"
		return 1
	fi
	status=$(cat "$work/status$number")
	case "$status" in
	0 | 143) return 0 ;;
	137) [ ! -e "$work/killed$number" ] || return 0 ;;
	esac
	say "run-vm.sh: device $number ended with status $status; the end of its log:"
	tail -n 20 "$logs.device$number.log" >&2
	return 1
}

# How long QEMU waits for a device model's answer, while the guest stands still: it may also do so
# for one that was killed at a bad moment, which with hot plugging happens often.
message_timeout_ms=60000

# device_json NUMBER ID PORT: the device as QEMU is told of it, at the start and later.
device_json() {
	printf '{"driver":"vfio-user-pci","id":"%s","bus":"%s","x-msg-timeout":%d,' "$2" "$3" $message_timeout_ms
	printf '"socket":{"type":"unix","path":"%s"}}' "$work/device$1.sock"
}

# How often a device can be plugged in, each time into another port: QEMU 11.1 aborts when a
# vfio-user device with MSI-X is deleted, so one that is gone stays where it is.
SPARE_PORTS=6
plugged=0

start_monitor() {
	mkfifo "$work/monitor.in" "$work/monitor.out"
	cat "$work/monitor.out" >"$work/monitor.log" &
	monitor_pid=$!
	# Waits in the pipe for QEMU, which obeys nothing else before.
	echo '{"execute":"qmp_capabilities"}' >"$work/monitor.in" &
	monitor_pid+=" $!"
}

# Answers of QEMU's monitor to commands so far; what it tells of its own accord is none.
count_answers() {
	grep -cE '^\{"(return|error)"' "$work/monitor.log" || true
}

# monitor JSON: what QEMU answers.
monitor() {
	local before tries

	before=$(count_answers)
	echo "$1" >"$work/monitor.in"
	for ((tries = 0; tries < 300; tries++)); do
		[ "$(count_answers)" -eq "$before" ] || break
		sleep 0.05
	done
	tail -n +2 "$work/monitor.log" | grep -E '^\{"(return|error)"' | tail -n 1
}

# plug NUMBER: a new device model, with the socket of one whose process is gone or ends now, is
# plugged into a port that was empty.
plug() {
	local number=$1 answer

	[ $hot_plug = yes ] || { echo "this VM was not started with --hot-plug"; return; }
	[ "$plugged" -lt $SPARE_PORTS ] || { echo "no port is empty any more"; return; }
	end_device "$number" >&2 || { echo "device $number did not end well"; return; }
	start_device "$number" >&2 || { echo "device $number does not start"; return; }
	answer=$(monitor "{\"execute\":\"device_add\",\"arguments\":$(
		device_json "$number" "plugged$plugged" "spare$plugged")}")
	case $answer in
	*'"return"'*) echo ok ;;
	*) echo "QEMU: ${answer:-no answer}" ;;
	esac
}

# send_command NUMBER COMMAND: what a device's debug interface answers, below the line "ok", or
# its error.
send_command() {
	local output

	# An empty command would make --send read stdin.
	if output=$("$build/bin/edgebert-device" --send "$work/control$1.sock" "${2:-help}" 2>&1); then
		printf 'ok\n%s\n' "$output"
	else
		printf '%s\n' "$output"
	fi
}

# Does what "hostctl" in the guest asks for, until killed.
serve_requests() {
	local request number words reply pid

	while sleep 0.1; do
		[ -e "$work/host/request" ] || continue
		read -r request number words <"$work/host/request" || true
		rm -f "$work/host/request"
		reply=ok
		pid=$(device_pid "$number") || true
		case "$request:$pid" in
		*:) reply="there is no device $number" ;;
		device:*) reply=$(send_command "$number" "$words") ;;
		kill-device:*) touch "$work/killed$number"; kill -KILL "$pid" || reply="device $number is gone" ;;
		plug:*)
			# Not by $(): the new model's process would keep that open.
			plug "$number" >"$work/plug.reply"
			plugged=$((plugged + 1))
			reply=$(cat "$work/plug.reply")
			;;
		*) reply="unknown request '$request'" ;;
		esac
		echo "$reply" >"$work/host/reply.new"
		mv "$work/host/reply.new" "$work/host/reply"
	done
}

clean_up() {
	local pid tries

	trap - EXIT INT TERM HUP
	# First by the signal that timeout passes on: killed itself, it would leave QEMU behind.
	[ -z "$qemu_pid" ] || kill -TERM "$qemu_pid" 2>/dev/null || true
	for ((tries = 0; tries < 120; tries++)); do
		[ -n "$qemu_pid" ] && kill -0 "$qemu_pid" 2>/dev/null || break
		sleep 0.05
	done
	for pid in $qemu_pid $requests_pid $monitor_pid $(cat "$work"/pid* 2>/dev/null); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	rm -rf "$work"
}

# KVM only with processor extensions: where /dev/kvm opens without them, guests do not run.
accelerator() {
	if [ $count_instructions = yes ]; then
		# Processors take turns in one thread.
		echo tcg,thread=single -icount shift=0,sleep=on -cpu max,la57=off
	elif [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
		echo kvm -cpu host
	else
		echo tcg,thread=multi -cpu max,la57=off
	fi
}

# The command line of the VM goes to the array qemu.
compose_qemu() {
	local tools=$1 image=$2 append number share

	append="console=ttyS0 quiet loglevel=4 panic=-1 oops=panic no_timer_check edgebert_vm=$nonce"
	append+=" sysctl.kernel.hung_task_timeout_secs=60"
	[ ${#command[@]} -gt 0 ] || append+=" edgebert_shell=yes"
	[ ! -d "$build/models" ] || append+=" edgebert_models=yes"
	[ $iommu = no ] || append+=" intel_iommu=on"
	[ $in_memory = no ] || append+=" edgebert_in_memory=yes"
	# Without power management of links, the debug kernel leaves hot plugging to ACPI otherwise.
	[ $hot_plug = no ] || append+=" pcie_ports=native"
	# Debian's binary with its own loader and libraries: nothing of this machine is used.
	qemu=("$tools/usr/lib64/ld-linux-x86-64.so.2" --library-path "$tools/usr/lib/x86_64-linux-gnu")
	[ "$devices" -eq 0 ] || qemu+=(--preload "$build/helpers/qemu-eof.so")
	qemu+=("$tools/usr/bin/qemu-system-x86_64"
		-L "$tools/usr/share/qemu" -L "$tools/usr/share/seabios" -L "$tools/usr/lib/ipxe/qemu"
		-M "q35,memory-backend=memory" -m "$memory" -smp "$smp"
		-object "memory-backend-memfd,id=memory,size=$memory,share=on"
		-nodefaults -display none -no-reboot
		-kernel "$image" -initrd "$work/initramfs" -append "$append"
		-serial "file:$logs.console.log" -chardev "stdio,id=terminal,signal=off"
		-serial chardev:terminal -device virtio-rng-pci)
	# shellcheck disable=SC2207 # several words are meant
	qemu+=(-accel $(accelerator))
	# Before all devices that shall be behind it; caching mode tells the device of each mapping.
	[ $iommu = no ] || qemu+=(-device "intel-iommu,caching-mode=on")
	for share in host="$work/host" repository="$EDGEBERT_ROOT",readonly=on build="$build" \
		models="$build/models"; do
		[ -d "$build/models" ] || [ "${share%%=*}" != models ] || continue
		qemu+=(-fsdev "local,id=${share%%=*},security_model=none,multidevs=remap,path=${share#*=}"
			-device "virtio-9p-pci,fsdev=${share%%=*},mount_tag=${share%%=*}")
	done
	for ((number = 0; number < devices; number++)); do
		qemu+=(-device "pcie-root-port,id=port$number,chassis=$((number + 1))" -device
			"$(device_json "$number" "edgebert$number" "port$number")")
	done
	if [ $hot_plug = yes ]; then
		# By the port's own registers, which the debug kernel knows, not by ACPI.
		qemu+=(-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
			-chardev "pipe,id=monitor,path=$work/monitor" -mon "chardev=monitor,mode=control")
		for ((number = 0; number < SPARE_PORTS; number++)); do
			qemu+=(-device "pcie-root-port,id=spare$number,chassis=$((100 + number))")
		done
	fi
	# shellcheck disable=SC2206 # several words are meant
	qemu+=($qemu_arguments)
}

# What in a kernel's log means that something is wrong.
KERNEL_ERRORS='BUG:|WARNING:|Oops|[Kk]ernel panic|general protection|KASAN:|KCSAN:|UBSAN:|ODEBUG:|refcount_t:'
KERNEL_ERRORS+='|possible (circular|recursive) locking|inconsistent lock state|suspicious RCU|bad unlock balance'
KERNEL_ERRORS+='|INFO: task .* blocked|detected stall|soft lockup|hard LOCKUP|Modules linked in:'
# Both also say at boot that they are there.
KERNEL_ERRORS+='|DMA-API: .*(device driver|cacheline|overlapping|out of memory)'
KERNEL_ERRORS+='|kmemleak: .*(new suspected|[Dd]isabled|out of memory)'
KERNEL_ERRORS+='|edgebert-vm: kernel tainted'

# Judges the run by what the guest's console log says; sets status.
judge() {
	local console=$logs.console.log reported

	reported=$(tr -d '\r' <"$console" | sed -n "s/^edgebert-vm: $nonce exit status \([0-9]*\)\$/\1/p" | tail -n 1)
	if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
		say "run-vm.sh: the VM did not end within $seconds s; the end of its console:"
		tail -n 20 "$console" >&2
		status=124
	elif [ -z "$reported" ]; then
		say "run-vm.sh: the VM ended (status $status) without a result; the end of its console:"
		tail -n 30 "$console" >&2
		status=125
	else
		status=$reported
	fi
	if grep -aE "$KERNEL_ERRORS" "$console" >"$work/errors"; then
		say "run-vm.sh: the guest's kernel reported (in $console):"
		head -n 20 "$work/errors" >&2
		if [ "$status" -eq 0 ] && [ $kernel_errors = fail ]; then
			status=126
		fi
	fi
}

# What QEMU said, less what is no news: this much for each device, also when its link is down, and
# more for a lost one.
show_qemu_log() {
	local known='Could not enable error recovery|invalid PCI interrupt pin 255|.-mon. is deprecated'

	{ ! compgen -G "$work/killed*" >/dev/null && [ $hot_plug = no ]; } ||
		known+='|failed to read header: EOF|vfio_user_|vfio-user:|Bad address|Broken pipe'
	grep -vE "$known" "$logs.qemu.log" >&2 || true
}

run_qemu() {
	local -a limit=()

	# stdin is passed on explicitly: a shell gives its background jobs none.
	if [ ${#command[@]} -gt 0 ]; then
		limit=(timeout --foreground --kill-after=5 "$seconds")
	fi
	QEMU_MODULE_DIR=$tools/usr/lib/x86_64-linux-gnu/qemu "${limit[@]}" "${qemu[@]}" <&0 2>"$logs.qemu.log" &
	qemu_pid=$!
	status=0
	# The shell's own remarks about killed device models are of no interest.
	wait "$qemu_pid" 2>/dev/null || status=$?
	qemu_pid=
	show_qemu_log
}

main() {
	local tools kernel_tree release module=() number
	local -a qemu

	parse_options "$@"
	check_kernel_name "$kernel"
	tools=$("$EDGEBERT_ROOT/tools/vm/get-vm.sh" tools)
	kernel_tree=$("$EDGEBERT_ROOT/tools/vm/get-vm.sh" "kernel-$kernel")
	release=$(cat "$kernel_tree/release")
	[ "$devices" -eq 0 ] || { [ -x "$build/bin/edgebert-device" ] && [ -e "$build/helpers/qemu-eof.so" ]; } ||
		die "$build/bin/edgebert-device is not built; run make"
	if [ -e "$EDGEBERT_ROOT/Kbuild" ]; then
		module=(--module "$("$EDGEBERT_ROOT/tools/vm/build-module.sh" --kernel "$kernel" --output "$build/kernel")")
	fi
	logs=$build/vm/$name
	mkdir -p "$build/vm"
	rm -f "$logs".*.log
	qemu_pid='' requests_pid='' monitor_pid='' status=0
	nonce=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
	# Not below build/: a socket's path may have at most 107 characters.
	work=$(mktemp -d -t edgebert-vm.XXXXXXXX)
	trap clean_up EXIT
	trap 'exit 130' INT TERM HUP
	mkdir "$work/host"
	printf '%q ' "${command[@]:-sh -l}" >"$work/host/command"
	[ ${#command[@]} -gt 0 ] || guest_shell_command >"$work/host/command"
	"$EDGEBERT_ROOT/tools/vm/make-initramfs.sh" --kernel "$kernel" --build "$build" \
		--output "$work/initramfs" "${module[@]}"
	for ((number = 0; number < devices; number++)); do
		start_device "$number" || exit 1
	done
	[ $hot_plug = no ] || start_monitor
	serve_requests &
	requests_pid=$!
	compose_qemu "$tools" "$kernel_tree/boot/vmlinuz-$release"
	step VM "Linux $release, $devices device(s), accelerator $(accelerator | cut -d " " -f 1 | cut -d , -f 1)"
	run_qemu
	judge
	for ((number = 0; number < devices; number++)); do
		end_device "$number" || status=$((status ? status : 1))
	done
	exit "$status"
}

# The interactive session: the module is loaded and the node there for every user.
guest_shell_command() {
	local rows=24 columns=80

	if [ -t 1 ]; then
		read -r rows columns < <(stty size) || true
	fi
	cat <<-SESSION
		stty rows $rows cols $columns sane
		modprobe edgebert && chmod 666 /dev/accel/accel* 2>/dev/null
		echo "EdgeBERT VM: Linux \$(uname -r). Try: edgebert info. Leave with: exit"
		exec env PS1='vm:\\w# ' sh -i
	SESSION
}

main "$@"
