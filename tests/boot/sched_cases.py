"""The table of what shows threads at the monitor, of their trace, and of long runs of everything that threads do; and of what happens where
memory is misused, or there is none.
"""

import dataclasses
import json

from case import READY, Case, Failure, Line, Type
from samara import qemu, trace

U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
KERNEL_TEST = "loader/kernel-test.EFI"
RELEASE = ("kernel", "release")
SLOW = ("slow",)
SOAK = 1800        # seconds


@dataclasses.dataclass
class Traced:
    """The trace on the serial line makes a file for Perfetto, with as many events as the kernel counted and these slices in it."""
    slices: tuple

    def run(self, run):
        Line(r"^trace: end$").run(run)
        try:
            read = trace.parse(run.guest.serial.text().splitlines())
        except trace.TraceError as e:
            raise Failure(str(e)) from None
        wrong = list(read.complaints())
        names = {event["name"] for event in json.loads(json.dumps(trace.document(read)))["traceEvents"] if event["ph"] == "X"}
        wrong += [f"no slice is called {name}" for name in self.slices if name not in names]
        if wrong:
            raise Failure("; ".join(wrong))


@dataclasses.dataclass
class Press:
    """A key, once a line has matched that is not complete."""
    pattern: str
    key: str

    def run(self, run):
        Line(self.pattern).run(run)
        run.guest.type(self.key)


def traced(cpus):
    return Case(f"trace-{cpus}", [READY, Type("trace on 32768"), Type("stress 1"), r"^stress: \d+ operations, 0 errors", Type("trace off"),
        Type("trace dump"), Traced(("main", "interrupt 224")), Type("poweroff")], {**U_BOOT, "cpus": cpus}, "nowatchdog", timeout=120)


def all_tests(cpus):
    """Everything that is tested inside the kernel, with so many processors, in debug and release builds."""
    return Case(f"kernel-tests-{cpus}", [READY, Type("test"), r"^tests: [1-9]\d* passed, 0 failed", Type("poweroff")],
        {**U_BOOT, "cpus": cpus, "memory": 512}, efi=KERNEL_TEST, timeout=300, rings=RELEASE)


def panics(name, text, cmdline):
    """A panic of this text in every build."""
    return Case("kernel-panic-" + name, ["^Kernel panic: " + text, "^Backtrace"], U_BOOT, cmdline, efi=KERNEL_TEST, end=qemu.PANIC, forbidden=(),
        rings=RELEASE)


def hardened(name, text):
    """What the allocator's free lists notice without debugging too."""
    return panics(name.replace("_", "-"), text, f'exec="test panic_{name}"')


CASES = [
    Case("sched-threads", [READY, Type("threads"), r"^ +2 main +running +\d", Type("threads 3"), r"^  is in ", r"called by reaper\+0x",
        Type("threads 99999"), r"^threads: there is none of that name", Type("threads x"), r"^usage: threads", Type("sched"), r"^  0 +\d+ .* (main|idle/0)$", r"^  1 .* (main|idle/1)$",
        r"^watchdog 10\.0 s, 0 reports", Type("poweroff")], {**U_BOOT, "cpus": 2}),
    Case("sched-top", [READY, Type("top"), Press(r"  3 .*\d % ", "q"), Type("top 2"), r"^up \d+ s, 4 CPUs, ", r"^   3 .* \d+ %", r"^ +2 main ",
        r"^up \d+ s, 4 CPUs, ", r"^ +2 main ", Type("top 0"), r"^usage: top", Type("poweroff")], {**U_BOOT, "cpus": 4}),
    Case("sched-top-exec", [READY, r"^up \d+ s, 1 CPU, ", r"^ +2 main ", Type("poweroff")], U_BOOT, "exec=top"),
    Case("sched-watchdog-off", [READY, Type("sched"), r"^watchdog 0\.0 s", Type("poweroff")], {**U_BOOT, "cpus": 2}, "watchdog=0"),
    Case("sched-watchdog-junk", [r"watch: watchdog= takes seconds", READY, Type("sched"), r"^watchdog 10\.0 s", Type("poweroff")],
        {**U_BOOT, "cpus": 2}, "watchdog=soon"),
    traced(1),
    traced(4),
    all_tests(2),
    all_tests(4),
    all_tests(16),

    # Memory: found in every build; none is left while booting; over 4 GiB there is some.
    hardened("freed_twice_in_a_row", r"slab: kmalloc-48: .* is freed twice"),
    hardened("freed_twice_reaches_its_slab", r"slab: kmalloc-48: .* is freed twice"),
    hardened("freed_inside_reaches_its_slab", r"slab: kmalloc-64: .* is no object"),
    hardened("link_written_over", r"slab: test links: the free object at \w+ was written to"),
    panics("no-memory-at-all", r"memory: no frame of 4096 bytes for \w+\+0x\w+ while booting; 0 KiB are free", "test.fail_boot=0"),
    panics("no-memory-later", r"memory: no \w+ of \d+ bytes for \w+\+0x\w+ while booting; \d+ KiB are free", "test.fail_boot=4"),
    Case("kernel-tests-over-4-gib", [READY, Type("test memory_over_4_gib_is_taken_first"), r"^tests: 1 passed, 0 failed, 0 skipped",
        Type("test the_last_low_memory_is_for_who_asks_for_it"), r"^tests: 1 passed, 0 failed, 0 skipped", Type("poweroff")],
        {"display": "none", "memory": 6144}, efi=KERNEL_TEST, timeout=120, rings=RELEASE),

    # Longer ones. The soak's length is SOAK.
    Case("slow-threads", [READY, Type("test nobody_wakes_early"), r"^tests: 1 passed", Type("test ten_thousand_threads_leave_no_frame"),
        r"^tests: 1 passed", Type("poweroff")], {**U_BOOT, "cpus": 4}, "test.sleeps=1000000 test.rounds=100", efi=KERNEL_TEST, timeout=3600,
        rings=SLOW),
    Case("slow-soak", [READY, Type(f"stress {SOAK}"), rf"^stress: \d+ operations, 0 errors", Type("sched"), r"^watchdog 10\.0 s, 0 reports",
        Type("poweroff")], {**U_BOOT, "cpus": 4}, timeout=SOAK + 300, rings=SLOW),
]
