/* xHCI controllers (xHCI 1.2): from a PCI device to a running controller, and back when it fails.
 *
 * Everything but the look at the registers is done in the controller's own thread, so a controller that hangs costs
 * nobody else anything. A controller starts from its reset state, whatever firmware did with it, and becomes a bus
 * master only when all memory that it is told about is ours. When it fails it loses that right first. */
#include "kernel/drivers/usb/xhci.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/drivers/usb/usb.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/sched/thread.h"
#include "kernel/time/clock.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define REGISTERS_MAX	MIB(1)
#define HALT_TIME	(100 * NSEC_PER_MSEC)	/* section 5.4.1.1: 16 */
#define RESET_TIME	(5 * NSEC_PER_SEC)
#define RESET_REST	(2 * NSEC_PER_MSEC)	/* Intel's must not be touched for 1 ms after it */
#define INTERRUPT_GAP	160			/* of 250 ns: a hub full of keyboards is no storm */
#define MEMORY_ORDER	2
#define LOOK_EVERY	(4 * NSEC_PER_SEC)	/* one that has stopped says nothing any more */
#define RESTARTS	3			/* of one that fails again and again, … */
#define SERVED_WELL	(60 * NSEC_PER_SEC)	/* … each time before this */
_Static_assert(sizeof(struct xhci_memory) == PAGE_SIZE << MEMORY_ORDER, "a block of that order");

static struct xhci *controllers;	/* only added to, during the boot */

struct xhci *xhci_first(void)
{
	return controllers;
}

void *xhci_memory_alloc(const struct xhci *x, unsigned order)
{
	const paddr_t block = frames_alloc(order, x->addresses_64 ? FRAMES_ANYWHERE : FRAMES_LOW, FRAME_KERNEL);

	return block ? memset(phys_to_virt(block), 0, PAGE_SIZE << order) : NULL;
}

/* Wait until these bits of a register of the operational ones are so. */
static bool wait_for(const struct xhci *x, unsigned offset, uint32_t mask, uint32_t value, nsec_t duration)
{
	const nsec_t end = clock_now() + duration;

	while ((xhci_read(x->operation, offset) & mask) != value) {
		if (clock_now() > end)
			return false;
		thread_sleep(NSEC_PER_MSEC);
	}
	return true;
}

static const char *find_registers(struct xhci *x, uint64_t size)
{
	const uint32_t head = xhci_read(x->registers, XHCI_CAPLENGTH);
	const uint32_t structure = xhci_read(x->registers, XHCI_HCSPARAMS1);
	const uint32_t capabilities = xhci_read(x->registers, XHCI_HCCPARAMS1);
	const uint32_t doorbells = xhci_read(x->registers, XHCI_DBOFF) & ~3u;
	const uint32_t runtime = xhci_read(x->registers, XHCI_RTSOFF) & ~0x1fu;
	const unsigned ports = structure >> 24;

	if (head == 0xffffffff)
		return "it does not answer";
	x->slot_count = structure & 0xff;
	x->addresses_64 = capabilities & HCCPARAMS1_AC64;
	x->power_switches = capabilities & HCCPARAMS1_PPC;
	x->context_size = capabilities & HCCPARAMS1_CSZ ? 64 : 32;
	if (!ports || !x->slot_count)
		return "it has no ports or no slots";
	if ((head & 0xff) + XHCI_PORTSC + 16ull * ports > size || runtime + 0x40ull > size ||
	    doorbells + 4 * (x->slot_count + 1ull) > size)
		return "its registers lie outside its range";
	x->operation = x->registers + (head & 0xff);
	x->runtime = x->registers + runtime;
	x->doorbells = x->registers + doorbells;
	x->root = usb_hub_alloc(x, NULL, ports);
	return x->root ? NULL : "there is no memory for its ports";
}

/* Which ports speak USB 2, and which USB 3 (section 7.2); each kind counts for itself. */
static void name_ports(struct xhci *x, uint64_t size)
{
	unsigned counts[2] = { 0 };

	for (unsigned port = 1; port <= x->root->count; port++) {	/* should nothing be said about it */
		x->port_names[port].bus = (uint8_t)(2 * x->number + 1);
		x->port_names[port].number = (uint8_t)port;
	}
	for (uint32_t at = 0; (at = xhci_capability(x->registers, size, at, XHCI_CAP_PROTOCOL));) {
		const bool super = xhci_read(x->registers, at) >> 24 >= 3;
		const uint32_t ports = at + 12 <= size ? xhci_read(x->registers, at + 8) : 0;
		const unsigned first = ports & 0xff, count = ports >> 8 & 0xff;
		for (unsigned port = first; first && port < first + count && port <= x->root->count; port++) {
			x->port_names[port].bus = (uint8_t)(2 * x->number + 1 + super);
			x->port_names[port].number = (uint8_t)++counts[super];
		}
	}
}

static const char *halt_and_reset(struct xhci *x)
{
	if (!wait_for(x, XHCI_USBSTS, USBSTS_NOT_READY, 0, RESET_TIME))
		return "it does not get ready";
	xhci_write(x->operation, XHCI_USBCMD, 0);
	if (!wait_for(x, XHCI_USBSTS, USBSTS_HALTED, USBSTS_HALTED, HALT_TIME))
		pr_warn("usb: xhci %s does not stop; it is reset all the same", x->name);
	xhci_write(x->operation, XHCI_USBCMD, USBCMD_RESET);
	thread_sleep(RESET_REST);
	if (!wait_for(x, XHCI_USBCMD, USBCMD_RESET, 0, RESET_TIME) ||
	    !wait_for(x, XHCI_USBSTS, USBSTS_NOT_READY, 0, RESET_TIME))
		return "it does not come out of reset";
	return NULL;
}

/* Pages that the controller keeps its own state in (section 4.20), as many and as large as it wants. */
static const char *scratchpads_alloc(struct xhci *x)
{
	const uint32_t structure = xhci_read(x->registers, XHCI_HCSPARAMS2);
	const uint32_t sizes = xhci_read(x->operation, XHCI_PAGESIZE);
	const unsigned count = (structure >> 21 & 0x1f) << 5 | structure >> 27;

	if (!count)
		return NULL;
	x->scratchpad_order = sizes & 0xffff ? (unsigned)__builtin_ctz(sizes) : BUDDY_ORDERS;
	if (x->scratchpad_order > BUDDY_ORDER_MAX)
		return "its pages have no size";
	x->scratchpads = xhci_memory_alloc(x, count > PAGE_SIZE / sizeof(uint64_t));
	for (; x->scratchpads && x->scratchpad_count < count; x->scratchpad_count++) {
		void *const page = xhci_memory_alloc(x, x->scratchpad_order);
		if (!page)
			break;
		x->scratchpads[x->scratchpad_count] = virt_to_phys(page);
	}
	if (x->scratchpad_count < count)
		return "there is no memory for its scratchpads";
	x->memory->contexts[0] = virt_to_phys(x->scratchpads);
	return NULL;
}

static void memory_free(struct xhci *x)
{
	while (x->scratchpad_count)
		frames_free(x->scratchpads[--x->scratchpad_count]);
	if (x->scratchpads)
		frames_free(virt_to_phys(x->scratchpads));
	if (x->memory)
		frames_free(virt_to_phys(x->memory));
	x->scratchpads = NULL;
	x->memory = NULL;
}

/* Tell the controller where everything is (section 4.2). */
static void set_up(struct xhci *x)
{
	struct xhci_memory *const m = x->memory;

	xhci_ring_init(&x->commands, m->commands, virt_to_phys(m->commands), ARRAY_SIZE(m->commands));
	xhci_ring_init(&x->events, m->events, virt_to_phys(m->events), ARRAY_SIZE(m->events));
	m->segment.base = x->events.base;
	m->segment.size = x->events.size;
	pci_enable(x->pci);		/* it reads the segment as soon as it is told where that is */
	xhci_write(x->operation, XHCI_CONFIG, x->slot_count);
	xhci_write_64(x->operation, XHCI_DCBAAP, virt_to_phys(m->contexts));
	xhci_write_64(x->operation, XHCI_CRCR, xhci_ring_position(&x->commands));
	xhci_write(x->runtime, XHCI_ERSTSZ, 1);
	xhci_write_64(x->runtime, XHCI_ERDP, x->events.base);
	xhci_write_64(x->runtime, XHCI_ERSTBA, virt_to_phys(&m->segment));
	xhci_write(x->runtime, XHCI_IMOD, INTERRUPT_GAP);
	xhci_write(x->runtime, XHCI_IMAN, IMAN_ENABLE);
}

/* A pin is no use: which line it leads to stands in AML. */
static void interrupts_request(struct xhci *x)
{
	x->irq = -ENODEV;
	if (pci_irq_count(x->pci) && (x->pci->msix || x->pci->msi))
		x->irq = pci_irq_request(x->pci, 0, "xhci", xhci_interrupt, x);
}

static const char *run(struct xhci *x)
{
	interrupts_request(x);
	xhci_write(x->operation, XHCI_USBCMD, USBCMD_RUN | USBCMD_INTERRUPTS);
	if (!wait_for(x, XHCI_USBSTS, USBSTS_HALTED, 0, HALT_TIME))
		return "it does not run";
	xhci_poll_start(x);
	/* A command that does nothing shows whether commands and interrupts work. */
	if (xhci_command(x, 0, TRB_TYPE(TRB_NO_OP_COMMAND), NULL))
		return "it carries out no command";
	for (unsigned port = 1; x->power_switches && port <= x->root->count; port++)
		xhci_port_write(x, port, (xhci_port_read(x, port) & PORTSC_KEEP) | PORTSC_POWER);
	usb_hub_start(x->root);
	return NULL;
}

static const char *start(struct xhci *x)
{
	const char *fault = halt_and_reset(x);

	if (fault)
		return fault;
	x->memory = xhci_memory_alloc(x, MEMORY_ORDER);
	fault = x->memory ? scratchpads_alloc(x) : "there is no memory for it";
	if (fault)
		return fault;
	set_up(x);
	return run(x);
}

/* Devices that have failed go first: what is behind a hub goes with it, which changes the list. */
static void go_round(struct xhci *x, nsec_t *next)
{
	struct usb_device *d;

	for (d = x->devices; d;) {
		struct usb_device *const failed = d->failed ? d : NULL;
		d = d->next;
		if (failed) {
			usb_device_drop(failed);
			d = x->devices;
		}
	}
	usb_hub_work(x->root, next);
	for (d = x->devices; d; d = d->next) {
		usb_device_work(d, next);
		if (d->failed)
			*next = 0;
	}
}

/* Until it fails; false where it could not even be started. */
static bool serve(struct xhci *x)
{
	const char *const fault = start(x);

	if (fault) {
		xhci_fail(x, fault);
		return false;
	}
	pr_info("usb: xhci %s: %u ports, %s", x->name, x->root->count, x->interrupts ? "by interrupts" : "polled");
	while (!xhci_fault(x)) {
		nsec_t next = clock_now() + LOOK_EVERY;
		__atomic_store_n(&x->work, false, __ATOMIC_SEQ_CST);
		go_round(x, &next);
		xhci_check(x);
		WAITQ_WAIT_UNTIL(&x->changed, __atomic_load_n(&x->work, __ATOMIC_ACQUIRE) || xhci_fault(x), next);
	}
	return true;
}

static void stop(struct xhci *x)
{
	if (x->irq >= 0)
		pci_irq_free(x->pci, 0, x->irq);
	x->irq = -ENODEV;
	if (x->poll.fired)		/* the interrupt armed it */
		timer_cancel(&x->poll);
	while (x->devices)
		usb_device_drop(x->devices);
	memory_free(x);
}

/* Nothing is left of it but the faces of its ports: as it was before the first start. */
static void forget(struct xhci *x)
{
	memset(x->root->ports, 0, (x->root->count + 1u) * sizeof(x->root->ports[0]));
	x->poll.fired = NULL;
	x->interrupts = false;
	__atomic_store_n(&x->fault, NULL, __ATOMIC_RELEASE);
}

/* One that fails is started anew: its reset brings most of them back, and with them the keyboard. */
static int thread(void *argument)
{
	struct xhci *const x = argument;
	unsigned failures = 0;		/* in short order */

	for (;;) {
		const nsec_t began = clock_now();
		const bool served = serve(x);
		failures = clock_now() - began < SERVED_WELL ? failures + 1 : 1;
		const bool again = served && failures <= RESTARTS;
		pr_err("usb: xhci %s: %s; it is %s", x->name, xhci_fault(x), again ? "started anew" : "not used any more");
		stop(x);
		if (!again)
			return 0;
		forget(x);
	}
}

static const char *open_registers(struct xhci *x)
{
	const uint64_t size = MIN(x->pci->bars[0].size, REGISTERS_MAX);

	pci_write(x->pci, PCI_COMMAND, 2, pci_read(x->pci, PCI_COMMAND, 2) | PCI_COMMAND_MEMORY);
	x->registers = pci_map_bar(x->pci, 0, size);
	if (!x->registers)
		return "its registers cannot be reached";

	const char *const fault = find_registers(x, size);

	if (!fault)
		name_ports(x, size);
	return fault;
}

static int probe(struct pci_device *d)
{
	struct xhci *const x = kzalloc(sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->pci = d;
	x->number = controllers ? controllers->number + 1 : 0;
	x->irq = -ENODEV;
	x->lock.name = "xhci";
	x->changed.lock.name = "usb";
	ksnprintf(x->name, sizeof(x->name), "%02x:%02x.%u", d->address.bus, d->address.device, d->address.function);
	const char *const fault = open_registers(x);
	struct thread *const t = fault ? NULL : thread_create("usb", thread, x);
	if (!t) {
		pr_err("usb: xhci %s: %s; it is not used", x->name,
		       fault ? fault : "there is no memory for its thread");
		kfree(x->root);
		kfree(x);
		return -ENODEV;
	}
	thread_detach(t);
	x->next = controllers;
	controllers = x;
	return 0;
}

static const struct pci_driver driver = {
	.name = "xhci", .class = PCI_CLASS_XHCI, .class_mask = 0xffffff, .probe = probe,
};

void usb_init(void)
{
	if (cmdline_flag(boot_cmdline(), "nousb"))
		pr_info("usb: not used, by nousb");
	else
		pci_register(&driver);
}
