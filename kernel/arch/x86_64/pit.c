/* Channel 2 of the Intel 8254, which counts down from FFFFh in mode 0, at 1.193182 MHz, and whose gate and speaker
 * are in port 61h. 16 bits last 55 ms, and newer machines switch its clock off: it serves to measure a millisecond
 * where there is nothing else. It cannot be asked whether it is there; a dead one does not count. */
#include "kernel/arch/x86_64/clock_sources.h"

#include "kernel/arch/port.h"

#define PIT_HZ			1193182
#define PORT_CHANNEL_2		0x42
#define PORT_COMMAND		0x43
#define PORT_GATE		0x61
#define GATE_ON			0x01
#define GATE_SPEAKER		0x02
#define COMMAND_START		0xb0	/* channel 2, low byte then high byte, mode 0 */
#define COMMAND_LATCH		0x80	/* hold channel 2's count until both bytes are read */

static bool pit_start(struct clock_source *s)
{
	s->hz = PIT_HZ;
	s->mask = 0xffff;
	port_write8(PORT_GATE, (port_read8(PORT_GATE) & ~GATE_SPEAKER) | GATE_ON);
	port_write8(PORT_COMMAND, COMMAND_START);
	port_write8(PORT_CHANNEL_2, 0xff);
	port_write8(PORT_CHANNEL_2, 0xff);
	return true;
}

static uint64_t pit_read(const struct clock_source *s)
{
	port_write8(PORT_COMMAND, COMMAND_LATCH);
	uint32_t low = port_read8(PORT_CHANNEL_2);
	return ~(low | (uint32_t)port_read8(PORT_CHANNEL_2) << 8);	/* counts down; negated it counts up */
}

struct clock_source clock_source_pit = { .name = "PIT", .start = pit_start, .read = pit_read, .wraps_soon = true };
