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

HOSTILE = "tests/boot/HOSTILE.EFI"
SAMARA = "esp/EFI/BOOT/BOOTX64.EFI"
RINGS = ("boot", "hostile")

U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
OVMF = {"display": "none"}
BIG = {**OVMF, "memory": 6144}      # RAM over 4 GiB, which U-Boot does not give out

BACKGROUND, WHITE, TEXT, LATE_FAILURE = 0x101418, 0xffffff, 0xd0d4d8, 0x7f0000
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
        end, forbidden, rings=RINGS)


def boots(name, words, *lines, machine=U_BOOT, cmdline="", files=None):
    """The boot goes through, and these lines come before its end."""
    return hostile(name, words, [*lines, READY, Type("poweroff")], machine, cmdline, files,
        forbidden=(r"Kernel panic", r"FAULT", r"cannot boot"))


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
    boots("nothing", ""),
    boots("nothing-ovmf", "", machine=OVMF),
]
