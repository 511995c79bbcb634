/* A device as the controller knows it: a slot, with a context that the controller keeps and contexts that commands pass
 * to it (xHCI 1.2, sections 4.3, 4.5, 4.6 and 6.2), and a ring for each endpoint.
 *
 * Contexts for a command are always written whole, from what struct usb_device says, so that no state is kept twice.
 *
 * An endpoint that fails stops. Its ring is then emptied and begun anew, which leaves nothing of the transfers that
 * were in it. */
#include "kernel/drivers/usb/xhci.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/mm/frames.h"
#include "kernel/time/clock.h"
#include "lib/string.h"

#define TRANSFER_TIME	(NSEC_PER_SEC)	/* USB 2.0, section 9.2.6.4: 500 ms to the first data */
#define REPORTS_WAITING	4		/* so that those of 32 ms fit, when the ring is looked at rarely */

enum { SETUP_NO_DATA = 0, SETUP_OUT = 2 << 16, SETUP_IN = 3 << 16 };

/* Begin what a command is told of a device. */
static struct xhci_input input_begin(struct usb_device *d, unsigned last)
{
	const struct xhci_input in = { d->xhci->memory->input, d->xhci->context_size };

	xhci_input_begin(in, &d->place, last);
	if (d->own_hub)
		xhci_input_hub(in, &d->place, d->own_hub->count, d->own_hub->think_time);
	return in;
}

static paddr_t input_address(const struct xhci *x)
{
	return virt_to_phys(x->memory->input);
}

/* All there is to say of a device before it is configured. */
static void input_control_endpoint(struct usb_device *d)
{
	xhci_input_endpoint(input_begin(d, XHCI_DCI_CONTROL), XHCI_DCI_CONTROL, XHCI_CONTROL, d->control_packet, 0,
			    xhci_ring_position(&d->control));
}

int xhci_slot_open(struct usb_device *d)
{
	struct xhci *const x = d->xhci;
	uint8_t slot;
	int error;

	d->memory = xhci_memory_alloc(x, 1);
	if (!d->memory)
		return -ENOMEM;
	xhci_ring_init(&d->control, d->memory->control, virt_to_phys(d->memory->control),
		       ARRAY_SIZE(d->memory->control));
	error = xhci_command(x, 0, TRB_TYPE(TRB_ENABLE_SLOT), &slot);
	if (!error && (!slot || slot > x->slot_count || x->slots[slot]))
		error = -EIO;
	if (error)
		return error;
	d->slot = slot;
	x->memory->contexts[slot] = virt_to_phys(d->memory->context);
	const uint64_t flags = spin_lock_irqsave(&x->lock);
	x->slots[slot] = d;
	spin_unlock_irqrestore(&x->lock, flags);
	return 0;
}

/* The memory can be had again only when the controller has said that it does not use it, or cannot. */
void xhci_slot_close(struct usb_device *d)
{
	struct xhci *const x = d->xhci;

	if (d->slot) {
		const uint64_t flags = spin_lock_irqsave(&x->lock);
		x->slots[d->slot] = NULL;
		spin_unlock_irqrestore(&x->lock, flags);
		const int error = xhci_command(x, 0, TRB_TYPE(TRB_DISABLE_SLOT) | TRB_SLOT(d->slot), NULL);
		if (error && !(error == -EIO && x->last_code == XHCI_SLOT_NOT_ENABLED))
			xhci_fail(x, "it does not give a slot back");
		x->memory->contexts[d->slot] = 0;
	}
	if (d->memory)
		frames_free(virt_to_phys(d->memory));
	d->memory = NULL;
}

/* silent: the device is not told its address yet; some want to be asked what they are first. */
int xhci_slot_address(struct usb_device *d, bool silent)
{
	input_control_endpoint(d);
	return xhci_command(d->xhci, input_address(d->xhci),
			    TRB_TYPE(TRB_ADDRESS_DEVICE) | TRB_SLOT(d->slot) | (silent ? TRB_BLOCK_ADDRESS : 0), NULL);
}

int xhci_slot_set_packet(struct usb_device *d)
{
	input_control_endpoint(d);
	return xhci_command(d->xhci, input_address(d->xhci), TRB_TYPE(TRB_EVALUATE_CONTEXT) | TRB_SLOT(d->slot), NULL);
}

static void function_ring(struct usb_function *f)
{
	struct usb_device *const d = f->device;
	struct xhci_trb *const ring = d->memory->functions[f - d->functions].ring;

	memset(ring, 0, sizeof(d->memory->functions[0].ring));
	xhci_ring_init(&f->ring, ring, virt_to_phys(ring), ARRAY_SIZE(d->memory->functions[0].ring));
	f->report_size = MIN(f->interface->in.max_packet, (uint16_t)sizeof(d->memory->functions[0].reports));
}

/* The same command twice for a hub: its slot says that it is one only when that is known, and its endpoint, which is
 * there then, is passed by. */
int xhci_slot_configure(struct usb_device *d)
{
	unsigned last = XHCI_DCI_CONTROL;

	for (unsigned i = 0; i < d->function_count; i++)
		last = MAX(last, xhci_dci(&d->functions[i]));
	const struct xhci_input input = input_begin(d, last);
	for (unsigned i = 0; i < d->function_count && !d->own_hub; i++) {
		struct usb_function *const f = &d->functions[i];
		const struct usb_endpoint *const in = &f->interface->in;
		function_ring(f);
		xhci_input_endpoint(input, xhci_dci(f), XHCI_INTERRUPT_IN, in->max_packet, in->period,
				    xhci_ring_position(&f->ring));
	}
	return xhci_command(d->xhci, input_address(d->xhci), TRB_TYPE(TRB_CONFIGURE_ENDPOINT) | TRB_SLOT(d->slot),
			    NULL);
}

static void ring_doorbell(const struct usb_device *d, unsigned dci)
{
	xhci_write(d->xhci->doorbells, 4u * d->slot, dci);
}

void xhci_report_put(struct usb_function *f, uint64_t buffer)
{
	xhci_ring_put(&f->ring, buffer, f->report_size, TRB_TYPE(TRB_NORMAL) | TRB_SHORT_REPORTED | TRB_INTERRUPT,
		      false);
	ring_doorbell(f->device, xhci_dci(f));
}

void xhci_reports_start(struct usb_function *f)
{
	struct usb_device *const d = f->device;
	const paddr_t reports = virt_to_phys(d->memory->functions[f - d->functions].reports);
	const unsigned count = MIN(sizeof(d->memory->functions[0].reports) / f->report_size, (size_t)REPORTS_WAITING);

	const uint64_t flags = spin_lock_irqsave(&d->xhci->lock);
	for (unsigned i = 0; i < count; i++)
		xhci_report_put(f, reports + i * f->report_size);
	spin_unlock_irqrestore(&d->xhci->lock, flags);
}

int xhci_endpoint_clear(struct usb_device *d, unsigned dci, struct xhci_ring *ring)
{
	struct xhci *const x = d->xhci;
	const uint32_t which = TRB_SLOT(d->slot) | TRB_ENDPOINT(dci);
	/* Which of the two it needs depends on whether it halted or still runs; the other is refused. */
	int error = xhci_command(x, 0, TRB_TYPE(TRB_RESET_ENDPOINT) | which, NULL);

	if (error == -EIO && x->last_code == XHCI_CONTEXT_STATE)
		error = xhci_command(x, 0, TRB_TYPE(TRB_STOP_ENDPOINT) | which, NULL);
	if (error && !(error == -EIO && x->last_code == XHCI_CONTEXT_STATE))
		return error;
	memset(ring->trbs, 0, ring->size * sizeof(*ring->trbs));
	xhci_ring_init(ring, ring->trbs, ring->base, ring->size);
	return xhci_command(x, xhci_ring_position(ring), TRB_TYPE(TRB_SET_DEQUEUE) | which, NULL);
}

int xhci_reports_restart(struct usb_function *f)
{
	const uint8_t number = f->interface->in.number;
	int error = xhci_endpoint_clear(f->device, xhci_dci(f), &f->ring);

	if (!error)	/* ENDPOINT_HALT is feature 0 */
		error = usb_set(f->device, USB_TO_ENDPOINT, USB_CLEAR_FEATURE, 0, 0x80 | number);
	if (!error)
		xhci_reports_start(f);
	return error;
}

/* Queue the blocks of a control transfer (section 4.11.2.2); the first is shown last, since the controller may be
 * looking. */
static void control_put(struct usb_device *d, struct usb_request r, uint16_t size)
{
	struct xhci *const x = d->xhci;
	const bool in = r.type & USB_FROM_DEVICE;
	const uint64_t setup = r.type | (uint32_t)r.request << 8 | (uint32_t)r.value << 16 | (uint64_t)r.index << 32 |
			       (uint64_t)size << 48;
	const uint32_t kind = !size ? SETUP_NO_DATA : in ? SETUP_IN : SETUP_OUT;

	const uint64_t flags = spin_lock_irqsave(&x->lock);
	const paddr_t first = xhci_ring_put(&d->control, setup, 8, TRB_TYPE(TRB_SETUP) | TRB_IMMEDIATE | kind, true);
	x->transfer = (struct xhci_wait){ .device = d };
	if (size)
		x->transfer.data = xhci_ring_put(&d->control, virt_to_phys(x->memory->data), size,
						 TRB_TYPE(TRB_DATA) | (in ? TRB_IN | TRB_SHORT_REPORTED : 0), false);
	x->transfer.block = xhci_ring_put(&d->control, 0, 0,
					  TRB_TYPE(TRB_STATUS) | TRB_INTERRUPT | (in && size ? 0 : TRB_IN), false);
	xhci_ring_show(&d->control, first);
	spin_unlock_irqrestore(&x->lock, flags);
	ring_doorbell(d, XHCI_DCI_CONTROL);
}

/* The hub that translates for a slower device keeps a transaction that did not end, and mistakes the next one for its
 * rest (USB 2.0, section 11.24.2.3). Nobody knows in which direction that one went. We leave hubs in the setting in which
 * one translator serves all ports; it is asked for as that of port 1. */
static void translator_clear(struct usb_device *d)
{
	enum { ADDRESS_SHIFT = 4, TOWARDS_HOST = 1 << 15, ONLY_TRANSLATOR = 1 };
	struct usb_device *const hub = d->place.tt_slot ? d->xhci->slots[d->place.tt_slot] : NULL;
	const uint16_t what = (uint16_t)(xhci_context_address(d->memory->context) << ADDRESS_SHIFT);

	if (!hub || hub->failed)
		return;
	usb_set(hub, USB_TO_HUB_PORT, USB_CLEAR_TT_BUFFER, what, ONLY_TRANSLATOR);
	usb_set(hub, USB_TO_HUB_PORT, USB_CLEAR_TT_BUFFER, what | TOWARDS_HOST, ONLY_TRANSLATOR);
}

/* How a transfer ended that did not end well; afterwards the endpoint works again, if the device does. */
static int control_failed(struct usb_device *d, bool ended)
{
	struct xhci *const x = d->xhci;
	const uint8_t code = x->transfer.code;

	if (xhci_fault(x))
		return -ENODEV;
	const int error = xhci_endpoint_clear(d, XHCI_DCI_CONTROL, &d->control);
	if (code != XHCI_STALL)
		translator_clear(d);
	x->last_code = code;
	return !ended ? -ETIMEDOUT : error || code != XHCI_STALL ? -EIO : -EPIPE;
}

int usb_control(struct usb_device *d, struct usb_request r, void *data, uint16_t size)
{
	struct xhci *const x = d->xhci;
	const bool in = r.type & USB_FROM_DEVICE;

	if (xhci_fault(x))
		return -ENODEV;
	if (size && !in)
		memcpy(x->memory->data, data, size);
	control_put(d, r, size);
	const bool ended = xhci_wait(x, &x->transfer.done, TRANSFER_TIME);
	x->last_code = x->transfer.code;
	if (!ended || x->last_code != XHCI_SUCCESS)
		return control_failed(d, ended);
	if (x->transfer.residue > size)
		return -EIO;
	const int moved = (int)(size - x->transfer.residue);
	if (in)
		memcpy(data, x->memory->data, (size_t)moved);
	return moved;
}
