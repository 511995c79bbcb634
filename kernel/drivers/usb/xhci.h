/* An xHCI controller at work: between the files of this folder. */
#ifndef KERNEL_DRIVERS_USB_XHCI_H
#define KERNEL_DRIVERS_USB_XHCI_H

#include "kernel/drivers/pci/pci.h"
#include "kernel/drivers/usb/device.h"
#include "kernel/drivers/usb/ring.h"
#include "kernel/sync/spinlock.h"
#include "kernel/sync/waitq.h"
#include "kernel/time/timer.h"

/* Registers (xHCI 1.2, sections 5.3 to 5.6): capabilities, … */
enum {
	XHCI_CAPLENGTH		= 0x00,
	XHCI_HCSPARAMS1		= 0x04,
	XHCI_HCSPARAMS2		= 0x08,
	XHCI_HCCPARAMS1		= 0x10,
	XHCI_DBOFF		= 0x14,
	XHCI_RTSOFF		= 0x18,

	HCCPARAMS1_AC64		= 1 << 0,	/* addresses have 64 bits */
	HCCPARAMS1_CSZ		= 1 << 2,	/* contexts have 64 bytes */
	HCCPARAMS1_PPC		= 1 << 3,	/* ports' power can be switched */
};

/* … operation, from where the capabilities end, … */
enum {
	XHCI_USBCMD		= 0x00,
	XHCI_USBSTS		= 0x04,
	XHCI_PAGESIZE		= 0x08,
	XHCI_CRCR		= 0x18,
	XHCI_DCBAAP		= 0x30,
	XHCI_CONFIG		= 0x38,
	XHCI_PORTSC		= 0x400,	/* of port 1; 16 bytes further for each */

	USBCMD_RUN		= 1 << 0,
	USBCMD_RESET		= 1 << 1,
	USBCMD_INTERRUPTS	= 1 << 2,
	USBSTS_HALTED		= 1 << 0,
	USBSTS_SYSTEM_ERROR	= 1 << 2,
	USBSTS_INTERRUPT	= 1 << 3,
	USBSTS_NOT_READY	= 1 << 11,
	USBSTS_CONTROLLER_ERROR	= 1 << 12,
	CRCR_ABORT		= 1 << 2,
	CRCR_RUNNING		= 1 << 3,
};

/* … and the first interrupter, from XHCI_RTSOFF. */
enum {
	XHCI_IMAN		= 0x20,
	XHCI_IMOD		= 0x24,
	XHCI_ERSTSZ		= 0x28,
	XHCI_ERSTBA		= 0x30,
	XHCI_ERDP		= 0x38,

	IMAN_PENDING		= 1 << 0,
	IMAN_ENABLE		= 1 << 1,
	ERDP_BUSY		= 1 << 3,	/* cleared by writing 1 */
};

/* Blocks' types (section 6.4.6), and bits of their last word. */
enum {
	TRB_NORMAL = 1, TRB_SETUP, TRB_DATA, TRB_STATUS,
	TRB_ENABLE_SLOT = 9, TRB_DISABLE_SLOT, TRB_ADDRESS_DEVICE, TRB_CONFIGURE_ENDPOINT, TRB_EVALUATE_CONTEXT,
	TRB_RESET_ENDPOINT, TRB_STOP_ENDPOINT, TRB_SET_DEQUEUE,
	TRB_NO_OP_COMMAND = 23,
	TRB_TRANSFER_EVENT = 32, TRB_COMMAND_EVENT, TRB_PORT_EVENT,
	TRB_CONTROLLER_EVENT = 37,

	TRB_SHORT_REPORTED	= 1 << 2,
	TRB_INTERRUPT		= 1 << 5,
	TRB_IMMEDIATE		= 1 << 6,
	TRB_BLOCK_ADDRESS	= 1 << 9,	/* of ADDRESS_DEVICE: without a SET_ADDRESS */
	TRB_IN			= 1 << 16,	/* of DATA and STATUS */
};
#define TRB_TYPE(type)		((uint32_t)(type) << 10)
#define TRB_TYPE_OF(control)	((control) >> 10 & 0x3f)
#define TRB_SLOT(slot)		((uint32_t)(slot) << 24)
#define TRB_ENDPOINT(dci)	((uint32_t)(dci) << 16)

/* Completion codes (section 6.4.5). */
enum {
	XHCI_SUCCESS = 1, XHCI_BABBLE = 3, XHCI_TRANSACTION_ERROR = 4, XHCI_STALL = 6, XHCI_NO_RESOURCES = 7,
	XHCI_NO_BANDWIDTH = 8, XHCI_NO_SLOTS = 9, XHCI_SLOT_NOT_ENABLED = 11, XHCI_SHORT_PACKET = 13,
	XHCI_CONTEXT_STATE = 19, XHCI_COMMAND_STOPPED = 24, XHCI_STOPPED = 26, XHCI_STOPPED_SHORT = 28,
};

/* Extended capabilities (section 7). */
enum { XHCI_CAP_LEGACY = 1, XHCI_CAP_PROTOCOL = 2 };

#define XHCI_SLOTS 256
#define XHCI_ROOT_PORTS 255

/* Memory that a controller reads and writes. Blocks of 2 KiB and more lie in a page of their own, since contexts must
 * not cross one (section 6.1). */
struct xhci_memory {
	uint64_t contexts[XHCI_SLOTS];	/* devices', by slot; the first is the scratchpads' list */
	struct xhci_trb commands[64];
	struct { uint64_t base; uint32_t size, reserved; } segment;
	_Alignas(PAGE_SIZE) struct xhci_trb events[PAGE_SIZE / sizeof(struct xhci_trb)];
	_Alignas(PAGE_SIZE) uint8_t input[XHCI_INPUT_PARTS * 64];	/* contexts for a command */
	_Alignas(PAGE_SIZE) uint8_t data[USB_DATA_MAX];	/* of a control transfer */
};

/* The same for each device: two pages. */
struct xhci_device_memory {
	uint8_t context[32 * 64];
	struct xhci_trb control[64];
	_Alignas(PAGE_SIZE) struct {
		struct xhci_trb ring[32];
		uint8_t reports[512];
	} functions[USB_FUNCTIONS_MAX];
};
_Static_assert(sizeof(struct xhci_device_memory) == 2 * PAGE_SIZE, "a block of order 1");

/* Something that the thread waits for, and how it ended. */
struct xhci_wait {
	const struct usb_device *device;	/* of a transfer */
	paddr_t block, data;	/* whose completion it is; of a control transfer its data's */
	uint32_t residue;	/* bytes that were not moved */
	uint8_t code, slot;
	bool done;		/* atomic; set last */
};

struct xhci {
	struct xhci *next;
	struct pci_device *pci;
	char name[16];			/* "00:04.0" */
	volatile uint8_t *registers, *operation, *runtime, *doorbells;
	unsigned number;		/* buses 2 * number + 1 (USB 2) and the next (USB 3) are its */
	unsigned slot_count, context_size;
	bool addresses_64, power_switches;
	int irq;			/* negative: none */
	bool interrupts;		/* atomic: one has come; until then the timer looks at the ring */
	struct timer poll;
	struct xhci_memory *memory;
	uint64_t *scratchpads;		/* addresses of pages, scratchpad_count of them */
	unsigned scratchpad_count, scratchpad_order;
	struct usb_device *devices;
	struct { uint8_t bus, number; } port_names[XHCI_ROOT_PORTS + 1];
	struct usb_hub *root;
	const char *fault;		/* atomic: why it does not work any more; NULL: it does */
	uint8_t last_code;		/* of the last command or transfer */
	bool work;			/* atomic: the thread has something to do */
	struct waitq changed;		/* its thread waits here, for work, ends of transfers, and the controller's */
	struct spinlock lock;		/* (l) a handler of interrupts takes it */
	struct xhci_ring commands, events;	/* (l) */
	struct xhci_wait command, transfer;	/* (l), but for `done` */
	struct usb_device *slots[XHCI_SLOTS];	/* (l) */
};

static inline uint32_t xhci_read(const volatile uint8_t *registers, unsigned offset)
{
	return *(const volatile uint32_t *)(registers + offset);
}

/* What was written to memory before is there when the controller is told of it: the CPU keeps that order (Intel SDM
 * volume 3, section 9.2.2), the compiler is told to. */
static inline void xhci_write(volatile uint8_t *registers, unsigned offset, uint32_t value)
{
	__asm__ volatile("" ::: "memory");
	*(volatile uint32_t *)(registers + offset) = value;
}

/* The lower half first; some controllers know no writes of 64 bits (section 5.1). */
static inline void xhci_write_64(volatile uint8_t *registers, unsigned offset, uint64_t value)
{
	xhci_write(registers, offset, (uint32_t)value);
	xhci_write(registers, offset + 4, (uint32_t)(value >> 32));
}

/* PORTSC of a root port. */
static inline uint32_t xhci_port_read(const struct xhci *x, unsigned port)
{
	return xhci_read(x->operation, XHCI_PORTSC + 16 * (port - 1));
}

static inline void xhci_port_write(const struct xhci *x, unsigned port, uint32_t value)
{
	xhci_write(x->operation, XHCI_PORTSC + 16 * (port - 1), value);
}

static inline const char *xhci_fault(const struct xhci *x)
{
	return __atomic_load_n(&x->fault, __ATOMIC_ACQUIRE);
}

/* The number of a function's endpoint in contexts and doorbells (section 4.5.1). */
static inline unsigned xhci_dci(const struct usb_function *f)
{
	return f->interface->in.number * 2u + 1;
}

/* Not a bus master any more, when this returns. Any context. */
static inline void usb_stop_master(const struct pci_device *d)
{
	pci_write(d, PCI_COMMAND, 2, pci_read(d, PCI_COMMAND, 2) & ~(uint32_t)PCI_COMMAND_MASTER);
	(void)pci_read(d, PCI_COMMAND, 2);
}

/* handover.c: where the next extended capability of a kind is, behind that at `after` (0: from the first); 0: none. */
uint32_t xhci_capability(const volatile uint8_t *registers, uint64_t size, uint32_t after, uint8_t id);

/* xhci.c. All controllers, the newest first. */
struct xhci *xhci_first(void);

/* Zeroed memory that the controller can reach, of 2^order pages; NULL where there is none. */
void *xhci_memory_alloc(const struct xhci *x, unsigned order);

/* The handler of its interrupt. */
bool xhci_interrupt(void *xhci);

/* Look at the ring by a timer, until an interrupt comes. */
void xhci_poll_start(struct xhci *x);

/* Wait until something sets *done, for so long at most, or until the controller fails; whether it is set. */
bool xhci_wait(struct xhci *x, const bool *done, nsec_t duration);

/* The controller cannot be used any more; the first reason counts. Any context. */
void xhci_fail(struct xhci *x, const char *why);

/* Ask it whether it still works; false where it does not, or did not before. */
bool xhci_check(struct xhci *x);

/* A command; 0, -EIO (see last_code), -ETIMEDOUT, -ENODEV. ret_slot may be NULL. */
int xhci_command(struct xhci *x, uint64_t parameter, uint32_t control, uint8_t *ret_slot);

/* slot.c: a device as the controller knows it. Each 0 or an error as above, or -ENOMEM. */
int xhci_slot_open(struct usb_device *d);
int xhci_slot_address(struct usb_device *d, bool silent);
int xhci_slot_set_packet(struct usb_device *d);
int xhci_slot_configure(struct usb_device *d);
void xhci_slot_close(struct usb_device *d);

/* Queue a buffer for one report, under the controller's lock. */
void xhci_report_put(struct usb_function *f, uint64_t buffer);

/* Let reports come, for the first time or again. */
void xhci_reports_start(struct usb_function *f);
int xhci_reports_restart(struct usb_function *f);

/* Stop and drop all that is known of an endpoint's transfers, after a failure. */
int xhci_endpoint_clear(struct usb_device *d, unsigned dci, struct xhci_ring *ring);

#endif
