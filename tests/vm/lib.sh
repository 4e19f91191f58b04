# shellcheck shell=bash disable=SC2034 # the variables set here are for those who source it
# SPDX-License-Identifier: GPL-2.0-only
# What fetch, mkinitrd and run agree on: where things are cached and which QEMU and virtiofsd serve.

# Everything fetched or built lives here, outside the tree; safe to delete whole.
vm_cache=${SLUICE_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/sluice}/vm
vm_self=${0##*/}

vm_die() { # STATUS MESSAGE...
	local status=$1
	shift
	printf 'vm: %s: %s\n' "$vm_self" "$*" >&2
	exit "$status"
}

vm_note() {
	printf 'vm: %s: %s\n' "$vm_self" "$*" >&2
}

vm_need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || vm_die 1 "'$1' not found; install the package '$2'"
}

# QEMU below 10 with -cpu max breaks 6.12 guests at random (oopses right after cmpxchg16b), and
# without CX16 the guest has no bpf_timer: so an older system QEMU is passed over.
vm_qemu_major() { # BINARY
	"$1" --version 2>/dev/null | sed -n '1s/.*version \([0-9]*\).*/\1/p'
}

# Sets qemu to the command line's beginning; fails when there is no QEMU 10 or newer.
vm_find_qemu() {
	local sys root=$vm_cache/qemu
	sys=$(command -v qemu-system-x86_64 || true)
	if [[ $sys && $(vm_qemu_major "$sys") -ge 10 ]]; then
		qemu=("$sys")
	elif [[ -x $root/usr/bin/qemu-system-x86_64 ]]; then
		# Outside its prefix QEMU looks for firmware only where it is told to.
		qemu=("$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu"
			-L "$root/usr/share/seabios")
	else
		return 1
	fi
}

# Sets virtiofsd to the daemon that shares / : Rust (Debian 13) or C (Debian 12); the socket is
# added by the caller. Rust's would announce submounts, and the guest then has no usable /sys.
vm_find_virtiofsd() {
	if [[ -x /usr/libexec/virtiofsd ]]; then
		virtiofsd=(/usr/libexec/virtiofsd --shared-dir=/ --sandbox=none --cache=always
			--xattr --no-announce-submounts --log-level=error)
	elif [[ -x /usr/lib/qemu/virtiofsd ]]; then
		virtiofsd=(/usr/lib/qemu/virtiofsd
			-o "source=/,sandbox=chroot,cache=always,xattr,no_posix_lock,log_level=err")
	else
		return 1
	fi
}
