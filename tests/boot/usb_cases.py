"""The table of USB: keyboards and mice on xHCI controllers, typed on, plugged and pulled, and devices that lie.

Devices are QEMU's, or played by the test (usb_device.py), which can be told what to do to the byte.
"""

import dataclasses
import random
import time

from case import READY, Case, Failure, Keys, Line, Press, Type
from usb_device import BABBLE, SILENCE, STALL, Device, configuration, device_descriptor, interface, plug

KERNEL_TEST = "loader/kernel-test.EFI"
U_BOOT = {"firmware": "u-boot", "chipset": "pc", "display": "none"}
NO_PS2 = ("-machine", "i8042=off")     # so that what is typed comes by USB
XHCI, NEC = ("-device", "qemu-xhci,id=x"), ("-device", "nec-usb-xhci,id=x")
MANY_PORTS = ("-device", "qemu-xhci,id=x,p2=15,p3=2")
# Two hubs, one behind the other, and a keyboard behind both.
BEHIND_HUBS = ("-device", "usb-hub,bus=x.0,port=1,id=outer", "-device", "usb-hub,bus=x.0,port=1.2,id=inner", "-device", "usb-kbd,bus=x.0,port=1.2.3")

KEYBOARD = configuration(interface(0, 1, 1))
USAGES = {**{chr(97 + i): 4 + i for i in range(26)}, "\n": 0x28, " ": 0x2c}
NOTHING_HELD = bytes(8)


def players(run):
    """The devices that a case plays, by name."""
    return vars(run).setdefault("usb_players", {})


@dataclasses.dataclass
class Plug:
    """Plug in a device: QEMU's, by its driver's name, or one to play."""
    device: object
    name: str = ""
    port: str = None

    def run(self, run):
        if isinstance(self.device, Device):
            players(run)[self.device.name] = plug(run.guest, self.device, "x.0", self.port)
        else:
            place = {"port": self.port} if self.port else {}
            run.guest.qmp.command("device_add", driver=self.device, id=self.name, bus="x.0", **place)


@dataclasses.dataclass
class Pull:
    """Pull out a device."""
    name: str

    def run(self, run):
        run.guest.qmp.command("device_del", id=self.name)


@dataclasses.dataclass
class Reports:
    """A played device sends reports, or statuses, each when it is asked for."""
    name: str
    endpoint: int
    reports: tuple

    def run(self, run):
        for report in self.reports:
            if not players(run)[self.name].report(self.endpoint, report):
                raise Failure(f"{self.name} is not asked for reports")


def held(*usages, modifiers=0):
    return bytes([modifiers, 0, *usages]).ljust(8, b"\0")


def typed(text):
    """Reports of a keyboard on which this is typed."""
    return tuple(report for char in text for report in (held(USAGES[char]), NOTHING_HELD))


@dataclasses.dataclass
class Typed:
    """On a played keyboard, lines of random letters, so many keys in all; each must come back whole."""
    name: str
    keys: int

    def run(self, run):
        for length in [200] * (self.keys // 200):
            word = "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=length - 1))
            Reports(self.name, 1, typed(word + "\n")).run(run)
            Line(f"^{word}: no such command").run(run)


@dataclasses.dataclass
class Asked:
    """A played device must have got this request, with these data, within a while."""
    name: str
    request: tuple

    def run(self, run):
        deadline = time.monotonic() + 5
        while self.request not in players(run)[self.name].requests:
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} was asked {players(run)[self.name].requests}, and not {self.request}")
            time.sleep(0.05)


@dataclasses.dataclass
class StopController:
    """Stop the xHCI controller behind its driver's back: by its command register, which QEMU has at 0x40."""

    def run(self, run):
        Type("pci -v").run(run)
        Line("USB controller.*XHCI").run(run)
        registers = run.guest.expect(r"range 0: 64-bit memory at 0x(\w+),", run.left())
        if not registers:
            raise Failure("the controller has no registers")
        Type(f"poke -l phys:{int(registers[1], 16) + 0x40:#x} 0").run(run)


@dataclasses.dataclass
class Send:
    """Text on the serial line, whatever stands there."""
    text: str

    def run(self, run):
        run.guest.type(self.text)


@dataclasses.dataclass
class Wait:
    seconds: float

    def run(self, run):
        time.sleep(self.seconds)


def lamps(value):
    return (0x21, 9, 0x200, bytes([value]))


def keyboard(*steps, controller=XHCI, devices=("-device", "usb-kbd,bus=x.0"), off=NO_PS2, **machine):
    """A machine with a USB keyboard on which steps are typed, and the end."""
    return [READY, *steps, Keys("poweroff")], {**U_BOOT, **machine, "extra": (*off, *controller, *devices)}


def refused(name, why, **says):
    """Plug in a device that is not used, for a reason."""
    return [Plug(Device(name, **says)), rf"usb 1-\d+: not used: {why}$"]


def starved(device, nth, error):
    """Plug in a device that finds no memory at a step, each time it is tried: it is said, and nothing is left behind."""
    return [Type(f"fail usb {nth}"), Plug(device, f"starved{nth}", "1"), error, Pull(f"starved{nth}"), Wait(0.5), Type("fail"), "^fail: nothing is left behind"]


def known(device):
    """Plug a device in and out: the memory that its kind needs is there then, and an allocation is one."""
    return [Plug(device, f"known-{device}", "1"), "usb 1-1: .*: ", Pull(f"known-{device}"), "usb 1-1: unplugged"]


def altered(place, value):
    """The keyboard's configuration with one byte changed."""
    return KEYBOARD[:place] + bytes([value]) + KEYBOARD[place + 1:]


LIARS = [
    *refused("lengthless", "configuration: a descriptor without a length", config=altered(9, 0)),
    *refused("cut", "configuration: a descriptor that is cut off", config=altered(27, 8)),
    *refused("long", "configuration: shorter than it says", config=altered(2, 99)),
    *refused("huge", "configuration: its configuration has an impossible length", config=altered(3, 0xff)),
    *refused("endpoint-0", "configuration: an endpoint of an impossible number", config=altered(29, 0x80)),
    *refused("roomless", "configuration: an endpoint without room for data", config=altered(31, 0)),
    *refused("twins", "configuration: an endpoint that another interface has", config=configuration(interface(0, 1, 1), interface(1, 2, 1))),
    *refused("packets", "address: its endpoint 0 has packets of a wrong size", descriptor=device_descriptor(packet=5)),
    *refused("nothing", "device descriptor: no configuration", descriptor=device_descriptor(configurations=0)),
    *refused("stalling", "configuration: it stalls", answers={(0x80, 6, 2): STALL}),
    *refused("unsettable", "setting the configuration: it stalls", answers={(0, 9): STALL}),
    *refused("hub", "starting its drivers: not a hub descriptor", config=configuration(interface(0, 0, 1, cls=9)),
        answers={(0xa0, 6): bytes(9)}),
]

CASES = [
    Case("usb-keyboard", *keyboard(r"usb 1-1: QEMU USB Keyboard \(0627:0001\): keyboard",
        Keys("usb"), r"^  1-1: 0627:0001 QEMU USB Keyboard, 480 Mb/s, keyboard")),
    Case("usb-keyboard-ovmf", *keyboard("1-1: .*: keyboard", Keys("quite"), "^quite: no such command", chipset="q35", firmware="ovmf")),
    Case("usb-nec", *keyboard("1-1: .*: keyboard", Keys("usb"), r"^xhci \S+, 8 ports, by interrupts", "1-1: .* keyboard", controller=NEC)),
    Case("usb-msi", *keyboard("1-1: .*: keyboard", Keys("usb"), r"^xhci \S+, 8 ports, by interrupts", "1-1: .* keyboard", controller=("-device", "nec-usb-xhci,id=x,msix=off"))),
    Case("usb-no-memory", [READY, *known("usb-kbd"), *known("usb-hub"), *starved("usb-kbd", 1, "usb: no memory for a device"), *starved("usb-kbd", 2, "usb 1-1: not used: slot: no memory"),
        *starved("usb-mouse", 3, "usb 1-1: not used: configuration: no memory"), *starved("usb-kbd", 4, "usb 1-1: not used: starting its drivers: no memory"),
        *starved("usb-hub", 4, "usb 1-1: not used: starting its drivers: no memory"), Plug("usb-kbd", "k", "1"), "usb 1-1: .*: keyboard", Keys("poweroff")],
        {**U_BOOT, "extra": (*NO_PS2, *XHCI)}, efi=KERNEL_TEST),
    Case("usb-polled", *keyboard("1-1: .*: keyboard", Keys("usb"), r"^xhci \S+, 8 ports, polled", "1-1: .* keyboard", controller=("-device", "nec-usb-xhci,id=x,msi=off,msix=off"))),
    Case("usb-64-cpus", *keyboard("1-1: .* keyboard", Keys("quite"), "^quite: no such command", cpus=64), timeout=180),
    Case("usb-hubs", *keyboard(r"usb 1-1\.2\.3: .*: keyboard", Keys("usb"), r"^  1-1: 0409:55aa QEMU USB Hub, 12 Mb/s, hub", r"^    1-1\.2: .*, hub",
        r"^      1-1\.2\.3: .*, keyboard", Pull("outer"), r"1-1\.2\.3: unplugged", r"1-1\.2: unplugged", r"1-1: unplugged", Plug("usb-kbd", "k", "1"),
        "usb 1-1: .*: keyboard", devices=BEHIND_HUBS)),
    Case("usb-five-hubs", *keyboard(*(rf"usb 1-1{'.1' * i}: .*: hub" for i in range(5)), r"usb 1-1\.1\.1\.1\.1\.1: .*: keyboard", Keys("quite"), "^quite: no such command",
        devices=sum((("-device", f"usb-hub,bus=x.0,port=1{'.1' * i}") for i in range(5)), ()) + ("-device", "usb-kbd,bus=x.0,port=1.1.1.1.1.1"))),
    Case("usb-plugged-later", *keyboard(Wait(1), Plug("usb-kbd", "first", "1"), "usb 1-1: .*: keyboard", Keys("quite"), "^quite: no such command", Pull("first"),
        "usb 1-1: unplugged", Plug("usb-hub", "hub", "1"), "usb 1-1: .*: hub", Plug("usb-kbd", "second", "1.4"), r"usb 1-1\.4: .*: keyboard", devices=())),
    Case("usb-five-keyboards", [READY, *(rf"usb 1-{port}: .*: keyboard" for port in range(1, 6)), *(
        step for i in range(5) for step in (Keys("mem"), "bytes? |KiB", Pull(f"k{i}"), "unplugged")), Type("poweroff")],
        {**U_BOOT, "extra": (*NO_PS2, *MANY_PORTS, *sum((("-device", f"usb-kbd,bus=x.0,id=k{i}") for i in range(5)), ()))}),
    Case("usb-10000-keys", [READY, Plug(Device("fast", configuration(interface(0, 1, 1, interval=1)), device_descriptor(packet=64), "high")),
        ": keyboard", Typed("fast", 10_000), Reports("fast", 1, typed("poweroff\n"))], {**U_BOOT, "extra": (*NO_PS2, *XHCI)}, timeout=120),
    Case("usb-composite", [READY, Plug(Device("composite", configuration(interface(0, 1, 1), interface(1, 2, 2), interface(2, 0, 3, subclass=0)))),
        r"usb 1-1: Played composite \(1209:0001\): keyboard, mouse",
        Asked("composite", (0x21, 11, 0, b"")), Asked("composite", (0x21, 10, 0, b"")),     # boot protocol, no repeat
        Reports("composite", 2, (bytes([2, 30, 20, 0]), bytes([0, 256 - 10, 0, 256 - 1]))),
        Reports("composite", 1, typed("mouse\n")), r"^pointer at 20,20, wheel at -1,0, ",
        Reports("composite", 1, (held(0x39), NOTHING_HELD)), Asked("composite", lamps(2)), Reports("composite", 1, (held(0x39), NOTHING_HELD)),
        Reports("composite", 1, typed("poweroff\n"))], {**U_BOOT, "extra": XHCI}),
    # Keys that are down when the keyboard goes are not down, nor repeated, after it.
    Case("usb-pulled-while-typing", [READY, Plug(Device("board")), ": keyboard", Reports("board", 1, (held(4, modifiers=2),)), "AAAA", Pull("board"),
        "unplugged", Wait(0.5), Send("\x15usb\r"), r"^xhci", Plug(Device("other")), ": keyboard", Reports("other", 1, typed("poweroff\n"))],
        {**U_BOOT, "extra": XHCI}),
    # The report that is lost may be the one that a key is up.
    Case("usb-lost-release", [READY, Plug(Device("board")), ": keyboard", Reports("board", 1, (held(4),)), "aaaa", Reports("board", 1, (BABBLE,)), Wait(1),
        Send("\x15usb\r"), r"^xhci", Reports("board", 1, (NOTHING_HELD, *typed("poweroff\n")))], {**U_BOOT, "extra": XHCI}),
    Case("usb-rollover", [READY, Plug(Device("board")), ": keyboard", Reports("board", 1, (held(4), held(4, 5), held(1, 1, 1, 1, 1, 1), held(5),
        held(1, 1, 1, 1, 1, 1), NOTHING_HELD, *typed("c\n"))), "^abc: no such command", Type("poweroff")], {**U_BOOT, "extra": XHCI}),
    Case("usb-liars", [READY, *LIARS, Plug("usb-kbd", "honest"), r"usb 1-13: .*: keyboard", Keys("poweroff")],
        {**U_BOOT, "extra": (*NO_PS2, *MANY_PORTS)}, timeout=90),
    Case("usb-silent", [READY, Plug(Device("silent", answers={(0x80, 6, 1): SILENCE})), Plug("usb-kbd", "honest"), r"usb 1-2: .*: keyboard",
        Keys("quite"), "^quite: no such command", r"usb 1-1: not used: address: no answer in time$", Keys("poweroff")], {**U_BOOT, "extra": (*NO_PS2, *XHCI)}),
    Case("usb-stubborn", [READY, Plug(Device("stubborn", answers={(0x21, 11): STALL, (0x21, 10): STALL, (0x80, 6, 3): STALL})),
        "usb 1-1: USB keyboard: it refuses the boot protocol", r"usb 1-1: device without a name \(1209:0001\): keyboard", Reports("stubborn", 1, typed("poweroff\n"))],
        {**U_BOOT, "extra": XHCI}),
    # A bad moment is forgiven, a device that has nothing else is tried anew, and then given up.
    Case("usb-babbling", [READY, Plug(Device("babbling")), ": keyboard", Reports("babbling", 1, (BABBLE, *typed("quite\n"))), "^quite: no such command",
        *([Reports("babbling", 1, (BABBLE,) * 6), "usb 1-1: keyboard: it babbles; dropped"] * 4), Plug("usb-kbd", "honest"), r"usb 1-2: .*: keyboard",
        Keys("poweroff")], {**U_BOOT, "extra": (*NO_PS2, *XHCI)}),
    # It says nothing any more, and is started anew three times.
    Case("usb-controller-stops", [READY, r"usb 1-1: .*: keyboard", *(step for i in range(3) for step in (StopController(),
        r"usb: xhci \S+: it has stopped; it is started anew", "input: USB keyboard is gone", r"usb: xhci \S+: 8 ports, ", "usb 1-1: .*: keyboard",
        Keys("quite"), "^quite: no such command")), StopController(),
        r"usb: xhci \S+: it has stopped; it is not used any more", "input: USB keyboard is gone", Type("usb"), r"^xhci \S+, 8 ports, it has stopped", Type("pci -v"), "USB controller.*XHCI", "bus master off", Type("poweroff")],
        {**U_BOOT, "extra": (*NO_PS2, *XHCI, "-device", "usb-kbd,bus=x.0")}, "loglevel=8"),
    Case("usb-controller-stops-no-memory", [READY, r"usb 1-1: .*: keyboard", Type("fail usb 1"), StopController(),
        r"usb: xhci \S+: it has stopped; it is started anew", r"usb: xhci \S+: there is no memory for it; it is not used any more", Type("fail"),
        "^fail: nothing is left behind", Type("irq"), r"^ +224 .* timer", Type("poweroff")],
        {**U_BOOT, "extra": (*NO_PS2, *XHCI, "-device", "usb-kbd,bus=x.0")}, efi=KERNEL_TEST),
    Case("usb-report", [READY, r"usb 1-1\.2: .*: keyboard", Type("report usb"), r"^    00:03\.0, ports 8, state by interrupts", r"^    1-1\.2, id 0627:0001, name QEMU USB Keyboard, .*, drivers keyboard", Type("poweroff")],
        {**U_BOOT, "extra": (*XHCI, "-device", "usb-hub,bus=x.0,port=1", "-device", "usb-kbd,bus=x.0,port=1.2")}),
    Case("usb-storage", [READY, r"usb \d-\d: .*, no driver$", Type("usb"), r"\d-\d: .*, no driver for class 08", Type("poweroff")], {"display": "none", "disk": "usb"}),
    Case("usb-off", [r"usb: not used, by nousb", READY, Type("usb"), "^there is no xHCI controller in use", Type("pci -v"), "USB controller.*XHCI",
        "bus master off", Type("poweroff")], {**U_BOOT, "extra": (*XHCI, "-device", "usb-kbd,bus=x.0")}, "nousb"),
    # Those that we have no driver for are taken from the firmware all the same.
    Case("usb-old-controllers", ["usb: only controllers from before xHCI", READY, Type("pci -v"), r"USB controller.*\[UHCI\]", "bus master off", r"USB controller.*\[OHCI\]", "bus master off",
        r"USB controller.*\[EHCI\]", "bus master off", Type("poweroff")], {"display": "none", "extra": (
        "-device", "ich9-usb-uhci1,addr=8", "-device", "pci-ohci,addr=9", "-device", "ich9-usb-ehci1,id=e,addr=a", "-device", "usb-kbd,bus=e.0")}),
]
