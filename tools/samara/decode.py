"""tools/decode: the text of a QR code of Samara's, and where in the source its functions are."""

import argparse
import os
import re
import subprocess
import sys

PREFIX = "SAMARA:"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
PLACE = re.compile(r"\b([A-Za-z_]\w*)\+0x([0-9a-f]+)")
RETURNED = re.compile(r"^  [0-9a-f]{16}  ")        # a line of a backtrace: all but the innermost are return addresses
BUILD = re.compile(r"\bbuild ([0-9a-f]{16})\b")
EPILOGUE = """\
The text is what a phone's camera reads, beginning with SAMARA:. Without TEXT it is read from standard input. Places such as
panic_command+0x27 get a file and a line where the kernel that was running is at hand: build/kernel/kernel.elf, or another with --kernel.
A file of \\samara\\saved-N.txt, or any other text with such places in it, can be given with --plain."""


class DecodeError(Exception):
    """The text is damaged, or none of Samara's; the text says which."""


def base45(text):
    """RFC 9285."""
    try:
        digits = [ALPHABET.index(c) for c in text]
    except ValueError:
        raise DecodeError("a character that base45 does not have") from None
    data = bytearray()
    for i in range(0, len(digits), 3):
        group = digits[i:i + 3]
        value, size = sum(digit * 45 ** power for power, digit in enumerate(group)), len(group) - 1
        if not size or value >= 256 ** size:
            raise DecodeError("it is cut, or a character is wrong")
        data += value.to_bytes(size, "big")
    return bytes(data)


def lz4(block):
    """The bytes of an LZ4 block."""
    data, at = bytearray(), 0

    def length(nibble):
        nonlocal at
        total = nibble
        while nibble == 15:
            total += block[at]
            at += 1
            if block[at - 1] != 255:
                break
        return total

    try:
        while True:
            token = block[at]
            at += 1
            literals = length(token >> 4)
            if at + literals > len(block):
                raise IndexError
            data += block[at:at + literals]
            at += literals
            if at == len(block):
                return bytes(data)
            distance = block[at] | block[at + 1] << 8
            at += 2
            count = length(token & 15) + 4
            if not 0 < distance <= len(data):
                raise IndexError
            for _ in range(count):
                data.append(data[-distance])
    except IndexError:
        raise DecodeError("it is cut, or a character is wrong") from None


def unpack(scanned):
    """The text in what was scanned. Blanks inside are characters of the code, those at its ends may be lost ones."""
    scanned = scanned.strip("\r\n\t")
    at = scanned.find(PREFIX)
    if at < 0:
        raise DecodeError(f"it does not begin with {PREFIX}")
    return lz4(base45(scanned[at + len(PREFIX):])).decode("utf-8", "replace")


class Kernel:
    """Symbols and lines of a kernel.elf."""

    def __init__(self, path):
        self.path = path
        self.build = re.search(r"Build ID: ([0-9a-f]{16})", self._tool("llvm-readelf", "-n", path))
        self.symbols = {}
        for line in self._tool("llvm-nm", path).splitlines():
            address, _, name = line.split(maxsplit=2)
            self.symbols[name] = int(address, 16)

    @staticmethod
    def _tool(*command):
        try:
            return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
        except (FileNotFoundError, subprocess.CalledProcessError) as e:
            raise DecodeError(str(e)) from None

    def is_of(self, text):
        """Whether the text comes from this very build; True where it does not say."""
        wanted = BUILD.search(text)
        return not wanted or not self.build or wanted[1] == self.build[1]

    def lines(self, places):
        """(name, offset) -> "file:line", for those that are known."""
        known = [(name, offset) for name, offset in places if name in self.symbols]
        addresses = [f"{self.symbols[name] + offset:#x}" for name, offset in known]
        if not known:
            return {}
        output = self._tool("llvm-symbolizer", "--obj", self.path, "--no-inlines", "--functions=none", "--output-style=GNU", *addresses)
        return {place: self._short(where) for place, where in zip(known, output.split("\n")) if not where.startswith("??")}

    def _short(self, where):
        """As seen from here: the compiler names files as seen from the build folder, two above kernel.elf."""
        return os.path.relpath(os.path.join(os.path.dirname(os.path.abspath(self.path)), "..", where.partition(" ")[0]))


def annotate(text, kernel):
    """The text with a file and a line behind each place that is named in it."""
    lines, places = text.split("\n"), []
    for line in lines:
        back = 1 if RETURNED.match(line) else 0
        places.append([(m[1], int(m[2], 16) - back) for m in PLACE.finditer(line)])
    known = kernel.lines(sorted({place for row in places for place in row}))
    wide = max((len(line) for line, row in zip(lines, places) if row), default=0)
    for i, row in enumerate(places):
        found = [known[place] for place in row if place in known]
        if found:
            lines[i] = f"{lines[i]:{min(wide, 60)}}  {', '.join(found)}"
    return "\n".join(lines)


def parse():
    parser = argparse.ArgumentParser(prog="tools/decode", description=__doc__.partition(": ")[2], epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", nargs="?", metavar="TEXT")
    parser.add_argument("--kernel", metavar="FILE", help="the kernel.elf that was running (default: build/kernel/kernel.elf, if there)")
    parser.add_argument("--plain", metavar="FILE", help="a text file instead")
    return parser.parse_args()


def main():
    options = parse()
    usual = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/kernel/kernel.elf")
    path = options.kernel or (os.path.normpath(usual) if os.path.exists(usual) else None)
    try:
        if options.plain:
            with open(options.plain, encoding="utf-8", errors="replace") as f:
                text = f.read()
        else:
            text = unpack(sys.stdin.read() if options.text is None else options.text)
        if path:
            kernel = Kernel(path)
            if kernel.is_of(text):
                text = annotate(text, kernel)
            else:
                print(f"tools/decode: {path} is of another build, so no lines are named", file=sys.stderr)
    except (DecodeError, OSError) as e:
        sys.exit(f"tools/decode: {e}")
    print(text.rstrip("\n"))
    return 0
