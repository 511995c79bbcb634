/* Devices that go on interrupting when the boot services have ended.
 *
 * live=pit    the PIT's channel 0, 100 times a millisecond, through an 8259 without a mask
 * live=lapic  the local APIC's timer, as often
 * live=hpet   each of the HPET's timers, as often, by a message where it can, else by an IOAPIC line that is open
 *
 * Interrupts are off meanwhile; nobody may turn them on before these are quiet. */
#include "tests/boot/hostile/hostile.h"

#define HPET		((volatile uint32_t *)0xfed00000)
#define HPET_TIMER(n)	(0x100 / 4 + 8 * (n))
#define IOAPIC		((volatile uint32_t *)0xfec00000)
#define LAPIC(reg)	(*(volatile uint32_t *)(uintptr_t)(0xfee00000 + (reg)))
#define VECTOR		0x91		/* of a device, as Samara sees it */

static void port_write(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port));
}

static void pit_start(void)
{
	const uint8_t masters[] = { 0x11, VECTOR & 0xf8, 4, 1, 0 };

	port_write(0x20, masters[0]);
	for (unsigned i = 1; i < ARRAY_SIZE(masters); i++)
		port_write(0x21, masters[i]);
	port_write(0x43, 0x34);		/* channel 0, mode 2 */
	port_write(0x40, 12);
	port_write(0x40, 0);
}

static void lapic_start(void)
{
	LAPIC(0xf0) |= 0x100;
	LAPIC(0x3e0) = 0xb;		/* divide by 1 */
	LAPIC(0x320) = 1u << 17 | VECTOR;	/* periodic */
	LAPIC(0x380) = 10000;
}

/* Edge, periodic, interrupt on; its route is the first that it has. */
static void hpet_timer_start(unsigned n)
{
	uint32_t features = HPET[HPET_TIMER(n)], routes = HPET[HPET_TIMER(n) + 1];
	uint32_t line = routes ? (uint32_t)__builtin_ctz(routes) : 0;

	IOAPIC[0] = 0x10 + 2 * line;
	IOAPIC[4] = VECTOR;
	HPET[HPET_TIMER(n) + 4] = VECTOR;		/* the message: data, address */
	HPET[HPET_TIMER(n) + 5] = 0xfee00000;
	HPET[HPET_TIMER(n)] = line << 9 | 1u << 6 | 1u << 3 | 1u << 2 | (features & 1u << 15 ? 1u << 14 : 0);
	HPET[HPET_TIMER(n) + 2] = 1000;		/* counts to the first, and from each to the next */
	HPET[HPET_TIMER(n) + 2] = 1000;
}

static void hpet_start(void)
{
	for (unsigned n = 0; n <= (HPET[0] >> 8 & 31); n++)
		hpet_timer_start(n);
	HPET[4] |= 1;
}

void live_start(void)
{
	if (!has("live"))
		return;
	__asm__ volatile("cli");
	if (is("live", "pit"))
		pit_start();
	if (is("live", "lapic"))
		lapic_start();
	if (is("live", "hpet"))
		hpet_start();
}
