"""Boot tests of the time: that it is kept within 1 % of the machine's own, whatever timers the machine has not got.

With counted instructions QEMU's virtual clock is exact: the TSC runs at 1 GHz of it, and the battery-backed clock counts its seconds.
"""

from case import READY, Case, Type

COUNTED = {"icount": True, "cpu": "max,-erms", "display": "none"}
U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
EVERYTHING_OFF = "pit=off,pic=off,hpet=off,i8042=off"

RIGHT_RATE = r"clock: TSC at (99\d|100\d)\.\d{3} MHz, by "      # 1 GHz within 1 %
REFINED = r"clock: TSC at (999\.99\d|1000\.00\d)\d{3} MHz within \d+ ppm"   # within 10 ppm, when a second has passed
RIGHT_SECOND = r"test: clock_agrees_with_the_battery_backed_clock: pass"


def keeps_time(name, machine, options="", by="", ring="boot"):
    """The rate as it is known after a millisecond, of counted instructions."""
    extra = ("-machine", options) if options else ()
    return Case(f"time-{name}", [RIGHT_RATE + by, READY, Type("clock"), r"^date +2026-01-01 00:0", Type("poweroff")],
        {**COUNTED, **machine, "extra": extra}, timeout=240, rings=(ring,))


TIME_CASES = [
    # One case in the boot ring, with everything off; the others take half a minute each before the first instruction that is ours.
    keeps_time("q35-all-off", {}, EVERYTHING_OFF, "ACPI PM timer"),
    keeps_time("u-boot", U_BOOT),
    *(keeps_time(f"{chipset}-{option.replace('=', '-')}", {"chipset": chipset}, option, ring="slow")
      for chipset in ("q35", "pc") for option in EVERYTHING_OFF.split(",") if (chipset, option) != ("pc", "pic=off")),
    keeps_time("q35", {}, ring="slow"),
    keeps_time("pc", {"chipset": "pc"}, ring="slow"),
    keeps_time("u-boot-hpet-off", U_BOOT, "hpet=off", "ACPI PM timer"),
    keeps_time("u-boot-no-acpi", U_BOOT, "acpi=off,hpet=off", "PIT"),
    keeps_time("u-boot-no-timer", U_BOOT, "acpi=off,hpet=off,pit=off", "the firmware's Stall", ring="slow"),

    # A second of the battery-backed clock against one of ours; and the rate after a second.
    Case("time-second", [READY, Type("test clock_agrees_with_the_battery_backed_clock"), RIGHT_SECOND, Type("poweroff")],
        U_BOOT, efi="loader/kernel-test.EFI", rings=("kernel",)),
    Case("time-refined", [READY, Type("sleep 1200"), r"clock: TSC at \d+\.\d{6} MHz within \d ppm, by (HPET|ACPI PM timer)", Type("poweroff")],
        U_BOOT),
    Case("time-rtc-12-hours", [READY, Type("clock"), r"^date +2031-12-31 23:59:", Type("poweroff")],
        {**U_BOOT, "extra": ("-rtc", "base=2031-12-31T23:59:00,clock=vm")}),
]
