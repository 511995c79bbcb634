"""The table of what one run leaves to the next: reports in the firmware's variables, files on the stick, and how the last boot ended."""

import dataclasses
import os
import re
import subprocess
import time
import zlib

from case import LATE, READY, Case, Failure, Line, Monitor, See, Type
from hostile_cases import OVMF, U_BOOT, boots, hostile
from samara import decode, image, qemu, qrcode

AGAIN = {**OVMF, "reboot": True}       # the machine goes on after a reset
BAD = (r"Kernel panic", r"cannot boot")
CODE_SIZE, CODE_QUIET = 97, 4      # modules: lib/qr.h
SAVED = r"^saved: (\d+) bytes of text in a firmware variable of \d+ bytes, CRC-32 of the text ([0-9a-f]{8})"
STAMPED = re.compile(r"^\[ *\d+\.\d{6}\] ")


@dataclasses.dataclass
class Stick:
    """A file on the stick must match all of these, in this order, and after `Save` be what that said. With `log`, its log is what `log` printed, and
    perhaps a message more: a better known clock may move the stamps by a few microseconds meanwhile."""
    path: str
    patterns: tuple = ()
    log: bool = False

    def run(self, run):
        data = self._read(run)
        text = data.decode()
        saved = getattr(run, "saved", None)
        if saved and saved != (len(data), zlib.crc32(data)):
            raise Failure(f"{self.path} has {len(data)} bytes, CRC-32 {zlib.crc32(data):08x}; saved were {saved[0]}, {saved[1]:08x}")
        at = 0
        for pattern in self.patterns:
            match = re.compile(pattern, re.MULTILINE).search(text, at)
            if not match:
                raise Failure(f"{self.path} does not hold {pattern!r}:\n{text}")
            at = match.end()
        if self.log:
            saved, shown = [STAMPED.sub("", line) for line in text.partition("\nLog\n")[2].splitlines()], run.logged
            if not shown or saved[:len(shown)] != shown or len(saved) > len(shown) + 2:
                raise Failure(f"{self.path} holds {len(saved)} messages, the log {len(shown)}; these differ: {set(saved) ^ set(shown)}")

    def _read(self, run):
        done = subprocess.run(["mcopy", "-n", "-i", f"{os.path.join(run.guest.folder, 'disk.img')}@@{image.ESP_START}", f"::/{self.path}", "-"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise Failure(f"{self.path}: {done.stderr.decode().strip()}")
        return done.stdout


@dataclasses.dataclass
class NoFile:
    """There must be no such file on the stick."""
    path: str

    def run(self, run):
        listed = subprocess.run(["mdir", "-b", "-i", f"{os.path.join(run.guest.folder, 'disk.img')}@@{image.ESP_START}", "::/samara"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode()
        if os.path.basename(self.path) in listed:
            raise Failure(f"{self.path} is on the stick")


@dataclasses.dataclass
class Code:
    """In the screen's lower right corner is a QR code that, read and unpacked, matches all of these in this order; and where the lines of the
    source are named, `source` too."""
    patterns: tuple
    module: int = 4
    source: str = None

    def run(self, run):
        deadline = time.monotonic() + LATE
        while True:
            try:
                text = decode.unpack(qrcode.Code(self._modules(run)).text())
                break
            except (qrcode.QRError, decode.DecodeError) as e:
                if time.monotonic() > deadline:
                    raise Failure(f"no QR code: {e}") from None
                time.sleep(0.2)
        at = 0
        for pattern in self.patterns:
            match = re.compile(pattern, re.MULTILINE).search(text, at)
            if not match:
                raise Failure(f"the code does not say {pattern!r}:\n{text}")
            at = match.end()
        kernel = decode.Kernel(os.path.join(run.build, "kernel/kernel.elf"))
        if self.source and not (kernel.is_of(text) and re.search(self.source, decode.annotate(text, kernel))):
            raise Failure(f"no place is {self.source!r}:\n{decode.annotate(text, kernel)}")

    def _modules(self, run):
        run.picture = picture = run.take_picture()
        first = [size - (CODE_SIZE + CODE_QUIET) * self.module + self.module // 2 for size in (picture.width, picture.height)]
        steps = [i * self.module for i in range(CODE_SIZE)]
        return [[picture.colours[ord(picture.rows[first[1] + y][first[0] + x])] == 0 for x in steps] for y in steps]


class Save:
    """Type `save`, and keep its size and CRC."""

    def run(self, run):
        Type("save").run(run)
        match = run.guest.expect(SAVED, run.left())
        if not match:
            raise Failure("nothing was saved")
        run.saved = int(match[1]), int(match[2], 16)


class CutPower:
    """Pull the plug, and put it back."""

    def run(self, run):
        run.guest.cut_power()


class Log:
    """Type `log`, and keep what it prints."""

    def run(self, run):
        Type("log").run(run)
        Line(r"^samara> ").run(run)    # the prompt behind it
        text = run.guest.serial.text().split("samara> log\n")[-1]
        run.logged = [STAMPED.sub("", line) for line in text.splitlines() if STAMPED.match(line)]
        run.guest.type("\r")


def again(name, *steps, machine=AGAIN, cmdline="", forbidden=BAD, end=qemu.OFF, files=None):
    return Case(f"save-{name}", [READY, *steps], machine, cmdline, files or {}, end=end, forbidden=forbidden, timeout=90)


RESET = Monitor("system_reset")
WRITTEN_1 = r"loader: saved: the report of the last run is in \\samara\\saved-1\.txt"
WRITTEN_2 = WRITTEN_1.replace("1", "2")
PANIC_SAVED = r"^Saved: when Samara starts again, it writes this to "


def refuses(name, words, message, machine=U_BOOT, cmdline="", runtime="runtime=0xffffffff"):
    """`save` says why it cannot, and the machine goes on."""
    return hostile(f"save-{name}", f"{runtime} {words}", [READY, Type("save"), f"^not saved: {message}", Type("poweroff")], machine, cmdline,
        forbidden=("Kernel panic", "FAULT", "cannot boot"))


def finds(name, words, *lines, machine=U_BOOT, files=None):
    """The loader finds something that a run before is said to have left."""
    return boots(f"save-{name}", words, *lines, machine=machine, files=files)


CASES = [
    # From one boot to the next; the reset, or the loss of power, comes as soon as `save` has said that it is done.
    again("and-reset", Log(), Save(), RESET, WRITTEN_1, "last boot: it ran, and was not switched off", READY,
        Stick("samara/saved-1.txt", (r"^Samara \d", "^Command line: "), log=True), Type("poweroff")),
    again("and-power-cut", Type("memtest 8M"), r"^memtest: no errors", Log(), Save(), CutPower(), WRITTEN_1, READY,
        Stick("samara/saved-1.txt", ("^Memory test$", r"^ +tested +8 MiB$", "^Commands\n> memtest 8M\n"), log=True), Type("poweroff"),
        forbidden=(*BAD, "last boot")),
    again("panic-and-power-cut", Type("panic"), PANIC_SAVED, CutPower(), WRITTEN_1, r"last boot: panic in panic_command", READY,
        Stick("samara/saved-1.txt", ("^Kernel panic: asked for", "^Log")), Type("poweroff"), machine={**AGAIN, "report": False},
        forbidden=("cannot boot",)),
    again("results", Type("irq"), Type("help"), Type("save"), SAVED, RESET, WRITTEN_1, READY,
        Stick("samara/saved-1.txt", ("^Commands\n> irq\n", r"^vector +total", "^Log")), Type("poweroff")),
    again("twice", Type("save"), SAVED, RESET, WRITTEN_1, READY, Type("save"), SAVED, RESET, WRITTEN_2, READY, RESET, READY, Type("poweroff"),
        forbidden=(*BAD, "saved-3")),
    again("nothing", Type("reboot"), "last boot: switched off or restarted by a command", READY, Type("poweroff"), forbidden=(*BAD, "loader: saved")),
    again("and-overwritten", Type("save"), SAVED, Type("save"), SAVED, RESET, WRITTEN_1, READY, RESET, READY, Type("poweroff"),
        forbidden=(*BAD, "saved-2")),
    again("panic", Type("panic"), "^Kernel panic", PANIC_SAVED, RESET, WRITTEN_1,
        r"last boot: panic in panic_command\+0x[0-9a-f]+: asked for at the monitor", READY,
        Stick("samara/saved-1.txt", ("^Kernel panic: asked for", "^Backtrace", r"panic_command\+0x", "^Log", r"command line: ")),
        Type("poweroff"), machine={**AGAIN, "report": False}, forbidden=("cannot boot",)),
    again("panic-of-cpus", Type("panic fault"), "^Kernel panic", PANIC_SAVED, RESET, WRITTEN_1, READY,
        Stick("samara/saved-1.txt", ("^Kernel panic: page fault", "^Registers", r"^CPUs? [-,\d]+ at ")), Type("poweroff"),
        machine={**AGAIN, "report": False, "cpus": 4}, forbidden=("cannot boot",)),
    again("panic-again-and-again", Type("panic"), PANIC_SAVED, RESET, WRITTEN_1, READY, Type("panic"),
        "^Not saved: the last run ended in the same way", machine={**AGAIN, "report": False}, forbidden=("cannot boot",), end=None),
    again("not-wanted", Type("panic"), "^Last messages", RESET, "last boot: panic in ", READY, Type("poweroff"), cmdline="nosave",
        machine={**AGAIN, "report": False}, forbidden=("cannot boot", "^Saved", "loader: saved")),

    # As a QR code, on the panic page and when asked for.
    Case("save-code-of-panic", [READY, Type("panic fault"), See("Kernel panic: page fault"), Code(("^Kernel panic: page fault: writing 0xdead0000",
        r"^\[.*\] Samara .* build [0-9a-f]{16}", "^RIP 0008:", "^R13 ", "^Backtrace", r"panic_command\+0x", r"kmain\+0x"), source=r"core/panic\.c:\d+")],
        {"report": False}, end=None, forbidden=("cannot boot",)),
    Case("save-code-of-panic-small", [READY, Type("panic"), See("Kernel panic: asked for"), Code(("^Kernel panic: asked for", "^Backtrace"), module=3)],
        {"report": False, "resolution": (1024, 768)}, end=None, forbidden=("cannot boot",)),
    Case("save-code-of-log", [READY, Type("save qr"), "^scan it", Code(("^Samara ", "^Log", r"^\[ *\d\.\d{6}\] .*: "), module=7), Monitor("sendkey ret"),
        See("^ *scan it"), Type("poweroff")], timeout=60),
    Case("save-code-without-screen", [READY, Type("save qr"), "no screen to show it on", Type("poweroff")], U_BOOT),

    # A firmware that keeps no variables for an operating system, or says so.
    refuses("u-boot", "", "this firmware keeps no variables while an operating system runs", runtime=""),
    refuses("services-denied", "", "this firmware keeps no variables", machine=OVMF, runtime="runtime=0x0010"),
    refuses("store-full", "query=full", "the firmware's store of variables is full"),
    refuses("store-endless", "query=endless set=9", "the firmware's store of variables is full"),
    refuses("store-lies", "query=liar set=lie", "the firmware reports an error"),
    refuses("store-unknown", "query=3", "this firmware keeps no variables"),
    refuses("out-of-resources", "set=9", "the firmware's store of variables is full", machine=OVMF),
    refuses("write-protected", "set=8", "the firmware's store of variables is write-protected", machine=OVMF),
    refuses("unsupported", "set=3", "this firmware keeps no variables", machine=OVMF),
    refuses("device-error", "set=7", "the firmware reports an error", machine=OVMF),
    refuses("kept-by-nobody", "set=lie", "the firmware took it, and has something else now", machine=OVMF),
    # A store that takes the first report and nothing more: that report is still what the next boot writes.
    *(hostile(f"save-{name}-after-one", f"set={status} set.after=1", [READY, Save(), Type("save"), f"^not saved: {message}", RESET, WRITTEN_1, READY,
        Stick("samara/saved-1.txt", ("^Samara ", "^Log")), Type("poweroff")], AGAIN, forbidden=(*BAD, "FAULT")) for name, status, message in (
        ("store-full", 9, "the firmware's store of variables is full"), ("device-error", 7, "the firmware reports an error"))),
    # One that never comes back: another CPU says who hangs; it is left, and nothing of the firmware's is called again.
    hostile("save-firmware-hangs", "set=hang", [READY, Type("save"), r"watch: CPU \d has taken no interrupt for \d", r"watch: .*firmware_saved_set\+0x",
        "^not saved: the firmware does not answer any more", Type("save"), "^not saved: the firmware does not answer any more", Type("cpu"), "^CPUs: 2",
        Type("poweroff")], {**OVMF, "cpus": 2}, "watchdog=1", forbidden=("FAULT",)),
    hostile("save-panic-firmware-hangs", "set=hang", [READY, Type("panic"), "^Kernel panic: asked", "^Not saved: the firmware does not answer any more"], OVMF,
        end=qemu.PANIC, forbidden=("FAULT",)),
    hostile("save-panic-firmware-hangs-and-restart", "set=hang", [READY, Type("panic"), "^Kernel panic: asked", "^Not saved: the firmware does not answer"],
        {**OVMF, "report": False}, "exit=none panic=1", end=qemu.RESET, forbidden=("FAULT",)),
    # With interrupts off it cannot be left: what the panic's page had before stays on the console, and the next boot knows of it.
    hostile("save-firmware-is-deaf", "set=deaf", [READY, Type("save"), r"watch: CPU \d has taken no interrupt for \d", r"watch: .*firmware_saved_set\+0x"],
        {**OVMF, "cpus": 2}, "watchdog=1", end=None, forbidden=("FAULT", "^not saved")),
    hostile("save-panic-firmware-is-deaf", "set=deaf", [READY, Type("panic"), "^Kernel panic: asked", "^Last messages", RESET,
        "last boot: panic in panic_command"], {**AGAIN, "report": False}, end=None, forbidden=("FAULT",)),
    hostile("save-panic-store-broken", "set=7", [READY, Type("panic"), "^Kernel panic: asked", "^Not saved: the firmware reports an error"], OVMF,
        end=qemu.PANIC, forbidden=("FAULT",)),
    hostile("save-panic-firmware-faults", "set=fault", [READY, Type("panic"), "^Kernel panic: asked",
        "^and while that was reported: invalid opcode", "^Not saved: the firmware does not answer any more"], OVMF,
        end=qemu.PANIC, forbidden=("FAULT",)),

    # What the loader finds.
    finds("found-sound", "variable=sound", WRITTEN_1),
    finds("found-panic", "variable=panic", WRITTEN_1, r"last boot: panic in somewhere\+0x5: for a test"),
    finds("found-junk", "variable=junk", "saved: the report .* is not used: it is none of Samara's; deleted"),
    finds("found-large", "variable=large", "saved: a report of 32769 bytes is not Samara's; deleted", machine=OVMF),
    finds("found-checksum", "variable=checksum", "is not used: its checksum is wrong; deleted"),
    finds("found-text", "variable=text", "is not used: its text is damaged; deleted"),
    finds("found-other-version", "variable=version", "is not used: it is another version's; kept"),
    finds("found-and-no-volume", "variable=sound file.volume=error", r"cannot be written to \\samara, and is kept: EFI_NOT_FOUND"),
    # A stick that is write-protected, full, or broken: no half of a file stays on it.
    finds("found-and-stick-read-only", "variable=sound file.create=8", r"cannot be written to \\samara, and is kept: EFI_WRITE_PROTECTED",
        NoFile("samara/saved-1.txt")),
    finds("found-and-stick-full", "variable=sound file.write=short", r"and is kept: EFI_VOLUME_FULL", NoFile("samara/saved-1.txt")),
    finds("found-and-stick-broken", "variable=sound file.write=7", r"and is kept: EFI_DEVICE_ERROR", NoFile("samara/saved-1.txt")),
    finds("found-and-names-taken", "variable=sound", r"is in \\samara\\saved-42\.txt", files={f"samara/saved-{n}.txt": b"" for n in range(1, 42)}),
    finds("found-and-name-taken", "variable=sound", WRITTEN_2, files={"samara/saved-1.txt": b"mine\n"}),
    finds("found-and-not-deleted", "variable=sound set=8", WRITTEN_1, "the firmware does not delete the variable: EFI_WRITE_PROTECTED"),
    finds("mark-stage", "mark=8", r"last boot: died at stage 9 \(a test\)"),
    hostile("save-mark-junk", "mark=junk", [READY, Type("poweroff")], U_BOOT, forbidden=("Kernel panic", "FAULT", "last boot")),
]
