/* IOAPICs: wires of devices to messages for CPUs (Intel 82093AA data sheet; Intel SDM volume 3, section 11.11). */
#ifndef KERNEL_ARCH_X86_64_IOAPIC_H
#define KERNEL_ARCH_X86_64_IOAPIC_H

#include "lib/types.h"

/* Add one: its registers, and the first global system interrupt it serves. All its lines are masked. False where there
 * is none at that address. */
bool ioapic_add(unsigned id, paddr_t base, uint32_t gsi_base);

/* Lines in all. */
unsigned ioapic_line_count(void);

/* Route a line to a vector of the CPU with this APIC id (under 256), masked. False where no IOAPIC serves it. */
bool ioapic_route(uint32_t gsi, unsigned vector, uint32_t apic_id, bool level, bool active_low);

/* Let a line raise the non-maskable interrupt of a CPU. */
bool ioapic_route_nmi(uint32_t gsi, uint32_t apic_id, bool level, bool active_low);

void ioapic_mask(uint32_t gsi, bool masked);

#endif
