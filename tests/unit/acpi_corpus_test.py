#!/usr/bin/env python3
"""acpi_corpus_test.py PROGRAM: the readers of lib/acpi_*.c on the tables of real machines, against what an independent reader found.

The corpus is an archive with acpi/expected.json and acpi/MACHINE/SIGNATURE.dat; ACPI_CORPUS names it, else it is looked for beside the
source tree, and the test is skipped where it is not there. Output is TAP: each machine is a test, then the damaged copies of all tables."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
MUTANTS = 8                        # of each table
LARGEST = 16 << 20                 # bytes of a file that are believed
MEMBER = re.compile(r"(?:\./)?acpi/(?:(?P<machine>\w[\w.-]*)/)?(?P<name>\w[\w.-]*)", re.ASCII)
ABSENT = "nothing"                 # how a difference names what is not there


def find_corpus():
    """The archive, or None. A name is relative to where the user is, and that is not where meson runs tests."""
    named = os.environ.get("ACPI_CORPUS")
    if named:
        return pathlib.Path(os.environ.get("PWD", "."), named)
    beside = TOP.parent / "shared/corpus/acpi.tar.gz"
    return beside if beside.exists() else None


def unpack(archive, folder):
    """Write the archive's machines as folders, and give expected.json's contents. Nothing but plain files in their known places is taken."""
    expected = None
    with tarfile.open(archive) as tar:
        for member in tar:
            match = MEMBER.fullmatch(member.name)
            if not match or not member.isfile() or member.size > LARGEST:
                continue
            contents = tar.extractfile(member).read()
            if match["machine"]:
                (folder / match["machine"]).mkdir(exist_ok=True)
                (folder / match["machine"] / match["name"]).write_bytes(contents)
            elif match["name"] == "expected.json":
                expected = json.loads(contents)
    if not expected:
        raise ValueError(f"{archive}: no machines in acpi/expected.json")
    return expected


def differences(expected, found, where=""):
    """Each place where what was found is not what was expected. The readers may find more than is expected: an object's further keys."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            yield from differences(value, found.get(key, ABSENT), f"{where}.{key}" if where else key)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for i, (one, other) in enumerate(zip(expected, found)):
            yield from differences(one, other, f"{where}[{i}]")
    elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
        yield f"{where}: found {json.dumps(found)}, expected {json.dumps(expected)}"


def tables_too_many(expected, found, all_keys):
    """Tables that expected.json says are not there; it need not say what is in a damaged one."""
    return [f"{key}: found, not expected" for key in found
        if key in all_keys and key not in expected and expected.get(f"{key}_checksum_ok", True)]


def run(program, folders):
    """What the program finds, by machine, and the rest of what it says."""
    ended = subprocess.run([program, str(MUTANTS), *folders], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    found = {}
    for line in ended.stdout.decode().splitlines():
        try:
            machine = json.loads(line)
        except ValueError:         # it ended in the middle of a line
            break
        found[machine.pop("folder")] = machine
    return found, ended.returncode, ended.stderr.decode(errors="replace")


def check(archive, program):
    """Print the tests; the number that failed."""
    failed = 0
    number = 0

    def report(name, faults):
        nonlocal failed, number
        number += 1
        failed += bool(faults)
        print("".join(f"# {name}: {fault}\n" for fault in faults), end="")
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")

    with tempfile.TemporaryDirectory(prefix="acpi-corpus-") as temporary:
        folder = pathlib.Path(temporary)
        expected = unpack(archive, folder)
        found, status, errors = run(program, sorted(p for p in folder.iterdir()))
    all_keys = {key for machine in expected.values() for key in machine}
    for machine, wanted in sorted(expected.items()):
        if machine not in found:
            report(machine, ["nothing was read"])
        else:
            report(machine, [*differences(wanted, found[machine]), *tables_too_many(wanted, found[machine], all_keys)])
    report("damaged tables", [f"the readers ended with {status}", *errors.splitlines()] if status else [])
    print(f"1..{number}")
    return failed


def main():
    archive = find_corpus()
    if not archive:
        print("1..0 # SKIP no corpus of ACPI tables; ACPI_CORPUS=FILE names one")
        return 0
    print(f"# {archive}")
    try:
        return 1 if check(archive, sys.argv[1]) else 0
    except (OSError, ValueError, tarfile.TarError) as e:
        print(f"Bail out! The corpus cannot be read: {str(e).splitlines()[0]}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
