"""Machines to boot on, in QEMU: a description becomes a command line, a process, and a serial line to read and type on.

The file that boots is never changed: a copy with the wanted command line, signed where it must be, goes onto a disk image (or a TFTP
folder) of its own in a temporary folder. Every machine has the isa-debug-exit device, and `exit=qemu` on the command line unless that
is not wanted, so that the end of a run says how it ended.
"""

import codecs
import ctypes
import dataclasses
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from samara import build, image, pe, qmp

BINARY = "qemu-system-x86_64"
PR_SET_THP_DISABLE = 41
# A newer one for machines that the usual one does not make, where `tools/setup slow` unpacked it or the system has it.
NEWER = build.TOP / "build-qemu-10"
NEWER_LEAST = 10

# What the guest says through isa-debug-exit at port 0xf4: status 2 * value + 1, so never one that QEMU uses itself.
POWERED_OFF, FAILED, PANICKED = 33, 35, 37
# How a run ends, in words.
OFF, FAILURE, PANIC = "the guest powered off", "the guest reports a failure", "the guest panicked"
RESET, CLOSED = "the guest reset the machine", "QEMU was closed"

OVMF = "/usr/share/OVMF"
SNAKEOIL = "/usr/share/ovmf/PkKek-1-snakeoil"
# Name -> (code, variables); without variables it is a -bios image. The first folder or size that exists is taken.
FIRMWARE = {
    "ovmf": [(f"{OVMF}/OVMF_CODE_4M.fd", f"{OVMF}/OVMF_VARS_4M.fd"), (f"{OVMF}/OVMF_CODE.fd", f"{OVMF}/OVMF_VARS.fd")],
    "ovmf-2m": [(f"{OVMF}/OVMF_CODE.fd", f"{OVMF}/OVMF_VARS.fd")],
    "ovmf-secure": [(f"{OVMF}/OVMF_CODE_4M.secboot.fd", f"{OVMF}/OVMF_VARS_4M.snakeoil.fd")],
    "u-boot": [("/usr/lib/u-boot/qemu-x86_64/u-boot.rom", None)],
}
DISPLAYS = {
    "std": ["-device", "VGA"],
    "cirrus": ["-device", "cirrus-vga"],
    "virtio": ["-device", "virtio-vga"],
    "ramfb": ["-device", "ramfb"],
    "bltonly": ["-device", "virtio-gpu-pci"],      # a GOP without a framebuffer
    "several": ["-device", "VGA", "-device", "secondary-vga", "-device", "virtio-gpu-pci"],
    "none": [],
}
DISKS = {
    "sata": ["-device", "ich9-ahci,id=sata", "-device", "ide-hd,bus=sata.0,drive=esp,bootindex=0"],
    "ide": ["-device", "ide-hd,drive=esp,bootindex=0"],        # pc only: q35's own controller is an AHCI
    "nvme": ["-device", "nvme,serial=samara,drive=esp,bootindex=0"],
    "virtio": ["-device", "virtio-blk-pci,drive=esp,bootindex=0"],
    "usb": ["-device", "qemu-xhci", "-device", "usb-storage,removable=on,drive=esp,bootindex=0"],
}
NETWORK = "network"

# 16-bit code at the reset vector: FWAIT and FNINIT, which a hypervisor inside another one often cannot emulate, then "powered off".
PROBE = bytes.fromhex("9bdbe3" "b81000" "baf400" "66ef" "f4")


class QemuError(Exception):
    """QEMU, its firmware or a tool around it is not there or did not start."""


# What a boot can fail with before the guest has a say.
ERRORS = (QemuError, qmp.QmpError, image.ImageError, pe.PEError, OSError)


@dataclasses.dataclass
class Machine:
    """A PC and what it boots."""
    efi: str                        # the file
    cmdline: str = ""               # instead of the file's own
    report: bool = True             # put exit=qemu before it; without, a panic stays on the screen
    initrd: bytes = b""             # instead of the file's own
    files: dict = dataclasses.field(default_factory=dict)      # further files on the ESP: name -> bytes
    chipset: str = "q35"            # or pc
    memory: int = 256               # MiB
    cpus: int = 1
    nodes: int = 1                  # NUMA nodes; memory and CPUs are dealt out evenly
    cpu: str = "max"
    newer: bool = False             # by QEMU 10: more than 255 CPUs, x2APIC
    kvm: bool = False
    small_pages: bool = False       # the host gives memory page by page and not in huge ones: what is touched can be counted
    icount: bool = False            # one instruction is one nanosecond; waiting costs nothing
    firmware: str = "ovmf"          # of FIRMWARE, or a path
    secure_boot: bool = False       # sign the file with the snake-oil key, for ovmf-secure
    display: str = "std"            # of DISPLAYS
    resolution: tuple = None        # (width, height) that the display's EDID prefers
    serial: bool = True
    disk: str = "virtio"            # of DISKS, or NETWORK
    reboot: bool = False            # let the guest reboot; else a reset ends QEMU
    extra: tuple = ()               # further arguments for QEMU


def find_firmware(name):
    """(code, variables or None) of a firmware by name or path."""
    if name in FIRMWARE:
        for code, variables in FIRMWARE[name]:
            if os.path.exists(code) and (not variables or os.path.exists(variables)):
                return code, variables
        raise QemuError(f"firmware {name} is not installed ({FIRMWARE[name][0][0]})")
    if not os.path.exists(name):
        raise QemuError(f"there is no firmware {name}; by name: {', '.join(FIRMWARE)}")
    folder, file = os.path.split(name)
    variables = os.path.join(folder, re.sub(r"(\.secboot|\.ms)?\.fd$", ".fd", file.replace("CODE", "VARS")))
    return name, variables if "CODE" in file and os.path.exists(variables) else None


def forbid_huge_pages():
    """In a process that is about to become another program; Linux alone has this (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)


def find_emulator(newer=False):
    """The beginning of QEMU's command line."""
    unpacked = NEWER / "usr/bin" / BINARY
    if not newer:
        return [BINARY]
    if unpacked.exists():
        return [str(unpacked), "-L", str(NEWER / "usr/share/qemu"), "-L", str(NEWER / "usr/share/seabios")]
    version = subprocess.run([BINARY, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    if int(re.search(r"version (\d+)", version)[1]) < NEWER_LEAST:
        raise QemuError(f"needs QEMU {NEWER_LEAST} (tools/setup slow)")
    return [BINARY]


def sign(source, output):
    """Sign with the key that OVMF's snake-oil variables trust."""
    key = output + ".key"
    run_tool("openssl", "rsa", "-in", SNAKEOIL + ".key", "-passin", "pass:snakeoil", "-out", key)
    run_tool("sbsign", "--key", key, "--cert", SNAKEOIL + ".pem", "--output", output, source)


def run_tool(*command):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except FileNotFoundError:
        raise QemuError(f"{command[0]} is not installed") from None
    if done.returncode:
        raise QemuError(f"{command[0]}: {done.stdout.decode('utf-8', 'replace').strip()}")


def kvm_works():
    """Whether KVM really runs code here: it may open and even make a machine, and fail at the first instruction."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    with tempfile.TemporaryDirectory(prefix="samara-") as folder:
        rom = os.path.join(folder, "rom")
        with open(rom, "wb") as f:
            f.write(bytes(0x10000 - 16) + PROBE.ljust(16, b"\xf4"))
        try:
            done = subprocess.run([BINARY, "-nodefaults", "-accel", "kvm", "-m", "16", "-display", "none", "-bios", rom,
                *debug_exit()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=3, check=False)
        except (subprocess.TimeoutExpired, FileNotFoundError):
            return False
        return done.returncode == POWERED_OFF


def debug_exit():
    return ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


def prepare(machine, folder):
    """Make the file, the medium and the firmware's variables in `folder`; return QEMU's command line without console and monitor."""
    efi = _pack(machine, folder)
    argv = [*find_emulator(machine.newer), "-nodefaults", "-no-user-config", "-name", "Samara"]
    argv += _processor(machine) + _memory(machine) + _firmware(machine, folder) + _display(machine)
    argv += _medium(machine, folder, efi) + debug_exit()
    if not machine.reboot:
        argv.append("-no-reboot")
    return argv + list(machine.extra)


def command_line(machine):
    return " ".join((["exit=qemu"] if machine.report else []) + ([machine.cmdline] if machine.cmdline else [])) or "\n"


def _pack(machine, folder):
    efi = os.path.join(folder, "BOOTX64.EFI")
    packed = pe.Image.read(machine.efi)
    packed.set(".cmdline", command_line(machine).encode())
    if machine.initrd:
        packed.set(".initrd", machine.initrd)
    with open(efi, "wb") as f:
        f.write(packed.write())
    if machine.secure_boot:
        sign(efi, efi + ".signed")
        os.replace(efi + ".signed", efi)
    return efi


def _processor(machine):
    argv = ["-cpu", machine.cpu, "-smp", str(machine.cpus)]
    if machine.icount:
        # With its own clock the guest runs the same way each time, one CPU after another.
        return argv + ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm"]
    return argv + ["-accel", "kvm" if machine.kvm else "tcg"]


def _memory(machine):
    chipset = [machine.chipset]
    if machine.firmware == "ovmf-secure":
        chipset.append("smm=on")
    if machine.nodes > 1:
        return ["-m", f"{machine.memory}M", "-machine", ",".join(chipset), *_nodes(machine)]
    return [*_ram("ram", machine.memory), "-m", f"{machine.memory}M", "-machine", ",".join([*chipset, "memory-backend=ram"])]


def _ram(name, size):
    # reserve=off: the host need not have what the guest never touches.
    return ["-object", f"memory-backend-ram,id={name},size={size}M,reserve=off"]


def _nodes(machine):
    """Nodes in a row: each is 10 further from the next."""
    argv = []
    for node in range(machine.nodes):
        first, end = (number * machine.cpus // machine.nodes for number in (node, node + 1))
        argv += _ram(f"ram{node}", machine.memory // machine.nodes)
        argv += ["-numa", f"node,nodeid={node},memdev=ram{node},cpus={first}-{end - 1}"]
    for node in range(machine.nodes):
        for other in range(machine.nodes):
            if node != other:
                argv += ["-numa", f"dist,src={node},dst={other},val={10 + 10 * abs(node - other)}"]
    return argv


def _firmware(machine, folder):
    code, variables = find_firmware(machine.firmware)
    if not variables:
        return ["-bios", code]
    copy = os.path.join(folder, "variables.fd")
    shutil.copy(variables, copy)
    argv = ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}", "-drive", f"if=pflash,unit=1,format=raw,file={copy}"]
    if machine.firmware == "ovmf-secure":
        argv += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
    return argv


def _display(machine):
    argv = list(DISPLAYS[machine.display])
    if machine.resolution:
        width, height = machine.resolution
        argv[1] += f",edid=on,xres={width},yres={height}"
        if argv[1].startswith("VGA") and width * height * 4 > 16 * image.MIB:
            argv[1] += ",vgamem_mb=64"
    return argv


def _medium(machine, folder, efi):
    if machine.disk == NETWORK:
        # romfile=: by the firmware's own drivers, not by iPXE; later EDK II does no networking without a source of chance.
        return ["-netdev", f"user,id=net,tftp={folder},bootfile=BOOTX64.EFI",
            "-device", "virtio-net-pci,netdev=net,bootindex=0,romfile=", "-device", "virtio-rng-pci"]
    with open(efi, "rb") as f:
        files = dict(machine.files, **{image.BOOT_PATH: f.read()})
    disk = os.path.join(folder, "disk.img")
    image.write(disk, files)
    return ["-drive", f"if=none,id=esp,format=raw,file={disk}"] + DISKS[machine.disk]


class Serial:
    """What came over the serial line, as lines of text without colours, and a place up to which it was read."""

    _escape = re.compile(rb"\x1b(?:\[[0-9;:?=]*[ -/]*[@-~]|[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])")
    _unfinished = re.compile(rb"\x1b(?:\[[0-9;:?=]*[ -/]*|[\]P^_X][^\x07\x1b]*|[ -/]*)\Z")

    def __init__(self):
        self.changed = threading.Condition()
        self.open = True
        self.lines = [""]           # the last one is not complete
        self._rest = b""            # the beginning of an escape sequence
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line, self._column = 0, 0

    def feed(self, data):
        """Take bytes as they come; b"" is the end."""
        with self.changed:
            self.open = self.open and bool(data)
            data = self._rest + data
            cut = self._unfinished.search(data) if self.open else None
            data, self._rest = (data[:cut.start()], data[cut.start():]) if cut else (data, b"")
            text = self._decoder.decode(self._escape.sub(b"", data).replace(b"\r", b""))
            first, *others = text.split("\n")
            self.lines[-1] += first
            self.lines += others
            self.changed.notify_all()

    def find(self, pattern):
        """The next match of a regular expression within a line, or None; a match is read, with all before it."""
        for number in range(self._line, len(self.lines)):
            match = re.compile(pattern).search(self.lines[number], self._column if number == self._line else 0)
            if match:
                self._line, self._column = number, match.end()
                return match
        return None

    def text(self):
        with self.changed:
            return "\n".join(self.lines)


class Guest:
    """A running QEMU. Use as a context manager: leaving it ends the process and removes its files."""

    def __init__(self, machine, terminal=False, window=False, echo=None, more=()):
        """terminal: the serial line is this process' own terminal; else it is captured, and copied to the stream `echo`."""
        self.machine = machine
        self.folder = tempfile.mkdtemp(prefix="samara-")
        self.serial = Serial()
        self.errors = ""            # what QEMU itself said, once it has ended
        self._echo, self._terminal = echo, terminal
        try:
            self._prepared = prepare(machine, self.folder) + ["-display", "gtk" if window else "none",
                "-chardev", f"stdio,id=serial,signal=off,mux={'on' if terminal else 'off'},logfile={self.folder}/serial",
                "-serial", "chardev:serial" if machine.serial else "none",
                *(["-mon", "chardev=serial"] if terminal else []), *more]
            self._start()
        except FileNotFoundError:
            shutil.rmtree(self.folder)
            raise QemuError(f"{BINARY} is not installed") from None
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        self._connect()

    def _start(self):
        self._monitor, theirs = socket.socketpair()
        self.argv = [*self._prepared, "-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon", "chardev=qmp,mode=control"]
        pipe = None if self._terminal else subprocess.PIPE
        with theirs, open(os.path.join(self.folder, "stderr"), "wb") as errors:
            self.process = subprocess.Popen(self.argv, bufsize=0, stdin=pipe, stdout=pipe, stderr=None if self._terminal else errors,
                pass_fds=[theirs.fileno()], preexec_fn=forbid_huge_pages if self.machine.small_pages else None)

    def _connect(self):
        self._reader = threading.Thread(target=self._read, daemon=True)
        if not self._terminal:
            self._reader.start()
        try:
            self.qmp = qmp.Qmp(self._monitor)
        except qmp.QmpError:
            self.close()
            raise QemuError(f"QEMU did not start: {self.errors or 'see above'}") from None

    def cut_power(self):
        """Pull the plug and put it back: what was not on the disk or in the firmware's flash memory is gone."""
        self.process.kill()
        self._hang_up()
        self.serial.open = True
        self._start()
        self._connect()

    def _hang_up(self):
        """Wait for QEMU's end, and let go of what leads to it."""
        self.process.wait()
        if self.process.stdout:
            self._reader.join(5)        # it reads to the end of what the guest said
            self.process.stdin.close()
            self.process.stdout.close()
        self._monitor.close()

    def _read(self):
        while True:
            data = self.process.stdout.read(65536)
            self.serial.feed(data)
            if not data:
                return
            if self._echo:
                self._echo.write(data)
                self._echo.flush()

    def expect(self, pattern, timeout):
        """Wait for a line to match, from where the last match ended. The match; None when the time is over or the guest has ended."""
        deadline = time.monotonic() + (timeout if timeout is not None else threading.TIMEOUT_MAX / 2)
        with self.serial.changed:
            while True:
                match = self.serial.find(pattern)
                left = deadline - time.monotonic()
                if match or left <= 0 or not self.serial.open:
                    return match
                self.serial.changed.wait(left)

    def type(self, text):
        """Type on the serial line."""
        self.process.stdin.write(text.encode())

    def screenshot(self, path, form="ppm"):
        self.qmp.command("screendump", filename=os.path.abspath(path), format=form)

    def framebuffer(self, path, size):
        """Save the first bytes of the graphics adapter's memory, as the guest writes it."""
        devices = [d for bus in self.qmp.command("query-pci") for d in bus["devices"] if d["class_info"]["class"] == 0x0300]
        self.qmp.command("pmemsave", val=devices[0]["regions"][0]["address"], size=size, filename=os.path.abspath(path))

    def panicked(self):
        """Whether the text of a panic came over the serial line, for a machine that does not report."""
        with open(os.path.join(self.folder, "serial"), "rb") as f:
            return re.search(rb"^Kernel panic: ", f.read(), re.MULTILINE) is not None

    def wait(self, timeout=None):
        """Wait for the end: QEMU's exit status, or None when the time is over."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def resident(self):
        """Bytes of the guest's RAM that have ever been touched, as the host has to hold them."""
        with open(f"/proc/{self.process.pid}/smaps", encoding="ascii") as f:
            regions = re.findall(r"^Size: +(\d+) kB\n(?:.*\n)*?Rss: +(\d+) kB", f.read(), re.MULTILINE)
        return sum(int(rss) * 1024 for size, rss in regions if int(size) * 1024 == self.machine.memory * image.MIB)

    def close(self):
        """End QEMU where it still runs, and remove its files."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._hang_up()
        path = os.path.join(self.folder, "stderr")
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as f:
                self.errors = f.read().strip()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def outcome(status, reason):
    """How a run ended, from QEMU's exit status and its reason for shutting down: one of the words above, or others where QEMU failed."""
    by_status = {POWERED_OFF: OFF, FAILED: FAILURE, PANICKED: PANIC, 0: {"guest-shutdown": OFF, "guest-reset": RESET}.get(reason, CLOSED)}
    return by_status.get(status, f"QEMU ended with status {status}")
