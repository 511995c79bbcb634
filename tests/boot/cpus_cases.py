"""The table of machines with several processors: how many, with which numbers, on which nodes, and what calls between them must stand.

More than 255, and x2APIC at all, is made by QEMU 10 only (tools/setup slow).
"""

import dataclasses
import re

from case import READY, Case, Failure, Line, Type
from samara import qemu

KERNEL_TEST = "loader/kernel-test.EFI"
KERNEL, SLOW = ("kernel",), ("slow",)
U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
OVMF_QUIET = {"firmware": "ovmf", "chipset": "q35", "display": "none"}

# More ids than eight bits hold need an IOMMU that remaps interrupts, or QEMU refuses.
REMAPPING = ("-device", "intel-iommu,intremap=on,eim=on")
X2APIC = {**OVMF_QUIET, "newer": True, "cpu": "max,+x2apic"}


@dataclasses.dataclass
class OthersStopped:
    """A panic's page says of each processor but one, which had the panic, where it was stopped."""
    cpus: int

    def run(self, run):
        Line(r"^CPUs? [-,\d]+ at .*sched_idle\+0x").run(run)
        Line(r"^(Not s|S)aved[.:]").run(run)      # all have been described
        listed = []
        for words in re.findall(r"^CPUs? ([-,\d]+) at ", run.guest.serial.text(), re.MULTILINE):
            for first, _, last in (word.partition("-") for word in words.split(",")):
                listed += range(int(first), int(last or first) + 1)
        if len(listed) != self.cpus - 1 or len(set(listed)) != len(listed) or not set(listed) <= set(range(self.cpus)):
            raise Failure(f"the CPUs listed are {listed}")


def lone_256(first):
    """CPUs 0 to first - 1, and one whose id is 256: in a second package, behind room for 129 cores in each."""
    return {**X2APIC, "extra": (*REMAPPING, "-smp", f"{first},sockets=2,cores=129,threads=1,maxcpus=258",
        "-device", "max-x86_64-cpu,x2apic=on,socket-id=1,core-id=0,thread-id=0")}


def cpus(name, number, machine=(), cmdline="", run=None, timeout=90):
    """That many processors run, each once in the list of them, and a call reaches all."""
    run = run or number
    return Case("cpus-" + name, [rf"samara: ready in .* {run} CPUs?,", Type("cpu"), rf"^CPUs: {run};",
        rf"CPU {run - 1}: APIC id", Type("poweroff")],
        {**U_BOOT, "cpus": number, **dict(machine)}, cmdline, timeout=timeout)


def passes(name, machine, *tests, cmdline="", timeout=120, rings=KERNEL):
    """Tests inside the kernel that are about several processors; none may be skipped."""
    steps = [step for test in tests for step in (Type(f"test {test}"), r"^tests: 1 passed, 0 failed, 0 skipped")]
    return Case(name, [READY, *steps, Type("poweroff")], machine, cmdline, efi=KERNEL_TEST, timeout=timeout, rings=rings)


MWAIT = "max,-hypervisor,+monitor"
NEAR = ("memory_is_of_the_near_node", "memory_is_taken_from_the_next_node_then")
STORM = "calls_run_exactly_once_among_nmis"
ON_ALL = ("calls_run_once_on_each_cpu", "calls_cross_without_deadlock", "control_registers_are_the_same_everywhere", "apic_ids_are_distinct",
    "timer_is_armed_by_all_cpus_at_once", "unmapped_pages_are_forgotten_by_all_cpus", "rights_are_right_on_all_cpus", "all_cpus_allocate_at_once",
    "mtrrs_are_made_the_boot_cpus", "topology_is_a_tree", "clock_takes_out_a_difference_between_cpus")
TIMERS = ("timers_fire_once_in_order_and_not_early", "timer_that_is_armed_again_may_be_sooner", "timer_function_does_not_run_after_a_cancel",
    "timer_is_armed_by_all_cpus_at_once", "sleeps_are_never_short")

CASES = [
    cpus("2", 2),
    cpus("3", 3, OVMF_QUIET),
    cpus("8", 8),
    cpus("64", 64, timeout=180),
    cpus("64-ovmf", 64, OVMF_QUIET, timeout=240),
    cpus("sparse", 6, {"extra": ("-smp", "6,sockets=2,cores=3,threads=1")}),
    # U-Boot sets the memory types on the boot CPU alone.
    Case("cpus-topology", ["mtrr: 7 CPUs had other memory types", READY, Type("cpu"), "writable or executable, never both: 8 of 8 CPUs",
        r"  L3 unified +16384 KiB, 16 ways, lines of 64, shared by 4", "^CPUs: 8; packages: 2, cores: 4, last-level caches: 2",
        "CPU 6: APIC id 6, package 1, core 3, thread 0, last-level cache 1", Type("poweroff")],
        {**U_BOOT, "extra": ("-smp", "8,sockets=2,cores=2,threads=2")}),
    # What protects the kernel: all there is, and no more than there is.
    *(Case(f"cpus-protection-{cpu}", [READY, Type("cpu"), rf"^protection: write protect on, no-execute on, SMEP {new}, SMAP {new}, UMIP {new}$",
        Type("poweroff")], {**U_BOOT, "cpus": 2, "cpu": cpu}) for cpu, new in (("max", "on"), ("qemu64", "off"))),
    # A CPU of which no one says that its timer runs in idle, not under a hypervisor.
    cpus("no-arat", 2, {"cpu": "qemu64,-hypervisor,-arat"}),
    # Idle by MWAIT: QEMU has it, but says too little of it for it to be chosen.
    Case("cpus-mwait", [READY, Type("cpu"), "^CPUs: 4;.*; idle by MWAIT$", Type("stress 2"), r"^stress: \d+ operations, 0 errors", Type("poweroff")],
        {**U_BOOT, "cpus": 4, "cpu": MWAIT}, "idle=mwait"),
    Case("cpus-mwait-unasked", [READY, Type("cpu"), "^CPUs: 2;.*; idle by HLT$", Type("poweroff")], {**U_BOOT, "cpus": 2, "cpu": MWAIT}),
    Case("cpus-mwait-halt", [READY, Type("cpu"), "^CPUs: 2;.*; idle by HLT$", Type("poweroff")], {**U_BOOT, "cpus": 2, "cpu": MWAIT}, "idle=mwait idle=halt"),
    Case("cpus-mwait-wrong", ["idle: idle= must be halt, nomwait, or mwait", READY, Type("cpu"), "^CPUs: 2;.*; idle by HLT$", Type("poweroff")],
        {**U_BOOT, "cpus": 2, "cpu": MWAIT}, "idle=sideways"),
    passes("kernel-tests-mwait", {**U_BOOT, "cpus": 4, "cpu": MWAIT}, "threads_wake_each_other_in_turn", "no_wake_up_is_lost_in_a_storm",
        "calls_run_once_on_each_cpu", "sleeps_are_never_short", "threads_bound_elsewhere_go_there", cmdline="idle=mwait"),
    # The HPET in place of every CPU's timer, by ISA interrupt 0.
    passes("kernel-tests-hpet-timer", {**U_BOOT, "cpus": 3}, *TIMERS, cmdline="timer=hpet"),
    passes("kernel-tests-hpet-timer-q35", {**OVMF_QUIET, "cpus": 2}, *TIMERS, cmdline="timer=hpet"),
    Case("cpus-hpet-timer-absent", ["no HPET can take the timer's place", READY, Type("poweroff")],
        {**U_BOOT, "cpus": 2, "extra": ("-machine", "hpet=off")}, "timer=hpet"),
    # Memory over 4 GiB, which is preferred, on the boot CPU's own node.
    cpus("over-4-gib", 4, {**OVMF_QUIET, "memory": 6144}),
    cpus("maxcpus", 4, cmdline="maxcpus=3", run=3),
    cpus("nosmp", 4, cmdline="nosmp", run=1),
    Case("cpus-panic", [READY, Type("panic"), "^Kernel panic: ", OthersStopped(4)],
        {**U_BOOT, "cpus": 4}, end=qemu.PANIC, forbidden=()),
    passes("kernel-tests-cpus", {**U_BOOT, "cpus": 8}, *ON_ALL),
    passes("kernel-tests-calls", {**U_BOOT, "cpus": 4}, STORM),

    # Nodes of their own, each with CPUs; with 6 GiB the second has memory on both sides of 4 GiB.
    Case("cpus-2-nodes", ["numa: 2 nodes in [23] ranges", Type("mem"), r"^ +\d+ KiB  of node 0, under 4 GiB: ", r"^ +\d+ KiB  of node 1, under 4 GiB: ",
        Type("poweroff")], {**U_BOOT, "cpus": 4, "nodes": 2, "memory": 512}),
    Case("cpus-4-nodes", ["numa: 4 nodes in [56] ranges", r"samara: ready in .* 8 CPUs,", Type("mem"), r"^ +\d+ KiB  of node 0, under", r"^ +\d+ KiB  of node 1, under",
        r"^ +\d+ KiB  of node 1, over 4 GiB: ", r"^ +\d+ KiB  of node 2, over", r"^ +157\d+ KiB  of node 3, over", Type("poweroff")],
        {**OVMF_QUIET, "cpus": 8, "nodes": 4, "memory": 6144}),
    passes("kernel-tests-2-nodes", {**U_BOOT, "cpus": 2, "nodes": 2, "memory": 512}, *NEAR),
    passes("kernel-tests-4-nodes", {**U_BOOT, "cpus": 8, "nodes": 4, "memory": 512}, *NEAR),

    # Longer ones, and those that need the newer QEMU.
    Case("slow-255-cpus", [r"samara: ready in .* 255 CPUs,", Type("poweroff")], {"cpus": 255}, timeout=300, rings=SLOW),
    passes("slow-calls", {**U_BOOT, "cpus": 4}, STORM, cmdline="test.calls=10000000", timeout=1800, rings=SLOW),
    Case("slow-x2apic-288-cpus", ["lapic: x2APIC, boot CPU is id 0", r"samara: ready in .* 288 CPUs,", Type("cpu"), r"CPU 287: APIC id 287",
        Type("poweroff")], {**X2APIC, "cpus": 288, "memory": 1024, "extra": REMAPPING}, timeout=300, rings=SLOW),
    Case("slow-x2apic-id-256", ["lapic: x2APIC, boot CPU is id 0", r"samara: ready in .* 2 CPUs,", Type("cpu"), r"CPU 1: APIC id 256",
        Type("poweroff")], lone_256(1), rings=SLOW),
    Case("slow-x2apic-stays", ["lapic: nox2apic ignored, the firmware left x2APIC on", "lapic: x2APIC", r"samara: ready in .* 2 CPUs,",
        Type("poweroff")], lone_256(1), "nox2apic", rings=SLOW),
    Case("slow-x2apic-panic", ["lapic: x2APIC", READY, Type("panic"), "^Kernel panic: ", OthersStopped(5)],
        lone_256(4), end=qemu.PANIC, forbidden=(), rings=SLOW),
    passes("slow-x2apic-tests", lone_256(4), *ON_ALL, STORM, rings=SLOW),
]
