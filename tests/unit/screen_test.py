#!/usr/bin/env python3
"""Reading screens (tools/samara/screen.py) and serial lines (tools/samara/qemu.py): what the boot tests believe must be so."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True     # the source folder stays as it is
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from samara import font, qemu, screen  # noqa: E402

PAPER, INK, RED = 0x101418, 0xd0d4d8, 0xe5645f


def draw(width, height, texts, large=False, scale=1, left=0, top=0):
    """A picture with (column, row, text, ink, paper) on it, drawn independently of the reader."""
    read = font.read_pcf(screen.FONT_FILES[large])
    pixels = [[PAPER] * width for _ in range(height)]
    for column, row, text, ink, paper in texts:
        for index, letter in enumerate(text):
            bits = int.from_bytes(read.glyphs[ord(letter)], "big")
            for y in range(read.height * scale):
                for x in range(read.width * scale):
                    at = (read.height - 1 - y // scale) * read.width + read.width - 1 - x // scale
                    pixels[top + row * read.height * scale + y][left + (column + index) * read.width * scale + x] = ink if bits >> at & 1 else paper
    return pixels


def ppm(pixels):
    return b"P6\n%d %d\n255\n" % (len(pixels[0]), len(pixels)) + b"".join(colour.to_bytes(3, "big") for row in pixels for colour in row)


def picture(pixels):
    with tempfile.NamedTemporaryFile() as f:
        f.write(ppm(pixels))
        f.flush()
        return screen.Picture.from_ppm(f.name)


TEXTS = [(0, 0, "samara> help", INK, PAPER), (3, 2, "Größe ┌─┐ 12 kB", RED, PAPER), (5, 3, "reverse", PAPER, INK)]


class Screens(unittest.TestCase):
    def check(self, **layout):
        read = screen.Screen(picture(draw(texts=TEXTS, **layout)))
        self.assertEqual(read.text().rstrip().split("\n"), ["samara> help", "", "   Größe ┌─┐ 12 kB", "     reverse"])
        red, = read.find(r"Größe")
        self.assertEqual({(cell.foreground, cell.background) for cell in red}, {(RED, PAPER)})
        reverse, = read.find("reverse")
        self.assertEqual((reverse[0].foreground, reverse[0].background), (PAPER, INK))

    def test_small(self):
        self.check(width=320, height=96)

    def test_in_the_middle(self):
        self.check(width=326, height=102, left=3, top=3)

    def test_large(self):
        self.check(width=500, height=150, large=True, left=2, top=11)

    def test_scaled(self):
        self.check(width=480, height=200, scale=2)

    def test_turned(self):
        for degrees in (90, 180, 270):
            turned = picture(draw(320, 96, TEXTS)).turned(degrees)
            self.assertEqual(turned.width, 96 if degrees != 180 else 320)
            self.assertIn("samara> help", screen.Screen(turned.turned(-degrees)).text())

    def test_one_pixel_counts(self):
        pixels = draw(320, 96, TEXTS)
        before = picture(pixels).digest()
        pixels[40][7] ^= 1
        self.assertNotEqual(picture(pixels).digest(), before)

    def test_a_glyph_with_a_fault_is_not_read(self):
        pixels = draw(320, 96, TEXTS)
        pixels[1][1] = INK
        self.assertTrue(screen.Screen(picture(pixels)).text().startswith(screen.UNREADABLE + "amara"))

    def test_nothing_to_read(self):
        for pixels in ([[PAPER] * 320] * 96, [[(x * y * 7919) & 0xffffff for x in range(320)] for y in range(96)]):
            with self.assertRaises(screen.ScreenError):
                screen.Screen(picture(pixels))

    def test_no_picture(self):
        with tempfile.NamedTemporaryFile() as f:
            f.write(ppm([[PAPER] * 10] * 10)[:-1])
            f.flush()
            with self.assertRaises(screen.ScreenError):
                screen.Picture.from_ppm(f.name)

    def test_video_memory(self):
        """16 bits a pixel, lines of 700 bytes for 320 pixels."""
        def pixel(colour):
            return (colour >> 19 & 31) << 11 | (colour >> 10 & 63) << 5 | colour >> 3 & 31
        data = b"".join(b"".join(pixel(c).to_bytes(2, "little") for c in row).ljust(700, b"\xee") for row in draw(320, 96, TEXTS))
        read = screen.Screen(screen.Picture.from_framebuffer(data, 320, 96, 700, 2, 0xf800, 0x07e0, 0x001f))
        self.assertIn("samara> help", read.text())


class SerialLine(unittest.TestCase):
    def read(self, *pieces):
        serial = qemu.Serial()
        for piece in pieces:
            serial.feed(piece)
        return serial

    def test_cut_anywhere(self):
        data = "\x1b[1;32mGröße\x1b[0m\r\n\x1b]0;title\x07zwei\x1b[K\nsamara> ".encode()
        for cut in range(len(data)):
            self.assertEqual(self.read(data[:cut], data[cut:]).text(), "Größe\nzwei\nsamara> ", cut)

    def test_matches_are_used_up(self):
        serial = self.read(b"one two\none\nsamara> ")
        self.assertEqual([bool(serial.find("one")) for _ in range(3)], [True, True, False])
        self.assertTrue(serial.find("samara> $"))
        serial.feed(b"mem\n")
        self.assertFalse(serial.find("samara> "))

    def test_end_within_a_sequence(self):
        self.assertEqual(self.read(b"last\x1b[3", b"").text(), "last\x1b[3")


if __name__ == "__main__":
    unittest.main()
