"""For gdb: meet a Samara in QEMU with symbols at the right addresses.

    tools/run --gdb                                   (in one terminal; prints the next line)
    gdb -x tools/gdb.py -ex 'samara 1234' build/kernel/kernel.elf

The command `samara PORT` connects. Where the kernel runs already, at whatever address it was put, the symbols are moved there: the
CPU's interrupt descriptor table is the kernel's variable `idt`, so the distance between the two is the slide. Where it does not run
yet, tools/run --gdb has put `nokaslr` on the command line, so the addresses are those of the file, and the guest runs up to kmain().
"""

import os
import re

import gdb

KERNEL_LINK = 0xffffffff80000000       # include/boot/handoff.h, HANDOFF_KERNEL_LINK


class Samara(gdb.Command):
    """samara [PORT]: connect to QEMU and find the kernel in it (port 1234 unless given)."""

    def __init__(self):
        super().__init__("samara", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        kernel = gdb.current_progspace().filename
        if not kernel:
            raise gdb.GdbError("give gdb the kernel: gdb -x tools/gdb.py build/kernel/kernel.elf")
        gdb.execute("set pagination off")
        # Source paths are relative to the build folder, since no path of a build machine is in the file.
        gdb.execute(f"directory {os.path.dirname(os.path.dirname(kernel))}", to_string=True)
        linked = int(gdb.parse_and_eval("(unsigned long)&idt"))
        gdb.execute(f"target remote 127.0.0.1:{argument or 1234}")
        registers = gdb.execute("monitor info registers", to_string=True)
        base = int(re.search(r"^IDT= *([0-9a-f]+)", registers, re.MULTILINE)[1], 16)
        if base < KERNEL_LINK:
            self._run_to_kernel()
        else:
            self._move(kernel, base - linked)

    @staticmethod
    def _move(kernel, slide):
        gdb.execute("symbol-file")
        gdb.execute(f"symbol-file {kernel} -o {slide:#x}", to_string=True)
        print(f"Samara runs, {slide:#x} above its link address.")

    @staticmethod
    def _run_to_kernel():
        # A hardware breakpoint: the kernel is not in memory yet, so there is nothing to write a software one into.
        gdb.execute("thbreak kmain")
        gdb.execute("continue")


Samara()
