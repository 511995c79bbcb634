"""tools/test: build Samara in all its variants, run the tests, count them."""

import argparse
import collections
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys

from samara import build

SLOW = "slow"
REASON_LINES, REASON_COLUMNS = 24, 300      # of a failed test at the end of the run
SMOKE = ("unit", "smoke")      # rings for every variant of the build
EPILOGUE = """\
A ring is a group of tests; --list prints all. Without RING or NAME everything runs except the slow ring: all rings on the usual build
(the default clang, debug), then, for each other variant (release; clang 19 where it is installed), unit and smoke tests on a build of
its own; and the rings release and limits on the release build, the second of them there alone. NAME may hold * and ?.

What is counted: each test of a program that reports its tests one by one (TAP), else each program; and each build that fails.
Where CI is set in the environment, compiler warnings are errors.

examples:
  tools/test                     everything; ends with a line 'N passed, N failed'
  tools/test unit                one ring
  tools/test 'boot-*virtio*'     some tests
  tools/test --slow              the slow ring too"""

Variant = collections.namedtuple("Variant", "name folder compiler options rings")


def parse():
    parser = argparse.ArgumentParser(prog="tools/test", description="Build Samara and run its tests.", epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", metavar="RING|NAME", help="run only these, on the usual build")
    parser.add_argument("--slow", action="store_true", help="run the slow ring too")
    parser.add_argument("--quick", action="store_true", help="leave out the other variants of the build")
    parser.add_argument("--list", action="store_true", help="print rings and tests, and end")
    return parser.parse_args()


def variants():
    """The usual build first, which runs all rings or those asked for; then the others."""
    yield Variant("debug", "build", None, ["--buildtype=debugoptimized"], ())
    yield Variant("release", "build-release", None, ["--buildtype=release"], (*SMOKE, "release", "limits"))
    # What the default clang is differs by distribution; 19 is the one whose further checks we use.
    if shutil.which("clang-19"):
        yield Variant("clang 19, debug", "build-clang-19", "clang-19", ["--buildtype=debugoptimized"], SMOKE)
        yield Variant("clang 19, release", "build-clang-19-release", "clang-19", ["--buildtype=release"], SMOKE)


def prepare(variant):
    """Configure and build; the folder."""
    folder = build.TOP / variant.folder
    print(f"== {variant.name}: building", flush=True)
    build.configure(folder, *variant.options, *(["-Dwerror=true"] if os.environ.get("CI") else []), compiler=variant.compiler)
    build.compile(folder)
    return folder


def known_tests(folder):
    """Name -> rings of each test."""
    listed = subprocess.run(["meson", "introspect", "--tests", folder], stdout=subprocess.PIPE, check=True).stdout
    return {test["name"]: [suite.rpartition(":")[2] for suite in test["suite"]] for test in json.loads(listed)}


def choose(known, wanted, slow):
    """The names of the tests that are wanted; none wanted is all that are not slow."""
    if not wanted:
        return [name for name, rings in known.items() if slow or SLOW not in rings]
    chosen = []
    for word in wanted:
        matches = [name for name, rings in known.items() if word in rings] or fnmatch.filter(known, word)
        if not matches:
            rings = sorted({ring for rings in known.values() for ring in rings})
            sys.exit(f"tools/test: no ring and no test is called {word}; the rings are {', '.join(rings)}")
        chosen += matches
    return list(dict.fromkeys(chosen))


def run(folder, names, failures):
    """Build what the tests need, run them and count them; those that failed are added to failures."""
    log = folder / "meson-logs/testlog.json"
    log.unlink(missing_ok=True)
    status = subprocess.run(["meson", "test", "-C", folder, "--print-errorlogs", *names], check=False).returncode
    counts = collections.Counter()
    if log.exists():
        with open(log, encoding="utf-8") as f:
            for line in f:
                test = json.loads(line)
                counted = count(test)
                if counted["failed"]:
                    failures.append(f"{test['name']}: {test['result']}\n{reasons(test)}")
                counts += counted
    if status and not counts["failed"]:
        counts["failed"] += 1       # meson itself failed
        failures.append(f"meson: exit status {status}\n")
    return counts


def count(test):
    """What one program of meson's log counts for."""
    output = test.get("stdout") or ""
    counts = collections.Counter()
    if re.search(r"^1\.\.\d", output, re.MULTILINE):
        for bad, directive in re.findall(r"^(not )?ok\b[^#\n]*(?:# *(\w+))?", output, re.MULTILINE):
            counts["skipped" if directive.lower() == "skip" else "failed" if bad else "passed"] += 1
    if test["result"] == "SKIP":
        counts["skipped"] += not counts["skipped"]
    elif test["result"] in ("OK", "EXPECTEDFAIL"):
        counts["passed"] += not counts
    else:
        counts["failed"] += not counts["failed"]       # it may have died between two tests
    return counts


def reasons(test):
    """What a failed program said of it: its "not ok" lines with the diagnostics after each, or else its last lines; indented."""
    lines = ((test.get("stdout") or "") + "\n" + (test.get("stderr") or "")).splitlines()
    said, of_failure = [], False
    for line in lines:
        of_failure = line.startswith("not ok") or (of_failure and line.startswith("#"))
        if of_failure:
            said.append(line)
    said = said or [line for line in lines if line.strip()][-REASON_LINES:]
    return "".join(f"    {line[:REASON_COLUMNS]}\n" for line in said[:REASON_LINES])


def show(known):
    for ring in sorted({ring for rings in known.values() for ring in rings}):
        print(f"{ring}:")
        print("".join(f"    {name}\n" for name, rings in known.items() if ring in rings), end="")


def main():
    options = parse()
    counts, failures = collections.Counter(), []
    try:
        build.setup(SLOW if options.slow or SLOW in options.tests else "test")
    except build.BuildError as e:
        sys.exit(f"tools/test: {e}")
    for number, variant in enumerate(variants()):
        usual = number == 0
        if not usual and (options.tests or options.quick or options.list):
            break
        try:
            folder = prepare(variant)
        except build.BuildError as e:
            print(f"tools/test: {e}", file=sys.stderr)
            counts["failed"] += 1
            failures.append(f"the build {variant.name}: {e}\n")
            continue
        known = known_tests(folder)
        if options.list:
            show(known)
            return 0
        counts += run(folder, choose(known, options.tests if usual else variant.rings, options.slow), failures)
    if failures:
        print("== what failed\n" + "".join(failures), end="")
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
