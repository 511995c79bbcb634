"""Bitmap fonts: the X11 PCF reader, and the choice of glyphs that the console's two fonts consist of.

tools/mkfont turns the choice into C at build time, and the tests read screens back by the same bitmaps, so that both see one
truth. The format is X.Org's Portable Compiled Format: a table of contents of (type, format, size, offset), then the tables, each of
which begins with its format again, least significant byte first; the bits of the format say in which order the rest is.
"""

import gzip
import struct
import zlib

# Table types and format bits (X.Org, pcf.h).
METRICS, BITMAPS, ENCODINGS, ACCELERATORS = 1 << 2, 1 << 3, 1 << 5, 1 << 8
PAD_MASK, BYTES_MSB, BITS_MSB, COMPRESSED_METRICS = 3, 1 << 2, 1 << 3, 1 << 8

# What the console's fonts hold of what Terminus has: (first, last) code points.
CHOICE = (
    (0x20, 0x7E), (0xA0, 0x17F),        # ASCII, Latin-1, Latin Extended-A
    (0x180, 0x2DD),                     # of Latin Extended-B and IPA: Pinyin, Romanian, Livonian; spacing modifiers
    (0x370, 0x3FF), (0x400, 0x491),     # Greek, Cyrillic
    (0x1E00, 0x1EFF),                   # Latin with dots below and above
    (0x2010, 0x2027), (0x2030, 0x205E),  # punctuation that is seen
    (0x2070, 0x20BF), (0x2100, 0x22FF),  # super- and subscripts, currency, letterlike, arrows, mathematics
    (0x2300, 0x23FF), (0x2500, 0x25FF),  # technical, box drawing, blocks, geometric shapes
    (0x2600, 0x27BF),                   # the few symbols, ticks and crosses
)
ASCII = range(0x20, 0x7F)
MISSING = 0xFFFD


class Font:
    """glyphs maps a code point to its bitmap: height rows of (width + 7) // 8 bytes, leftmost pixel the highest bit."""

    def __init__(self, width, height, glyphs):
        self.width, self.height, self.glyphs = width, height, glyphs

    def by_bitmap(self):
        """Bitmap to code point. Of several that look alike the lowest code point answers: Latin before Greek and Cyrillic."""
        return {self.glyphs[c]: c for c in sorted(self.glyphs, reverse=True)}


class _Table:
    """One table of the file, read from front to back."""

    def __init__(self, data, offset, size):
        # bdftopcf gives its last table more bytes than it writes, so the size alone proves no damage: take() finds what is missing.
        self.data, self.at, self.end = data, offset, min(offset + size, len(data))
        self.order = "<"
        self.format, = self.take("I")
        self.order = ">" if self.format & BYTES_MSB else "<"

    def take(self, fields):
        fields = self.order + fields
        start, self.at = self.at, self.at + struct.calcsize(fields)
        if self.at > self.end:
            raise ValueError("a table ends too early")
        return struct.unpack_from(fields, self.data, start)


def _read_metrics(table):
    """A list of (left bearing, right bearing, width, ascent, descent), one a glyph."""
    if table.format & COMPRESSED_METRICS:
        count, = table.take("H")
        packed = table.take(f"{5 * count}B")
        return [tuple(v - 0x80 for v in packed[i:i + 5]) for i in range(0, len(packed), 5)]
    count, = table.take("I")
    return [table.take("5hH")[:5] for _ in range(count)]


def _read_bitmaps(table):
    """Where each glyph's bitmap begins in the file, and the multiple of bytes that a row is padded to."""
    if not table.format & BITS_MSB:
        raise ValueError("bitmaps with the lowest bit first")
    count, = table.take("I")
    offsets = table.take(f"{count}I")
    table.take("4I")    # the bitmaps' size under each of the four paddings
    return [table.at + offset for offset in offsets], 1 << (table.format & PAD_MASK)


def _read_encodings(table):
    """Code point to glyph index."""
    low_first, low_last, high_first, high_last, _ = table.take("5H")
    codes = [high << 8 | low for high in range(high_first, high_last + 1) for low in range(low_first, low_last + 1)]
    indices = table.take(f"{len(codes)}H")
    return {code: index for code, index in zip(codes, indices) if index != 0xFFFF}


def _place(data, start, pad, metrics, width, height, ascent):
    """A glyph's bitmap covers only its ink: put it where it belongs in the full cell."""
    left, right, _, up, down = metrics
    stride = ((right - left + 7) // 8 + pad - 1) // pad * pad
    cell_bytes = (width + 7) // 8
    rows = [0] * height
    for i in range(up + down):
        row = int.from_bytes(data[start + i * stride:start + (i + 1) * stride], "big")
        shift = cell_bytes * 8 - left - stride * 8
        y = ascent - up + i
        if 0 <= y < height:
            rows[y] = (row << shift if shift >= 0 else row >> -shift) & ((1 << cell_bytes * 8) - 1)
    return b"".join(row.to_bytes(cell_bytes, "big") for row in rows)


def read_pcf(path):
    """Read a character-cell font, gzipped or not. Raises ValueError where it is none."""
    with open(path, "rb") as f:
        data = f.read()
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        if data[:4] != b"\x01fcp":
            raise ValueError("no PCF font")
        count, = struct.unpack_from("<I", data, 4)
        toc = {kind: _Table(data, offset, size) for kind, _, size, offset in
               (struct.unpack_from("<4I", data, 8 + 16 * i) for i in range(count))}
        accelerators = toc[ACCELERATORS]
        accelerators.take("8B")
        ascent, descent = accelerators.take("2i")
        metrics = _read_metrics(toc[METRICS])
        starts, pad = _read_bitmaps(toc[BITMAPS])
        codes = _read_encodings(toc[ENCODINGS])
    except (EOFError, KeyError, ValueError, struct.error, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    width, height = metrics[0][2], ascent + descent
    return Font(width, height, {code: _place(data, starts[i], pad, metrics[i], width, height, ascent)
                                for code, i in codes.items()})


def choose(fonts, ascii_only=False):
    """Cut the fonts down, each in place, to the code points of CHOICE (or ASCII) that all of them have.

    Returns the glyph number of each code point, and for each glyph number the code point that it is drawn from. Number 0 is
    the replacement character, U+0020 to U+007E are 1 to 95, and where two code points look alike in all fonts they share a number.
    """
    chosen = ASCII if ascii_only else [c for first, last in CHOICE for c in range(first, last + 1)]
    chosen = [c for c in chosen if all(c in font.glyphs for font in fonts)]
    if chosen[:len(ASCII)] != list(ASCII) or any(MISSING not in font.glyphs for font in fonts):
        raise ValueError("the font lacks ASCII or U+FFFD")
    looks, numbers, drawn = {}, {}, [MISSING]
    for code in chosen:
        look = tuple(font.glyphs[code] for font in fonts)
        # ASCII keeps a number each whatever it looks like: font_glyph() computes those.
        if code in ASCII or look not in looks:
            looks.setdefault(look, len(drawn))
            numbers[code] = len(drawn)
            drawn.append(code)
        else:
            numbers[code] = looks[look]
    for font in fonts:
        font.glyphs = {code: font.glyphs[code] for code in [*chosen, MISSING]}
    return numbers, drawn
