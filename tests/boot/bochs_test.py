#!/usr/bin/env python3
"""Samara on Bochs, another model of the CPU than QEMU's: its timers by TSC deadline, which QEMU's emulator does not have.

The arguments: the build folder. Bochs gives no ACPI tables, so one CPU runs, and no way out for the guest: what it says on the serial line
is read from a file, and Bochs is ended.
"""

import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True     # the source folder stays as it is
TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))

from samara import qemu  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else TOP / "build").resolve()
OVMF, VGA_BIOS = "/usr/share/ovmf/OVMF.fd", "/usr/share/vgabios/vgabios.bin"
PATIENCE = 120

CONFIGURATION = """\
romimage: file={OVMF}
vgaromimage: file={VGA_BIOS}
pci: enabled=1, chipset=i440fx
memory: host=256, guest=256
cpu: model=corei7_skylake_x, count=1, ips=200000000
ata0-master: type=disk, path={folder}/disk.img, mode=volatile
com1: enabled=1, mode=file, dev={folder}/serial
log: {folder}/log
display_library: term
clock: sync=none
panic: action=fatal
"""
TIMERS = ("timers_fire_once_in_order_and_not_early", "timer_of_the_past_fires_at_once", "timer_that_is_cancelled_does_not_fire",
    "timer_that_is_armed_again_fires_at_the_new_time", "timer_that_is_armed_again_may_be_sooner",
    "timer_can_be_armed_and_cancelled_by_its_function")


def start(folder):
    """Bochs draws on a terminal, which is one that nobody sees; and it reads memory that it never wrote, which meson fills (MALLOC_PERTURB_)."""
    (folder / "bochsrc").write_text(CONFIGURATION.format(OVMF=OVMF, VGA_BIOS=VGA_BIOS, folder=folder))
    (folder / "debugger").write_text("c\n")        # Debian's build starts in its debugger: continue
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["bochs", "-q", "-f", folder / "bochsrc", "-rc", folder / "debugger"], stdin=theirs, stdout=theirs, stderr=theirs,
        env=dict(os.environ, TERM="vt100", MALLOC_PERTURB_="0"), start_new_session=True)
    os.close(theirs)
    return process, ours


def serial(folder, last):
    """What the guest says, up to a line that matches."""
    process, terminal = start(folder)
    os.set_blocking(terminal, False)
    deadline, text = time.monotonic() + PATIENCE, ""
    try:
        while time.monotonic() < deadline and process.poll() is None and not re.search(last, text, re.MULTILINE):
            time.sleep(0.2)
            try:
                os.read(terminal, 1 << 20)     # or it fills up, and Bochs waits
            except OSError:
                pass
            if (folder / "serial").exists():
                text = re.sub(r"\x1b\[[0-9;]*m|\r", "", (folder / "serial").read_text(encoding="utf-8", errors="replace"))
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    return text


class Bochs(unittest.TestCase):
    def test_tsc_deadline(self):
        commands = "; ".join(["clock", *(f"test {name}" for name in TIMERS), "sleep 50; help"])
        with tempfile.TemporaryDirectory(prefix="samara-") as folder:
            qemu.prepare(qemu.Machine(str(BUILD / "loader/kernel-test.EFI"), cmdline=f'exec="{commands}"'), folder)
            said = serial(pathlib.Path(folder), r"^  help ")
            log = pathlib.Path(folder, "log").read_text(encoding="utf-8", errors="replace")
        self.assertTrue(said, log)
        self.assertRegex(said, r"smp: no MADT, so one CPU")
        self.assertRegex(said, r"timers +TSC deadline")
        self.assertEqual(re.findall(r"test: (\w+): pass$", said, re.MULTILINE), list(TIMERS), said)
        self.assertRegex(said, r"(?m)^  help ")


if __name__ == "__main__":
    if not shutil.which("bochs") or not os.path.exists(VGA_BIOS):
        print("Bochs is not installed (tools/setup slow)")
        sys.exit(77)
    unittest.main()
