"""The table of boot tests: machines and what must be seen on them.

A name says what is special about the machine; the rest is a q35 with 256 MiB, one CPU, OVMF, a VGA that prefers 1280x800 and a virtio
disk. The rings: boot; `smoke` for the few of them that every variant of the build must pass; kernel for the tests that run inside the
kernel, `release` for those of them that the release build must pass too; slow for what is run once in a while.
"""

import cpus_cases
import diag_cases
import hostile_cases
import monitor_cases
import input_cases
import keys_cases
import pci_cases
import power_cases
import save_cases
import sched_cases
import time_cases
import usb_cases
from case import READY, AtMost, Case, Golden, Instructions, Monitor, See, Size, Touched, Type
from samara import qemu

# The console's colours (kernel/drivers/console/vt_pen.c) and the panic page's (panic_screen.c).
BACKGROUND, TEXT, WHITE, GREY, PROMPT_GREEN = 0x101418, 0xd0d4d8, 0xffffff, 0x6b747d, 0xa5e08c
PANIC_PAGE, PANIC_BAND, PANIC_SECTION = 0x1b1f3b, 0xa3283f, 0xf2b8a0

SMOKE = ("boot", "smoke")
KERNEL = ("kernel",)
KERNEL_TEST = "loader/kernel-test.EFI"
# U-Boot is a second, independent UEFI: no graphics, descriptors of another size, an ACPI 1.0 root pointer. It is the fast one, too.
U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
SECURE = {"firmware": "ovmf-secure", "secure_boot": True}
# One instruction is one nanosecond, and `rep` counts each repetition: without ERMS the kernel's own choice is quadwords.
COUNTED = {"icount": True, "cpu": "max,-erms", "resolution": (1024, 768)}


def booted(*between):
    """The usual course: ready, something, switched off at the prompt."""
    return [READY, *between, Type("poweroff")]


def shown(width, height, turned=0, bits=32):
    """On a screen of this size stands the banner, in its colours, and the prompt below it."""
    seen = (lambda *arguments: See(*arguments, turned=turned))
    return booted(Size(width, height), seen(r"Samara \d+\.\d+\.\d+", WHITE, BACKGROUND), seen(r"display ", GREY, BACKGROUND),
        seen(rf"{width}×{height}, {bits} bits", TEXT, BACKGROUND), seen(READY, TEXT, BACKGROUND), seen("samara>", PROMPT_GREEN, BACKGROUND))


# A screen that is always the same: cleared, with text in several scripts and colours.
STILL_LIFE = Type("\x0cGröße αβγ ЖЩ ┌─┐")


def pictured(digest, turned=0):
    return booted(STILL_LIFE, See("Größe: no such command; try help", TEXT, BACKGROUND, turned), Golden(digest))


def kernel_panic(name, text, *more):
    """A test in the kernel that must end in a panic of this text."""
    return Case("kernel-panic-" + name.replace("_", "-"), ["^Kernel panic: " + text, "^Backtrace", *more], U_BOOT, f'exec="test panic_{name}"',
        efi=KERNEL_TEST, end=qemu.PANIC, forbidden=(), rings=KERNEL)


def on_stick(text):
    """What a person wrote into samara/cmdline.txt."""
    return {"samara/cmdline.txt": text}


CASES = [
    # Firmware and chipset.
    Case("boot-u-boot", booted(), U_BOOT, rings=SMOKE),
    Case("boot-u-boot-tables", [r"memory: \d+ descriptors of 40 bytes", r"acpi: \d+ tables by RSDT", "Das U-Boot, UEFI 2", *booted()], U_BOOT),
    Case("boot-q35", shown(1280, 800), rings=SMOKE),
    Case("boot-pc", shown(1280, 800), {"chipset": "pc"}),
    Case("boot-ovmf-2m", shown(1280, 800), {"firmware": "ovmf-2m"}),
    Case("boot-ovmf-2m-pc", shown(1280, 800), {"firmware": "ovmf-2m", "chipset": "pc"}),
    Case("boot-secure", ["Secure Boot is on: only what is inside the signed file counts", "Secure Boot on", *booted()], SECURE),
    Case("boot-secure-unsigned", [r"Access Denied|Security Violation"], {"firmware": "ovmf-secure"}, end=None, forbidden=("samara",)),
    Case("boot-secure-ignores-files", booted(), SECURE, files={**on_stick(b"exec=panic"), "samara/initrd.cpio": b"not signed"}),

    # What it boots from.
    Case("boot-sata", booted(), {"disk": "sata"}),
    Case("boot-ide", booted(), {"disk": "ide", "chipset": "pc"}),
    Case("boot-nvme", booted(), {"disk": "nvme"}),
    Case("boot-usb-stick", booted(), {"disk": "usb"}),
    Case("boot-network", booted(), {"disk": qemu.NETWORK}),

    # Displays.
    Case("boot-display-cirrus", [r"console: 800x600 pixels", *shown(800, 600)], {"display": "cirrus"}),
    Case("boot-display-cirrus-masks", ["console: 1024x768 pixels", *booted()], {"display": "cirrus"}, "video=1024x768"),
    Case("boot-display-virtio", shown(1280, 800), {"display": "virtio"}),
    Case("boot-display-ramfb", shown(800, 600), {"display": "ramfb"}),
    Case("boot-display-blt-only", ["display: none of [12] graphics outputs has a framebuffer", *booted()], {"display": "bltonly"}),
    Case("boot-display-several", [r"display: output \d of \d \(2 usable\)", *shown(1280, 800)], {"display": "several"}),
    Case("boot-display-none", ["display: none of 0 graphics outputs has a framebuffer", *booted()], {"display": "none"}),
    Case("boot-1024x768", shown(1024, 768), {"resolution": (1024, 768)}),
    # QEMU's VGA shows widths that are multiples of eight only; what the guest draws is right for the width that OVMF gave.
    Case("boot-1366x768", shown(1366, 768), {"resolution": (1366, 768)}, video_memory=(1366, 768)),
    Case("boot-3200x1800", ["characters of 16x32", *shown(3200, 1800)], {"resolution": (3200, 1800)}),
    Case("boot-3840x2160", ["characters of 16x32", *shown(3840, 2160)], {"resolution": (3840, 2160)}, "video=3840x2160"),
    Case("boot-video-offered", shown(800, 600), cmdline="video=800x600"),
    Case("boot-video-not-offered", ["video= is 801x601, which the firmware does not offer", *shown(1280, 800)], cmdline="video=801x601"),
    Case("boot-video-junk", ["video= takes WIDTHxHEIGHT", *shown(1280, 800)], cmdline="video=best"),
    Case("boot-rotate-90", shown(1024, 768, turned=90), {"resolution": (1024, 768)}, "rotate=90"),
    Case("boot-rotate-180", shown(1024, 768, turned=180), {"resolution": (1024, 768)}, "rotate=180"),
    Case("boot-rotate-270", shown(1024, 768, turned=270), {"resolution": (1024, 768)}, "rotate=3"),

    # Pictures: by pixel format, scale and rotation.
    Case("picture-32-bits", pictured("d49cd811b47f7b58"), {"resolution": (1024, 768)}),
    Case("picture-24-bits", pictured("d49cd811b47f7b58"), {"display": "cirrus"}, "video=1024x768"),
    Case("picture-scaled", pictured("934ab5290e79b14f"), {"resolution": (3200, 1800)}),
    Case("picture-90", pictured("1ec74a50fb61376b", 90), {"resolution": (1024, 768)}, "rotate=90"),
    Case("picture-180", pictured("d1d162da8b5642c8", 180), {"resolution": (1024, 768)}, "rotate=180"),
    Case("picture-270", pictured("a8c8dc63c72419e0", 270), {"resolution": (1024, 768)}, "rotate=270"),

    # Memory: how much, and that it is not touched.
    Case("boot-64-mib", shown(1280, 800), {"memory": 64}),
    Case("boot-4-gib", [r"free of 409[56] MiB", Touched(64), Type("poweroff")], {"memory": 4096, "small_pages": True}),
    Case("boot-64-gib", [r"free of 6553[56] MiB", Touched(64), Type("poweroff")], {"memory": 65536, "small_pages": True}),

    # A machine without something.
    Case("boot-no-serial", [See("samara>", PROMPT_GREEN, BACKGROUND, late=50)], {"serial": False}, end=None),
    Case("boot-no-timers", booted(), {"extra": ("-machine", "hpet=off")}),
    Case("boot-oldest-cpu", booted(), {"cpu": "qemu64"}),

    # The command line, from its three places.
    Case("boot-cmdline-file", [READY], files=on_stick(b"exec=\"help; poweroff\"\r\n")),
    Case("boot-cmdline-file-wins", [READY], cmdline="exec=panic", files=on_stick(b"exec=poweroff")),
    Case("boot-cmdline-file-utf16", [r"cmdline\.txt ignored: it is not UTF-8", *booted()], files=on_stick("exec=panic".encode("utf-16"))),
    Case("boot-cmdline-file-long", [r"cmdline\.txt ignored: with it the command line is longer", *booted()], files=on_stick(b"x" * 4090)),
    Case("boot-initrd-packed", booted(), {"initrd": b"070701" * 100000}),

    # The monitor, typed at over serial.
    Case("monitor-help", booted(Type("help"), r"^  help .* this list", r"^  poweroff ")),
    Case("monitor-mem", booted(Type("mem"), r"^ +\d+ KiB  usable", r"KiB  RAM in all"), U_BOOT),
    Case("monitor-map", booted(Type("map"), r"^0000000000000000-"), U_BOOT),
    Case("monitor-boot", booted(Type("boot"), r"^ +0\.000 ms .* loader: ", r"ready$"), U_BOOT),
    Case("monitor-log", booted(Type("log"), r"^\[ +0\.\d{6}\] memory: "), U_BOOT),
    Case("monitor-unknown", booted(Type("nonsense"), r"^nonsense: no such command"), U_BOOT),
    Case("monitor-editing", booted(Type("hellp\x1b[D\x7f"), r"^  help .* this list"), U_BOOT),
    Case("monitor-reboot", [READY, Type("reboot")], end=qemu.RESET),
    Case("monitor-poweroff-by-firmware", [READY, Type("poweroff")], {"report": False}),
    Case("monitor-exec", [READY, r"KiB  usable", r"^  help .* this list"], U_BOOT, 'exec="mem; help; poweroff"'),

    # Panic.
    Case("panic-status", [READY, Type("panic"), "^Kernel panic: asked for at the monitor", "^Backtrace", r"panic_command\+0x", r"kmain\+0x"],
        U_BOOT, end=qemu.PANIC, forbidden=()),
    Case("panic-fault", [READY, Type("panic fault"), "^Kernel panic: page fault: writing 0xdead0000", r"^RIP .*RFLAGS", r"panic_command\+0x"],
        U_BOOT, end=qemu.PANIC, forbidden=()),
    Case("panic-breakpoint-resumes", booted(Type("panic breakpoint"), r"trap: breakpoint at panic_command\+0x"), U_BOOT),
    Case("panic-screen", [READY, Type("panic fault"), See("Kernel panic: page fault: writing 0xdead0000", WHITE, PANIC_BAND),
        See("^ +Registers", PANIC_SECTION, PANIC_PAGE), See(r"panic_command\+0x", None, PANIC_PAGE)], {"report": False}, end=None, forbidden=()),
    Case("panic-screen-small", [READY, Type("panic breakpoint; panic fault"), See("^ +RIP", None, PANIC_PAGE),
        See("Last messages", PANIC_SECTION, PANIC_PAGE), See("trap: breakpoint", None, PANIC_PAGE), See("aved: ", None, PANIC_PAGE)],
        {"report": False, "resolution": (640, 480)}, end=None, forbidden=()),
    Case("panic-reboots", [READY, Type("panic"), "^Kernel panic: "], {"report": False}, "panic=1", end=qemu.RESET, forbidden=()),

    Case("panic-nmi-resumes", booted(Monitor("nmi"), r"trap: NMI for an unknown reason at \w+\+0x"), U_BOOT),
    Case("panic-machine-check", [READY, Monitor("mce 0 4 0xbe00000000800400 0x7 0x123000 0x8c"),
        "^Kernel panic: machine check", r"cpu: machine check bank 4: status 0xbe00000000800400, address 0x123000"],
        U_BOOT, end=qemu.PANIC, forbidden=()),

    # What it costs.
    Case("cost-boot", [Instructions(12_000_000), Type("bench console"), AtMost(r"console_10000_lines (\d+) ", 400_000_000),
        r"console_line_eager \d+", See(r"^line 09999  brown fox jumps over", TEXT, BACKGROUND), Type("poweroff")],
        COUNTED, "bench.stamp", timeout=240),
    Case("cost-boot-64-gib", [Instructions(18_000_000), Type("poweroff")], {**COUNTED, "memory": 65536}, "bench.stamp", timeout=240),

    # The same for what the kernel does all the time, on the release build, where alone these limits are meant. The last
    # sleepers need the memory for 100,000 stacks.
    Case("limits", [READY, Type("bench sched; bench machine"), *(AtMost(rf"^{name} (\d+) ticks", limit) for name, limit in (
        ("thread_yield", 250), ("waitq_pingpong", 900), ("mutex_pair", 40), ("thread_create_join", 4000), ("wake_sleepers_10", 700), ("pick_n_10", 1100),
        ("wake_sleepers_1000", 700), ("pick_n_1000", 1500), ("wake_sleepers_100000", 700), ("frame_pair", 100), ("kmalloc_pair", 100), ("timer_pair", 250))),
        Type("poweroff")], {**COUNTED, "memory": 2600}, timeout=300, rings=("limits",)),

    # The tests inside the kernel.
    Case("kernel-tests", [READY, Type("test"), r"^tests: [1-9]\d* passed, 0 failed", Type("poweroff")], efi=KERNEL_TEST, timeout=300, rings=("kernel", "release")),
    kernel_panic("null_pointer", r"page fault: reading 0x10 \(null pointer\)", r"test_panic_null_pointer\+0x"),
    kernel_panic("write_to_constant", r"page fault: writing 0xffffffff\w+ \(kernel constants\): its page does not allow that"),
    kernel_panic("execute_data", r"page fault: executing 0xffffffff\w+ .*: its page does not allow that"),
    kernel_panic("user_address", r"page fault: executing 0x400000 \(user half\)"),
    kernel_panic("divide_by_zero", "divide error", r"test_panic_divide_by_zero\+0x"),
    kernel_panic("not_canonical", "general protection fault", r"test_panic_not_canonical\+0x"),
    kernel_panic("invalid_opcode", "invalid opcode", r"test_panic_invalid_opcode\+0x"),
    kernel_panic("stack_overflow", r"kernel stack overflow: 0xffffffff\w+ is in the guard page of the boot stack"),
    kernel_panic("stack_overrun", r"stack overrun: .* in overrun\+0x"),
    kernel_panic("frame_freed_twice", r"memory: the frame at 0x\w+ is freed, but it is free"),
    kernel_panic("part_of_a_block_is_freed", r"memory: the frame at 0x\w+ is freed, but it is not the start of a block"),
    kernel_panic("mutex_twice", "mutex test twice is taken twice by one thread", r"test_panic_mutex_twice\+0x"),
    kernel_panic("mutex_not_held", "mutex test open is released by a thread that does not hold it", r"test_panic_mutex_not_held\+0x"),
    kernel_panic("mutex_under_spinlock", "mutex test inner is taken where nobody may sleep", r"test_panic_mutex_under_spinlock\+0x"),
    kernel_panic("mutex_deadlock", "deadlock: main waits for mutex test dead b, held by keeper, and holds test dead a,", r"test_panic_mutex_deadlock\+0x"),
    kernel_panic("reference_after_the_last", "refcount at .*: used without a reference", r"test_panic_reference_after_the_last\+0x"),
    kernel_panic("reference_given_back_twice", "refcount at .*: used without a reference", r"test_panic_reference_given_back_twice\+0x"),
    kernel_panic("freed_twice", r"slab: kmalloc-48: .* is freed twice, .* freed by test_panic_freed_twice\+0x"),
    kernel_panic("used_after_free", r"slab: kmalloc-48: .* was written to after it was freed, at its byte 3; allocated by test_panic_used_after_free\+0x"),
    kernel_panic("written_behind", r"slab: kmalloc-16: .* was written behind its end, at its byte 13; allocated by test_panic_written_behind\+0x"),
    kernel_panic("written_before", r"slab: kmalloc-64: .* was written before its start, at its byte -1;"),
    kernel_panic("freed_inside", r"slab: kmalloc-64: .* is no object, or was written over"),
    kernel_panic("new_stack_overflow", r"page fault: writing 0xffffca\w+ \(guard page of a kernel stack\)"),
    kernel_panic("thread_stack_overflow", r"kernel stack overflow: 0xffffca\w+ is in the guard page of a kernel stack, in thread faller", r"descend\+0x"),
    kernel_panic("assertion", r"assertion failed: zero == 1 \(panic_test\.c:\d+\)", r"test_panic_assertion\+0x"),

    *cpus_cases.CASES,
    *diag_cases.CASES,
    *monitor_cases.CASES,
    *pci_cases.CASES,
    *power_cases.CASES,
    *save_cases.CASES,
    *sched_cases.CASES,
    *time_cases.CASES,
    *hostile_cases.CASES,
    *input_cases.CASES,
    *keys_cases.CASES,
    *usb_cases.CASES,

]
