"""The table of tests of the tools that measure the machine: memtest, latency, c2c, bandwidth. What they must show, not how fast it is."""

import dataclasses

import schema
from case import PROMPT, READY, Case, Failure, Line, See, Type
from monitor_cases import SCHEMA, Answer, json_answer

KERNEL_TEST = "loader/kernel-test.EFI"
KERNEL = ("kernel",)
U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
COUNTED = {**U_BOOT, "icount": True, "cpu": "max,-erms"}
VIRIDIS_FIRST = 0x440154        # where the scale begins


@dataclasses.dataclass
class Result:
    """`TOOL … json`: as the schema has it, and nothing to complain about. The result is kept for later steps."""
    command: str
    check: object

    def run(self, run):
        tool = self.command.split()[0]
        result = json_answer(run, self.command + " json")[tool]
        wrong = [*schema.errors(result, SCHEMA["properties"][tool], tool), *self.check(result)]
        if wrong:
            raise Failure(f"{self.command}: " + "; ".join(wrong[:5]))
        run.results = {**getattr(run, "results", {}), tool: result}


@dataclasses.dataclass
class PairTable:
    """`c2c` for people: a row and a column for each CPU, the same both ways, a dash where a CPU would meet itself; as many times as are said to be
    measured, at least so many. What was not measured is blank."""
    cpus: int
    least: int

    def run(self, run):
        said = run.guest.expect(r"c2c: (\d+) of (\d+) pairs measured; one way, in ns$", run.left())
        Line(PROMPT).run(run)      # all of it has come
        run.guest.type("\r")
        head, *lines = run.guest.serial.text().rpartition("\n  CPU ")[2].split("\n")[:self.cpus + 1]
        width, numbers = (len(head) + 1) // self.cpus, range(self.cpus)
        cells = [[line[5 + width * n:5 + width * (n + 1)].strip() for n in numbers] for line in lines]
        measured = sum(cells[row][column].isdigit() and int(cells[row][column]) > 0 for row in numbers for column in range(row))
        wrong = complain({"columns": head.split() == [*map(str, numbers)], "rows": [line[:5] for line in lines] == [f"{n:5}" for n in numbers],
            "diagonal": all(cells[n][n] == "-" for n in numbers),
            "both ways": all(cells[row][column] == cells[column][row] for row in numbers for column in numbers),
            f"measured pairs: {measured}": said and self.least <= measured == int(said[1]) and int(said[2]) == self.cpus * (self.cpus - 1) // 2})
        if wrong:
            raise Failure(f"c2c: {'; '.join(wrong)}: {cells}")


@dataclasses.dataclass
class FillsAtFullSpeed:
    """The memory test's fills must reach 90 % of the largest set's write bandwidth, on a machine that counts instructions."""

    def run(self, run):
        fills = run.results["memtest"]["fill_mb_per_s"]
        writes = run.results["bandwidth"]["figures"][-1]["write_mb_per_s"]
        print(f"# memtest fills {fills} MB/s, bandwidth writes {writes} MB/s")
        if fills * 10 < writes * 9:
            raise Failure(f"memtest fills only {fills} MB/s, where bandwidth writes {writes}")


def complain(facts):
    return [name for name, holds in facts.items() if not holds]


def tested(cpus, least):
    """Good memory: at least so many MiB on so many CPUs."""
    return lambda r: complain({"CPUs": r["cpus"] == cpus, "share of RAM": least << 20 <= r["tested"] <= r["ram"], "errors": r["errors"] == 0,
        "work": r["mb_per_s"] > 0, "stopped": not r["stopped"]})


def gaps(cpus):
    def check(r):
        rows = r["cpus"]
        return complain({"CPUs": [row["cpu"] for row in rows] == list(range(cpus)), "samples": all(row["samples"] > 0 for row in rows),
            "order": all(0 < row["min_ns"] <= row["p50"] <= row["p99"] <= row["p99_9"] <= row["max_ns"] for row in rows),
            "sum": sum(row["samples"] for row in rows) == sum(row["samples"] for row in r["gaps"])})
    return check


def pairs(cpus, least):
    """At least so many pairs of these CPUs were measured."""
    def check(r):
        times = [time for row in r["ns"].values() for time in row]
        return complain({"CPUs": r["cpus"] == cpus, "rows": [len(row) for row in r["ns"].values()] == list(range(1, cpus)),
            f"measured pairs: {sum(map(bool, times))}": sum(map(bool, times)) >= least,
            "relations": sum(row["pairs"] for row in r["relations"]) == sum(map(bool, times)),
            "order": all(0 < row["min_ns"] <= row["median_ns"] <= row["max_ns"] for row in r["relations"])})
    return check


def figures(cpus, least):
    """Each power of two from 4 KiB to at least so many KiB, by one CPU; with several, also by all, and two sets by each alone."""
    def check(r):
        one = [f["set"] for f in r["figures"] if f["cpus"] == 1]
        every = [f["set"] for f in r["figures"] if f["cpus"] > 1]
        alone = [(cpu, set_) for cpu in range(cpus) for set_ in (16384, every[-1])] if cpus > 1 else []
        return complain({"CPUs": r["cpus"] == cpus, "sets": one == [4096 << n for n in range(len(one))], "largest": one[-1] >= least << 10,
            "each alone": [(f["cpu"], f["set"]) for f in r.get("alone", [])] == alone,
            "all CPUs": bool(every) == (cpus > 1) and every == one[:len(every)],
            "speeds": all(f[key] > 0 for f in [*r["figures"], *r.get("alone", [])] for key in ("read_mb_per_s", "write_mb_per_s", "copy_mb_per_s"))})
    return check


def case(name, *steps, machine=U_BOOT, cmdline="", efi=None, rings=("boot",), timeout=120):
    return Case("diag-" + name, [READY, *steps, Type("poweroff")], machine, cmdline, timeout=timeout, rings=rings, **({"efi": efi} if efi else {}))


def one(test):
    return [Type(f"test {test}"), r"^tests: 1 passed, 0 failed"]


def all_four(cpus, memory, least_pairs, seconds=5):
    return [Result(f"memtest {seconds}s", tested(cpus, memory)), Result("latency 1", gaps(cpus)), Result("c2c 10", pairs(cpus, least_pairs)),
        Result("bandwidth", figures(cpus, 1024))]


CASES = [
    case("1-cpu", *all_four(1, 235, 0)),
    case("2-cpus", *all_four(2, 235, 1), machine={**U_BOOT, "cpus": 2}),
    case("4-cpus", *all_four(4, 235, 3), machine={**U_BOOT, "cpus": 4}),
    # Little memory, many CPUs: each has its part, and others still get some.
    case("64-cpus", *all_four(64, 230, 1, 10), machine={**U_BOOT, "cpus": 64}, timeout=400),
    case("64-mib", Result("memtest 4s", tested(2, 16)), Result("bandwidth", figures(2, 1024)), Type("mem"), r"^ +\d+ KiB  free",
        machine={"memory": 64, "cpus": 2, "display": "none"}),
    case("2-nodes", Result("memtest 8s", tested(4, 480)), machine={**U_BOOT, "cpus": 4, "nodes": 2, "memory": 512}),

    # Tables, pictures, keys.
    case("tables", Type("memtest 16M"), "memtest: 1 pass; 2 CPUs; 16 of 255 MiB, 6 %", "^memtest: no errors",
        Type("latency 1"), r"CPU +samples +min +p50 +p99 +p99\.9 +max", r"^ +1 +\d+", r"^ +\d+ ns \d+ +▄", Type("bandwidth"),
        r"^working set +read +write +copy +read +write +copy", r"^ +4 KiB L1 +\d+\.\d\d", r"^ +1 MiB .*▄", r"^CPU alone +16 KiB +\d+ MiB",
        r"^ +1 ( +\d+\.\d\d){6}$", Type("memtest x"), "^usage: memtest", Type("latency 0"), "^usage: latency", Type("c2c 1 2"), "^usage: c2c", machine={**U_BOOT, "cpus": 2}),
    case("keys", Type("memtest 0 16M"), Answer("pass 1 ", "q"), "memtest: .*, stopped", Type("latency 100"), Answer("of 100 s", "\x1b[A"), r"^ +0 +\d+",
        Type("c2c 1000"), Answer("c2c: ", "q"), Type("bandwidth"), Answer("bandwidth: ", "\x03"), "working set", machine={**U_BOOT, "cpus": 8}),
    case("heat-map", Type("c2c 8"), r"^ +62 ▀{64}", See(" ", background=VIRIDIS_FIRST), See(r"\d+ ns"), See(r"  0   4   8 .* 56  60"),
        machine={"cpus": 64}, timeout=300),
    case("pair-table", Type("c2c 10"), PairTable(4, 3), machine={**U_BOOT, "cpus": 4}),
    # The log has lines of its own while the picture of a tool's course stands.
    case("report", Type("memtest 1s 8M; latency 1"), r"^ +\d+ ns", Type("report memtest"), r"^ +errors +0", Type("report latency"), r"^ +0, samples \d+"),

    # A faulty cell, by address and module; its frame is gone, and the machine goes on.
    case("faulty-cell", Type("plant"), r"the word at 0x\w+12340 has a faulty bit", Type("memtest 16M"),
        r"memtest: 0x\w+12340 is \w+, not \w+, bits 40, CPU \d, DIMM 0", r"^memtest: \d+ ERRORS, bits 40", "^memtest: 1 bad frames? from ", Type("plant off"),
        Type("mem"), r"^ +4 KiB  retired: bad", Type("report memtest"), r"^ +DIMM 0, bad frames 1", machine={"display": "none", "cpus": 2}, efi=KERNEL_TEST),
    case("kernel-tests", *one("memtest_finds_a_faulty_cell"), *one("memtest_gives_all_back"), machine={**U_BOOT, "cpus": 2}, efi=KERNEL_TEST,
        rings=KERNEL),
    case("kernel-tests-1-cpu", *one("memtest_finds_a_faulty_cell"), efi=KERNEL_TEST, rings=KERNEL),

    case("fill-speed", Result("bandwidth", figures(1, 1024)), Result("memtest 8M", tested(1, 8)), FillsAtFullSpeed(), machine=COUNTED, timeout=300),
]
