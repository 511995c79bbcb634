#!/usr/bin/env python3
"""tools/gdb.py finds the kernel: before it runs, and where it runs at a random address. The argument is the build folder."""

import pathlib
import shutil
import socket
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True     # the source folder stays as it is
TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))

from samara import qemu  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else TOP / "build").resolve()


class Gdb(unittest.TestCase):
    def setUp(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]

    def guest(self, cmdline, *more):
        machine = qemu.Machine(str(BUILD / "esp/EFI/BOOT/BOOTX64.EFI"), cmdline=cmdline, firmware="u-boot", chipset="pc", display="none")
        return qemu.Guest(machine, more=["-gdb", f"tcp:127.0.0.1:{self.port}", *more])

    def gdb(self, *commands):
        argv = ["gdb", "-q", "-nx", "-batch", "-x", TOP / "tools/gdb.py", "-ex", f"samara {self.port}"]
        for command in commands:
            argv += ["-ex", command]
        done = subprocess.run([*argv, BUILD / "kernel/kernel.elf"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.stdout.decode("utf-8", "replace")

    def test_from_the_start(self):
        with self.guest("nokaslr", "-S"):
            said = self.gdb("bt 1", "p handoff->version", "info source")
        self.assertRegex(said, r"#0 +kmain \(handoff=0x")
        self.assertRegex(said, r"\$1 = \d")
        self.assertIn(f"Located in {TOP}/kernel/main.c", said)

    def test_running(self):
        with self.guest("") as guest:
            self.assertTrue(guest.expect("samara> $", 40), guest.serial.text())
            said = self.gdb("bt")
        self.assertRegex(said, r"Samara runs, 0x[0-9a-f]+ above its link address")
        self.assertRegex(said, r"in sched_idle \(")


if __name__ == "__main__":
    if not shutil.which("gdb"):
        print("gdb is not installed")
        sys.exit(77)
    unittest.main()
