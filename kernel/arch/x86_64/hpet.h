/* The registers of the high precision event timer, as indices of 32-bit words (IA-PC HPET specification 1.0a, section
 * 2.3), and its use as a timer for all CPUs (hpet_timer.c). */
#ifndef KERNEL_ARCH_X86_64_HPET_H
#define KERNEL_ARCH_X86_64_HPET_H

#include "lib/types.h"

#define HPET_SIZE		1024
#define HPET_CAPABILITIES	(0x000 / 4)
#define HPET_PERIOD		(0x004 / 4)	/* femtoseconds: the upper half of the capabilities */
#define HPET_CONFIGURATION	(0x010 / 4)
#define HPET_COUNTER		(0x0f0 / 4)
#define HPET_TIMER(n)		((0x100 + 0x20 * (n)) / 4)	/* its configuration */
#define HPET_COMPARATOR(n)	((0x108 + 0x20 * (n)) / 4)

#define HPET_TIMER_COUNT(capabilities) (((capabilities) >> 8 & 31) + 1)
#define HPET_TIMERS_MAX		((HPET_SIZE - 0x100) / 0x20)	/* that the registers have room for */
#define HPET_HAS_LEGACY_ROUTE	(1u << 15)	/* capabilities: timer 0 can be ISA interrupt 0 … */
#define HPET_ENABLE		(1u << 0)
#define HPET_LEGACY_ROUTE	(1u << 1)	/* configuration: … and is, and timer 1 is 8 */

#define HPET_TIMER_LEVEL	(1u << 1)
#define HPET_TIMER_INTERRUPT	(1u << 2)
#define HPET_TIMER_PERIODIC	(1u << 3)
#define HPET_TIMER_32_BITS	(1u << 8)
#define HPET_TIMER_MESSAGE	(1u << 14)

/* Use it in place of the local APICs' timers: once, on the boot CPU, after irq_init. False where it cannot be. */
bool hpet_timer_init(void (*fired)(void));

/* As timer_hw_arm. */
void hpet_timer_arm(uint64_t ticks);

#endif
