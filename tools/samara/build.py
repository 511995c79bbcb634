"""Configuring and building, as tools/run and tools/test do it."""

import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
EFI = pathlib.Path("esp/EFI/BOOT/BOOTX64.EFI")     # in a build folder


class BuildError(Exception):
    """The compiler's own words went to stderr before this."""


def setup(what="run"):
    """Install what is missing."""
    if subprocess.run([TOP / "tools/setup", what], stdout=sys.stderr, check=False).returncode:
        raise BuildError("tools are missing")


def configure(folder, *options, compiler=None):
    """A configured build folder; `options` are meson's. One that exists is kept, and only its options are set."""
    # Flags that a distribution's packaging sets would reach the loader and the kernel.
    environment = {k: v for k, v in os.environ.items() if k not in ("CFLAGS", "CPPFLAGS", "LDFLAGS")}
    environment["CC"] = compiler or os.environ.get("CC", "clang")
    if (folder / "build.ninja").exists():
        command = ["meson", "configure", folder, *options] if options else None
    else:
        # One that failed half-way is started afresh, by meson's own rules.
        fresh = ["--wipe"] if (folder / "meson-private").exists() else []
        command = ["meson", "setup", *fresh, folder, TOP, *options]
    if command and (fault := _quietly(command, environment)):
        raise BuildError(f"configuring {folder.name} failed\n{fault}")


def compile(folder, *targets):
    """Build; the progress goes to a terminal only, errors everywhere."""
    command = ["ninja", "-C", folder, *targets]
    if sys.stderr.isatty():
        failed = subprocess.run(command, stdout=sys.stderr, check=False).returncode
        fault = ""
    else:
        fault = failed = _quietly(command)
    if failed:
        raise BuildError(f"building {folder.name} failed\n{fault}".rstrip())


def _quietly(command, environment=None):
    """Run; what it said where it failed, else None."""
    if not shutil.which(command[0]):
        raise BuildError(f"{command[0]} is not installed")
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False)
    return (done.stdout.decode("utf-8", "replace").strip() or "no message") if done.returncode else None
