"""The monitor's prompt and its tools."""

import dataclasses
import json
import pathlib

import schema
from case import PROMPT, READY, Case, Failure, Keys, Line, Press, See, Type
from samara import screen

U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[1] / "report.schema.json").read_text(encoding="utf-8"))
KERNEL_TEST = "loader/kernel-test.EFI"


@dataclasses.dataclass
class Raw:
    """Bytes at the prompt on the serial line, without an enter of their own."""
    text: str

    def run(self, run):
        Line(PROMPT).run(run)
        run.guest.type(self.text)


@dataclasses.dataclass
class Answer:
    """Bytes on the serial line, once a line has matched, which need not be complete."""
    pattern: str
    text: str

    def run(self, run):
        Line(self.pattern).run(run)
        run.guest.type(self.text)


@dataclasses.dataclass
class Narrow:
    """On a screen of so many columns text is folded, and the line that shows a tool's course has left nothing behind."""
    columns: int
    turned: int

    def run(self, run):
        long = [line for line in run.guest.serial.text().split("help keys\n")[-1].splitlines() if len(line) > self.columns]
        if long:
            raise Failure(f"longer than {self.columns} columns: {long}")
        See("memtest: no errors", turned=self.turned).run(run)
        if any(screen.Screen(run.picture).find("^pass")):
            raise Failure("the line of a tool's course wrapped")


def json_answer(run, command):
    """Type a command; the JSON object that it prints."""
    Type(command).run(run)
    Line(r"^\{$").run(run)
    Line(r"^\}$").run(run)
    text = run.guest.serial.text()
    start = text.rindex("\n{\n")
    try:
        return json.loads(text[start:text.index("\n}", start) + 2])
    except json.JSONDecodeError as e:
        raise Failure(f"{command} prints no JSON: {e}") from None


@dataclasses.dataclass
class Report:
    """`report json`: an object that the schema describes, and for which a function gives nothing to complain about."""
    check: object

    def run(self, run):
        report = json_answer(run, "report json")
        wrong = [*schema.errors(report, SCHEMA), *self.check(report)]
        if wrong:
            raise Failure("; ".join(wrong[:5]))


def two_cores(report):
    """What must be right on the machine of the case below."""
    facts = {
        "CPUs": (len(report["cpu"]["cpus"]), 4), "packages": (report["cpu"]["packages"], 2), "cores": (report["cpu"]["cores"], 2),
        "online": (report["cpu"]["online"], 4), "modules": (sum(m["size"] for m in report["memory"]["modules"]), 256 << 20),
        "RAM": (sum(u["size"] for u in report["memory"]["uses"]), report["memory"]["total"]),
        "firmware": (report["firmware"]["vendor"], "EDK II"), "devices": (len(report["pci"]["devices"]), report["pci"]["functions"]),
        "quote": ('"' in report["firmware"]["command_line"], True),
        "width": ([f["width"] for f in report["displays"]["framebuffers"]], [1280]),
        "tables": ({"APIC", "FACP"} - {t["signature"] for t in report["acpi"]["tables"]}, set()),
    }
    return [f"{name} is {is_}, not {should}" for name, (is_, should) in facts.items() if is_ != should]


def prompt(name, *steps, cmdline="", machine=U_BOOT):
    return Case("monitor-" + name, [READY, *steps, Type("poweroff")], machine, cmdline)


def one(test):
    return [Type(f"test {test}"), r"^tests: 1 passed, 0 failed"]


CASES = [
    # The line.
    prompt("completion", Raw("hel\tpag\t\r"), r"^usage: pager \[auto\|on\|off\]", Raw("report c\t\tpu\r"), r"^cpu +clocks", r"^CPUs"),
    prompt("history", Type("pager on"), Type("clock"), Raw("pag\x12\x05\x7f\x7foff\r"), Raw("\x1b[A\x1b[A\r"), r"^source +TSC",
        Raw("\x12clo\r"), r"^source +TSC", Raw("keep\x12clo\x07 this\r"), r"^keep: no such command"),
    # Nothing runs with words that it does not know.
    prompt("wrong-words", Type("boot x"), r"^usage: boot$", Type("poweroff now"), r"^usage: poweroff$", Type("panic now"), r"^usage: panic",
        Type('sleep ""'), r"^usage: sleep", Type("sleep 86400001"), r"^usage: sleep", Type("memtest 1 2"), r"^usage: memtest", Type("memtest 0s"), r"^usage: memtest",
        Type("slab x"), r"^usage: slab", Type("trace off"), r"^trace: it is not on", Type("trace dump"), r"^trace: there is none"),
    # What live messages look like; they are off the screen when the log is asked for.
    prompt("log-colours", PROMPT, Press("ctrl-l"), Keys("pager off"), Keys("log"), See("there is no keymap=klingon", 0xf5d67a, 0x101418),
        cmdline="keymap=klingon", machine={}),
    prompt("long-line", Raw("peek " + "0" * 200 + "\x01\x1b[C\x1b[C\x1b[C\x1b[C\x0b 0 4294967296\r"), r"^usage: peek"),

    # Help and pages.
    prompt("help-topics", Type("help exec"), r"exec=\"mem; log; poweroff\"", Type("help rdmsr"), r"^usage: rdmsr", r"general protection fault",
        Type("help nonsense"), r"^usage: help"),
    prompt("pager", Type("pager on"), Type("report"), Answer(r"^-- more -- ", "q"), Type("report"), Answer(r"^-- more -- ", "/Interr"),
        Answer(r"/Interr$", "upts\r"), r"^Interrupts$", Answer(r"^-- more -- ", "q"), Type("pager off"), Type("report"), r"^CPUs$", r"^Interrupts$"),
    # A message that comes meanwhile stands above the question, not behind it.
    prompt("pager-and-log", Type("pager on"), Type("report"), Line(r"^-- more -- "), Press("alt-sysrq-h"), r"sysrq: 0 to 9 choose", Answer(r"^-- more -- ", "q")),
    # At the screen's keyboard long output stops by itself; Tab, and the line that is longer than the row.
    prompt("screen", Keys("report"), See(r"^-- more -- space"), Press("q"), Press("h e l p spc p c tab ret"), r"^usage: pci",
        Keys("pager " + "long-" * 20 + "end"), See(r"^samara> <[-long]+-end *$"), r"^usage: pager", machine={}),
    prompt("narrow-screen", Type("memtest 8M"), "^memtest: no errors", Type("help keys"), "lists the letters", Narrow(60, 90), cmdline="rotate=90",
        machine={"resolution": (640, 480)}),
    prompt("exec-is-not-paged", r"^Interrupts$", cmdline='exec="pager on; report; pager auto"'),

    # The machine, touched.
    prompt("peek", Type("peek phys:0xfee00030 4"), r"^00000000fee00030 \w\w ", Type("peek -l 0xfee00030 1"), r"^00000000fee00030 000\w{5} ",
        Type("peek virt:0x10"), r"^peek: 0x10 \(null pointer\): page fault", Type("peek -q 0x8000000000000000 1"),
        r"^peek: 0x8000000000000000 \(not a canonical address\): general protection fault", Type("peek phys:0x7000000000000000"), "no such address",
        Type("peek 12x"), r"^usage: peek"),
    prompt("poke", Type("poke -l 0x2000000 0x74736554; peek 0x2000000 8"), r"^0000000002000000 54 65 73 74 .*  Test\W*",
        Type("poke 0 256"), r"^usage: poke", Type("poke virt:0x10 1"), r"^poke: 0x10 \(null pointer\): page fault"),
    prompt("ports", Type("out 0x70 0x0e; out 0x71 0x5a; out 0x70 0x0e; in 0x71"), r"^5a$", Type("in -l 0xfffe"), r"^usage: in",
        Type("in -w 0x1234"), r"^ffff$"),
    prompt("msr", Type("rdmsr 0x277"), r"^[0-9a-f]{16}$", Type("rdmsr 12x"), r"^usage: rdmsr",
        Type("wrmsr 0x6e1 0x100000000"), r"^wrmsr 0x6e1: general protection fault",
        Type("rdmsr -a 0x1b"), r"^CPU 0: 00000000fee00[9d]00", r"^CPU 2: 00000000fee00[8c]00", Type("rdmsr -c 3 0x1b"), r"^usage: rdmsr",
        machine={**U_BOOT, "cpus": 3}),
    prompt("cpuid", Type("cpuid"), r"^00000000\.0 ", r"^40000000\.0 .*TCGTCGTCGTCG", r"^80000002\.0 .*QEMU", Type("cpuid -c 1 1"), r"^00000001\.0 +\w{8} 01",
        machine={**U_BOOT, "cpus": 2}),

    # The report.
    prompt("report", Type("report"), r"^CPUs$", r"^Memory$", r"^Firmware$", r"^ACPI$", r"^PCI$", r"^Displays$", r"^Clocks$", r"^Interrupts$",
        Type("report clocks"), r"^ +source +TSC", Type("report nonsense"), r"^report: there is none of that name"),
    prompt("report-json", Report(two_cores), cmdline="\"note=a b\" quoted=\"x\\y\"", machine={"extra": ("-smp", "4,sockets=2,cores=1,threads=2")}),
    prompt("report-json-u-boot", Report(lambda report: [])),

    # Emergency keys, without a keyboard.
    Case("monitor-sysrq", [READY, *one("sysrq_letters"), Type("test sysrq_asks_all_cpus"), r"smp: CPU 2 is at \w+\+0x",
        r"^tests: 1 passed, 0 failed", Type("poweroff")],
        {**U_BOOT, "cpus": 3}, efi=KERNEL_TEST, rings=("kernel",)),
]
