"""Reading and editing PE32+ files: sections in, sections out, and a header that fits them.

Source: Microsoft PE/COFF specification, sections 2 to 4 and appendix A (checksum).

An Image is the file taken apart: the headers, and each section with its bytes. Writing it lays the sections out again one after
another, so what stood between or behind them (a signature, say) is gone, and the same sections always give the same bytes.
A section keeps its virtual address for life, as the code in it depends on that; one that outgrows its place is moved to the end.
Every field is bounded before it is used: the file may be anything.
"""

import array
import struct
import sys
from collections import namedtuple

MACHINE_X86_64 = 0x8664
SUBSYSTEM_EFI_APPLICATION = 10
NX_COMPAT = 0x0100
RELOCS_STRIPPED = 0x0001
PAGE = 4096

# Section characteristics.
CODE, DATA, BSS = 0x20, 0x40, 0x80
EXECUTE, READ, WRITE = 0x20000000, 0x40000000, 0x80000000

# Data directories.
DIRECTORY_CERTIFICATE, DIRECTORY_RELOC, DIRECTORY_DEBUG = 4, 5, 6

_LIMIT = 1 << 32
_COFF = struct.Struct("<HHIIIHH")
_OPTIONAL = struct.Struct("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII")
_DIRECTORY = struct.Struct("<II")
_SECTION = struct.Struct("<8sIIIIIIHHI")

Coff = namedtuple("Coff", "machine sections timestamp symbols symbol_count optional_size flags")
Optional = namedtuple("Optional", """magic linker_major linker_minor code_size data_size bss_size entry code_base image_base
    section_alignment file_alignment os_major os_minor image_major image_minor subsystem_major subsystem_minor reserved
    image_size headers_size checksum subsystem dll_flags stack_reserve stack_commit heap_reserve heap_commit loader_flags
    directories""")


class PEError(Exception):
    """The file is no PE32+ file that can be read, or the change does not fit it."""


class Section:
    """One section: `data` holds its bytes without padding; `size` counts also the zeros the loader adds behind them."""

    def __init__(self, name, address, size, data, flags):
        self.name, self.address, self.size, self.data, self.flags = name, address, size, data, flags

    @property
    def end(self):
        return self.address + self.size

    def rights(self):
        return "".join(letter if self.flags & bit else "-" for letter, bit in (("r", READ), ("w", WRITE), ("x", EXECUTE)))


def align(value, to):
    return (value + to - 1) // to * to


def checksum(data, field):
    """The PE checksum of a file whose checksum field stands at byte `field`: 16-bit words, end-around carry, plus the length."""
    data = data[:field] + bytes(4) + data[field + 4:]
    words = array.array("H", data + bytes(len(data) & 1))
    if sys.byteorder == "big":
        words.byteswap()
    total = sum(words)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total + len(data)


class Image:
    """A PE32+ file for x86-64, taken apart."""

    def __init__(self, data):
        self._data = data
        self._parse_headers()
        self._parse_sections()

    @classmethod
    def read(cls, path):
        try:
            with open(path, "rb") as f:
                return cls(f.read())
        except PEError as e:
            raise PEError(f"{path}: {e}") from None

    def section(self, name):
        """The section of this name, or None."""
        return next((s for s in self.sections if s.name == name), None)

    def text(self, name):
        """The contents of a section of text, without what pads it."""
        section = self.section(name)
        return section.data.rstrip(b"\0").decode("utf-8", "replace") if section else None

    def set(self, name, data, flags=DATA | READ):
        """Give section `name` these contents: in its place where they fit there, else as the last section."""
        if not data:
            raise PEError(f"section {name} would be empty")
        if len(name.encode()) > 8:
            raise PEError(f"section name {name} is longer than 8 bytes")
        old = self.section(name)
        if old and len(data) <= self._room(old):
            old.data, old.size = data, len(data)
            return
        if old:
            self.sections.remove(old)
        address = align(max([s.end for s in self.sections] + [self.optional.headers_size]), self.optional.section_alignment)
        if address + len(data) > _LIMIT - PAGE:
            raise PEError(f"section {name} does not fit below 4 GiB")
        self.sections.append(Section(name, address, len(data), data, flags))

    def remove(self, name):
        section = self.section(name)
        if not section:
            raise PEError(f"there is no section {name}")
        self.sections.remove(section)

    def write(self):
        """The file as bytes."""
        headers_size = self._fit_headers()
        table, body, offset = [], [], headers_size
        for s in self.sections:
            raw = align(len(s.data), self.optional.file_alignment)
            table.append(_SECTION.pack(s.name.encode(), s.size, s.address, raw, offset if raw else 0, 0, 0, 0, 0, s.flags))
            body.append(s.data + bytes(raw - len(s.data)))
            offset += raw
        directories = list(self.directories)
        # Both point by file offset: a signature no longer holds, and debug data may have moved.
        for index in (DIRECTORY_CERTIFICATE, DIRECTORY_DEBUG):
            if index < len(directories):
                directories[index] = (0, 0)
        optional = self.optional._replace(headers_size=headers_size, image_size=self.image_size(), checksum=0,
            data_size=sum(align(len(s.data), self.optional.file_alignment) for s in self.sections if s.flags & DATA))
        coff = self.coff._replace(sections=len(self.sections), timestamp=0)
        headers = b"".join([self._dos, b"PE\0\0", _COFF.pack(*coff), _OPTIONAL.pack(*optional)]
            + [_DIRECTORY.pack(*d) for d in directories] + [self._optional_tail] + table)
        file = headers + bytes(headers_size - len(headers)) + b"".join(body)
        field = self.checksum_offset
        return file[:field] + struct.pack("<I", checksum(file, field)) + file[field + 4:]

    def image_size(self):
        """SizeOfImage as it must be: from the start of the headers to the end of the last section."""
        return align(max([s.end for s in self.sections] + [self.optional.headers_size]), self.optional.section_alignment)

    def _room(self, section):
        later = [s.address for s in self.sections if s.address > section.address]
        return min(later) - section.address if later else _LIMIT - PAGE - section.address

    def _fit_headers(self):
        end = self._table + len(self.sections) * _SECTION.size
        size = align(end, self.optional.file_alignment)
        first = min((s.address for s in self.sections), default=size)
        if size > first:
            raise PEError(f"no room for another section header: the table would end at {end:#x}, the first section starts at {first:#x}")
        return size

    def _take(self, layout, offset, what):
        if offset + layout.size > len(self._data):
            raise PEError(f"cut off in {what}")
        return layout.unpack_from(self._data, offset)

    def _parse_headers(self):
        data = self._data
        if data[:2] != b"MZ":
            raise PEError("not a PE file: does not start with MZ")
        pe, = self._take(struct.Struct("<I"), 60, "the DOS header")
        if pe < 64 or pe % 4 or data[pe:pe + 4] != b"PE\0\0":
            raise PEError(f"not a PE file: no PE header at {pe:#x}")
        self._dos = data[:pe]
        self.coff = coff = Coff(*self._take(_COFF, pe + 4, "the file header"))
        if coff.machine != MACHINE_X86_64:
            raise PEError(f"machine is {coff.machine:#06x}, not x86-64 ({MACHINE_X86_64:#06x})")
        if coff.symbols:
            raise PEError("has a COFF symbol table, which tools disagree about; strip the file first")
        start = pe + 4 + _COFF.size
        self.optional = optional = Optional(*self._take(_OPTIONAL, start, "the optional header"))
        self.checksum_offset = start + 64
        if optional.magic != 0x20b:
            raise PEError(f"optional header is {optional.magic:#x}, not PE32+ (0x20b)")
        directories_end = start + _OPTIONAL.size + optional.directories * _DIRECTORY.size
        self._table = start + coff.optional_size
        if optional.directories > 16 or directories_end > self._table:
            raise PEError(f"{optional.directories} data directories do not fit the optional header of {coff.optional_size} bytes")
        self._check_alignment()
        self.directories = [self._take(_DIRECTORY, start + _OPTIONAL.size + i * _DIRECTORY.size, "the data directories")
            for i in range(optional.directories)]
        self._optional_tail = data[directories_end:self._table]

    def _check_alignment(self):
        section, file = self.optional.section_alignment, self.optional.file_alignment
        for what, value in (("section", section), ("file", file)):
            if not value or value & value - 1:
                raise PEError(f"{what} alignment {value:#x} is no power of two")
        if file > section or section > 1 << 24:
            raise PEError(f"alignments make no sense: file {file:#x}, section {section:#x}")

    def _parse_sections(self):
        optional, count = self.optional, self.coff.sections
        if not 1 <= count <= 96:
            raise PEError(f"{count} sections, where 1 to 96 are allowed")
        end = self._table + count * _SECTION.size
        if optional.headers_size > len(self._data) or end > optional.headers_size:
            raise PEError(f"section table ends at {end:#x}, headers at {optional.headers_size:#x}, the file at {len(self._data):#x}")
        self.sections, raws = [], []
        for i in range(count):
            section, raw = self._parse_section(i)
            self.sections.append(section)
            if raw[1]:
                raws.append(raw)
        spans = [(s.address, s.end, s.name) for s in self.sections]
        self._check_apart([(0, optional.headers_size, "the headers")] + spans, "in memory")
        self._check_apart([(0, optional.headers_size, "the headers")] + [(start, start + size, name) for start, size, name in raws],
            "in the file")
        if self.image_size() != align(optional.image_size, optional.section_alignment):
            raise PEError(f"size of image is {optional.image_size:#x}, the sections end at {self.image_size():#x}")
        self.data_end = max([start + size for start, size, _ in raws] + [optional.headers_size])

    def _parse_section(self, index):
        raw_name, size, address, raw_size, raw_start, _, _, _, _, flags = self._take(
            _SECTION, self._table + index * _SECTION.size, f"the header of section {index}")
        name = raw_name.rstrip(b"\0").decode("ascii", "backslashreplace")
        if address % self.optional.section_alignment:
            raise PEError(f"section {name} at {address:#x} is not aligned to {self.optional.section_alignment:#x}")
        if address + max(size, raw_size) > _LIMIT - PAGE:
            raise PEError(f"section {name} reaches over 4 GiB")
        if raw_size and raw_start + raw_size > len(self._data):
            raise PEError(f"section {name} reaches behind the end of the file")
        size = size or raw_size     # old tools leave VirtualSize 0
        if not size:
            raise PEError(f"section {name} is empty")
        data = self._data[raw_start:raw_start + min(raw_size, size)] if raw_size else b""
        return Section(name, address, size, data, flags), (raw_start, raw_size, name)

    @staticmethod
    def _check_apart(spans, where):
        spans.sort()
        for (_, end, before), (start, _, after) in zip(spans, spans[1:]):
            if start < end:
                raise PEError(f"{before} and {after} overlap {where}")

    @property
    def trailing(self):
        """Bytes of the file behind the last section's: a signature, or what does not belong there."""
        return len(self._data) - self.data_end
