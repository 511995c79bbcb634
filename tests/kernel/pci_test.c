/* PCI: the list of devices against configuration space, and real interrupts of two devices that can be told to
 * interrupt: QEMU's edu (MSI; QEMU, docs/specs/edu.txt) and the 82574 network card (MSI-X; its datasheet, sections
 * 10.2.4 and 10.2.2.5). */
#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/preempt.h"
#include "kernel/core/monitor.h"
#include "kernel/drivers/pci/internal.h"
#include "kernel/smp/call.h"
#include "kernel/time/clock.h"
#include "tests/kernel/framework.h"

enum {
	EDU			= 0x11e81234,	/* device, vendor */
	EDU_IDENTITY		= 0x00,
	EDU_INTERRUPT_RAISE	= 0x60,
	EDU_INTERRUPT_ACK	= 0x64,

	E1000E			= 0x10d38086,
	E1000E_CAUSE		= 0xc0,
	E1000E_CAUSE_SET	= 0xc8,
	E1000E_MASK_SET		= 0xd0,
	E1000E_VECTORS		= 0xe4,
	E1000E_QUEUES		= 3 << 20,	/* receive queues 0 and 1 */
	E1000E_QUEUE_0		= 1 << 20,
};

static struct pci_device *find(uint32_t id)
{
	struct pci_device *d = pci_first();

	while (d && pci_read(d, PCI_ID, 4) != id)
		d = d->next;
	return d;
}

KERNEL_TEST(pci_list_is_sorted_and_true)
{
	uint32_t last = 0;

	for (struct pci_device *d = pci_first(); d; d = d->next) {
		const struct pci_address a = d->address;
		const uint32_t order = 1 + ((uint32_t)a.segment << 16 | (uint32_t)a.bus << 8 | (uint32_t)a.device << 3 | a.function);
		KT_CHECK(order > last);
		last = order;
		KT_CHECK(pci_read(d, PCI_ID, 4) == ((uint32_t)d->header.device << 16 | d->header.vendor));
		KT_CHECK(pci_read(d, PCI_ID + 2, 2) == d->header.device && pci_read(d, PCI_ID + 1, 1) == d->header.vendor >> 8);
	}
	return last ? KT_PASS : KT_SKIP;
}

/* As after `pci scan` found another: it loses the bit, and those that drivers have keep it. */
KERNEL_TEST(pci_quiets_what_is_new_alone)
{
	struct pci_device *d = find(E1000E);

	if (!d)
		return KT_SKIP;
	pci_enable(d);
	pci_quiet();
	KT_CHECK(pci_read(d, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	d->quieted = false;
	pci_quiet();
	KT_CHECK(!(pci_read(d, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) && d->quieted);
	return KT_PASS;
}

KERNEL_TEST(pci_reads_ones_where_nothing_is)
{
	const struct pci_address nowhere = { .segment = 0xfffe };

	KT_CHECK(pci_config_read(nowhere, PCI_ID, 4) == 0xffffffff);
	KT_CHECK(pci_config_read(nowhere, PCI_ID, 2) == 0xffff);
	KT_CHECK(pci_config_read(nowhere, 0xfff, 1) == 0xff);
	pci_config_write(nowhere, PCI_COMMAND, 2, 0);
	return KT_PASS;
}

/* A byte and a word are written alone: the interrupt line is a scratch register, and its neighbour the pin stays. */
KERNEL_TEST(pci_writes_are_as_wide_as_asked)
{
	struct pci_device *d = pci_first();

	while (d && !d->header.interrupt_pin)
		d = d->next;
	if (!d)
		return KT_SKIP;
	const uint32_t before = pci_read(d, PCI_INTERRUPT, 4);
	pci_write(d, PCI_INTERRUPT, 1, 0x5a);
	KT_CHECK(pci_read(d, PCI_INTERRUPT, 4) == ((before & ~0xffu) | 0x5a));
	pci_write(d, PCI_INTERRUPT, 1, before & 0xff);
	KT_CHECK(pci_read(d, PCI_INTERRUPT, 4) == before);
	return KT_PASS;
}

static PERCPU(struct smp_call, held);
static unsigned standing;	/* atomic */
static bool go_on;		/* atomic */

static void stand_still(void *unused)
{
	__atomic_add_fetch(&standing, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&go_on, __ATOMIC_ACQUIRE))
		cpu_relax();
}

/* While the other CPUs touch no device: QEMU before 8.2 gives an access to the wrong one, or dies, where another CPU
 * moves a device's registers at that moment. */
static void measure_alone(struct pci_device *d)
{
	unsigned others = 0;

	preempt_disable();
	standing = 0;
	go_on = false;
	for (cpu_id_t id = 0; id < percpu_count; id++) {
		if (id == cpu_id() || !cpu_is_online(id))
			continue;
		cpu_of(id, held).function = stand_still;
		smp_call_start(id, &cpu_of(id, held));
		others++;
	}
	while (__atomic_load_n(&standing, __ATOMIC_RELAXED) != others)
		cpu_relax();
	pci_bars_read(d);
	__atomic_store_n(&go_on, true, __ATOMIC_RELEASE);
	for (cpu_id_t id = 0; id < percpu_count; id++)
		if (id != cpu_id() && cpu_is_online(id))
			smp_call_wait(&cpu_of(id, held), id);
	preempt_enable();
}

KERNEL_TEST(pci_ranges_are_measured_and_put_back)
{
	for (struct pci_device *d = pci_first(); d; d = d->next) {
		struct pci_device again = *d;
		uint32_t before[16];
		for (unsigned i = 0; i < 16; i++)
			before[i] = pci_read(d, 4 * i, 4);
		measure_alone(&again);
		for (unsigned i = 0; i < 16; i++)
			KT_CHECK(pci_read(d, 4 * i, 4) == before[i]);
		for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
			const struct pci_bar *b = &d->bars[i];
			KT_CHECK(b->kind == again.bars[i].kind && b->base == again.bars[i].base && b->size == again.bars[i].size);
			KT_CHECK(!(b->size & (b->size - 1)) && (!b->size || b->base % b->size == 0));
		}
	}
	return KT_PASS;
}

KERNEL_TEST(pci_devices_are_quiet)
{
	for (struct pci_device *d = pci_first(); d; d = d->next) {
		const uint32_t base = d->header.class >> 16, command = pci_read(d, PCI_COMMAND, 2);
		if (d->driver || d->msix_table || d->header.layout != PCI_LAYOUT_DEVICE || base == PCI_CLASS_DISPLAY || base == 0x06)
			continue;
		KT_CHECK(!(command & PCI_COMMAND_MASTER));
		KT_CHECK(!d->header.interrupt_pin || command & PCI_COMMAND_NO_INTX);
	}
	return KT_PASS;
}

KERNEL_TEST(pci_scan_of_everything_finds_no_more)
{
	const unsigned before = pci_scan_report.functions;

	KT_CHECK(pci_scan_all() == 0);
	KT_CHECK(pci_scan_report.functions == before);
	return KT_PASS;
}

#define SHORT (10 * NSEC_PER_MSEC)	/* where it must not run */

static volatile uint32_t *registers;
static volatile unsigned taken[2];

/* Does the handler run so often within this time? On which CPU does not matter. */
static bool taken_within(nsec_t patience, unsigned index, unsigned count)
{
	const nsec_t end = clock_now() + patience;

	while (taken[index] != count && clock_now() < end)
		cpu_relax();
	return taken[index] == count;
}

static bool edu_interrupt(void *context)
{
	registers[EDU_INTERRUPT_ACK / 4] = 0xffffffff;
	taken[0]++;
	return true;
}

KERNEL_TEST_ALLOC(pci_msi_comes)
{
	struct pci_device *d = find(EDU);

	if (!d)
		return KT_SKIP;
	KT_NEED((registers = pci_map_bar(d, 0, 0x1000)));
	KT_CHECK(!pci_map_bar(d, 0, d->bars[0].size + 1) && !pci_map_bar(d, 1, 0));
	taken[0] = 0;
	const int number = pci_irq_request(d, 0, "edu test", edu_interrupt, NULL);
	if (number == -ENOMEM)
		mmu_unmap_device(registers, 0x1000);
	KT_NEED(number != -ENOMEM);
	KT_CHECK(number >= 0);
	KT_CHECK((registers[EDU_IDENTITY / 4] & 0xffff) == 0x00ed);
	for (unsigned i = 1; i <= 100; i++) {
		registers[EDU_INTERRUPT_RAISE / 4] = 1;
		KT_CHECK(taken_within(NSEC_PER_SEC, 0, i));
	}
	pci_irq_free(d, 0, number);
	registers[EDU_INTERRUPT_RAISE / 4] = 1;
	KT_CHECK(!taken_within(SHORT, 0, 101));
	registers[EDU_INTERRUPT_ACK / 4] = 1;
	mmu_unmap_device(registers, 0x1000);
	pci_write(d, PCI_COMMAND, 2, pci_read(d, PCI_COMMAND, 2) & ~(uint32_t)PCI_COMMAND_MASTER);
	return KT_PASS;
}

static bool edu_interrupt_unclaimed(void *context)
{
	taken[0]++;
	return false;
}

/* The interrupt pin goes on asking until it is told not to, and nobody does: of 100,000 interrupts 99,900 unclaimed are
 * too many. */
static enum kernel_test_result edu_storms(struct pci_device *d)
{
	const nsec_t end = clock_now() + 60 * NSEC_PER_SEC;
	const uint64_t position = log_tail(0);

	taken[0] = 0;
	const int number = pci_irq_request(d, 0, "edu storm", edu_interrupt_unclaimed, NULL);
	KT_CHECK(number >= 0);
	registers[EDU_INTERRUPT_RAISE / 4] = 1;
	while (!kt_logged(position, "irq: edu storm on vector ") && clock_now() < end)
		cpu_relax();
	KT_CHECK(kt_logged(position, "irq: edu storm on vector ") == 1);
	const unsigned last = taken[0];
	KT_CHECK(last >= 99900 && last <= 100000);
	KT_CHECK(!taken_within(SHORT, 0, last + 1));
	KT_CHECK(monitor_run("irq", 3) == 0);		/* for tests/boot/pci_cases.py to see */
	registers[EDU_INTERRUPT_ACK / 4] = 0xffffffff;
	pci_irq_free(d, 0, number);
	return KT_PASS;
}

/* Whoever has the line next is heard again. */
static enum kernel_test_result edu_is_heard(struct pci_device *d)
{
	taken[0] = 0;
	const int number = pci_irq_request(d, 0, "edu test", edu_interrupt, NULL);
	KT_CHECK(number >= 0);
	for (unsigned i = 1; i <= 10; i++) {
		registers[EDU_INTERRUPT_RAISE / 4] = 1;
		KT_CHECK(taken_within(NSEC_PER_SEC, 0, i));
	}
	pci_irq_free(d, 0, number);
	return KT_PASS;
}

KERNEL_TEST_UNINJECTED(pci_pin_that_nobody_claims_is_masked,
		       "its only allocation is the mapping that pci_msi_comes needs too, and a storm is long")
{
	struct pci_device *d = find(EDU);

	if (!d)
		return KT_SKIP;
	const uint16_t msi = d->msi;
	KT_NEED((registers = pci_map_bar(d, 0, 0x1000)));
	d->msi = 0;		/* as if it had none */
	enum kernel_test_result result = edu_storms(d);
	if (result == KT_PASS)
		result = edu_is_heard(d);
	d->msi = msi;
	mmu_unmap_device(registers, 0x1000);
	pci_write(d, PCI_COMMAND, 2, pci_read(d, PCI_COMMAND, 2) & ~(uint32_t)PCI_COMMAND_MASTER);
	return result;
}

static bool e1000e_interrupt(void *context)
{
	++*(volatile unsigned *)context;
	return true;
}

KERNEL_TEST_ALLOC(pci_msix_comes)
{
	struct pci_device *d = find(E1000E);
	int numbers[2];

	if (!d)
		return KT_SKIP;
	KT_NEED((registers = pci_map_bar(d, 0, 0)));
	KT_CHECK(pci_irq_count(d) == 5);
	for (unsigned i = 0; i < 2; i++) {
		taken[i] = 0;
		numbers[i] = pci_irq_request(d, i, "82574 test", e1000e_interrupt, (void *)&taken[i]);
		if (numbers[i] == -ENOMEM) {
			mmu_unmap_device(registers, d->bars[0].size);
			if (i)
				pci_irq_free(d, 0, numbers[0]);
			return KT_NO_MEMORY;
		}
		KT_CHECK(numbers[i] >= 0);
	}
	registers[E1000E_VECTORS / 4] = (8 | 0) | (8 | 1) << 4;		/* queue 0 to message 0, queue 1 to message 1 */
	registers[E1000E_CAUSE / 4] = E1000E_QUEUES;			/* of an earlier run */
	registers[E1000E_MASK_SET / 4] = E1000E_QUEUES;
	registers[E1000E_CAUSE_SET / 4] = E1000E_QUEUE_0;
	KT_CHECK(taken_within(NSEC_PER_SEC, 0, 1) && taken[1] == 0);
	KT_CHECK(pci_irq_mask(d, 1, true) == 0);
	registers[E1000E_CAUSE_SET / 4] = E1000E_QUEUE_0 << 1;
	KT_CHECK(!taken_within(SHORT, 1, 1));
	KT_CHECK(pci_irq_mask(d, 1, false) == 0);
	KT_CHECK(taken_within(NSEC_PER_SEC, 1, 1) && taken[0] == 1);
	for (unsigned i = 0; i < 2; i++)
		pci_irq_free(d, i, numbers[i]);
	mmu_unmap_device(registers, d->bars[0].size);
	pci_write(d, PCI_COMMAND, 2, pci_read(d, PCI_COMMAND, 2) & ~(uint32_t)PCI_COMMAND_MASTER);
	return KT_PASS;
}
