#!/usr/bin/env python3
"""Two builds, in folders of different names at different times, in different time zones, give the same files byte by byte."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ("esp/EFI/BOOT/BOOTX64.EFI", "samara.img")


def source_files():
    """What git would put into a commit; without git, everything but build folders."""
    listed = subprocess.run(["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
    else:
        names = [p.relative_to(TOP).as_posix() for p in TOP.rglob("*")]
    return [name for name in names if name and not name.startswith(("build", ".git/")) and (TOP / name).is_file()]


class Reproducible(unittest.TestCase):
    def build(self, folder, stamp, zone):
        """Copy the source, with its files dated `stamp`, and build it."""
        for name in source_files():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, target)
            os.utime(target, (stamp, stamp))
        environment = {**os.environ, "TZ": zone, "CC": os.environ.get("CC", "clang")}
        for command in (["meson", "setup", "build"], ["ninja", "-C", "build", "samara.img"]):
            done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.assertEqual(done.returncode, 0, done.stdout.decode("utf-8", "replace"))

    def test_two_builds(self):
        with tempfile.TemporaryDirectory(prefix="samara-") as temporary:
            first, second = pathlib.Path(temporary, "a"), pathlib.Path(temporary, "somewhere else/and/deeper")
            self.build(first, 1_000_000_000, "UTC")
            self.build(second, 1_700_000_000, "Asia/Tokyo")
            for name in RESULTS:
                one, other = ((folder / "build" / name).read_bytes() for folder in (first, second))
                self.assertEqual(len(one), len(other), name)
                differing = [i for i in range(0, len(one), 512) if one[i:i + 512] != other[i:i + 512]]
                self.assertFalse(differing, f"{name} differs from byte {differing[:1]} on")


if __name__ == "__main__":
    unittest.main()
