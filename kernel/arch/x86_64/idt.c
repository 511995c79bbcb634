/* The interrupt descriptor table: 256 gates to 256 stubs (Intel SDM volume 3, section 6.11). All are interrupt gates: a
 * handler runs with interrupts off. */
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/traps.h"

struct gate {
	uint64_t low, high;
};

#define GATE_INTERRUPT_PRESENT (0x8eull << 40)

static struct gate idt[VECTOR_COUNT];

static unsigned ist_of(unsigned vector)
{
	switch (vector) {
	case VECTOR_DOUBLE_FAULT: return IST_DOUBLE_FAULT;
	case VECTOR_NMI: return IST_NMI;
	case VECTOR_MACHINE_CHECK: return IST_MACHINE_CHECK;
	default: return 0;
	}
}

void idt_init(void)
{
	for (unsigned vector = 0; vector < VECTOR_COUNT; vector++) {
		uint64_t stub = (uint64_t)trap_stubs + vector * TRAP_STUB_SIZE;
		idt[vector].low = (stub & 0xffff) | SELECTOR_KERNEL_CODE << 16 | (uint64_t)ist_of(vector) << 32 |
				  GATE_INTERRUPT_PRESENT | (stub >> 16 & 0xffff) << 48;
		idt[vector].high = stub >> 32;
	}
}

void idt_init_cpu(void)
{
	struct __attribute__((packed)) { uint16_t limit; uint64_t base; } idtr = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" :: "m"(idtr));
}
