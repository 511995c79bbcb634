/* The page in which the other CPUs start, and the interrupts that start them.
 *
 * A CPU is WAITING until it has set itself up. Then it is ALIVE, unless the boot CPU lost patience before and ABANDONED
 * it: one compare-and-exchange decides, so a CPU that comes too late stops for good instead of running unknown to the
 * others. */
#include "kernel/arch/smp.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/idle.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/pat.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/arch/x86_64/trampoline.h"
#include "kernel/arch/x86_64/vectors.h"
#include "kernel/core/assert.h"
#include "kernel/core/memory_map.h"
#include "lib/string.h"

#define LOW_END		0xa0000u	/* video memory and firmware from here on */
#define SELECTOR_CODE32	8
#define SELECTOR_CODE64	16

enum { CPU_WAITING, CPU_ALIVE, CPU_ABANDONED };

_Static_assert(offsetof(struct cpu_local, stack_top) == CPU_LOCAL_STACK_TOP, "as trampoline.S uses it");

const uint32_t *smp_apic_ids;	/* by CPU number; read by trampoline.S */

static paddr_t page;		/* where the CPUs start */
static uint8_t page_before[PAGE_SIZE];	/* what was in it: some firmware misses it at a reset */

void smp_arch_init_boot(paddr_t base, uint32_t largest_id)
{
	lapic_init(base, largest_id);
	idle_init();
	this_cpu(cpu_local).apic_id = lapic_id();
	this_cpu(cpu_local).state = CPU_ALIVE;
}

uint32_t smp_arch_hardware_id(cpu_id_t id)
{
	return cpu_of(id, cpu_local).apic_id;
}

uint32_t smp_arch_boot_id(void)
{
	return lapic_id();
}

bool smp_arch_can_address(uint32_t apic_id)
{
	return apic_id < 255 || lapic == &x2apic_ops;
}

size_t smp_arch_stack_bytes(void)
{
	return (size_t)STACK_SIZE * STACK_COUNT;
}

bool cpu_is_online(cpu_id_t id)
{
	return smp_arch_arrived(id);
}

int smp_arch_describe(cpu_id_t id, uint32_t apic_id, void *stacks)
{
	struct cpu_local *cpu = &cpu_of(id, cpu_local);

	cpu->self = cpu;
	cpu->percpu_offset = (vaddr_t)cpu - (vaddr_t)percpu_start;
	cpu->id = id;
	cpu->apic_id = apic_id;
	cpu->state = CPU_WAITING;
	cpu->stack_canary = (cpu_ticks() + id) * 0x9e3779b97f4a7c15ull & ~0xffull;
	cpu->stacks = mmu_map_stacks(virt_to_phys(stacks), STACK_COUNT);
	if (!cpu->stacks)
		return -ENOMEM;
	cpu->stack_top = (uint64_t)(cpu->stacks[0].stack + STACK_SIZE);
	return 0;
}

/* A page under 1 MiB that is free now; the highest, since firmware uses the low ones most. Page 0 is never taken. */
static paddr_t low_page(void)
{
	for (paddr_t at = LOW_END - PAGE_SIZE; at; at -= PAGE_SIZE) {
		const struct mem_range *r = memory_map_find(at);
		if (r && (r->type == MEM_USABLE || r->type == MEM_BOOT_SERVICES))
			return at;
	}
	return 0;
}

/* The accessed bits are set already: the page is read-only to the CPUs that start. */
static void page_fill(paddr_t root)
{
	uint32_t base = (uint32_t)page;
	struct trampoline_data *data = (void *)((char *)phys_to_virt(page) + TRAMPOLINE_DATA);

	memcpy(page_before, phys_to_virt(page), PAGE_SIZE);
	memcpy(phys_to_virt(page), trampoline_start, (size_t)(trampoline_end - trampoline_start));
	*data = (struct trampoline_data){
		.gdt = { 0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff },
		.gdtr = { sizeof(data->gdt) - 1, base + TRAMPOLINE_DATA },
		.far32 = { base + (uint32_t)(trampoline_code32 - trampoline_start), SELECTOR_CODE32, 0 },
		.far64 = { base + (uint32_t)(trampoline_code64 - trampoline_start), SELECTOR_CODE64, 0 },
		.root = (uint32_t)root,
		.efer = (uint32_t)(msr_read(MSR_EFER) & ~(uint64_t)EFER_LMA),
		.entry = (uint64_t)ap_entry,
	};
}

/* The tables stay: a CPU that was given up may come late, and needs them to stop. */
int smp_arch_prepare(const uint32_t *apic_ids, paddr_t root)
{
	struct pagetable space;

	ASSERT(root < GIB(4));
	smp_apic_ids = apic_ids;
	page = low_page();
	if (!page)
		return -ENOSPC;
	mmu_make_space(&space, root);
	if (pt_map(&space, page, page, PAGE_SIZE, PT_EXEC))
		return -ENOMEM;
	page_fill(root);
	return 0;
}

void smp_arch_init(cpu_id_t id)
{
	lapic->send(cpu_of(id, cpu_local).apic_id, LAPIC_DELIVERY_INIT | LAPIC_ASSERT);
}

void smp_arch_startup(cpu_id_t id)
{
	lapic->send(cpu_of(id, cpu_local).apic_id, LAPIC_DELIVERY_STARTUP | LAPIC_ASSERT | (uint32_t)(page / PAGE_SIZE));
}

void smp_arch_finish(void)
{
	memcpy(phys_to_virt(page), page_before, PAGE_SIZE);
	mtrr_report();
}

bool smp_arch_arrived(cpu_id_t id)
{
	return __atomic_load_n(&cpu_of(id, cpu_local).state, __ATOMIC_ACQUIRE) == CPU_ALIVE;
}

static bool state_change(struct cpu_local *cpu, uint32_t to)
{
	uint32_t waiting = CPU_WAITING;

	return __atomic_compare_exchange_n(&cpu->state, &waiting, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

bool smp_arch_abandon(cpu_id_t id)
{
	return state_change(&cpu_of(id, cpu_local), CPU_ABANDONED);
}

void smp_arch_arrive(void)
{
	cr3_write(mmu_kernel_root());	/* the start's tables had the low page in them */
	if (!state_change(&this_cpu(cpu_local), CPU_ALIVE))
		cpu_stop();
}

static void send_fixed(cpu_id_t id, unsigned vector)
{
	lapic->send(cpu_of(id, cpu_local).apic_id,
		    LAPIC_DELIVERY_FIXED | LAPIC_ASSERT | (id == cpu_id() ? LAPIC_TO_SELF : 0) | vector);
}

void smp_arch_send_call(cpu_id_t id)
{
	send_fixed(id, VECTOR_CALL);
}

void smp_arch_send_nmi(cpu_id_t id)
{
	lapic->send(cpu_of(id, cpu_local).apic_id, LAPIC_DELIVERY_NMI | LAPIC_ASSERT);
}

void smp_arch_set_call(void (*handler)(void))
{
	vector_set_system(VECTOR_CALL, "cross-CPU call", handler);
}

void smp_arch_send_reschedule(cpu_id_t id)
{
	if (!idle_end(id))
		send_fixed(id, VECTOR_RESCHEDULE);
}

void smp_arch_set_reschedule(void (*handler)(void))
{
	vector_set_system(VECTOR_RESCHEDULE, "reschedule", handler);
}
