#!/usr/bin/env python3
"""The PE editor (tools/samara/pe.py) and the disk image (tools/samara/image.py), against files made here and hostile ones."""

import os
import pathlib
import struct
import sys
import tempfile
import unittest
import zlib

sys.dont_write_bytecode = True     # the source folder stays as it is
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from samara import image, pe  # noqa: E402

PE_OFFSET = 0x78
COFF = PE_OFFSET + 4
OPTIONAL = COFF + 20
TABLE = OPTIONAL + 240
TEXT, RODATA = pe.CODE | pe.EXECUTE | pe.READ, pe.DATA | pe.READ


def build(sections=((".text", b"\xc3" * 700, TEXT), (".cmdline", b"quiet", RODATA), (".kernel", b"K" * 5000, RODATA)),
        headers=0x200, first=0x1000):
    """A small PE file, made independently of the editor."""
    table, body, address, offset = b"", b"", first, headers
    for name, data, flags in sections:
        raw = -(-len(data) // 512) * 512
        table += struct.pack("<8sIIIIIIHHI", name.encode(), len(data), address, raw, offset, 0, 0, 0, 0, flags)
        body += data.ljust(raw, b"\0")
        address += -(-len(data) // 4096) * 4096
        offset += raw
    optional = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20b, 14, 0, 0x400, 0x400, 0, first, first, 0x140000000, 4096, 512,
        6, 0, 0, 0, 6, 0, 0, address, headers, 0, 10, pe.NX_COMPAT, 1 << 20, 4096, 1 << 20, 4096, 0, 16) + bytes(128)
    file = (b"MZ" + bytes(58) + struct.pack("<I", PE_OFFSET)).ljust(PE_OFFSET, b"\0") + b"PE\0\0"
    file += struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, 240, 0x22) + optional + table
    return file.ljust(headers, b"\0") + body


def patch(data, offset, layout, *values):
    data = bytearray(data)
    struct.pack_into(layout, data, offset, *values)
    return bytes(data)


def section_field(index, field):
    return TABLE + 40 * index + {"size": 8, "address": 12, "raw_size": 16, "raw": 20, "flags": 36}[field]


class Reading(unittest.TestCase):
    def refused(self, data, words):
        with self.assertRaisesRegex(pe.PEError, words):
            pe.Image(data)

    def test_sections(self):
        sections = pe.Image(build()).sections
        self.assertEqual([(s.name, s.address, len(s.data), s.rights()) for s in sections],
            [(".text", 0x1000, 700, "r-x"), (".cmdline", 0x2000, 5, "r--"), (".kernel", 0x3000, 5000, "r--")])

    def test_text_has_no_padding(self):
        self.assertEqual(pe.Image(build()).text(".cmdline"), "quiet")
        self.assertIsNone(pe.Image(build()).text(".initrd"))

    def test_cut_off_anywhere(self):
        file = build()
        for size in range(len(file)):
            with self.assertRaises(pe.PEError, msg=f"cut off at {size}"):
                pe.Image(file[:size])

    def test_every_header_field_wild(self):
        """Whatever stands in a field: refused in words, or read and written again."""
        file = build()
        for offset in range(0x3c, TABLE + 3 * 40, 2):
            for value in (0, 1, 0x7fff, 0xffff):
                for wild in (patch(file, offset, "<H", value), patch(file, offset, "<I", value << 16 | value)):
                    try:
                        read = pe.Image(wild)
                        read.set(".initrd", b"data")
                        pe.Image(read.write())
                    except pe.PEError:
                        pass

    def test_wild_pe_offset(self):
        for offset in (0, 2, 0x40, 0x79, len(build()), 0x7fffffff, 0xffffffff):
            self.refused(patch(build(), 0x3c, "<I", offset), "PE")

    def test_foreign_files(self):
        self.refused(b"", "MZ")
        self.refused(b"\x7fELF" + bytes(1000), "MZ")
        self.refused(patch(build(), COFF, "<H", 0x14c), "machine")
        self.refused(patch(build(), OPTIONAL, "<H", 0x10b), "PE32")
        self.refused(patch(build(), COFF + 8, "<I", 0x400), "symbol table")

    def test_counts(self):
        self.refused(patch(build(), COFF + 2, "<H", 0), "sections")
        self.refused(patch(build(), COFF + 2, "<H", 97), "sections")
        self.refused(patch(build(), COFF + 2, "<H", 96), "section table")
        self.refused(patch(build(), COFF + 16, "<H", 100), "data directories")
        self.refused(patch(build(), OPTIONAL + 108, "<I", 17), "data directories")
        self.refused(patch(build(), OPTIONAL + 108, "<I", 0xffffffff), "data directories")

    def test_alignments(self):
        self.refused(patch(build(), OPTIONAL + 32, "<I", 0), "alignment")
        self.refused(patch(build(), OPTIONAL + 32, "<I", 4095), "alignment")
        self.refused(patch(build(), OPTIONAL + 36, "<I", 8192), "alignments")
        self.refused(patch(build(), section_field(1, "address"), "<I", 0x2001), "aligned")

    def test_overlaps(self):
        self.refused(patch(build(), section_field(1, "address"), "<I", 0x1000), "overlap in memory")
        self.refused(patch(build(), section_field(1, "size"), "<I", 0x1001), "overlap in memory")
        self.refused(patch(build(), section_field(0, "address"), "<I", 0), "overlap in memory")
        self.refused(patch(build(), section_field(1, "raw"), "<I", 0x400), "overlap in the file")
        self.refused(patch(build(), section_field(1, "raw"), "<I", 0x200), "overlap in the file")

    def test_sections_outside(self):
        self.refused(patch(build(), section_field(2, "raw"), "<I", 0xfffffe00), "behind the end")
        self.refused(patch(build(), section_field(2, "raw_size"), "<I", 0xfffffe00), "4 GiB")
        self.refused(patch(build(), section_field(2, "size"), "<I", 0xfffff000), "4 GiB")
        self.refused(patch(build(), OPTIONAL + 56, "<I", 0x3000), "size of image")

    def test_no_size_at_all(self):
        wild = patch(patch(build(), section_field(1, "size"), "<I", 0), section_field(1, "raw_size"), "<I", 0)
        self.refused(wild, "empty")


class Editing(unittest.TestCase):
    def edited(self, *changes, **build_arguments):
        read = pe.Image(build(**build_arguments))
        for name, data in changes:
            read.set(name, data)
        return pe.Image(read.write())

    def test_written_again_it_is_the_same(self):
        once = pe.Image(build()).write()
        self.assertEqual(pe.Image(once).write(), once)
        self.assertEqual(len(once), len(build()))

    def test_in_its_place(self):
        after = self.edited((".cmdline", b"x" * 4096))
        self.assertEqual([s.name for s in after.sections], [".text", ".cmdline", ".kernel"])
        self.assertEqual(after.section(".cmdline").data, b"x" * 4096)
        self.assertEqual(after.section(".kernel").data, b"K" * 5000)
        self.assertEqual(after.section(".kernel").address, 0x3000)

    def test_outgrown_it_moves_to_the_end(self):
        after = self.edited((".cmdline", b"x" * 4097))
        self.assertEqual([(s.name, s.address) for s in after.sections], [(".text", 0x1000), (".kernel", 0x3000), (".cmdline", 0x5000)])
        self.assertEqual(after.optional.image_size, 0x7000)

    def test_the_last_one_grows_where_it_is(self):
        after = self.edited((".kernel", b"k" * 100000))
        self.assertEqual((after.section(".kernel").address, len(after.section(".kernel").data)), (0x3000, 100000))

    def test_added(self):
        after = self.edited((".initrd", b"i" * 10001))
        section = after.sections[-1]
        self.assertEqual((section.name, section.address, section.data), (".initrd", 0x5000, b"i" * 10001))
        self.assertEqual((section.rights(), after.optional.image_size, after.coff.sections), ("r--", 0x8000, 4))

    def test_the_way_does_not_matter(self):
        direct = self.edited((".cmdline", b"b"), (".initrd", b"2" * 9000)).write()
        detour = self.edited((".cmdline", b"a" * 4000), (".initrd", b"1" * 50000), (".initrd", b"2" * 9000), (".cmdline", b"b")).write()
        self.assertEqual(direct, detour)

    def test_removed(self):
        read = pe.Image(build())
        read.remove(".cmdline")
        after = pe.Image(read.write())
        self.assertEqual([(s.name, s.address) for s in after.sections], [(".text", 0x1000), (".kernel", 0x3000)])
        with self.assertRaisesRegex(pe.PEError, "no section"):
            after.remove(".cmdline")

    def test_signature_dropped(self):
        signed = patch(build() + b"S" * 1000, OPTIONAL + 112 + 8 * pe.DIRECTORY_CERTIFICATE, "<II", len(build()), 1000)
        self.assertEqual(pe.Image(signed).trailing, 1000)
        after = pe.Image(pe.Image(signed).write())
        self.assertEqual((after.trailing, after.directories[pe.DIRECTORY_CERTIFICATE]), (0, (0, 0)))

    def test_timestamp_and_checksum(self):
        read = pe.Image(patch(build(), COFF + 4, "<I", 0x12345678))
        data = read.write()
        self.assertEqual(pe.Image(data).coff.timestamp, 0)
        self.assertEqual(pe.Image(data).optional.checksum, pe.checksum(data, read.checksum_offset))

    def test_checksum_by_hand(self):
        # 16-bit words with end-around carry: ffff + 0002 = 1 0001 -> 0002; the field itself counts as 0; then the length.
        self.assertEqual(pe.checksum(b"\xff\xff\x02\x00" + b"\x77\x77\x77\x77", 4), 0x0002 + 8)
        self.assertEqual(pe.checksum(b"\x77\x77\x77\x77" + b"\x01", 0), 0x0001 + 5)

    def test_header_table_grows_within_its_page(self):
        names = [f".s{i}" for i in range(20)]
        after = self.edited(*[(name, b"data") for name in names])
        self.assertEqual([s.name for s in after.sections][3:], names)
        self.assertEqual(after.optional.headers_size, 0x600)

    def test_no_room_for_a_header(self):
        full = [(f".s{i}", b"x", RODATA) for i in range(92)]       # 4,096 bytes of headers: 384, then 92 of 40
        read = pe.Image(build(sections=full, headers=0x1000))
        read.set(".s5", b"in its place still fits")
        pe.Image(read.write())
        read.set(".initrd", b"x")
        with self.assertRaisesRegex(pe.PEError, "no room"):
            read.write()

    def test_refused(self):
        read = pe.Image(build())
        for name, data in ((".cmdline", b""), (".long-name", b"x")):
            with self.assertRaises(pe.PEError):
                read.set(name, data)


class Disk(unittest.TestCase):
    """What firmware checks before it believes a partition table (UEFI 2.10, section 5.3.2)."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "disk.img")

    def tearDown(self):
        self.folder.cleanup()

    def header(self, disk, sector):
        header = disk[sector * 512:sector * 512 + 92]
        fields = struct.unpack("<8sIIIIQQQQ16sQIII", header)
        self.assertEqual(fields[0], b"EFI PART")
        self.assertEqual(fields[3], zlib.crc32(header[:16] + bytes(4) + header[20:]))
        entries = disk[fields[10] * 512:fields[10] * 512 + fields[11] * fields[12]]
        self.assertEqual(fields[13], zlib.crc32(entries))
        self.assertEqual(fields[5], sector)
        return fields, entries

    def test_partition_table(self):
        image.write(self.path, {image.BOOT_PATH: b"MZ"})
        disk = pathlib.Path(self.path).read_bytes()
        last = len(disk) // 512 - 1
        self.assertEqual(disk[510:512], b"\x55\xaa")
        self.assertEqual(struct.unpack_from("<BII", disk, 450)[0], 0xee)
        first, entries = self.header(disk, 1)
        second, copy = self.header(disk, last)
        self.assertEqual((first[6], second[6], entries), (last, 1, copy))
        start, end = struct.unpack_from("<QQ", entries, 32)
        self.assertTrue(first[7] <= start <= end <= first[8] < second[10])
        self.assertEqual(entries[:16], image.TYPE_ESP.bytes_le)
        boot = disk[start * 512:start * 512 + 512]
        self.assertEqual((boot[82:90], struct.unpack_from("<I", boot, 32)[0]), (b"FAT32   ", end - start + 1))

    def test_clusters_make_it_fat32(self):
        image.write(self.path, {image.BOOT_PATH: b"MZ"})
        disk = pathlib.Path(self.path).read_bytes()
        boot = disk[image.ESP_START:image.ESP_START + 512]
        per_cluster, reserved, fats = struct.unpack_from("<BHB", boot, 13)
        sectors, fat_size = struct.unpack_from("<II", boot, 32)
        self.assertGreaterEqual((sectors - reserved - fats * fat_size) // per_cluster, 65525)

    def test_always_the_same(self):
        files = {image.BOOT_PATH: os.urandom(70000), "README.txt": b"read me\r\n", "samara/cmdline.txt": b"quiet"}
        image.write(self.path, files)
        first = pathlib.Path(self.path).read_bytes()
        os.environ["TZ"] = "Asia/Tokyo"
        image.write(self.path, dict(reversed(list(files.items()))))
        self.assertEqual(pathlib.Path(self.path).read_bytes(), first)

    def test_it_grows_with_what_it_holds(self):
        image.write(self.path, {image.BOOT_PATH: b"MZ", "samara/initrd.cpio": bytes(60 << 20)})
        self.assertGreater(os.path.getsize(self.path), 60 << 20)


if __name__ == "__main__":
    unittest.main()
