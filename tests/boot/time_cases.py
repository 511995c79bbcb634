"""The table of machines without this or that timer, all of which must keep time within 1 %.

With counted instructions QEMU's virtual clock is exact: a TSC of 1 GHz, and a battery-backed clock that counts its seconds. The firmware
waits long on such a machine, up to a minute, so most of these cases are in the slow ring.
"""

from case import READY, Case, Packed, Type
from hostile_cases import HOSTILE, SAMARA

KERNEL_TEST = "loader/kernel-test.EFI"
COUNTED = {"icount": True, "cpu": "max,-erms", "display": "none"}
U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
ALL_OFF = "pit=off,pic=off,hpet=off,i8042=off"

RIGHT_RATE = r"clock: TSC at (99\d|100\d)\.\d{3} MHz, by "     # 1 GHz within 1 %
SECOND_TEST = "clock_agrees_with_the_battery_backed_clock"     # a second of each, within 1 %


def keeps_time(name, machine, options="", by="", ring="slow"):
    """The rate as it is known after a millisecond, and the date."""
    extra = ("-machine", options) if options else ()
    return Case(f"time-{name}", [RIGHT_RATE + by, READY, Type("clock"), r"^date +2026-01-01 00:0\d:\d\d UTC", Type("poweroff")],
        {**COUNTED, **machine, "extra": extra}, timeout=300, rings=(ring,))


def second(name, machine, options="", ring="slow"):
    """A second of the battery-backed clock, whose crystal is another one, is a second of ours."""
    extra = ("-machine", options) if options else ()
    return Case(f"time-second-{name}", [READY, Type(f"test {SECOND_TEST}"), f"test: {SECOND_TEST}: pass", Type("poweroff")],
        {"display": "none", **machine, "extra": extra}, efi=KERNEL_TEST, timeout=120, rings=(ring,))


def without_acpi(name, by, machine, options="", ring="slow"):
    """The rate where the firmware gives no ACPI tables, through which the other timers are found."""
    extra = ("-machine", options) if options else ()
    return Case(f"time-{name}", [RIGHT_RATE + by + "$", READY, Type("clock"), r"^date +2026-01-01 00:0\d:\d\d UTC", Type("poweroff")],
        {**COUNTED, **machine, "extra": extra}, "rsdp=absent", {"EFI/samara/SAMARA.EFI": Packed(SAMARA)}, HOSTILE, timeout=300, rings=(ring,))


CASES = [
    keeps_time("u-boot", U_BOOT, ring="boot"),
    keeps_time("u-boot-hpet-off", U_BOOT, "hpet=off", "ACPI PM timer", ring="boot"),
    keeps_time("u-boot-all-off", U_BOOT, ALL_OFF, "ACPI PM timer"),
    keeps_time("q35-all-off", {}, ALL_OFF, "ACPI PM timer"),
    keeps_time("pc-all-off", {"chipset": "pc"}, ALL_OFF, "ACPI PM timer"),
    *(keeps_time((f"{chipset}-" + option.replace("=", "-")).rstrip("-"), {"chipset": chipset}, option)
      for chipset in ("q35", "pc") for option in ("", *ALL_OFF.split(","))),

    without_acpi("by-pit", "PIT", U_BOOT, ring="boot"),
    without_acpi("by-stall", "the firmware's Stall", U_BOOT, "pit=off", ring="boot"),

    second("u-boot", U_BOOT, ring="kernel"),
    second("q35-all-off", {}, ALL_OFF, ring="kernel"),
    second("pc-all-off", {"chipset": "pc"}, ALL_OFF),

    # What is known better after a second, and the date from the battery-backed clock.
    Case("time-refined", [READY, Type("sleep 1500; clock"), r"^TSC +\d+ Hz within \d ppm, by (HPET|ACPI PM timer)", Type("poweroff")], U_BOOT),
    # A TSC that is not invariant is measured again every five seconds, over these.
    Case("time-watched", [READY, Type("sleep 7500; clock"), r"^measured .* over [45]\d{6} us", Type("poweroff")], U_BOOT),
    Case("time-date", [READY, Type("clock"), r"^date +2031-12-31 23:59:\d\d UTC", Type("poweroff")],
        {**U_BOOT, "extra": ("-rtc", "base=2031-12-31T23:59:00,clock=vm")}),
    Case("time-date-by-firmware", ["clock: no battery-backed clock: the date is the firmware's", READY, Type("clock"), r"^date +2031-12-31 23:59:\d\d UTC",
        Type("poweroff")], {"display": "none", "extra": ("-rtc", "base=2031-12-31T23:59:00,clock=vm")}, "fadt.no-rtc",
        {"EFI/samara/SAMARA.EFI": Packed(SAMARA)}, HOSTILE),
]
