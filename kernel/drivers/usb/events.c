/* What an xHCI controller says: one ring of events for everything, read in its interrupt. A transfer or command of the
 * thread has its end noted, and the thread is woken; a report of a keyboard is handled here and now, so typing depends
 * on no thread; a change of a port is noted, for the thread.
 *
 * Where messages do not come (some machines have none, some controllers break theirs) a timer looks at the ring: every
 * few milliseconds, which is about as often as keyboards are asked.
 *
 * What the controller writes is checked like a device's words: slots, endpoints and addresses that are not ours are
 * passed over. */
#include "kernel/drivers/usb/xhci.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/core/log.h"
#include "kernel/sched/thread.h"
#include "kernel/time/clock.h"

#define EVENTS_AT_ONCE	256			/* a controller that never stops talking does not stop the CPU */
#define POLL_PERIOD	(4 * NSEC_PER_MSEC)
#define COMMAND_TIME	(2 * NSEC_PER_SEC)	/* ADDRESS_DEVICE talks to the device meanwhile */
#define ABORT_TIME	(5 * NSEC_PER_SEC)	/* section 4.6.1.2 */

void xhci_fail(struct xhci *x, const char *why)
{
	const char *none = NULL;

	/* Not a bus master any more: from here on its memory may be freed, whether or not it stops. */
	if (__atomic_compare_exchange_n(&x->fault, &none, why, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		usb_stop_master(x->pci);
	waitq_wake_all(&x->changed);
}

void usb_want_work(struct xhci *x)
{
	__atomic_store_n(&x->work, true, __ATOMIC_RELEASE);
	waitq_wake_all(&x->changed);
}

static void wait_end(struct xhci *x, struct xhci_wait *w, const struct xhci_trb *event)
{
	w->code = (uint8_t)(event->status >> 24);
	w->slot = (uint8_t)(event->control >> 24);
	__atomic_store_n(&w->done, true, __ATOMIC_RELEASE);
	waitq_wake_all(&x->changed);
}

/* A control transfer is up to three blocks. That of the data speaks up where it ends early or not at all; the last one
 * always. */
static void control_event(struct xhci *x, const struct xhci_trb *event)
{
	struct xhci_wait *const w = &x->transfer;

	const uint32_t code = event->status >> 24;

	if (event->parameter == w->data && code == XHCI_SHORT_PACKET)
		w->residue = event->status & 0xffffff;
	else if (event->parameter == w->block || code != XHCI_SUCCESS)
		wait_end(x, w, event);
}

static void report_event(struct usb_function *f, const struct xhci_trb *event)
{
	const uint8_t code = (uint8_t)(event->status >> 24);
	const uint32_t residue = event->status & 0xffffff;

	if (code >= XHCI_STOPPED && code <= XHCI_STOPPED_SHORT)
		return;		/* we did that */
	if (code != XHCI_SUCCESS && code != XHCI_SHORT_PACKET) {
		static const uint8_t nothing_held[8];
		/* What is lost may be the word that a key is up, which the device does not say again. */
		f->driver->report(f, nothing_held, sizeof(nothing_held));
		f->failures++;
		__atomic_store_n(&f->failure, code, __ATOMIC_RELEASE);
		usb_want_work(f->device->xhci);
		return;
	}
	/* Intel's controllers of 2012 tell of a short report twice: its buffer must not be queued twice. */
	const paddr_t buffer = xhci_ring_take(&f->ring, event->parameter);
	if (!buffer)
		return;
	f->failures = 0;
	if (residue <= f->report_size)
		f->driver->report(f, phys_to_virt(buffer), f->report_size - residue);
	xhci_report_put(f, buffer);
}

static void transfer_event(struct xhci *x, const struct xhci_trb *event)
{
	struct usb_device *const d = x->slots[event->control >> 24];
	const unsigned dci = event->control >> 16 & 0x1f;

	if (!d)
		return;
	if (dci == XHCI_DCI_CONTROL && d == x->transfer.device)
		control_event(x, event);
	for (unsigned i = 0; i < d->function_count; i++)
		if (d->functions[i].driver && xhci_dci(&d->functions[i]) == dci)
			report_event(&d->functions[i], event);
}

static void port_event(struct xhci *x, const struct xhci_trb *event)
{
	const unsigned port = event->parameter >> 24 & 0xff;

	if (!port || port > x->root->count)
		return;
	__atomic_store_n(&x->root->ports[port].look, true, __ATOMIC_RELEASE);
	usb_want_work(x);
}

static void take_event(struct xhci *x, const struct xhci_trb *event)
{
	switch (TRB_TYPE_OF(event->control)) {
	case TRB_TRANSFER_EVENT:
		transfer_event(x, event);
		break;
	case TRB_COMMAND_EVENT:
		/* "Stopped" is about the ring, and names where the next command will be (section 4.6.1.2). */
		if (event->status >> 24 != XHCI_COMMAND_STOPPED && event->parameter == x->command.block)
			wait_end(x, &x->command, event);
		break;
	case TRB_PORT_EVENT:
		port_event(x, event);
		break;
	case TRB_CONTROLLER_EVENT:
		pr_warn("usb: xhci %s: controller event %u", x->name, event->status >> 24);
		break;
	}
}

/* A device that is gone reads as all ones, which has both error bits set. */
bool xhci_check(struct xhci *x)
{
	const uint32_t status = xhci_read(x->operation, XHCI_USBSTS);

	if (status == 0xffffffff)
		xhci_fail(x, "it does not answer any more");
	else if (status & (USBSTS_SYSTEM_ERROR | USBSTS_CONTROLLER_ERROR))
		xhci_fail(x, "it reports an error of its own");
	else if (status & USBSTS_HALTED)
		xhci_fail(x, "it has stopped");
	return !xhci_fault(x);
}

static bool look(struct xhci *x)
{
	struct xhci_trb event;
	unsigned count = 0;

	const uint64_t flags = spin_lock_irqsave(&x->lock);
	if (!xhci_fault(x) && xhci_check(x)) {
		/* Acknowledged first: what comes from here on interrupts again (section 4.17). */
		xhci_write(x->operation, XHCI_USBSTS, USBSTS_INTERRUPT);
		xhci_write(x->runtime, XHCI_IMAN, IMAN_PENDING | IMAN_ENABLE);
		while (count < EVENTS_AT_ONCE && xhci_event_next(&x->events, &event)) {
			take_event(x, &event);
			count++;
		}
		xhci_write_64(x->runtime, XHCI_ERDP,
			      (x->events.base + x->events.next * sizeof(event)) | ERDP_BUSY);
		if (count == EVENTS_AT_ONCE)	/* no interrupt comes for those that are there already */
			timer_arm(&x->poll, clock_now() + POLL_PERIOD);
	}
	spin_unlock_irqrestore(&x->lock, flags);
	return count;
}

bool xhci_interrupt(void *xhci)
{
	struct xhci *const x = xhci;

	__atomic_store_n(&x->interrupts, true, __ATOMIC_RELAXED);
	return look(x);
}

static void poll(struct timer *t)
{
	struct xhci *const x = (struct xhci *)((char *)t - offsetof(struct xhci, poll));

	look(x);
	if (!__atomic_load_n(&x->interrupts, __ATOMIC_RELAXED))
		timer_arm(t, clock_now() + POLL_PERIOD);
}

void xhci_poll_start(struct xhci *x)
{
	timer_init(&x->poll, poll);
	timer_arm(&x->poll, clock_now() + POLL_PERIOD);
}

bool xhci_wait(struct xhci *x, const bool *done, nsec_t duration)
{
	WAITQ_WAIT_UNTIL(&x->changed, __atomic_load_n(done, __ATOMIC_ACQUIRE) || xhci_fault(x), clock_now() + duration);
	if (__atomic_load_n(done, __ATOMIC_ACQUIRE))
		return true;
	if (!xhci_fault(x))
		xhci_check(x);	/* one that has stopped does not always say so */
	return false;
}

/* A command that does not end is taken back; the ring goes on behind it. */
static int command_abort(struct xhci *x)
{
	const nsec_t end = clock_now() + ABORT_TIME;

	/* With the place to go on at: by the time the upper half is written the ring may have stopped, and take it. */
	xhci_write_64(x->operation, XHCI_CRCR, xhci_ring_position(&x->commands) | CRCR_ABORT);
	while (xhci_read(x->operation, XHCI_CRCR) & CRCR_RUNNING) {
		if (clock_now() > end) {
			xhci_fail(x, "it hangs in a command");
			return -ENODEV;
		}
		thread_sleep(NSEC_PER_MSEC);
	}
	return -ETIMEDOUT;
}

int xhci_command(struct xhci *x, uint64_t parameter, uint32_t control, uint8_t *ret_slot)
{
	if (xhci_fault(x))
		return -ENODEV;

	const uint64_t flags = spin_lock_irqsave(&x->lock);
	x->command = (struct xhci_wait){ .block = xhci_ring_put(&x->commands, parameter, 0, control, false) };
	spin_unlock_irqrestore(&x->lock, flags);
	xhci_write(x->doorbells, 0, 0);
	if (!xhci_wait(x, &x->command.done, COMMAND_TIME))
		return xhci_fault(x) ? -ENODEV : command_abort(x);
	x->last_code = x->command.code;
	if (ret_slot)
		*ret_slot = x->command.slot;
	return x->last_code == XHCI_SUCCESS ? 0 : -EIO;
}
