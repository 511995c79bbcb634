"""The table of hostile firmware: what the firmware does wrong, and what Samara makes of it.

A case's words tell tests/boot/hostile (each file there lists its own) what to alter before it starts Samara's file. There are two good ends: the
boot goes through, or the loader says plainly what is wrong and the machine reports a failure. A hang, a reset, a fault or a panic is neither.

U-Boot is the firmware where nothing else is needed: it boots in a second, and has no graphics that could get in the way of the fakes.
"""

import dataclasses
import os
import re

from case import READY, Case, Failure, Packed, See, Type
from samara import qemu, screen

HOSTILE = "tests/boot/hostile/HOSTILE.EFI"
SAMARA = "esp/EFI/BOOT/BOOTX64.EFI"
RINGS = ("boot", "hostile")

U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
OVMF = {"display": "none"}
BIG = {**OVMF, "memory": 6144}      # RAM over 4 GiB, which U-Boot does not give out

NEWER = {**U_BOOT, "newer": True, "cpu": "max,+x2apic"}     # QEMU 10, with x2APIC, which U-Boot leaves off

XAPIC = ("lapic: xAPIC, boot CPU is id 0", "smp: 1 of 3 CPUs have ids from 256 on, which xAPIC cannot reach", "smp: 2 of 3 CPUs run")
X2APIC = ("lapic: x2APIC, boot CPU is id 0", r"smp: CPU 2 \(APIC id 256\) did not come up and is left out", "smp: 2 of 3 CPUs run")
BACKGROUND, WHITE, TEXT, FAILURE = 0x101418, 0xffffff, 0xd0d4d8, 0x7f0000
PATTERN = 0xa5      # what a fake framebuffer is filled with
FRAMEBUFFER = (r"hostile: framebuffer \d base=(\w+) width=(\w+) height=(\w+) pitch=(\w+) bytes=(\w+) red=(\w+) green=(\w+) blue=(\w+)")


@dataclasses.dataclass
class FakeFramebuffer:
    """From here on the screen is the framebuffer in RAM that stood last on serial; nothing may be drawn beside its visible pixels."""
    number: int = None      # of several the one that must be used
    lines: int = None       # how many of its lines are there

    def run(self, run):
        run.take_picture = lambda: self._picture(run)

    def _picture(self, run):
        fields = re.findall(FRAMEBUFFER if self.number is None else FRAMEBUFFER.replace(r"\d", str(self.number), 1), run.guest.serial.text())
        if not fields:
            raise Failure("there is no framebuffer")
        base, width, height, pitch, size, *masks = (int(field, 0) for field in fields[-1])
        height = self.lines or height
        path = os.path.join(run.guest.folder, "framebuffer")
        run.guest.qmp.command("pmemsave", val=base, size=pitch * height + 4096, filename=path)
        with open(path, "rb") as f:
            data = f.read()
        for y in range(height):
            self._untouched(data[y * pitch + width * size:(y + 1) * pitch], f"beside line {y}")
        self._untouched(data[pitch * height:], "behind the last line")
        return screen.Picture.from_framebuffer(data, width, height, pitch, size, *masks)

    @staticmethod
    def _untouched(data, where):
        if data.strip(bytes([PATTERN])):
            raise Failure(f"something was drawn {where}")


def hostile(name, words, steps, machine, cmdline="", files=None, end=qemu.OFF, forbidden=(r"Kernel panic", r"FAULT")):
    return Case("hostile-" + name, steps, machine, words, {**(files or {}), "EFI/samara/SAMARA.EFI": Packed(SAMARA, cmdline)}, HOSTILE,
        end, forbidden=forbidden, rings=RINGS)


def boots(name, words, *lines, machine=U_BOOT, cmdline="", files=None, after=()):
    """The boot goes through; these lines come before its end, and `after` behind it."""
    return hostile(name, words, [*lines, READY, *after, Type("poweroff")], machine, cmdline, files,
        forbidden=(r"Kernel panic", r"FAULT", r"cannot boot"))


def one_cpu(name, words, message):
    """Of two CPUs the boot CPU alone runs, and it is said why."""
    return hostile(f"one-cpu-{name}", words, [message, "smp: no MADT, so one CPU: the firmware does not say", r"samara: ready in .* 1 CPU,", Type("cpu"),
        r"^CPUs: 1;", Type("poweroff")], {**U_BOOT, "cpus": 2}, forbidden=(r"Kernel panic", r"FAULT", r"cannot boot"))


def absent_256(name, lines, machine, cmdline="", rings=RINGS):
    """Beside two CPUs that run a third is listed, whose id is 256."""
    case = boots(f"madt-id-256-{name}", "madt.id=256", *lines, machine={**machine, "cpus": 2}, cmdline=cmdline,
        after=[Type("cpu"), r"^  CPU 1: APIC id 1, package", Type("stress 1"), r"^stress: \d+ operations, 0 errors"])
    return dataclasses.replace(case, rings=rings)


def quiet(name, words, machine):
    """The boot goes through, and no interrupt comes that nobody asked for."""
    return hostile(name, words, [READY, Type("sleep 20; irq"), r"IOAPIC lines$", Type("poweroff")], machine,
        forbidden=(r"Kernel panic", r"FAULT", r"nobody asked for", r"unclaimed"))


def tries(name, words, *lines, cmdline="", files=None):
    """The loader gives up several times before the boot goes through."""
    return hostile(name, words, [*lines, READY, Type("poweroff")], U_BOOT, cmdline, files)


def refuses(name, words, message, machine=U_BOOT, cmdline="", files=None, before=()):
    """The loader gives up and says why."""
    return hostile(name, words, [*before, rf"Samara cannot boot: {message}"], machine, cmdline, files, end=qemu.FAILURE)


def shows(name, words, width, height, *lines, machine=U_BOOT, cmdline="", fake=FakeFramebuffer(), colours=True):
    """The boot goes through, and the framebuffer shows it."""
    seen = [See(r"Samara \d+\.\d+\.\d+", *((WHITE, BACKGROUND) if colours else ())), See(f"{width}×{height}"), See("samara>")]
    return hostile(name, words, [*lines, READY, fake, *seen, Type("poweroff")], machine, cmdline)


def masks(red, green, blue, reserved=0):
    return f"gop.format=2 gop.red={red:#x} gop.green={green:#x} gop.blue={blue:#x} gop.reserved={reserved:#x}"


CASES = [
    # Nothing wrong: what fails below fails for the reason given.
    boots("nothing", ""),
    boots("nothing-ovmf", "", machine=OVMF),

    # The end of boot services.
    *(boots(f"exit-stale-{n}", f"exit.stale={n}", rf"boot services ended after {n + 1} calls") for n in (1, 2, 5, 15)),
    boots("exit-stale-15-ovmf", "exit.stale=15", r"boot services ended after 16 calls", machine=OVMF),
    refuses("exit-stale-for-ever", "exit.stale=1M", r"the firmware does not end its boot services: EFI_INVALID_PARAMETER"),
    refuses("exit-device-error", "exit.status=7", r"the firmware does not end its boot services: EFI_DEVICE_ERROR"),
    boots("exit-stale-and-growing", "exit.stale=5 map.grow=100", r"boot services ended after 6 calls"),
    hostile("exit-failure-on-screen", "exit.stale=1M gop=800x600", ["Samara cannot boot", FakeFramebuffer(),
        See("does not end its boot services: EFI_INVALID_PARAMETER", WHITE, FAILURE), See("^ *Restarting in 10 s", WHITE, FAILURE)], U_BOOT, "exit=none", end=None),

    # The memory map's form.
    *(boots(f"map-descriptor-{n}", f"map.descriptor={n}", rf"memory: \d+ descriptors of {n} bytes") for n in (40, 48, 56, 1024)),
    *(refuses(f"map-descriptor-{n}", f"map.descriptor={n}", "no memory map: EFI_COMPROMISED_DATA") for n in (0, 24, 41)),
    boots("map-grows", "map.grow=10"),
    boots("map-grows-fast", "map.grow=100 map.grow.calls=30"),
    refuses("map-grows-for-ever", "map.grow=200", "no memory map: EFI_BUFFER_TOO_SMALL"),
    *(refuses(f"map-too-small-{n}", f"map.too-small={n}", "no memory map: ") for n in ("0", "1", "1M", "1T", "0xffffffffffffffff")),
    refuses("map-error", "map.status=7", "no memory map: EFI_DEVICE_ERROR"),
    refuses("map-empty", "map.empty", "the memory map is empty or damaged"),

    # What stands in it.
    boots("map-600-shuffled", "map.noise=600 map.shuffle", r"memory: faults in the firmware's map: \d+ empty, \d+ wrapping"),
    boots("map-4000-shuffled", "map.noise=4000 map.shuffle map.descriptor=56", r"memory: faults in the firmware's map"),
    boots("map-600-shuffled-ovmf", "map.noise=600 map.shuffle", r"memory: faults in the firmware's map", machine=OVMF),
    boots("map-twice", "map.twice", r"memory: faults in the firmware's map: .* [1-9]\d* overlapping"),
    boots("map-all-usable", "map.cover=7 map.shuffle", r"memory: faults in the firmware's map: .* [1-9]\d* overlapping"),
    boots("map-all-of-low-memory-gone", "low.taken", r"smp: one CPU of 2: no page under 1 MiB", machine={**U_BOOT, "cpus": 2}, after=[Type("cpu"), r"^CPUs: 1;"]),
    boots("map-beyond-the-end", "map.extra=0xffffffffff000 map.extra.type=7 map.extra.pages=5", r"faults in the firmware's map"),
    boots("map-misaligned", "map.extra=0x12345 map.extra.type=11", r"faults in the firmware's map: .* 1 misaligned"),
    boots("map-a-tebibyte-more", "map.extra=0x10000000000 map.extra.pages=0x10000000 map.extra.type=7"),
    refuses("map-64-tebibytes-in-small-pages", "map.extra=0x10000000000 map.extra.pages=0x3f0000000 map.extra.type=7",
        "no memory for page tables", machine={**U_BOOT, "cpu": "max,-pdpe1gb"}),
    refuses("map-no-usable", "map.no-usable", "the memory map has no usable memory"),
    *(refuses(f"map-all-{name}", f"map.cover={n}", "the memory map has no usable memory")
        for name, n in (("reserved", 0), ("loader", 2), ("boot-services", 4), ("runtime", 6), ("unusable", 8), ("device", 11))),
    refuses("map-image-is-device", "map.image=11", "the memory map does not hold"),

    # Memory.
    tries("pages-each-fails", "attempts stall=instant options.text=exit=qemu", "the loader allocates pages [3-9] times", "every failure came back and left nothing behind",
        cmdline="exit=none", files={"samara/cmdline.txt": b"quiet=0", "samara/initrd.cpio": b"070701"}),
    refuses("pages-none", "pages.fail=1", "no memory for unpacking the kernel .*: EFI_OUT_OF_RESOURCES"),
    refuses("pages-none-for-the-last-map", "map.grow=100 exit.stale=1M exit.memory=none", "the memory map before the exit: EFI_OUT_OF_RESOURCES"),
    boots("pages-high", "pages.high", machine=BIG),
    boots("pages-high-with-5-levels", "pages.high paging.la57", r"paging: the firmware's 5 levels are left", machine=BIG),

    # Pixels.
    shows("pixels-bgrx", "gop=1024x768", 1024, 768),
    shows("pixels-rgbx", "gop=1024x768 gop.format=0", 1024, 768),
    shows("pixels-24", "gop=1024x768 " + masks(0xff0000, 0xff00, 0xff), 1024, 768),
    shows("pixels-24-bgr", "gop=1024x768 " + masks(0xff, 0xff00, 0xff0000), 1024, 768),
    shows("pixels-grb", "gop=1024x768 " + masks(0xff00, 0xff0000, 0xff, 0xff000000), 1024, 768),
    shows("pixels-at-the-top", "gop=1024x768 " + masks(0xff000000, 0xff0000, 0xff00), 1024, 768),
    shows("pixels-30", "gop=1024x768 " + masks(0x3ff00000, 0xffc00, 0x3ff, 0xc0000000), 1024, 768, colours=False),
    shows("pixels-565", "gop=1024x768 " + masks(0xf800, 0x7e0, 0x1f), 1024, 768, colours=False),
    shows("pixels-565-bgr", "gop=1024x768 " + masks(0x1f, 0x7e0, 0xf800), 1024, 768, colours=False),
    shows("pixels-555", "gop=1024x768 " + masks(0x7c00, 0x3e0, 0x1f, 0x8000), 1024, 768, colours=False),
    shows("pixels-332", "gop=1024x768 " + masks(0xe0, 0x1c, 3), 1024, 768, colours=False),
    *(boots(f"pixels-{name}", "gop=1024x768 " + words, r"display: not used, pixel masks .* make no sense") for name, words in (
        ("masks-overlap", masks(0xff00, 0xff00, 0xff)), ("masks-empty", masks(0, 0, 0)), ("mask-missing", masks(0xff0000, 0, 0xff)),
        ("mask-with-hole", masks(0xf0f0000, 0xff00, 0xff)))),
    *(boots(f"pixels-format-{n}", f"gop=1024x768 gop.format={n}", r"display: none of 1 graphics outputs") for n in (3, 4, 0xffffffff)),

    # Lines and sizes.
    shows("pitch-wide", "gop=1000x700 gop.pitch=1111", 1000, 700),
    shows("pitch-wide-24", "gop=1001x701 gop.pitch=1023 " + masks(0xff0000, 0xff00, 0xff), 1001, 701),
    shows("pitch-wide-565", "gop=1366x768 gop.pitch=1376 " + masks(0xf800, 0x7e0, 0x1f), 1366, 768, colours=False),
    boots("pitch-narrow", "gop=1024x768 gop.pitch=1000", r"display: none of 1 graphics outputs"),
    boots("pitch-zero", "gop=1024x768 gop.pitch=0", r"display: none of 1 graphics outputs"),
    boots("pitch-huge", "gop=1024x768 gop.pitch=0x40000000", r"display: none of 1 graphics outputs"),
    *(boots(f"size-{size}", f"gop={size} gop.pitch=100000", r"display: none of 1 graphics outputs") for size in ("100000x768", "1024x100000")),
    boots("size-1x1", "gop=1x1", r"display: not used, framebuffer"),
    boots("size-small", "gop=320x200", after=[FakeFramebuffer(), See("samara>")]),
    shows("size-4k", "gop=3840x2160", 3840, 2160),
    shows("memory-size-unknown", "gop=1024x768 gop.size=0", 1024, 768),
    shows("memory-for-400-lines", f"gop=1024x768 gop.size={1024 * 4 * 400 + 1000}", 1024, 400, r"display: the framebuffer holds 400 of 768 lines",
        fake=FakeFramebuffer(lines=400)),
    boots("memory-for-nothing", "gop=1024x768 gop.size=4096", r"display: not used, framebuffer"),
    shows("base-over-4-gib", "gop=1024x768 gop.base=high", 1024, 768, machine=BIG),
    boots("base-nowhere", "gop=1024x768 gop.base=0xfffffffffff00000", r"display: not used, framebuffer"),
    boots("base-not-mapped", "gop=1024x768 gop.base=0x8000000000", r"display: the firmware does not map it", r"console: 1024x768"),
    boots("base-over-the-cpu", "gop=1024x768 gop.base=0x8000000000000", r"display: not used, framebuffer"),

    # Modes.
    shows("mode-by-edid", "gop=800x600 gop.mode1=1024x768 edid=1024x768", 1024, 768, "SetMode 1"),
    shows("mode-edid-is-current", "gop=800x600 gop.mode1=1024x768 edid=800x600", 800, 600),
    shows("mode-by-video", "gop=800x600 gop.mode1=1024x768", 1024, 768, "SetMode 1", cmdline="video=1024x768"),
    shows("mode-edid-not-offered", "gop=800x600 edid=1920x1080", 800, 600, r"display's own mode is 1920x1080, which the firmware does not offer"),
    *(shows(f"mode-edid-{fault}", f"gop=800x600 gop.mode1=1024x768 edid=1024x768 edid.fault={fault}", 800, 600) for fault in ("sum", "null")),
    shows("mode-edid-huge", "gop=800x600 gop.mode1=1024x768 edid=1024x768 edid.fault=huge", 1024, 768),
    shows("mode-query-fails", "gop=800x600 gop.mode1=1024x768 gop.query=error", 800, 600, "which the firmware does not offer", cmdline="video=1024x768"),
    shows("mode-set-fails", "gop=800x600 gop.mode1=1024x768 gop.set=error", 800, 600, "could not be set: EFI_DEVICE_ERROR", cmdline="video=1024x768"),
    shows("mode-set-sets-another", "gop=800x600 gop.mode1=640x480 gop.set=other edid=800x600", 640, 480, "SetMode 1", cmdline="video=640x480"),
    boots("mode-set-loses-it", "gop=800x600 gop.mode1=1024x768 gop.set=lose edid=1024x768", "display: lost its framebuffer", cmdline="video=1024x768"),
    boots("mode-set-makes-it-blt-only", "gop=800x600 gop.mode1=1024x768 gop.set=blt edid=1024x768", "display: lost its framebuffer"),
    shows("mode-count-absurd", "gop=800x600 gop.max-mode=0xffffffff", 800, 600, "which the firmware does not offer", cmdline="video=1024x768"),
    shows("mode-count-zero", "gop=800x600 gop.max-mode=0", 800, 600, cmdline="video=1024x768"),
    boots("mode-null", "gop=800x600 gop.no-mode", r"display: none of 1 graphics outputs"),
    boots("mode-info-null", "gop=800x600 gop.no-info", r"display: none of 1 graphics outputs"),

    # Several outputs, or none that can be had.
    shows("outputs-console-on-second", "gop=800x600 gop.count=2 gop.console=2", 800, 600, fake=FakeFramebuffer(2)),
    shows("outputs-console-on-first", "gop=800x600 gop.count=2 gop.console=1", 800, 600, fake=FakeFramebuffer(1)),
    shows("outputs-1000", "gop=800x600 gop.handles=many", 800, 600, r"display: output \d+ of 1000"),
    boots("outputs-error", "gop=800x600 gop.handles=error", r"display: none of 0 graphics outputs"),
    boots("outputs-null", "gop=800x600 gop.handles=null", r"display: none of 0 graphics outputs"),
    boots("outputs-without-protocol", "gop=800x600 gop.protocol=error", r"display: none of 1 graphics outputs"),

    # Tables.
    boots("rsdp-old", "rsdp=old", r"acpi: \d+ tables by RSDT"),
    boots("rsdp-old-ovmf", "rsdp=old", r"acpi: \d+ tables by RSDT", machine=OVMF),
    boots("rsdp-absent", "rsdp=absent", r"acpi: the firmware gives no tables", r"clock: TSC at \d+\.\d{3} MHz, by PIT$"),
    boots("rsdp-checksum", "rsdp=sum", r"acpi: tables not used: the RSDP has a wrong checksum"),
    *(boots(f"rsdp-at-{at}", f"rsdp={at}", r"acpi: tables not used: the RSDP") for at in
        ("0xfffffff0", "0xfee00000", "0x3ffffffff000", "0x7ffffffffffff000", "0xfffffffffffffff8", "1")),
    boots("rsdp-crowd", "rsdp=crowd", r"acpi: 1000000 tables by XSDT"),
    *(boots(f"clock-by-stall-{name}", words, r"clock: TSC at \d+\.\d{3} MHz, by the firmware's Stall$", machine={**U_BOOT, "extra": ("-machine", "pit=off")})
        for name, words in (("rsdp-absent", "rsdp=absent"), ("rsdp-checksum", "rsdp=sum"))),
    # Nobody says which other CPUs there are.
    *(one_cpu(name, words, message) for name, words, message in (
        ("rsdp-absent", "rsdp=absent", "acpi: the firmware gives no tables"), ("rsdp-checksum", "rsdp=sum", "acpi: tables not used: the RSDP has a wrong checksum"),
        ("rsdp-crowd", "rsdp=crowd", "acpi: 1000000 tables by XSDT"), ("madt-checksum", "madt.sum", r"acpi: \d+ tables by"))),
    # A third CPU is said to be enabled, and there is room for it, but it was never plugged in.
    boots("madt-cpu-absent", "madt.enable", r"smp: CPU 2 \(APIC id 2\) did not come up and is left out", "smp: 2 of 3 CPUs run",
        machine={**U_BOOT, "extra": ("-smp", "2,maxcpus=3")},
        after=[Type("cpu"), r"^CPUs: 3;", r"^  CPU 1: APIC id 1, package", r"^  CPU 2: APIC id 2, did not come up$", Type("stress 1"), r"^stress: \d+ operations, 0 errors"]),
    # An id of more than eight bits: the kernel enters x2APIC where the CPU has it and it may, else that CPU cannot be reached.
    absent_256("xapic", XAPIC, U_BOOT),
    absent_256("x2apic", X2APIC, NEWER, rings=("slow",)),
    absent_256("nox2apic", XAPIC, NEWER, "nox2apic", rings=("slow",)),
    boots("smbios-absent", "smbios=absent"),
    *(boots(f"smbios-{at}", f"smbios={at}", r"smbios: tables are damaged") for at in ("junk", "0xfffffff0", "0x7ffffffffffff000")),
    boots("tables-null", "tables=null tables.count=0xffffffffffffffff", r"acpi: the firmware gives no tables"),
    boots("tables-without-end", "tables.count=0xffffffffffffffff", r"acpi: \d+ tables"),
    *(boots(f"vendor-{kind}", f"vendor={kind}", "firmware.*UEFI 2") for kind in ("null", "endless", "junk")),

    # Load options.
    *(boots(f"options-{kind}", f"options={kind} options.text=exec=panic", r"LoadOptions ignored: \d+ bytes are " + message) for kind, message in (
        ("odd", "not UTF-16 text"), ("surrogate", "not UTF-16 text"), ("junk", ""), ("long", "too long"))),
    boots("options-null", "options=null"),
    boots("options-good", "options.text=exec=help", after=[r"^  poweroff "]),
    boots("options-of-the-shell", "options=shell options.text=exec=help", after=[r"^  poweroff "]),
    boots("options-win", "options.text=exec=help", after=[r"^  poweroff "], files={"samara/cmdline.txt": b"exec=panic"}),

    # Files.
    boots("cmdline-file-binary", "", r"cmdline\.txt ignored: it is not UTF-8", files={"samara/cmdline.txt": bytes(range(256)) * 4}),
    boots("cmdline-file-100-kib", "", r"cmdline\.txt ignored: EFI_BAD_BUFFER_SIZE", files={"samara/cmdline.txt": b"x " * 50000}),
    boots("cmdline-file-byte-order-mark", "", after=[r"^  poweroff "], files={"samara/cmdline.txt": b"\xef\xbb\xbfexec=help\r\n"}),
    boots("cmdline-file-is-a-folder", "", r"cmdline\.txt ignored: EFI_", files={"samara/cmdline.txt/file": b"exec=panic"}),
    boots("cmdline-file-empty", "", files={"samara/cmdline.txt": b""}),
    refuses("initrd-is-a-folder", "", r"cannot read \\samara\\initrd\.cpio: EFI_", files={"samara/initrd.cpio/file": b"1"}),
    refuses("initrd-read-error", "file.size=4096 file.read=error", r"cannot read \\samara\\initrd\.cpio: EFI_DEVICE_ERROR"),
    refuses("initrd-short", "file.size=5M file.read=short", r"cannot read \\samara\\initrd\.cpio: EFI_END_OF_FILE"),
    boots("initrd-in-pieces", "file.size=5M file.read=pieces"),
    refuses("initrd-long", "file.size=4096 file.read=long", r"cannot read \\samara\\initrd\.cpio: EFI_END_OF_FILE"),
    refuses("initrd-larger-than-memory", "file.size=3G", r"no memory for a file .*: EFI_OUT_OF_RESOURCES"),
    refuses("initrd-absurd", "file.size=0x7fffffffffffffff", r"cannot read \\samara\\initrd\.cpio: EFI_BAD_BUFFER_SIZE"),
    refuses("initrd-seek-error", "file.size=1 file.seek=error", r"cannot read \\samara\\initrd\.cpio: EFI_UNSUPPORTED"),
    refuses("initrd-open-error", "file.open=error", r"cannot read \\samara\\initrd\.cpio: EFI_DEVICE_ERROR"),
    boots("initrd-open-null", "file.open=null"),
    boots("initrd-empty", "file.size=0"),
    *(boots(f"volume-{kind}", f"file.volume={kind}") for kind in ("error", "null")),
    *(boots(f"device-{kind}", f"image.device={kind}") for kind in ("none", "junk")),

    # The loader's own image.
    *(refuses(f"image-size-{size}", f"image.size={size} stall=instant", r"it has no section \.kernel: EFI_LOAD_ERROR") for size in ("0", "64", "4096")),
    boots("image-size-huge", "image.size=0xffffffffffffffff"),
    refuses("image-base-elsewhere", "image.base=2M stall=instant", r"it has no section \.kernel"),
    *(refuses(f"loaded-image-{kind}", f"loaded={kind} stall=instant", r"the firmware does not say where it loaded this file: EFI_") for kind in ("error", "null")),

    # Small services.
    *(boots(f"rng-{kind}", f"rng={kind}") for kind in ("absent", "error", "same")),
    *(boots(f"stall-{kind}", f"stall={kind} rsdp=absent") for kind in ("instant", "error")),
    boots("watchdog-error", "watchdog=error"),
    boots("console-null", "console=null keyboard=null"),
    *(refuses(f"console-{kind}-at-a-failure", f"console={kind} map.empty", "the memory map is empty") for kind in ("null", "error")),
    hostile("console-null-failure-on-screen", "console=null keyboard=null map.empty gop=800x600", ["Samara cannot boot", FakeFramebuffer(),
        See("the memory map is empty or damaged: EFI_COMPROMISED_DATA", WHITE, FAILURE)], U_BOOT, "exit=none", end=None),
    *(hostile(f"keyboard-{kind}-at-a-failure", f"keyboard={kind} map.empty stall=instant", ["the memory map is empty", "Back to the firmware in 10 s",
        "hostile: the loader came back with error 33"], U_BOOT, "exit=none", end=qemu.FAILURE) for kind in ("null", "stuck")),
    boots("secure-boot", "secureboot=1 options.text=exec=panic file.size=4096 file.read=error", "Secure Boot is on: only what is inside",
        files={"samara/cmdline.txt": b"exec=panic"}),
    boots("secure-boot-setup", "secureboot=0 secureboot.setup=1 options.text=exec=help", "Secure Boot in setup mode", after=[r"^  poweroff "]),
    boots("secure-boot-other-value", "secureboot=2", "firmware"),
    *(boots(f"variables-{kind}", f"variables={kind}") for kind in ("error", "long")),

    # The CPU's state and its abilities.
    boots("nx-loader-data", "paging.nx"),
    boots("nx-loader-data-ovmf", "paging.nx", machine=OVMF),
    boots("5-levels", "paging.la57", r"paging: the firmware's 5 levels are left"),
    boots("5-levels-ovmf", "paging.la57", r"paging: the firmware's 5 levels are left", machine=OVMF),
    boots("5-levels-nx", "paging.la57 paging.nx", r"paging: the firmware's 5 levels are left"),
    boots("5-levels-null-segments", "paging.la57 paging.nx cpu.segments=null", r"paging: the firmware's 5 levels are left"),
    boots("null-segments", "cpu.segments=null"),
    # PGE, UMIP, FSGSBASE, OSXSAVE, SMEP, SMAP, PKE, and no time stamps or counters for user mode.
    boots("control-bits", "paging.nx cpu.cr4=0x75098c", "samara|Samara"),
    # Timers that go on interrupting; an HPET that sends messages does so past every mask of an IOAPIC.
    *(quiet(f"live-{name}", f"live={timer}", machine) for name, timer, machine in (
        ("pit", "pit", U_BOOT), ("lapic", "lapic", U_BOOT), ("hpet", "hpet", U_BOOT),
        ("hpet-messages", "hpet", {**U_BOOT, "extra": ("-global", "hpet.msi=on")}), ("hpet-q35", "hpet", OVMF))),
    boots("write-protect-off", "cpu.wp=off"),
    boots("cpu-without-nx", "", machine={**U_BOOT, "cpu": "max,-nx"}),
    boots("cpu-without-large-pages", "", machine={**U_BOOT, "cpu": "max,-pdpe1gb"}),
    boots("cpu-without-chance", "rng=absent", machine={**U_BOOT, "cpu": "max,-rdrand,-rdseed"}),
    boots("cpu-plain", "paging.nx", machine={**U_BOOT, "cpu": "qemu64,-pdpe1gb"}),
]
