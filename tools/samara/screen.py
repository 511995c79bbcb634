"""Reading text back from a picture of the screen, by the glyphs of the console's own fonts.

A cell shows one glyph in two colours, so its pixels, taken as a pattern of two values, are a glyph's bitmap or its complement. The
picture is turned into one character a pixel (a character is a colour), so that a cell is a string: most cells have been seen before, and
a dictionary answers.
"""

import collections
import hashlib
import re

from samara import font

FONT_FILES = ("/usr/share/fonts/X11/misc/ter-u16n_unicode.pcf.gz", "/usr/share/fonts/X11/misc/ter-u32n_unicode.pcf.gz")
SCALES = range(1, 9)
UNREADABLE = "\ufffe"      # a cell that shows no glyph: a picture, or a fault

Cell = collections.namedtuple("Cell", "char foreground background")


class ScreenError(Exception):
    """The picture cannot be read."""


class Picture:
    """Pixels: a string a row, a character a pixel, which stands for colours[ord(character)] (0xRRGGBB)."""

    def __init__(self, rows, colours):
        self.rows, self.colours = rows, colours
        self.width, self.height = len(rows[0]), len(rows)

    @classmethod
    def from_ppm(cls, path):
        """Read what QEMU's screendump writes: binary PPM, 8 bits a channel."""
        with open(path, "rb") as f:
            data = f.read()
        header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
        if not header or len(data) != header.end() + 3 * int(header[1]) * int(header[2]):
            raise ScreenError(f"{path} is no PPM picture")
        pitch = 3 * int(header[1])
        return cls._of((data[at:at + pitch] for at in range(header.end(), len(data), pitch)), 3,
            lambda r, g, b: r << 16 | g << 8 | b)

    @classmethod
    def from_framebuffer(cls, data, width, height, pitch, bytes_per_pixel, red_mask, green_mask, blue_mask):
        """Read video memory as the guest writes it."""
        def channel(pixel, mask):
            full = mask >> (mask & -mask).bit_length() - 1
            return (pixel & mask) // (mask & -mask) * 255 // full

        def colour(*pixel):
            value = int.from_bytes(pixel, "little")
            return channel(value, red_mask) << 16 | channel(value, green_mask) << 8 | channel(value, blue_mask)
        return cls._of((data[y * pitch:y * pitch + width * bytes_per_pixel] for y in range(height)), bytes_per_pixel, colour)

    @classmethod
    def _of(cls, rows, bytes_per_pixel, colour_of):
        """rows: bytes; colour_of: the colour of a pixel's bytes."""
        characters, colours, known = {}, [], {}

        def character(pixel):
            if pixel not in characters:
                characters[pixel] = chr(len(colours))
                colours.append(colour_of(*pixel))
            return characters[pixel]

        def text(row):
            if row not in known:       # most rows repeat another: empty ones, and all rows of scaled text
                known[row] = "".join(map(character, zip(*(row[i::bytes_per_pixel] for i in range(bytes_per_pixel)))))
            return known[row]
        return cls([text(bytes(row)) for row in rows], colours)

    def turned(self, degrees):
        """The picture turned clockwise by a multiple of 90 degrees."""
        rows = self.rows
        for _ in range(degrees // 90 % 4):
            rows = ["".join(column) for column in zip(*reversed(rows))]
        return Picture(rows, self.colours)

    def digest(self):
        """A name for this very picture."""
        rgb = {ord(c): "%06x" % self.colours[ord(c)] for c in {c for row in set(self.rows) for c in row}}
        digest = hashlib.sha256(f"{self.width}x{self.height}".encode())
        for row in self.rows:
            digest.update(row.translate(rgb).encode())
        return digest.hexdigest()[:16]


class Screen:
    """The text that a picture shows: cells[row][column]."""

    def __init__(self, picture):
        """Find the font, the scale and the margin with which most of the picture can be read."""
        best = max((self._try(picture, *grid) for grid in _grids(picture)), key=lambda t: t[0], default=(0, None))
        if best[0] <= 0:
            raise ScreenError("no text can be read on the screen")
        _, self.cells, self.cell_width, self.cell_height = best
        self.columns, self.rows = len(self.cells[0]), len(self.cells)

    @staticmethod
    def _try(picture, glyphs, width, height, scale, left, top):
        """(cells that show more than a plain surface, and can be read, less those that cannot; the cells; cell width and height)"""
        samples = [row[left::scale] for row in picture.rows[top::scale]]
        paper = _commonest(samples)
        known, cells, score = {}, [], 0
        for y in range(0, len(samples) - height + 1, height):
            strip, line = samples[y:y + height], []
            for x in range(0, len(samples[0]) - width + 1, width):
                pixels = "".join([row[x:x + width] for row in strip])
                if pixels not in known:
                    known[pixels] = _read_cell(pixels, glyphs, paper, picture.colours)
                line.append(known[pixels])
            score += sum(c.char != " " and (-1 if c.char == UNREADABLE else 1) for c in line)
            cells.append(line)
        return score, cells, width * scale, height * scale

    def text(self):
        """What stands on the screen, a line a row, without blanks at the ends."""
        return "\n".join("".join(cell.char for cell in row).rstrip() for row in self.cells)

    def find(self, pattern):
        """The cells of each match of a regular expression within a row."""
        for row in self.cells:
            for match in re.finditer(pattern, "".join(cell.char for cell in row).rstrip()):
                yield row[match.start():match.end()]


def _commonest(rows):
    return collections.Counter("".join(row[::16] for row in rows[::16])).most_common(1)[0][0]


def _read_cell(pixels, glyphs, paper, colours):
    seen = sorted(set(pixels), key=lambda c: c != paper)       # the paper's colour first: it is rather behind than in front
    if len(seen) == 1:
        return Cell(" ", None, colours[ord(seen[0])])
    if len(seen) == 2:
        for background, foreground in (seen, seen[::-1]):
            bits = int(pixels.translate({ord(background): "0", ord(foreground): "1"}), 2)
            if bits in glyphs:
                return Cell(glyphs[bits], colours[ord(foreground)], colours[ord(background)])
    return Cell(UNREADABLE, None, None)


def _grids(picture):
    """(glyphs, cell width and height, scale, left, top) that are worth a try: text starts at the corner or is in the middle."""
    for path in FONT_FILES:
        read = font.read_pcf(path)
        font.choose([read])
        glyphs = {int.from_bytes(bitmap, "big"): chr(code) for bitmap, code in read.by_bitmap().items()}
        for scale in SCALES:
            width, height = read.width * scale, read.height * scale
            if picture.width // width >= 20 and picture.height // height >= 2:
                for left, top in sorted({(0, 0), (picture.width % width // 2, picture.height % height // 2)}):
                    yield glyphs, read.width, read.height, scale, left, top
