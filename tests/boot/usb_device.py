"""USB devices that a test plays, over QEMU's usb-redir (the usbredir protocol, version 0.7): honest ones, and ones that lie."""

import dataclasses
import os
import socket
import struct
import threading

HELLO, CONNECT, DISCONNECT, RESET, INTERFACES, ENDPOINTS, SET_CONFIGURATION = range(7)
GET_CONFIGURATION, CONFIGURATION_STATUS, SET_ALTERNATE, GET_ALTERNATE, ALTERNATE_STATUS = 7, 8, 9, 10, 11
START_INTERRUPTS, STOP_INTERRUPTS, INTERRUPTS_STATUS = 15, 16, 17
CONTROL, INTERRUPT = 100, 103
CAPABILITIES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6     # what QEMU wants of a device on xHCI: a version, packet sizes, longer numbers
SUCCESS, STALL, BABBLE = 0, 4, 6
SPEEDS = {"low": 0, "full": 1, "high": 2}
MAX_ENDPOINTS = 32                 # in QEMU's tables: 16 out, then 16 in
NOT_THERE, TYPE_CONTROL, TYPE_INTERRUPT = 255, 0, 3

SILENCE = object()                 # as an answer: none ever comes
GET_DESCRIPTOR = 6
DEVICE, CONFIGURATION, STRING = 1, 2, 3


def interface(number, protocol, endpoint, size=8, cls=3, subclass=1, interval=8):
    """An interface of a boot keyboard (protocol 1), a boot mouse (2) or something else, with its endpoint."""
    return bytes([9, 4, number, 0, 1, cls, subclass, protocol, 0, 9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0,
        7, 5, 0x80 | endpoint, 3, size & 255, size >> 8, interval])


def configuration(*interfaces, total=None, count=None):
    body = b"".join(interfaces)
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body) if total is None else total, len(interfaces) if count is None else count,
        1, 0, 0xa0, 50) + body


def device_descriptor(packet=8, configurations=1):
    return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x200, 0, 0, 0, packet, 0x1209, 0x0001, 0x100, 1, 2, 0, configurations)


@dataclasses.dataclass
class Device:
    """What a device says, and how it answers: `answers` maps (request type, request) or (…, value's upper byte) to bytes, a status
    or SILENCE."""
    name: str
    config: bytes = configuration(interface(0, 1, 1))
    descriptor: bytes = device_descriptor()
    speed: str = "full"
    answers: dict = dataclasses.field(default_factory=dict)


class Player:
    """Plays a device on one end of a socket, until QEMU closes it."""

    def __init__(self, device, path):
        self.device, self.configured = device, 0
        self.requests = []          # (type, request, value, data) that came
        self._sent = threading.Lock()
        self._asked = {endpoint: threading.Event() for endpoint in range(1, 5)}    # whether its reports were asked for
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            self._connection, _ = self._listener.accept()
            self._listener.close()
            with self._connection.makefile("rb") as stream:
                kind, length, _ = struct.unpack("<III", stream.read(12))
                self._hello(stream.read(length))
                while head := stream.read(16):
                    kind, length, number = struct.unpack("<IIQ", head)
                    self._take(kind, number, stream.read(length))
        except OSError:
            pass

    def _send(self, kind, body=b"", number=0):
        with self._sent:
            self._connection.sendall(struct.pack("<IIQ", kind, len(body), number) + body)

    def _hello(self, _):
        """The first message each way has a shorter head; then comes what QEMU wants to know before the device is plugged in."""
        body = b"samara tests".ljust(64, b"\0") + struct.pack("<I", CAPABILITIES)
        self._connection.sendall(struct.pack("<III", HELLO, len(body), 0) + body)
        self._describe()
        self._send(CONNECT, struct.pack("<BBBBHHH", SPEEDS[self.device.speed], 0, 0, 0, 0x1209, 1, 0x100))

    def _take(self, kind, number, body):
        if kind in (SET_CONFIGURATION, GET_CONFIGURATION):
            self.configured = body[0] if kind == SET_CONFIGURATION else self.configured
            answer = self.device.answers.get((0, 9), SUCCESS)
            if answer is not SILENCE:
                self._send(CONFIGURATION_STATUS, bytes([answer, self.configured]), number)
        elif kind == START_INTERRUPTS:
            self._send(INTERRUPTS_STATUS, bytes([SUCCESS, body[0]]), number)
            self._asked[body[0] & 15].set()
        elif kind == STOP_INTERRUPTS:
            self._send(INTERRUPTS_STATUS, bytes([SUCCESS, body[0]]), number)
            self._asked[body[0] & 15].clear()
        elif kind == CONTROL:
            self._control(number, body)

    def _describe(self):
        """QEMU's own tables of interfaces and endpoints: what is true, however the device lies to the guest."""
        types = [NOT_THERE] * MAX_ENDPOINTS
        types[0] = types[16] = TYPE_CONTROL
        for endpoint in range(1, 5):
            types[16 + endpoint] = TYPE_INTERRUPT
        self._send(INTERFACES, struct.pack("<I", 1) + bytes(32 * 4))
        self._send(ENDPOINTS, bytes(types) + bytes([8] * 32) + bytes(32) + struct.pack("<32H", *[64] * 32))

    def _control(self, number, body):
        endpoint, request, kind, _, value, index, length = struct.unpack("<BBBBHHH", body[:10])
        self.requests.append((kind, request, value, body[10:]))
        answer = self._answer(kind, request, value)
        if answer is SILENCE:
            return
        status, data = (answer, b"") if isinstance(answer, int) else (SUCCESS, answer[:length])
        moved = len(data) if kind & 0x80 else length
        self._send(CONTROL, struct.pack("<BBBBHHH", endpoint, request, kind, status, value, index, moved) + data, number)

    def _answer(self, kind, request, value):
        answers = self.device.answers
        for key in ((kind, request, value >> 8), (kind, request)):
            if key in answers:
                return answers[key]
        if request == GET_DESCRIPTOR and kind == 0x80:
            return {DEVICE: self.device.descriptor, CONFIGURATION: self.device.config, STRING: self._string(value & 255)}.get(value >> 8, STALL)
        return b"" if kind & 0x60 or request in (1, 3) else STALL

    def _string(self, number):
        text = ("", "Played", self.device.name)[number]
        body = text.encode("utf-16-le") if number else struct.pack("<H", 0x0409)
        return bytes([2 + len(body), 3]) + body

    def report(self, endpoint, data, patience=10):
        """Send a report once it is asked for, or a status instead. Whether it was."""
        if not self._asked[endpoint].wait(patience):
            return False
        status, data = (data, b"") if isinstance(data, int) else (SUCCESS, data)
        if status:
            self._asked[endpoint].clear()       # the endpoint stops
        self._send(INTERRUPT, struct.pack("<BBH", 0x80 | endpoint, status, len(data)) + data)
        return True


def plug(guest, device, bus, port=None):
    """Plug a device into a running guest; its player."""
    path = os.path.join(guest.folder, f"usb-{device.name}")
    player = Player(device, path)
    guest.qmp.command("chardev-add", id=f"char-{device.name}", backend={"type": "socket", "data": {
        "addr": {"type": "unix", "data": {"path": path}}, "server": False}})
    place = {"port": port} if port else {}
    guest.qmp.command("device_add", driver="usb-redir", id=device.name, chardev=f"char-{device.name}", bus=bus, **place)
    return player
