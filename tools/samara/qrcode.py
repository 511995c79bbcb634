"""Read a QR code of version 7 to 40 from its modules: what a scanner does once it has found the squares. Only the alphanumeric mode.

Written from ISO/IEC 18004 on its own, so that it can judge lib/qr.c: the information about the format and the version is decoded, not
compared with constants, and every block's Reed-Solomon syndromes must be zero (a screen does not smudge, so nothing is repaired).
"""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
LEVELS = {1: "L", 0: "M", 3: "Q", 2: "H"}
# (version, level) -> check bytes a block, then (blocks, their bytes of data) …: table 9, as far as it is needed.
BLOCKS = {(20, "L"): (28, (3, 107), (5, 108))}
# Annex E, as far as it is needed.
ALIGNMENT = {20: (6, 34, 62, 90)}
MASKS = (
    lambda x, y: (x + y) % 2 == 0, lambda x, y: y % 2 == 0, lambda x, y: x % 3 == 0, lambda x, y: (x + y) % 3 == 0,
    lambda x, y: (x // 3 + y // 2) % 2 == 0, lambda x, y: x * y % 2 + x * y % 3 == 0,
    lambda x, y: (x * y % 2 + x * y % 3) % 2 == 0, lambda x, y: ((x + y) % 2 + x * y % 3) % 2 == 0,
)


class QRError(Exception):
    """It is no QR code, or a damaged one; the text says what is wrong."""


def remainder(value, generator):
    """Of a division of polynomials over GF(2)."""
    while value.bit_length() >= generator.bit_length():
        value ^= generator << (value.bit_length() - generator.bit_length())
    return value


def bits_to_number(bits):
    return int("".join("1" if bit else "0" for bit in bits), 2)


class Code:
    """rows: a list of lists of booleans, True for dark."""

    def __init__(self, rows):
        self.rows, self.size = rows, len(rows)
        self.version = (self.size - 17) // 4
        if self.size != 17 + 4 * self.version or any(len(row) != self.size for row in rows) or not 7 <= self.version <= 40:
            raise QRError(f"{self.size} rows are no QR code that can be read here")
        self._check_patterns()
        self.level, self.mask = self._format()
        self._check_version()

    def _check_patterns(self):
        last = self.size - 1
        for cx, cy in ((3, 3), (last - 3, 3), (3, last - 3)):
            for y in range(max(cy - 4, 0), min(cy + 5, self.size)):
                for x in range(max(cx - 4, 0), min(cx + 5, self.size)):
                    self._want(x, y, max(abs(x - cx), abs(y - cy)) in (0, 1, 3), "finder")
        for i in range(8, self.size - 8):
            self._want(i, 6, i % 2 == 0, "timing")
            self._want(6, i, i % 2 == 0, "timing")
        for cx, cy in self._alignments():
            for y in range(cy - 2, cy + 3):
                for x in range(cx - 2, cx + 3):
                    self._want(x, y, max(abs(x - cx), abs(y - cy)) != 1, "alignment")
        self._want(8, self.size - 8, True, "dark module")

    def _alignments(self):
        at = ALIGNMENT.get(self.version)
        if not at:
            raise QRError(f"version {self.version} is not known here")
        corners = {(at[0], at[0]), (at[0], at[-1]), (at[-1], at[0])}
        return [(x, y) for x in at for y in at if (x, y) not in corners]

    def _want(self, x, y, dark, what):
        if self.rows[y][x] != dark:
            raise QRError(f"{what} pattern: the module at {x}, {y} is wrong")

    def _format(self):
        column = [self.rows[y][8] for y in (8, 7, 5, 4, 3, 2, 1, 0)]
        first = [self.rows[8][x] for x in (0, 1, 2, 3, 4, 5, 7)] + column
        second = [self.rows[y][8] for y in range(self.size - 1, self.size - 8, -1)] + self.rows[8][self.size - 8:]
        words = [bits_to_number(word) ^ 0b101010000010010 for word in (first, second)]
        if words[0] != words[1] or remainder(words[0], 0b10100110111):
            raise QRError(f"format information {words[0]:#x} and {words[1]:#x}")
        return LEVELS[words[0] >> 13], words[0] >> 10 & 7

    def _check_version(self):
        places = [(self.size - 9 - i % 3, 5 - i // 3) for i in range(18)]
        for word in (bits_to_number(self.rows[y][x] for x, y in places), bits_to_number(self.rows[x][y] for x, y in places)):
            if word >> 12 != self.version or remainder(word, 0b1111100100101):
                raise QRError(f"version information {word:#x}")

    def _is_data(self, x, y):
        size = self.size
        near = [(abs(x - cx), abs(y - cy)) for cx, cy in self._alignments()]
        return not (x == 6 or y == 6 or (x < 9 and y < 9) or (x > size - 9 and y < 9) or (x < 9 and y > size - 9)
            or (x > size - 12 and y < 6) or (y > size - 12 and x < 6) or any(dx < 3 and dy < 3 for dx, dy in near))

    def codewords(self):
        """All bytes in the order in which they stand."""
        bits, upwards = [], True
        right = self.size - 1
        while right > 0:
            if right == 6:
                right -= 1
            for y in reversed(range(self.size)) if upwards else range(self.size):
                bits += [self.rows[y][x] != MASKS[self.mask](x, y) for x in (right, right - 1) if self._is_data(x, y)]
            upwards, right = not upwards, right - 2
        return bytes(bits_to_number(bits[i:i + 8]) for i in range(0, len(bits) // 8 * 8, 8))

    def data(self):
        """The bytes of data, every block checked."""
        if (self.version, self.level) not in BLOCKS:
            raise QRError(f"version {self.version}-{self.level} is not known here")
        check, *groups = BLOCKS[self.version, self.level]
        sizes = [size for count, size in groups for _ in range(count)]
        stream = iter(self.codewords())
        blocks = [bytearray() for _ in sizes]
        for i in range(max(sizes)):
            for block, size in zip(blocks, sizes):
                if i < size:
                    block.append(next(stream))
        data = b"".join(blocks)
        for _ in range(check):
            for block in blocks:
                block.append(next(stream))
        for number, block in enumerate(blocks):
            if any(syndromes(block, check)):
                raise QRError(f"block {number} is damaged")
        return data

    def text(self):
        """The text of one segment in alphanumeric mode, as long as nothing but an end and padding is behind it."""
        bits = "".join(f"{byte:08b}" for byte in self.data())
        if bits[:4] != "0010":
            raise QRError(f"mode {bits[:4]}")
        width = 9 if self.version < 10 else 11 if self.version < 27 else 13
        count = int(bits[4:4 + width], 2)
        at, text = 4 + width, ""
        while len(text) + 2 <= count:
            pair = int(bits[at:at + 11], 2)
            text += ALPHABET[pair // 45] + ALPHABET[pair % 45]
            at += 11
        if len(text) < count:
            text += ALPHABET[int(bits[at:at + 6], 2)]
            at += 6
        rest = bits[at:]
        if rest[:4].strip("0"):
            raise QRError("no end behind the text")
        at = -(-min(at + 4, len(bits)) // 8) * 8
        padding = [int(bits[i:i + 8], 2) for i in range(at, len(bits), 8)]
        if any(byte != (0xec, 0x11)[i % 2] for i, byte in enumerate(padding)):
            raise QRError("padding")
        return text


def tables():
    """Powers of 2 in GF(256), and their logarithms."""
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value = value << 1 ^ (0x11d if value & 0x80 else 0)
    return powers, {power: i for i, power in enumerate(powers)}


POWERS, LOGARITHMS = tables()


def syndromes(block, count):
    """The block as a polynomial, at the roots of the code's generator: all zero for a sound one."""
    last = len(block) - 1
    for root in range(count):
        value = 0
        for i, byte in enumerate(block):
            if byte:
                value ^= POWERS[(LOGARITHMS[byte] + root * (last - i)) % 255]
        yield value
