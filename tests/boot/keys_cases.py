"""The table of commands: each is typed on a PS/2 keyboard and on a USB one, and read on the screen."""

from case import PROMPT, READY, Case, Failure, Keys, Line, See, press
from input_cases import Found
from samara import qemu
from usb_cases import NO_PS2, XHCI

# What is typed, and what stands on the screen then; None: nothing but that. Those that end the machine have a boot of their own.
COMMANDS = (
    ("pager off", None),
    ("bandwidth", r"^ +32 MiB +\d"),
    ("bench alloc", r"alloc_\w+ +\d+"),
    ("boot", r" loader: command line, tables, entropy, initrd"),
    ("c2c 1", r"^c2c: one CPU has nobody to talk to"),
    ("clock", r"^source +TSC"),
    ("cpu", r"^weaknesses:"),
    ("cpuid 0", r"^00000000\.0 "),
    ("help", r"^  cmdline +the kernel's settings"),
    ("in 0x61", r"^[0-9a-f]{2}$"),
    ("input", r"^\d+ bytes typed, 0 keys lost"),
    ("irq", r"^ +224 .* timer"),
    ("keymap", r"^us\* uk "),
    ("latency 1", r"^gaps of all CPUs"),
    ("log", r"memory: \d+ KiB of boot services memory reclaimed"),
    ("map", r"^0000000000000000-[0-9a-f]{16} "),
    ("mem", r"^ +\d+ KiB  RAM in all"),
    ("memtest 1s", r"^memtest: no errors"),
    ("mouse", r"^pointer at 0,0"),
    ("out 0x80 1", None),
    ("pci", r"^00:00\.0 "),
    ("peek phys:0xfee00030 4", r"^00000000fee00030 "),
    ("poke 0x2000000 0x5a; peek 0x2000000 1", r"^0000000002000000 5a "),
    ("rdmsr 0x277", r"^[0-9a-f]{16}$"),
    ("report cpu", r"^CPUs"),
    ("save", r"^saved: \d+ bytes of text in a firmware variable"),
    ("sched", r"^watchdog "),
    ("slab", r"^kmalloc-64 "),
    ("sleep 1", None),
    ("stress 1", r"^stress: \d+ operations, 0 errors"),
    ("threads", r"^ +2 main +running"),
    ("top 1", r"^up \d+ s, 1 CPU"),
    ("trace on; trace off", None),
    ("usb", r"^(there is no xHCI controller|xhci )"),
    ("wrmsr 0x6e1 0x100000000", r"^wrmsr 0x6e1: general protection fault"),
)
LAST = {"panic", "reboot", "poweroff"}


class AllThere:
    """The commands that `help` has shown are those of the tables."""

    def run(self, run):
        Line(r"^help and a name from above says more").run(run)
        shown = run.guest.serial.text().rpartition("samara> help")[2].partition("help and a name")[0]
        there, typed = {line.split()[0] for line in shown.splitlines()[1:]}, {text.split()[0] for text, _ in COMMANDS} | LAST
        if there != typed:
            raise Failure(f"commands that no table has, or that there are not: {sorted(there ^ typed)}")


class Command:
    """A line at the prompt of an empty screen, and what the screen shows then."""

    def __init__(self, text, shows):
        self.text, self.shows = text, shows or rf"^samara> {text}"

    def run(self, run):
        Keys(self.text).run(run)
        See(self.shows).run(run)
        Line(PROMPT).run(run)
        press(run, ["ctrl", "l"])


def typed(name, keyboard, **machine):
    """Everything on such a keyboard."""
    machine = {"resolution": (1024, 768), **machine}
    return [
        Case(f"keys-{name}", [READY, keyboard, *(Command(*c) for c in COMMANDS), Keys("help"), AllThere(), Keys("poweroff")], machine, timeout=240),
        Case(f"keys-{name}-panic", [READY, keyboard, Keys("panic"), See("Kernel panic: asked for at the monitor")], {**machine, "report": False}, end=None,
            forbidden=()),
        Case(f"keys-{name}-reboot", [READY, keyboard, Keys("reboot")], machine, end=qemu.RESET),
    ]


CASES = [*typed("ps2", Found()), *typed("usb", r"usb 1-1: .*: keyboard", extra=(*NO_PS2, *XHCI, "-device", "usb-kbd,bus=x.0"))]
