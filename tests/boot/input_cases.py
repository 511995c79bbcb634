"""The table of keyboards and mice on PS/2 ports: used through QMP, read on the screen."""

import dataclasses
import os
import re
import time

from case import LATE, PROMPT, READY, AtMost, Case, Failure, Keys, Line, Press, See, Type, press
from samara import qemu

TEXT, BACKGROUND = 0xd0d4d8, 0x101418
U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
COUNTED = {"icount": True, "cpu": "max,-erms", "resolution": (1024, 768)}


class Found:
    """Keyboard and mouse are there: the probe goes on beside the boot, so that may be said before or after the ready line."""

    def run(self, run):
        while "input: PS/2 wheel mouse" not in run.guest.serial.text():
            if not run.left():
                raise Failure("no mouse was found")
            time.sleep(0.05)


@dataclasses.dataclass
class Lamps:
    """What the keyboard was told last to show; QEMU has to trace ps2_set_ledstate."""
    lamps: int      # Scroll Lock 1, Num Lock 2, Caps Lock 4, as in the keyboard's command 0xed

    def run(self, run):
        deadline = time.monotonic() + LATE
        while (told := self._told(run)) != self.lamps:
            if time.monotonic() > deadline:
                raise Failure(f"the keyboard's lamps are {told}, not {self.lamps}")
            time.sleep(0.05)

    def _told(self, run):
        with open(os.path.join(run.guest.folder, "stderr"), encoding="utf-8") as f:
            told = re.findall(r"ps2_set_ledstate .*ledstate (\d+)$", f.read(), re.MULTILINE)
        return int(told[-1]) if told else None


@dataclasses.dataclass
class Hold:
    """A key goes down, and up again when a line on serial matches."""
    key: str
    pattern: str

    def run(self, run):
        self._send(run, True)
        Line(self.pattern).run(run)
        self._send(run, False)

    def _send(self, run, down):
        run.guest.qmp.command("input-send-event", events=[{"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": self.key}}}])


@dataclasses.dataclass
class Mouse:
    """The mouse moves, turns its wheel by clicks away from the user, and holds its left button down."""
    right: int
    down: int
    clicks: int

    def run(self, run):
        run.guest.qmp.command("input-send-event", events=[
            {"type": "rel", "data": {"axis": "x", "value": self.right}}, {"type": "rel", "data": {"axis": "y", "value": self.down}},
            {"type": "btn", "data": {"down": True, "button": "left"}}])
        for _ in range(self.clicks):
            for down in (True, False):
                time.sleep(0.1)
                run.guest.qmp.command("input-send-event", events=[{"type": "btn", "data": {"down": down, "button": "wheel-up"}}])
        time.sleep(0.2)


@dataclasses.dataclass
class Many:
    """At the prompt, that many keys as fast as their echo comes; no line is ended, nor so long that it scrolls, which would echo old ones."""
    count: int      # a multiple of 50

    def run(self, run):
        Line(PROMPT).run(run)
        for _ in range(self.count // 50):
            for _ in range(12):
                for key in "abcd":
                    press(run, [key])
                Line("abcd").run(run)
            press(run, ["d"])
            Line("d").run(run)
            press(run, ["ctrl", "u"])


@dataclasses.dataclass
class Broken:
    """A break on the serial line, and a letter."""
    letter: str

    def run(self, run):
        run.guest.qmp.command("chardev-send-break", id="serial")
        run.guest.type(self.letter)


@dataclasses.dataclass
class Unseen:
    """Text must not stand on the screen."""
    pattern: str

    def run(self, run):
        if See(self.pattern)._holds(run):
            raise Failure(f"the screen shows {self.pattern!r}")


def both(name, steps, machine=(), cmdline="", **more):
    """On both chipsets."""
    return [Case(f"input-{chipset}-{name}", steps, {"chipset": chipset, **dict(machine)}, cmdline, **more) for chipset in ("q35", "pc")]


CASES = [
    *both("found", [READY, Found(), Keys("input"), r"^PS/2 wheel mouse, mouse", r"^PS/2 keyboard, keyboard", Keys("poweroff")]),
    *both("reboot", [READY, Found(), Keys("mem"), Press("ctrl-alt-delete")], end=qemu.RESET),

    Case("input-letters", [READY, Found(), Keys("Quick_Brown 'fox' #1"), See("Quick_Brown: no such command", TEXT, BACKGROUND), Keys("poweroff")]),
    Case("input-german", [READY, Found(), Press("y shift-z bracket_left bracket_right semicolon apostrophe slash 2 ret"), "^zYü[+]öä-2: no such",
        Press("alt_r-q alt_r-7 equal e ret"), See("@{é: no such command", TEXT, BACKGROUND), Press("p o w e r o f f ret")], cmdline="keymap=de"),
    Case("input-russian", [READY, Found(), Press("f ctrl-shift f shift-d ctrl-shift f ret"), "^fаВf: no such", Keys("poweroff")], cmdline="keymap=ru"),
    Case("input-keymap", ["there is no keymap=klingon", READY, Found(), Keys("keymap fr"), PROMPT, Press("q z slash ret"), "^aw!: no such",
        Type("keymap"), r" fr\* ", Type("poweroff")], cmdline="keymap=klingon"),
    Case("input-locks", [READY, Found(), Press("caps_lock a"), Lamps(4), Press("shift-b caps_lock c"), Lamps(0), Press("num_lock kp_7"), Lamps(2),
        Press("caps_lock"), Lamps(6), Press("num_lock caps_lock"), Lamps(0), Press("ret"), "^Abc7: no such command", Keys("poweroff")],
        {"extra": ("-trace", "ps2_set_ledstate")}),
    Case("input-editing", [READY, Found(), Keys("nonsens"), "^nonsens: no such", Press("up e ret"), "^nonsense: no such", Press("a c left b home delete end d ret"),
        "^bcd: no such", Keys("poweroff")]),
    Case("input-repeat", [READY, Found(), Hold("x", "> x{20}"), Press("ctrl-u p o w e r o f f ret")]),
    Case("input-mouse", [READY, Found(), Mouse(120, 50, 3), Keys("mouse"), r"^pointer at 120,50, wheel at 3,0, \d+ events, buttons: left", Keys("poweroff")]),
    Case("input-sysrq", [READY, Found(), Press("alt-sysrq-h"), "sysrq: c stops with the panic page", Broken("h"), "sysrq: c stops with the panic page",
        Type("poweroff")]),
    Case("input-sysrq-crash", [READY, Found(), Press("alt-sysrq-c"), "^Kernel panic: asked for by an emergency key"], end=qemu.PANIC, forbidden=()),
    Case("input-many", [READY, Found(), Many(10000), Press("ret"), Type("input"), r"^10001 bytes typed, 0 keys lost", Keys("poweroff")], timeout=120),
    Case("input-64-cpus", [READY, Found(), Keys("input"), r"^PS/2 keyboard, keyboard", Keys("poweroff")], {**U_BOOT, "cpus": 64}, timeout=180),
    Case("input-none", [READY, See("input: no keyboard found: plug one in now", late=20), Type("poweroff")], {"extra": ("-machine", "i8042=off")}),

    *(Case(f"input-scrollback-{memory}-mib", [READY, Found(), Type("log"), Type("help"), Keys("zzz"), See("zzz: no such"), Press("shift-pgup shift-pgup shift-pgup"),
        See("command line: exit=qemu"), Unseen("zzz: no such"), Press("shift-pgdn shift-pgdn shift-pgdn"), See("zzz: no such"),
        Unseen("command line: exit=qemu"), Press("shift-pgup shift-pgup"), Keys("poweroff")], {"resolution": (1024, 768), "memory": memory})
        for memory in (64, 256)),

    # From the interrupt to the cell: the bound is in instructions.
    Case("cost-key", [READY, Found(), Type("bench key"), AtMost(r"key_to_cell (\d+) ", 8000), Type("poweroff")], COUNTED, timeout=240),
]
