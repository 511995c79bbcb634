/* 16550 UART (National Semiconductor PC16550D data sheet, June 1995), polled.
 *
 * A port that is not there reads as FFh; one that is there returns what is sent in loop-back mode. The line is set up
 * before that probe: with the divisor latch left open the data register is none, and what was typed before the boot
 * still stands in the FIFO and would be taken for the answer. Output goes in bursts of the FIFO's 16 bytes after one
 * wait for it to be empty; each wait is bounded, and a port that stays full too often (flow control of a strange kind,
 * a dead line) is given up, so that it does not slow the machine down for ever. */
#include "kernel/drivers/serial/uart16550.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/console.h"
#include "kernel/core/firmware.h"
#include "kernel/core/log.h"
#include "kernel/core/sysrq.h"
#include "kernel/irq/irq.h"
#include "kernel/sched/executor.h"
#include "kernel/time/clock.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/utf.h"

/* Registers (data sheet, table 2); some share a number, for reading and writing or by LINE_DIVISOR. */
enum {
	DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5,
	INTERRUPT_ID = 2, DIVISOR_LOW = 0, DIVISOR_HIGH = 1,
};
#define FIFO_ON_CLEARED		0x07
#define ID_FIFO_WORKS		0xc0	/* both bits: the 16450 has no FIFO, the first 16550 one that fails */
#define LINE_8N1		0x03
#define LINE_DIVISOR		0x80
#define MODEM_DTR_RTS_OUT2	0x0b
#define MODEM_LOOP		0x10
#define STATUS_RECEIVED		0x01
#define STATUS_BREAK		0x10
#define STATUS_EMPTY		0x20	/* the transmit FIFO */
#define STATUS_IDLE		0x40	/* and the shift register */
#define FIFO_BYTES		16
#define CLOCK_HZ		115200	/* 1.8432 MHz / 16 */
#define BAUD_DEFAULT		115200
#define WAIT			(50 * NSEC_PER_MSEC)	/* 16 bytes at 3,200 baud and more */
#define TIMEOUTS_MAX		8
#define QUEUE_BYTES		1024	/* a power of two */
#define INTERRUPT_WAIT		(2 * NSEC_PER_MSEC)
#define BREAK_PATIENCE		(5 * NSEC_PER_SEC)	/* for its letter, as Linux */
#define ENABLE_RECEIVED		0x01
#define ENABLE_EMPTY		0x02
#define ID_NONE			0x01	/* no interrupt is pending */

/* One puts, one takes. */
struct ring {
	uint32_t put, taken;		/* atomic: bytes ever put, and taken */
	uint8_t bytes[QUEUE_BYTES];
};

struct uart {
	struct console console;
	paddr_t address;		/* its first I/O port, or physical where it is in memory */
	volatile uint8_t *memory;	/* NULL: I/O ports */
	unsigned stride;		/* bytes between registers in memory */
	uint32_t baud;			/* 0: as the firmware set it */
	unsigned burst;			/* bytes that fit when it is empty */
	unsigned room;			/* bytes that surely fit now */
	unsigned timeouts;
	bool interrupts;		/* atomic: they work; received bytes go to the rings */
	enum uart_break { BREAK_NONE, BREAK_SEEN, BREAK_LETTER } broken;
	nsec_t broken_until;
	struct ring received, text;	/* as they came; and whole characters, for who reads */
	struct utf8_decoder utf8;	/* the task's, which makes one of the other */
	struct task decoding;
};

static bool ring_is_empty(const struct ring *r)
{
	return __atomic_load_n(&r->put, __ATOMIC_ACQUIRE) == r->taken;
}

/* What has no room is lost: a person who types does not get there. */
static void ring_put(struct ring *r, const void *bytes, size_t size)
{
	if (r->put + size - __atomic_load_n(&r->taken, __ATOMIC_ACQUIRE) > QUEUE_BYTES)
		return;
	for (size_t i = 0; i < size; i++)
		r->bytes[(r->put + i) % QUEUE_BYTES] = ((const uint8_t *)bytes)[i];
	__atomic_store_n(&r->put, r->put + (uint32_t)size, __ATOMIC_RELEASE);
}

static int ring_take(struct ring *r)
{
	if (ring_is_empty(r))
		return -EAGAIN;
	uint8_t byte = r->bytes[r->taken % QUEUE_BYTES];
	__atomic_store_n(&r->taken, r->taken + 1, __ATOMIC_RELEASE);
	return byte;
}

static uint8_t uart_read(const struct uart *u, unsigned reg)
{
	return u->memory ? u->memory[reg * u->stride] : port_read8((uint16_t)(u->address + reg));
}

static void uart_write(const struct uart *u, unsigned reg, uint8_t value)
{
	if (u->memory)
		u->memory[reg * u->stride] = value;
	else
		port_write8((uint16_t)(u->address + reg), value);
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
		u->room = u->burst;
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

/* A break and a letter are for the machine. True where the byte is neither. A break comes as a NUL with a status of its
 * own, which some emulators show one byte early. */
static bool byte_is_text(struct uart *u, uint8_t status, uint8_t byte)
{
	enum uart_break before = u->broken;

	if (status & STATUS_BREAK) {
		u->broken = BREAK_SEEN;
		u->broken_until = clock_now() + BREAK_PATIENCE;
	}
	if (u->broken == BREAK_SEEN && !byte) {
		u->broken = BREAK_LETTER;
		return false;
	}
	if (before != BREAK_LETTER || status & STATUS_BREAK)
		return true;
	u->broken = BREAK_NONE;
	if (clock_now() >= u->broken_until)
		return true;
	sysrq_handle((char)byte);
	return false;
}

/* A byte that was received, or -EAGAIN. */
static int uart_take(struct uart *u)
{
	for (unsigned i = 0; i < 2 * FIFO_BYTES; i++) {
		uint8_t status = uart_read(u, LINE_STATUS);
		if (status == 0xff || !(status & STATUS_RECEIVED))
			break;
		uint8_t byte = uart_read(u, DATA);
		if (byte_is_text(u, status, byte))
			return byte;
	}
	return -EAGAIN;
}

static bool serial_ready(struct console *c)
{
	const struct uart *u = (const struct uart *)c;

	return !ring_is_empty(&u->text);
}

static int serial_read(struct console *c)
{
	struct uart *u = (struct uart *)c;

	return u->interrupts ? ring_take(&u->text) : uart_take(u);
}

/* A task: readers get whole characters, and a replacement character for what noise on the line made of one. */
static void serial_decode(struct task *t)
{
	struct uart *u = (struct uart *)((char *)t - offsetof(struct uart, decoding));
	int byte;

	while ((byte = ring_take(&u->received)) >= 0) {
		uint32_t points[2];
		char text[4];
		unsigned count = utf8_decode(&u->utf8, (uint8_t)byte, points);
		for (unsigned i = 0; i < count; i++)
			ring_put(&u->text, text, utf8_encode(points[i], text));
	}
	if (serial_ready(&u->console))
		console_input_came();
}

/* Reading the cause ends the "transmitter empty" interrupt, reading the data the other one. A break and its letter are
 * dealt with here, as they must count also where no thread runs any more. */
static bool serial_interrupt(void *context)
{
	struct uart *u = context;
	bool ours = !(uart_read(u, INTERRUPT_ID) & ID_NONE);
	int byte;

	u->interrupts = u->interrupts || ours;
	for (unsigned i = 0; i < 2 * FIFO_BYTES && (byte = uart_take(u)) >= 0; i++)
		ring_put(&u->received, &(uint8_t){ (uint8_t)byte }, 1);
	if (!ring_is_empty(&u->received))
		task_wake(&u->decoding);
	return ours;
}

static struct uart uart = { .console = { .name = "ttyS", .write = serial_write, .read = serial_read }, .stride = 1 };

/* Interrupts where they work: a port that is empty must raise the "transmitter empty" one as soon as it is allowed.
 * Wherever that does not come the port is polled. */
static void uart_use_interrupts(struct uart *u)
{
	unsigned irq = u->address == 0x3f8 || u->address == 0x3e8 ? 4 : 3;

	if (u->memory)
		return;
	task_init(&u->decoding, executor_default(), serial_decode);
	int number = irq_request_isa(irq, "serial", serial_interrupt, u);
	if (number < 0)
		return;
	uart_wait(u, STATUS_IDLE);
	uart_write(u, INTERRUPT_ENABLE, ENABLE_EMPTY);
	nsec_t end = clock_now() + INTERRUPT_WAIT;
	while (!__atomic_load_n(&u->interrupts, __ATOMIC_ACQUIRE) && clock_now() < end)
		cpu_relax();
	if (!u->interrupts) {
		uart_write(u, INTERRUPT_ENABLE, 0);
		irq_free(number);
		pr_debug("serial: no interrupt comes; the port is polled");
		return;
	}
	uart_write(u, INTERRUPT_ENABLE, ENABLE_RECEIVED);
	u->console.ready = serial_ready;
}

/* The divisor has 16 bits. */
static bool baud_possible(uint32_t baud)
{
	return baud && baud <= CLOCK_HZ && CLOCK_HZ / baud <= 0xffff;
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
	u->burst = (uart_read(u, INTERRUPT_ID) & ID_FIFO_WORKS) == ID_FIFO_WORKS ? FIFO_BYTES : 1;
}

/* Set the port up; true where two different bytes come back in loop-back mode. */
static bool uart_start(struct uart *u)
{
	static const uint8_t probes[] = { 0xae, 0x51 };
	bool found = true;

	if (uart_read(u, LINE_STATUS) == 0xff)
		return false;
	uart_wait(u, STATUS_IDLE);	/* what the firmware still has to send */
	uart_write(u, MODEM_CONTROL, MODEM_LOOP | MODEM_DTR_RTS_OUT2);
	uart_set_line(u);
	for (unsigned i = 0; found && i < ARRAY_SIZE(probes); i++) {
		uart_write(u, DATA, probes[i]);
		found = uart_wait(u, STATUS_RECEIVED) && uart_read(u, DATA) == probes[i];
	}
	uart_write(u, MODEM_CONTROL, MODEM_DTR_RTS_OUT2);
	return found;
}

/* console=ttyS0,115200n8: true where the command line names a serial port; of several the last one counts. */
static bool port_from_cmdline(struct uart *u, const char **ret_from)
{
	static const uint16_t ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	const char *at = boot_cmdline();
	struct cmdline_word word;
	bool found = false;

	while (cmdline_next_kernel(&at, &word)) {
		if (word.key_size != 7 || memcmp(word.key, "console", 7) != 0 || word.value_size < 5 ||
		    memcmp(word.value, "ttyS", 4) != 0)
			continue;
		unsigned number = (unsigned)(word.value[4] - '0');
		uint32_t baud = word.value_size == 5 ? BAUD_DEFAULT : 0;
		if (word.value_size > 5 && word.value[5] == ',')
			for (size_t i = 6; i < word.value_size && word.value[i] >= '0' && word.value[i] <= '9'; i++)
				baud = MIN(baud * 10 + (uint32_t)(word.value[i] - '0'), 1000000u);
		if (number >= ARRAY_SIZE(ports) || !baud_possible(baud)) {
			pr_warn("serial: console=%.*s is not a port or rate we know", (int)word.value_size, word.value);
			continue;
		}
		u->address = ports[number];
		u->baud = baud;
		*ret_from = "by console=";
		found = true;
	}
	return found;
}

static bool port_from_spcr(struct uart *u, const char **ret_from)
{
	struct acpi_table spcr;
	struct acpi_address address;
	uint32_t baud;

	if (firmware_table("SPCR", 0, &spcr) || acpi_spcr_port(&spcr, &address, &baud))
		return false;
	if (address.space == 1) {
		u->baud = baud_possible(baud) ? baud : 0;
	} else {
		/* The width says how far apart the registers are. Their clock may be any, so the rate stays. */
		u->stride = address.width == 32 || address.access == 3 ? 4 : address.width == 16 ? 2 : 1;
		u->memory = mmu_map_device(address.address, 8 * u->stride, MMU_UNCACHED);
		if (!u->memory)
			return false;
	}
	u->address = address.address;
	*ret_from = "by SPCR";
	return true;
}

void serial_init(void)
{
	struct uart *u = &uart;
	const char *from = "by default", *space;
	char rate[16] = "";

	if (!port_from_cmdline(u, &from) && !port_from_spcr(u, &from)) {
		u->address = 0x3f8;
		u->baud = BAUD_DEFAULT;
	}
	space = u->memory ? "memory" : "port";
	if (!uart_start(u)) {
		pr_info("serial: none at %s %#llx, %s", space, (unsigned long long)u->address, from);
		return;
	}
	console_add(&u->console);
	uart_use_interrupts(u);
	if (u->baud)
		ksnprintf(rate, sizeof(rate), "%u baud, ", u->baud);
	pr_info("serial: 16550 at %s %#llx, %s%s", space, (unsigned long long)u->address, rate, from);
}
