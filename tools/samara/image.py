"""A disk image that firmware boots: GPT with one EFI System Partition, FAT32, made without root.

Source: UEFI specification 2.10, chapter 5 (GPT) and section 13.3 (ESP). The same files always give the same bytes: GUIDs and serial
number are fixed, and mtools takes its clock from SOURCE_DATE_EPOCH.
"""

import os
import struct
import subprocess
import uuid
import zlib

BOOT_PATH = "EFI/BOOT/BOOTX64.EFI"

SECTOR = 512
MIB = 1 << 20
ESP_START = MIB
GPT_ENTRIES = 128
GPT_SECTORS = 1 + GPT_ENTRIES * 128 // SECTOR     # header and entries
# FAT32 is what has at least 65,525 clusters, whatever the label says: with clusters of one sector that is 33 MiB.
ESP_LEAST = 38 * MIB

TYPE_ESP = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
DISK_GUID = uuid.UUID("53414d41-5241-4000-8000-000000000001")
PARTITION_GUID = uuid.UUID("53414d41-5241-4000-8000-000000000002")
SERIAL = "53414d41"
STAMP = "315532800"     # 1980-01-01, FAT's first day


class ImageError(Exception):
    """The image could not be made."""


def write(path, files):
    """Write a disk image to `path` whose ESP holds `files`: name on the ESP (with '/') -> bytes."""
    content = sum(len(data) + 2 * SECTOR for data in files.values())
    esp_size = max(ESP_LEAST, (content * 33 // 32 // MIB + 8) * MIB)
    disk_size = ESP_START + esp_size + MIB
    if os.path.exists(path):
        os.unlink(path)     # a file of its own, sparse, whoever else has the old one open
    with open(path, "wb") as f:
        f.truncate(disk_size)
        _write_gpt(f, disk_size // SECTOR, ESP_START // SECTOR, (ESP_START + esp_size) // SECTOR - 1)
    _fill_esp(path, esp_size // SECTOR, files)


def _write_gpt(f, sectors, first, last):
    entry = struct.pack("<16s16sQQQ72s", TYPE_ESP.bytes_le, PARTITION_GUID.bytes_le, first, last, 0, "Samara".encode("utf-16-le"))
    entries = entry + bytes((GPT_ENTRIES - 1) * len(entry))

    def header(own, other, table):
        def pack(crc):
            return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, own, other, 1 + GPT_SECTORS,
                sectors - 1 - GPT_SECTORS, DISK_GUID.bytes_le, table, GPT_ENTRIES, len(entry), zlib.crc32(entries))
        return pack(zlib.crc32(pack(0))).ljust(SECTOR, b"\0")

    # Protective MBR: one partition of type EE over the whole disk.
    mbr = bytes(446) + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xee, b"\xff\xff\xff", 1, sectors - 1) + bytes(48) + b"\x55\xaa"
    f.write(mbr + header(1, sectors - 1, 2) + entries)
    f.seek((sectors - GPT_SECTORS) * SECTOR)
    f.write(entries + header(sectors - 1, 1, sectors - GPT_SECTORS))


def _fill_esp(path, sectors, files):
    esp = f"{path}@@{ESP_START}"
    _mtools("mformat", "-i", esp, "-F", "-c", "1", "-N", SERIAL, "-v", "SAMARA", "-T", str(sectors), "-h", "16", "-s", "63",
        "-H", str(ESP_START // SECTOR), "::")
    folders = {name[:at] for name in files for at, letter in enumerate(name) if letter == "/"}
    if folders:
        _mtools("mmd", "-i", esp, *["::/" + folder for folder in sorted(folders)])
    for name in sorted(files):
        _mtools("mcopy", "-i", esp, "-", "::/" + name, data=files[name])


def _mtools(*command, data=b""):
    environment = dict(os.environ, SOURCE_DATE_EPOCH=STAMP, TZ="UTC", MTOOLSRC=os.devnull, MTOOLS_SKIP_CHECK="1")
    done = subprocess.run(command, input=data, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise ImageError(f"{command[0]}: {done.stdout.decode('utf-8', 'replace').strip()}")


def read_folder(folder):
    """The files below a folder as write() takes them."""
    files = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            with open(path, "rb") as f:
                files[os.path.relpath(path, folder).replace(os.sep, "/")] = f.read()
    return files
