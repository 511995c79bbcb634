/* x2APIC: registers are MSRs, 32-bit ids, one write sends (Intel SDM volume 3, section 11.12). */
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/registers.h"

#define MSR_X2APIC(reg) (0x800 + (reg) / 16)

static uint32_t x2apic_read(unsigned reg)
{
	return (uint32_t)msr_read(MSR_X2APIC(reg));
}

static void x2apic_write(unsigned reg, uint32_t value)
{
	msr_write(MSR_X2APIC(reg), value);
}

static uint32_t x2apic_id(void)
{
	return x2apic_read(LAPIC_ID);
}

/* Unlike a store to memory, the write orders nothing: what the other CPU is to see must be out before it. */
static bool x2apic_send(uint32_t destination, uint32_t command)
{
	__asm__ volatile("mfence; lfence" ::: "memory");
	msr_write(MSR_X2APIC(LAPIC_ICR), (uint64_t)destination << 32 | command);
	return true;
}

const struct lapic_ops x2apic_ops = { "x2APIC", x2apic_read, x2apic_write, x2apic_id, x2apic_send };
