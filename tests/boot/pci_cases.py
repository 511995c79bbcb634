"""The table of PCI machines: trees of bridges, what `pci` says about them, and interrupts by message.

Addresses are given on QEMU's command line wherever they are looked for, since its own choice changes with its version.
"""

from case import READY, AtMost, Case, Type

KERNEL_TEST = "loader/kernel-test.EFI"
HEADLESS = {"display": "none"}


def port(name, number, address, bus="pcie.0"):
    return ("-device", f"pcie-root-port,id={name},bus={bus},chassis={number},slot={number},addr={address},multifunction=on")


# Ports in one multifunction device, a switch of two, a bridge back to PCI with a bridge behind it, and a host bridge of its own at
# bus 80h, which nothing leads to.
TREE = (
    *port("a", 1, "4.0"), *port("b", 2, "4.1"), *port("c", 3, "4.7"),
    "-device", "x3130-upstream,id=up,bus=a", "-device", "xio3130-downstream,id=down0,bus=up,chassis=10,slot=0,addr=0",
    "-device", "xio3130-downstream,id=down1,bus=up,chassis=11,slot=1,addr=1f", "-device", "nvme,serial=tree,bus=down1",
    "-device", "pcie-pci-bridge,id=back,bus=b", "-device", "pci-bridge,id=old,bus=back,chassis_nr=12,addr=3",
    "-device", "edu,bus=old,addr=1f",
    "-object", "memory-backend-ram,id=shared,size=64M", "-device", "ivshmem-plain,memdev=shared,bus=c",
    "-device", "pxb-pcie,id=far,bus_nr=128,bus=pcie.0,addr=5", *port("d", 4, 0, "far"), "-device", "qemu-xhci,bus=d",
)
# 64 ports, in all eight functions of eight devices, and something behind the last.
MANY = sum((port(f"p{i}", i, f"{8 + i // 8:x}.{i % 8}") for i in range(64)), ()) + ("-device", "nvme,serial=many,bus=p63")

# Bridges behind bridges without PCI Express, four deep.
CHAIN = sum((("-device", f"pci-bridge,id=c{i},bus={f'c{i - 1}' if i else 'pci.0'},chassis_nr={i + 1},addr={i + 5:x}") for i in range(4)), ())


def shows(*lines):
    return [READY, Type("pci -v"), *lines, Type("poweroff")]


def runs(*tests):
    steps = [READY]
    for test in tests:
        steps += [Type(f"test {test}"), f"test: {test}: pass"]
    return [*steps, Type("poweroff")]


TREE_LINES = (
    r"^00:00\.0 Host bridge: Intel Corporation 82G33", r"^00:04\.0 PCI bridge: Red Hat, Inc\. QEMU PCIe Root port",
    r"^00:04\.1 PCI bridge", r"^00:04\.7 PCI bridge", r"^00:05\.0 Host bridge: Red Hat, Inc\. QEMU PCIe Expander bridge",
    r"^00:1f\.0 ISA bridge: Intel Corporation 82801IB \(ICH9\) LPC Interface Controller \(rev 02\)",
    r"^01:00\.0 PCI bridge: Texas Instruments XIO3130 PCI Express Switch \(Upstream\)", r"leads to bus 02, up to 04$",
    r"^02:00\.0 PCI bridge: Texas Instruments XIO3130 PCI Express Switch \(Downstream\)", r"^02:1f\.0 PCI bridge",
    r"^04:00\.0 Non-Volatile memory controller: .*NVM Express Controller.*\[NVM Express\]", "bus master off",
    r"range 0: 64-bit memory at 0x\w+, 16 KiB", r"capabilities: .*\[40\] MSI-X", r"^05:00\.0 PCI bridge", r"^06:03\.0 PCI bridge",
    r"^07:1f\.0 Unclassified device: vendor 1234 device 11e8 \(rev 10\)", "bus master off", r"range 0: memory at 0x\w+, 1 MiB",
    r"^08:00\.0 RAM memory: Red Hat, Inc\. Inter-VM shared memory", r"range 2: 64-bit memory at 0x\w{9,}, 64 MiB, prefetchable",
    r"^80:00\.0 PCI bridge", r"extended capabilities: \[100\] error reporting", r"^81:00\.0 USB controller: .*\[XHCI\]",
)

CASES = [
    Case("pci-tree", [r"pci: 19 functions on 11 buses, configured by memory", *shows(*TREE_LINES)], {**HEADLESS, "extra": TREE}),
    Case("pci-many-ports", [r"pci: 70 functions on 65 buses", READY, Type("pci"), r"^00:0f\.7 PCI bridge", r"^40:00\.0 Non-Volatile",
        Type("pci scan"), "^0 functions more than before, 70 on 256 buses", Type("poweroff")], {**HEADLESS, "extra": MANY}, timeout=120),
    Case("pci-bridges-by-ports", ["pci: .* configured by ports", *shows(r"^00:00\.0 Host bridge: Intel Corporation 440FX",
        r"^00:05\.0 PCI bridge", r"^01:06\.0 PCI bridge", r"^02:07\.0 PCI bridge", r"^03:08\.0 PCI bridge",
        r"^04:1e\.3 Unclassified device")],
        {**HEADLESS, "chipset": "pc", "extra": (*CHAIN, "-device", "edu,bus=c3,addr=1e.0,multifunction=on", "-device", "edu,bus=c3,addr=1e.3")}),
    # A framebuffer's display goes on being a master; a card that the firmware used does not.
    Case("pci-quiet", ["pci: [1-9] devices were bus masters", *shows(r"^00:01\.0 VGA compatible", "bus master on", r"^00:02\.0", "bus master off")]),
    Case("pci-interrupts", runs("pci_msi_comes", "pci_msix_comes", "pci_quiets_what_is_new_alone"), {**HEADLESS, "cpus": 3, "extra": ("-device", "edu", "-device", "e1000e")},
        efi=KERNEL_TEST, rings=("kernel",)),
    Case("pci-interrupts-by-ports", runs("pci_msi_comes", "pci_msix_comes", "pci_ranges_are_measured_and_put_back"),
        {**HEADLESS, "chipset": "pc", "firmware": "u-boot", "extra": ("-device", "edu", "-device", "e1000e")}, efi=KERNEL_TEST, rings=("kernel",)),
    Case("pci-interrupt-storm", [READY, Type("test pci_pin_that_nobody_claims_is_masked"),
        r"irq: edu storm on vector \d+: nobody claims it, its line is masked", r"^ +\d+ +(99\d{3}|100000) .* edu storm",
        "test: pci_pin_that_nobody_claims_is_masked: pass", Type("poweroff")],
        {**HEADLESS, "chipset": "pc", "cpus": 2, "extra": ("-device", "edu")}, efi=KERNEL_TEST, timeout=120, rings=("kernel", "release")),
    Case("pci-cost", [READY, Type("pci; bench pci"), AtMost(r"pci_enumerate (\d+) ticks", 150_000), Type("poweroff")],
        {**HEADLESS, "icount": True, "cpu": "max,-erms"}, timeout=240),
]
