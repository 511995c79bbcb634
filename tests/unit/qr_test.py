#!/usr/bin/env python3
"""qr_test.py PROGRAM: what lib/qr.c draws, read by a decoder that was written on its own (tools/samara/qrcode.py)."""

import pathlib
import random
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from samara import qrcode  # noqa: E402

MOST = 1249


def draw(program, text):
    """The modules, or None where the text is refused."""
    done = subprocess.run([program, text], stdout=subprocess.PIPE, check=False)
    return [[c == "1" for c in line] for line in done.stdout.decode().split()] if done.returncode == 0 else None


def fault(program, text):
    rows = draw(program, text)
    if rows is None:
        return "refused"
    try:
        found = qrcode.Code(rows).text()
    except qrcode.QRError as e:
        return str(e)
    return None if found == text else f"read as {found!r}"


def damage_is_seen(program):
    """The decoder itself: each of some modules turned round is noticed."""
    rows = draw(program, "SAMARA")
    for x, y in ((0, 0), (8, 2), (90, 1), (6, 30), (34, 34), (50, 50), (20, 96)):
        rows[y][x] = not rows[y][x]
        try:
            qrcode.Code(rows).text()
            return f"the module at {x}, {y} may be wrong"
        except qrcode.QRError:
            rows[y][x] = not rows[y][x]
    return None


def main():
    program, chance = sys.argv[1], random.Random(20)
    texts = {"empty": "", "one": "A", "two": "A1", "alphabet": qrcode.ALPHABET, "full": ":" * MOST, "one less": "0" * (MOST - 1)}
    texts.update({f"{n} by chance": "".join(chance.choices(qrcode.ALPHABET, k=n)) for n in (100, 611, 1000, 1246, 1247, 1248, 1249)})
    tests = [(name, fault(program, text)) for name, text in texts.items()]
    tests.append(("damage is seen", damage_is_seen(program)))
    tests += [(f"refuses {what}", None if draw(program, text) is None else "drawn")
        for what, text in (("a character too many", "0" * (MOST + 1)), ("small letters", "abc"), ("other characters", "A#B"))]
    print(f"1..{len(tests)}")
    for number, (name, wrong) in enumerate(tests, 1):
        print(f"# {wrong}\n" * bool(wrong) + f"{'not ' * bool(wrong)}ok {number} - {name}")
    return any(wrong for _, wrong in tests)


if __name__ == "__main__":
    sys.exit(main())
