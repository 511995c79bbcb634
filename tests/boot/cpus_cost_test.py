#!/usr/bin/env python3
"""What each further CPU costs the boot CPU: instructions by count, and no wait of its own. The arguments: the plugin, the build folder.

Machines with 2, 10 and 64 CPUs boot under tools/qemu_count.c. Two of them that differ in nothing but their CPUs differ in what those cost;
waits, whose length is the emulator's matter, are left out of that and compared by how often the boot CPU entered each.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True     # the source folder stays as it is
TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))

from samara import qemu  # noqa: E402

LIMIT = 20_000                     # of the boot CPU's instructions, for a CPU more
# From the first look for other CPUs until all of them run.
FROM, TO = "cpus_find", "frames_reclaim_boot_services"
SHARED = ("clock_delay", "wait_for_all")       # one wait is for all CPUs
OWN = ("clock_sync_with", "smp_call_wait")     # one for each CPU, which answers at once
MEASURES = ("timer_hw_init_cpu",)              # waits once, whatever the machine


def symbols(kernel):
    """Name -> (start, end) of the kernel's functions, as linked."""
    listed = subprocess.run(["llvm-nm", "--print-size", "--defined-only", kernel], stdout=subprocess.PIPE, check=True).stdout.decode()
    return {name: (int(at, 16), int(at, 16) + int(size, 16)) for at, size, name in re.findall(r"^(\w+) (\w+) [tT] (\w+)$", listed, re.MULTILINE)}


def count(plugin, build, cpus):
    """Boot; what the boot CPU worked, and how often it entered each wait."""
    known = symbols(build / "kernel/kernel.elf")
    waits = {known[name][0]: name for name in (*SHARED, *OWN, *MEASURES)}
    with tempfile.TemporaryDirectory(prefix="samara-") as folder:
        out = os.path.join(folder, "counts")
        ranges = "".join(f",wait={known[name][0]:#x}-{known[name][1]:#x}" for name in waits.values())
        arguments = f"{plugin},from={known[FROM][0]:#x},to={known[TO][0]:#x},out={out}{ranges}"
        machine = qemu.Machine(str(build / "esp/EFI/BOOT/BOOTX64.EFI"), cmdline="nokaslr exec=poweroff", firmware="u-boot", chipset="pc",
            display="none", cpus=cpus, extra=("-plugin", arguments))
        with qemu.Guest(machine) as guest:
            ready = guest.expect(rf"samara: ready in .* {cpus} CPUs,", 120)
            status = guest.wait(30)
        if not ready or status != qemu.POWERED_OFF:
            raise AssertionError(f"{cpus} CPUs did not come up\n{guest.serial.text()}\n{guest.errors}")
        with open(out, encoding="ascii") as f:
            text = f.read()
    work = int(re.search(r"^cpu 0 (\d+)", text, re.MULTILINE)[1])
    return work, {waits[int(at, 16)]: int(times) for at, times in re.findall(r"^wait (\w+) (\d+)", text, re.MULTILINE)}


class Cost(unittest.TestCase):
    def test_each_cpu(self):
        counts = {cpus: count(PLUGIN, BUILD, cpus) for cpus in (2, 10, 64)}
        for few, many in ((2, 10), (10, 64)):
            each = (counts[many][0] - counts[few][0]) // (many - few)
            print(f"# from {few} to {many} CPUs: {each} instructions for each more")
            self.assertTrue(0 < each <= LIMIT, f"{each} instructions, where {LIMIT} is the limit: {counts}")
        for cpus, (_, waits) in counts.items():
            self.assertEqual({name: waits[name] for name in SHARED}, {"clock_delay": 1, "wait_for_all": 2}, f"with {cpus} CPUs")


if __name__ == "__main__":
    PLUGIN, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])
