"""What a boot test consists of: a machine, and steps that must come true one after another."""

import dataclasses
import os
import re
import time

from samara import pe, qemu, qmp, screen

PROMPT = r"samara> $"
READY = r"samara: ready in \d+\.\d{3} ms, \d+ CPUs?, \d+ MiB free of \d+ MiB$"
LATE = 10      # seconds for a screen to become what it should be, once serial says that the guest got there


class Failure(Exception):
    """The case failed; the text says how."""


class Skip(Exception):
    """The case cannot be run here; the text says why."""


@dataclasses.dataclass
class Line:
    """A regular expression must match within a line on serial, behind what matched last. In a table a bare string is this."""
    pattern: str

    def run(self, run):
        if not run.guest.expect(self.pattern, run.left()):
            raise Failure(f"no line matches {self.pattern!r}")


@dataclasses.dataclass
class Type:
    """At the prompt, type a line."""
    text: str

    def run(self, run):
        Line(PROMPT).run(run)
        run.guest.type(self.text + "\r")


# Characters on a us keyboard that are not named as QEMU names their keys; with Shift in capitals.
KEY_NAMES = {" ": "spc", "\n": "ret", "-": "minus", "=": "equal", ",": "comma", ".": "dot", "/": "slash", ";": "semicolon", "'": "apostrophe",
    "[": "bracket_left", "]": "bracket_right", "\\": "backslash", "`": "grave_accent"}
WITH_SHIFT = dict(zip('!@#$%^&*()_+<>?:"{}|~', "1234567890-=,./;'[]\\`"))


def chord_of(char):
    """The keys that type a character on a us keyboard."""
    plain = WITH_SHIFT.get(char, char.lower())
    return (["shift"] if plain != char else []) + [KEY_NAMES.get(plain, plain)]


@dataclasses.dataclass
class Press:
    """Keys pressed on the keyboard, one chord after another, at a person's pace: "a", "ctrl-alt-delete"; names are QEMU's."""
    chords: str     # with blanks between

    def run(self, run):
        for chord in self.chords.split():
            press(run, chord.split("-"))
            time.sleep(0.05)


def press(run, keys):
    def events(names, down):
        return [{"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": name}}} for name in names]
    try:
        run.guest.qmp.command("input-send-event", events=events(keys, True) + events(reversed(keys), False))
    except qmp.QmpError:
        if run.guest.wait(5) is None:      # else that key ended the guest
            raise


@dataclasses.dataclass
class Keys:
    """At the prompt, type a line on the keyboard."""
    text: str

    def run(self, run):
        Line(PROMPT).run(run)
        # A few, and what they echo: QEMU's keyboards hold no more than 16 bytes or events that the guest has not taken, and drop others.
        for start in range(0, len(self.text), 3):
            group = self.text[start:start + 3]
            for char in group:
                press(run, chord_of(char))
            Line(re.escape(group)).run(run)
        press(run, ["ret"])


@dataclasses.dataclass
class Monitor:
    """A command for QEMU's monitor."""
    line: str

    def run(self, run):
        run.guest.qmp.monitor(self.line)


@dataclasses.dataclass
class See:
    """Text must stand on the screen, in these colours (0xRRGGBB) where they are given."""
    pattern: str
    foreground: int = None
    background: int = None
    turned: int = 0        # degrees that the picture was turned by
    late: int = LATE

    def run(self, run):
        deadline = time.monotonic() + self.late
        while not self._holds(run):
            if time.monotonic() > deadline:
                colours = "".join(f", {what} {colour:06x}" for what, colour in
                    (("in", self.foreground), ("on", self.background)) if colour is not None)
                raise Failure(f"the screen does not show {self.pattern!r}{colours}")
            time.sleep(0.2)

    def _holds(self, run):
        run.picture = run.take_picture().turned(-self.turned)
        try:
            return any(map(self._in_colours, screen.Screen(run.picture).find(self.pattern)))
        except screen.ScreenError:
            return False

    def _in_colours(self, cells):
        return all((self.foreground in (None, cell.foreground) or cell.char == " ") and self.background in (None, cell.background)
            for cell in cells)


@dataclasses.dataclass
class Size:
    """The screen's size in pixels."""
    width: int
    height: int

    def run(self, run):
        picture = run.take_picture()
        if (picture.width, picture.height) != (self.width, self.height):
            raise Failure(f"the screen is {picture.width}x{picture.height}, not {self.width}x{self.height}")


@dataclasses.dataclass
class Golden:
    """The screen must be this very picture (screen.Picture.digest)."""
    digest: str

    def run(self, run):
        deadline = time.monotonic() + LATE
        while (digest := run.take_picture().digest()) != self.digest:
            if time.monotonic() > deadline:
                raise Failure(f"the screen's digest is {digest}, not {self.digest}")
            time.sleep(0.2)


@dataclasses.dataclass
class Touched:
    """The host must hold fewer MiB of the guest's RAM than this."""
    limit: int

    def run(self, run):
        resident = run.guest.resident() / (1 << 20)
        print(f"# {resident:.0f} MiB of {run.guest.machine.memory} MiB RAM touched")
        if not 0 < resident < self.limit:
            raise Failure(f"{resident:.0f} MiB of RAM touched, where {self.limit} is the limit")


@dataclasses.dataclass
class AtMost:
    """A line must match, and the number in its first group be at most this."""
    pattern: str
    limit: int

    def run(self, run):
        match = run.guest.expect(self.pattern, run.left())
        if not match:
            raise Failure(f"no line matches {self.pattern!r}")
        print(f"# {match[0]}")
        if int(match[1]) > self.limit:
            raise Failure(f"{match[1]} is more than {self.limit}")


@dataclasses.dataclass
class Instructions:
    """From the EFI entry point to the prompt at most so many (with bench.stamp, on a machine that counts instructions)."""
    limit: int

    def run(self, run):
        stamps = [run.guest.expect(rf"@{name} tsc=([0-9a-f]{{16}})", run.left()) for name in ("entry", "ready")]
        if not all(stamps):
            raise Failure("no time stamps came")
        entry, ready = (int(stamp[1], 16) for stamp in stamps)
        print(f"# {ready - entry} instructions from the EFI entry point to the prompt")
        if not 0 < ready - entry <= self.limit:
            raise Failure(f"{ready - entry} instructions to the prompt, where {self.limit} is the limit")


@dataclasses.dataclass
class Packed:
    """As a file on the ESP: an EFI file from the build folder, with its command line changed."""
    path: str
    cmdline: str = ""

    def data(self, build):
        packed = pe.Image.read(os.path.join(build, self.path))
        packed.set(".cmdline", f"exit=qemu {self.cmdline}".encode())
        return packed.write()


@dataclasses.dataclass
class Case:
    """One boot. Settings of the machine that are not named are tools/samara/qemu.py's."""
    name: str
    steps: list = ()
    machine: dict = dataclasses.field(default_factory=dict)
    cmdline: str = ""
    files: dict = dataclasses.field(default_factory=dict)      # further files on the ESP: name -> bytes or Packed
    efi: str = "esp/EFI/BOOT/BOOTX64.EFI"      # in the build folder
    end: str = qemu.OFF             # how it must end; None: it is ended when the steps are through
    video_memory: tuple = None      # (width, height): read the picture from the adapter's memory, where QEMU shows it wrongly
    forbidden: tuple = (r"Kernel panic", r"cannot boot")       # no line on serial may match
    timeout: int = 60               # seconds: finds what hangs, and measures nothing
    rings: tuple = ("boot",)


class Run:
    """A case at work."""

    def __init__(self, case, build):
        self.case, self.build = case, build
        self.deadline = time.monotonic() + case.timeout
        self.guest = self.picture = None

    def left(self):
        return max(self.deadline - time.monotonic(), 0)

    def take_picture(self):
        path = os.path.join(self.guest.folder, "screen")
        if not self.case.video_memory:
            self.guest.screenshot(path)
            return screen.Picture.from_ppm(path)
        width, height = self.case.video_memory
        self.guest.framebuffer(path, width * height * 4)
        with open(path, "rb") as f:
            return screen.Picture.from_framebuffer(f.read(), width, height, width * 4, 4, 0xff0000, 0xff00, 0xff)

    def run(self):
        """Failure or Skip, or all is well."""
        case = self.case
        machine = qemu.Machine(os.path.join(self.build, case.efi), cmdline=case.cmdline, **case.machine)
        machine.files = {name: file.data(self.build) if isinstance(file, Packed) else file for name, file in case.files.items()}
        try:
            qemu.find_firmware(machine.firmware)
            qemu.find_emulator(machine.newer)
        except qemu.QemuError as e:
            raise Skip(str(e)) from None
        with qemu.Guest(machine) as self.guest:
            for step in case.steps:
                (Line(step) if isinstance(step, str) else step).run(self)
            self._end()
        for pattern in case.forbidden:
            found = re.search(pattern, self.guest.serial.text())
            if found:
                raise Failure(f"serial line holds {found[0]!r}")

    def _end(self):
        if self.case.end is None:
            return
        status = self.guest.wait(self.left())
        if status is None:
            raise Failure(f"still running after {self.case.timeout} s")
        end = qemu.outcome(status, self.guest.qmp.shutdown_reason())
        if end != self.case.end:
            raise Failure(f"{end}, where the end should be: {self.case.end}")
