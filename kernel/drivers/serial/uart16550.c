/* 16550 UART (National Semiconductor PC16550D data sheet, June 1995), polled.
 *
 * A port that is not there reads as FFh; one that is there returns what is sent in loop-back mode. Output goes in bursts of the FIFO's 16 bytes after
 * one wait for it to be empty; each wait is bounded, and a port that stays full too often (flow control of a strange kind, a dead
 * line) is given up, so that it does not slow the machine down for ever. */
#include "kernel/drivers/serial/uart16550.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/console.h"
#include "kernel/core/firmware.h"
#include "kernel/core/log.h"
#include "kernel/time/clock.h"
#include "lib/cmdline.h"
#include "lib/string.h"

/* Registers (data sheet, table 2). */
enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5, DIVISOR_LOW = 0, DIVISOR_HIGH = 1 };
#define FIFO_ON_CLEARED		0x07
#define LINE_8N1		0x03
#define LINE_DIVISOR		0x80
#define MODEM_DTR_RTS_OUT2	0x0b
#define MODEM_LOOP		0x10
#define STATUS_RECEIVED		0x01
#define STATUS_EMPTY		0x20	/* the transmit FIFO */
#define STATUS_IDLE		0x40	/* and the shift register */
#define FIFO_BYTES		16
#define CLOCK_HZ		115200	/* 1.8432 MHz / 16 */
#define WAIT			(50 * NSEC_PER_MSEC)	/* 16 bytes at 3,200 baud and more */
#define TIMEOUTS_MAX		8

struct uart {
	struct console console;
	uint16_t port;			/* 0: at `memory` */
	volatile uint8_t *memory;
	unsigned stride;		/* bytes between registers in memory */
	uint32_t baud;			/* 0: as the firmware set it */
	unsigned room;			/* bytes the FIFO surely takes */
	unsigned timeouts;
};

static uint8_t uart_read(const struct uart *u, unsigned reg)
{
	return u->memory ? u->memory[reg * u->stride] : port_read8((uint16_t)(u->port + reg));
}

static void uart_write(const struct uart *u, unsigned reg, uint8_t value)
{
	if (u->memory)
		u->memory[reg * u->stride] = value;
	else
		port_write8((uint16_t)(u->port + reg), value);
}

static bool uart_wait(const struct uart *u, uint8_t bits)
{
	if (uart_read(u, LINE_STATUS) & bits)
		return true;
	nsec_t end = clock_now() + WAIT;
	do {
		if (uart_read(u, LINE_STATUS) & bits)
			return true;
		cpu_relax();
	} while (clock_now() < end);
	return false;
}

static void uart_put(struct uart *u, uint8_t byte)
{
	if (u->timeouts >= TIMEOUTS_MAX)
		return;
	if (!u->room) {
		if (!uart_wait(u, STATUS_EMPTY)) {
			u->timeouts++;
			return;
		}
		u->timeouts = 0;
		u->room = FIFO_BYTES;
	}
	uart_write(u, DATA, byte);
	u->room--;
}

static void serial_write(struct console *c, const char *text, size_t size)
{
	struct uart *u = (struct uart *)c;

	for (size_t i = 0; i < size; i++)
		uart_put(u, (uint8_t)text[i]);
}

static int serial_read(struct console *c)
{
	struct uart *u = (struct uart *)c;
	uint8_t status = uart_read(u, LINE_STATUS);

	return status != 0xff && status & STATUS_RECEIVED ? uart_read(u, DATA) : -EAGAIN;
}

/* True where two different bytes come back in loop-back mode. */
static bool uart_probe(struct uart *u)
{
	static const uint8_t probes[] = { 0xae, 0x51 };
	bool found = uart_read(u, LINE_STATUS) != 0xff;

	if (found)
		uart_wait(u, STATUS_IDLE);	/* what the firmware still has to send */
	uart_write(u, MODEM_CONTROL, MODEM_LOOP | MODEM_DTR_RTS_OUT2);
	for (unsigned i = 0; found && i < ARRAY_SIZE(probes); i++) {
		uart_write(u, DATA, probes[i]);
		found = uart_wait(u, STATUS_RECEIVED) && uart_read(u, DATA) == probes[i];
	}
	uart_write(u, MODEM_CONTROL, MODEM_DTR_RTS_OUT2);
	return found;
}

static void uart_set_line(struct uart *u)
{
	if (u->baud) {
		uint32_t divisor = CLOCK_HZ / u->baud;
		uart_write(u, LINE_CONTROL, LINE_8N1 | LINE_DIVISOR);
		uart_write(u, DIVISOR_LOW, divisor & 0xff);
		uart_write(u, DIVISOR_HIGH, (uint8_t)(divisor >> 8));
	}
	uart_write(u, LINE_CONTROL, LINE_8N1);
	uart_write(u, INTERRUPT_ENABLE, 0);
	uart_write(u, FIFO_CONTROL, FIFO_ON_CLEARED);
}

/* console=ttyS0,115200n8: true where the command line names a serial port; several may be named, the last one counts. */
static bool port_from_cmdline(struct uart *u, const char **ret_from)
{
	static const uint16_t ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	const char *at = boot_cmdline();
	struct cmdline_word word;
	bool found = false;

	while (cmdline_next(&at, &word)) {
		if (word.key_size != 7 || memcmp(word.key, "console", 7) != 0 || word.value_size < 5 || memcmp(word.value, "ttyS", 4) != 0)
			continue;
		unsigned number = (unsigned)(word.value[4] - '0');
		uint32_t baud = 0;
		for (size_t i = 6; word.value_size > 6 && word.value[5] == ',' && i < word.value_size && word.value[i] >= '0' && word.value[i] <= '9'; i++)
			baud = MIN(baud * 10 + (uint32_t)(word.value[i] - '0'), 1000000u);
		if (number >= ARRAY_SIZE(ports) || (baud && (baud > CLOCK_HZ || CLOCK_HZ / baud > 0xffff))) {
			pr_warn("serial: console=%.*s is not a port or rate we know", (int)word.value_size, word.value);
			continue;
		}
		u->port = ports[number];
		u->baud = baud ? baud : 115200;
		*ret_from = "console=";
		found = true;
	}
	return found;
}

static bool port_from_spcr(struct uart *u, const char **ret_from)
{
	struct acpi_table spcr;
	struct acpi_address address;

	if (firmware_table("SPCR", 0, &spcr) || acpi_spcr_port(&spcr, &address, &u->baud))
		return false;
	if (address.space == 1)
		u->port = (uint16_t)address.address;
	else {
		/* the register width says how far apart they are; most have bytes */
		u->stride = address.width == 32 || address.access == 3 ? 4 : address.width == 16 ? 2 : 1;
		u->memory = mmu_map_device(address.address, 8 * u->stride, MMU_UNCACHED);
	}
	*ret_from = "SPCR";
	return u->port || u->memory;
}

void serial_init(void)
{
	static struct uart uart = { .console = { .name = "ttyS", .write = serial_write, .read = serial_read }, .stride = 1 };
	struct uart *u = &uart;
	const char *from = "by default";

	if (!port_from_cmdline(u, &from) && !port_from_spcr(u, &from)) {
		u->port = 0x3f8;
		u->baud = 115200;
	}
	if (!uart_probe(u)) {
		pr_info("serial: no port at %#x (%s)", u->port, from);
		return;
	}
	uart_set_line(u);
	console_add(&u->console);
	pr_info("serial: 16550 at %s%#llx, %u baud, %s", u->memory ? "memory " : "port ",
		u->memory ? (unsigned long long)(uintptr_t)u->memory : (unsigned long long)u->port, u->baud, from);
}
