"""tools/run: build Samara and boot it in QEMU."""

import argparse
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time

from samara import build, qemu

TIMED_OUT = 124
USAGE = "tools/run [options] [-- KERNEL COMMAND LINE]"
INTRODUCTION = """\
Installs what is missing (Debian and Ubuntu; elsewhere it lists it), builds Samara and boots it in QEMU under real UEFI firmware. With a
display the screen is a window; without one, or with --headless, the serial line is on this terminal. Either way the terminal is
the serial line: type at the prompt there; Ctrl-A x ends QEMU, Ctrl-A h helps."""
EPILOGUE = """\
exit status:
  0    the guest powered off, or you closed QEMU
  1    panic, failure, or a reset where none is allowed; or something could not be built or started
  124  --timeout was over

  The guest may reboot, except with --timeout or --screenshot: there a reset ends the run with status 1. With a window a panic stays
  on the screen until you close it; without one it ends the run.

examples:
  tools/run                                         boot to the prompt
  tools/run -m 65536 --smp 4 -- loglevel=7          64 GiB, four CPUs, all messages
  tools/run --headless -- 'exec="mem; poweroff"'    run two commands, then end
  tools/run --screenshot shot.png --timeout 60      a picture of the screen at the prompt
  tools/run --gdb                                   wait for the debugger; prints what to type

files:
  build/, build-release/                      what was built
  build/esp/, build/samara.img                the same as a folder and as an image for a USB stick"""


def parse(argv):
    cut = argv.index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(prog="tools/run", usage=USAGE, description=INTRODUCTION, epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    machine = parser.add_argument_group("the machine")
    machine.add_argument("-m", dest="memory", type=int, default=256, metavar="MIB",
        help="memory, from 64 up; may be more than the host has (default: 256)")
    machine.add_argument("--smp", type=int, default=1, metavar="N", help="processors (default: 1)")
    machine.add_argument("--machine", choices=["q35", "pc"], default="q35", help="chipset (default: q35)")
    machine.add_argument("--display", choices=["std", "virtio", "ramfb", "none"], default="std",
        help="graphics adapter (default: std)")
    machine.add_argument("--firmware", metavar="PATH", default=None,
        help="UEFI firmware: a file, or one of " + ", ".join(qemu.FIRMWARE) + " (default: ovmf)")
    machine.add_argument("--usb", action="store_true", help="boot from an emulated USB stick")
    machine.add_argument("--pxe", action="store_true", help="boot over an emulated network")
    machine.add_argument("--secure-boot", action="store_true",
        help="turn Secure Boot on, and sign the file with Debian's snake-oil key")
    machine.add_argument("--kvm", action="store_true",
        help="run on the host's processor where that works (it is tried, not assumed); else emulate")
    machine.add_argument("--invtsc", action="store_true",
        help="show the guest an invariant TSC (QEMU does so with --kvm alone)")
    machine.add_argument("--icount", action="store_true",
        help="let time be counted in instructions, one a nanosecond: slow, and the same in each run")
    session = parser.add_argument_group("the session")
    session.add_argument("--headless", action="store_true", help="no window; chosen by itself where there is no display")
    session.add_argument("--timeout", type=float, metavar="S", help="end the run after S seconds")
    session.add_argument("--screenshot", metavar="FILE.png",
        help="write a picture of the screen, then end the run with status 0")
    session.add_argument("--after", metavar="TEXT", default="samara: ready",
        help="with --screenshot: when a line on the serial line holds this (default: '%(default)s')")
    session.add_argument("--gdb", action="store_true", help="stop before the first instruction and wait for gdb")
    session.add_argument("--qmp", metavar="PATH", help="give QEMU's machine protocol on this Unix socket")
    session.add_argument("--release", action="store_true", help="build without debug assertions, in build-release/")
    session.add_argument("--build-only", action="store_true", help="build, print the path of the EFI file, and end")
    options = parser.parse_args(argv[:cut])
    options.cmdline = " ".join(argv[cut + 1:])
    if options.memory < 1 or options.smp < 1:
        parser.error("-m and --smp take numbers from 1 up")
    if options.usb and options.pxe:
        parser.error("--usb and --pxe: one medium, please")
    if options.secure_boot and (options.firmware or options.machine == "pc"):
        parser.error("--secure-boot brings its own firmware, which needs --machine q35")
    return options


def machine_of(options, efi):
    kvm = options.kvm and not options.icount and qemu.kvm_works()
    if options.kvm and not kvm:
        say("KVM does not run code here; emulating" if not options.icount else "--icount counts emulated instructions; no KVM then")
    if options.invtsc and not kvm:
        say("--invtsc has no effect without KVM")
    cmdline = options.cmdline
    if options.gdb:
        cmdline = f"nokaslr {cmdline}"      # addresses as linked, so that breakpoints can be set before the kernel is loaded
    firmware = "ovmf-secure" if options.secure_boot else options.firmware or "ovmf"
    disk = "usb" if options.usb else qemu.NETWORK if options.pxe else "virtio"
    return qemu.Machine(str(efi), cmdline=cmdline, chipset=options.machine, memory=options.memory, cpus=options.smp, kvm=kvm,
        cpu="max,migratable=off,+invtsc" if options.invtsc and kvm else "max", icount=options.icount, firmware=firmware,
        secure_boot=options.secure_boot, display=options.display, disk=disk,
        reboot=options.timeout is None and options.screenshot is None, report=not window_possible(options))


def say(text):
    print(f"tools/run: {text}", file=sys.stderr, flush=True)


def free_port():
    """gdb's usual port where it is free, else any."""
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", 1234))
        except OSError:
            s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def extra_arguments(options, efi):
    more = []
    if options.qmp:
        more += ["-qmp", f"unix:{options.qmp},server=on,wait=off"]
    if options.gdb:
        port = free_port()
        more += ["-S", "-gdb", f"tcp:127.0.0.1:{port}"]
        kernel = efi.parents[3] / "kernel/kernel.elf"
        say("stopped before the first instruction. In another terminal:")
        say(f"    gdb -x {build.TOP / 'tools/gdb.py'} -ex 'samara {port}' {shlex.quote(str(kernel))}")
    return more


def window_possible(options):
    if options.headless or options.screenshot or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    listed = subprocess.run([qemu.BINARY, "-display", "help"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return b"gtk" in listed.stdout


def boot(options, machine, more):
    """Run to the end: the exit status."""
    capture = options.screenshot is not None
    deadline = time.monotonic() + options.timeout if options.timeout is not None else None
    with qemu.Guest(machine, terminal=not capture, window=window_possible(options), more=more,
            echo=sys.stdout.buffer if capture else None) as guest:
        if capture and guest.expect(re.escape(options.after), left(deadline)):
            time.sleep(0.5)         # the console paces its refreshes
            guest.screenshot(options.screenshot, "png")
            return 0
        status = guest.wait(left(deadline)) if not capture or not guest.serial.open else None
        if status is None:
            say(f"not done after {options.timeout:g} s")
            return TIMED_OUT
        end = qemu.PANIC if guest.panicked() else qemu.outcome(status, guest.qmp.shutdown_reason())
        if capture:
            end += f" before '{options.after}' came"
        if end in (qemu.OFF, qemu.CLOSED):
            return 0
        say(end)
        return 1


def left(deadline):
    return max(deadline - time.monotonic(), 0) if deadline is not None else None


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))      # QEMU ends with us
    try:
        build.setup("test" if options.secure_boot else "run")
        folder = build.TOP / ("build-release" if options.release else "build")
        build.configure(folder, *(["--buildtype=release"] if options.release else []))
        build.compile(folder)
        efi = folder / build.EFI
        if options.build_only:
            print(efi)
            return 0
        return boot(options, machine_of(options, efi), extra_arguments(options, efi))
    except (build.BuildError, *qemu.ERRORS) as e:
        say(e)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
