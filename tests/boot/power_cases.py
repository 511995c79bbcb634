"""The table of ways off and on again: each alone, and what happens where one does nothing."""

from case import READY, Case, Monitor, Type
from hostile_cases import OVMF, U_BOOT, hostile
from samara import qemu

UNREPORTED = {"report": False}     # exit=qemu would leave the emulator before anything was tried
BAD = (r"Kernel panic", r"cannot boot")


def restarts(letter, way, machine):
    """`reboot=` names this way, and the machine is reset by it: nothing else is tried."""
    return Case(f"power-restart-{letter}", [READY, Type("reboot"), f"power: restart by {way}"], {**machine, **UNREPORTED}, f"reboot={letter}",
        end=qemu.RESET, forbidden=(*BAD, f"restart by (?!{way})"))


def switches_off(name, letters, *ways, machine=OVMF):
    """These ways are tried in this order, and the last one does it."""
    return Case(f"power-off-{name}", [READY, Type("poweroff"), *(f"power: off by {way}" for way in ways)], {**machine, **UNREPORTED},
        f"poweroff={letters}" if letters else "", forbidden=(*BAD, f"off by (?!{'|'.join(ways)})"))


def pressed(name, machine, cmdline=""):
    """The power button."""
    return Case(f"power-button-{name}", [READY, Monitor("system_powerdown"), "power: off, by the power button"], {**machine, **UNREPORTED}, cmdline)


def leaves(name, words, command, status, *lines, cmdline=""):
    """Through a fake register that is the emulator's exit, with this status."""
    return hostile(f"power-{name}", words, [READY, Type(command), *lines], U_BOOT, f"exit=none {cmdline}", end=f"QEMU ended with status {status}")


def goes_on(name, words, command, *lines, end, forbidden=BAD):
    return hostile(f"power-{name}", words, [READY, Type(command), *lines], U_BOOT, "exit=none panic=1", end=end, forbidden=forbidden)


CASES = [
    restarts("a", "ACPI's reset register", OVMF),
    restarts("e", "the firmware", OVMF),
    restarts("p", "port 0xcf9", U_BOOT),
    restarts("k", "the keyboard controller", U_BOOT),
    restarts("t", "a triple fault", U_BOOT),
    switches_off("by-firmware", "", "the firmware"),
    switches_off("by-s5", "a", "ACPI's sleep state S5"),
    switches_off("by-s5-pc", "a", "ACPI's sleep state S5", machine={**OVMF, "chipset": "pc"}),
    switches_off("by-s5-u-boot", "a", "ACPI's sleep state S5", machine=U_BOOT),
    switches_off("without-register", "sa", "ACPI's sleep control register", "ACPI's sleep state S5"),
    pressed("ovmf", OVMF),
    pressed("pc", {**OVMF, "chipset": "pc"}),
    pressed("u-boot-cpus", {**U_BOOT, "cpus": 4}, "poweroff=a"),     # its ResetSystem restarts whatever it is asked for
    Case("power-button-reported", [READY, Monitor("system_powerdown")], U_BOOT),

    # Registers that no emulator has: the type 0 of S5 with the bit that says "sleep" is 0x20, and QEMU's status twice that and 1.
    leaves("off-reduced", "fadt.reduced", "poweroff", 65, "off by ACPI's sleep control register", cmdline="poweroff=s"),
    leaves("restart-register", "fadt.reset=50", "reboot", 101, "restart by ACPI's reset register"),
    # Tables that lie in memory which is reclaimed: memtest writes over all that is free.
    hostile("power-off-tables-in-boot-services-memory", "fadt.lost", [READY, Type("memtest 4s"), "^memtest: no errors", Type("poweroff"),
        "power: off by ACPI's sleep state S5"], {**U_BOOT, "memory": 128}, "exit=none poweroff=a", forbidden=(*BAD, "no sleep type")),
    # A firmware that does nothing, or worse.
    goes_on("off-firmware-comes-back", "reset=return", "poweroff", "off by the firmware", "ResetSystem came back", "off by ACPI's sleep state S5",
        end=qemu.OFF),
    goes_on("off-firmware-hangs", "reset=hang", "poweroff", "off by the firmware", "its ResetSystem does not return", "off by ACPI's sleep state S5",
        end=qemu.OFF),
    goes_on("off-firmware-faults", "reset=fault", "poweroff", "off by the firmware", "^Kernel panic: invalid opcode",
        end=qemu.RESET, forbidden=("FAULT",)),
]
