/* The i8042 driver: ports, interrupts and a timer for its machine (i8042_machine.c).
 *
 * The ACPI tables say whether a PC has such a controller, and are often wrong, so it is always looked for. A machine
 * without one reads FFh from the port, which costs one access. Until the machine is through with the probe a timer runs
 * it each millisecond, so that nobody waits for it; later an interrupt does, and the timer only where there is something
 * to send. Where no interrupt ever comes the timer goes on.
 *
 * The input layer asks for lamps with its lock held, and this driver reports keys with its own, so the wish for lamps is
 * an atomic number and the timer does the rest. */
#include "kernel/drivers/input/i8042.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/port.h"
#include "kernel/core/bench.h"
#include "kernel/core/console.h"
#include "kernel/core/log.h"
#include "kernel/drivers/input/i8042_machine.h"
#include "kernel/drivers/input/input.h"
#include "kernel/irq/irq.h"
#include "kernel/sync/spinlock.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"

#define DATA_PORT 0x60
#define COMMAND_PORT 0x64
#define KEYBOARD_IRQ 1
#define MOUSE_IRQ 12
#define POLL_EVERY NSEC_PER_MSEC
#define POLL_IDLE (10 * NSEC_PER_MSEC)

static struct spinlock lock = SPINLOCK("i8042");
static struct i8042_machine machine;	/* with the lock */
static struct timer timer;
static bool interrupts_work, reported;	/* with the lock */
static uint32_t leds_wanted;		/* atomic */

static void leds_set(struct input_device *d, unsigned leds)
{
	__atomic_store_n(&leds_wanted, leds, __ATOMIC_RELAXED);
	timer_arm(&timer, clock_now());
}

static struct input_device keyboard = { .name = "PS/2 keyboard", .keyboard = true, .set_leds = leds_set };
static struct input_device mouse = { .name = "PS/2 mouse", .mouse = true };

static uint8_t io_read(uint8_t port)
{
	return port_read8(port);
}

static void io_write(uint8_t port, uint8_t value)
{
	port_write8(port, value);
}

static void device_changed(struct input_device *d, bool there)
{
	if (there)
		input_add(d);
	else
		input_remove(d);
}

static void keyboard_changed(struct i8042_machine *m)
{
	device_changed(&keyboard, m->keyboard);
}

static void mouse_changed(struct i8042_machine *m)
{
	mouse.name = m->packets.wheel ? "PS/2 wheel mouse" : "PS/2 mouse";
	device_changed(&mouse, m->mouse);
}

static void key(unsigned code, bool down)
{
	input_report_key(&keyboard, code, down);
	/* Pause has no release of its own on some keyboards. */
	if (code == KEY_PAUSE)
		input_report_key(&keyboard, code, false);
}

static void motion(const struct ps2_motion *m)
{
	for (unsigned i = 0; i < 3; i++)
		input_report_key(&mouse, BTN_LEFT + i, m->buttons >> i & 1);
	input_report_rel(&mouse, REL_X, m->right);
	input_report_rel(&mouse, REL_Y, m->down);
	input_report_rel(&mouse, REL_WHEEL, m->wheel);
}

/* Once, when the probe is over. */
static void report(void)
{
	reported = true;
	if (machine.absent)
		pr_info("i8042: the controller does not answer");
	else
		pr_debug("i8042: scan codes %s, %s mouse port%s", machine.keys.set2 ? "as they come" : "translated",
			 machine.mouse_port ? "a" : "no", machine.failed_self_test ? ", failed its self-test" : "");
}

/* With the lock. The lamps' bits are in another order on the wire: Scroll, Num, Caps Lock. */
static bool run(void)
{
	unsigned leds = __atomic_load_n(&leds_wanted, __ATOMIC_RELAXED);

	machine.leds = (uint8_t)((leds >> LED_SCROLLL & 1) | (leds >> LED_NUML & 1) << 1 | (leds >> LED_CAPSL & 1) << 2);
	return i8042_machine_run(&machine, clock_now());
}

static void timer_fired(struct timer *t)
{
	uint64_t flags = spin_lock_irqsave(&lock);

	run();
	bool busy = i8042_machine_busy(&machine);
	if (!busy && !reported)
		report();
	bool polled = !interrupts_work && (machine.keyboard || machine.mouse);
	if (busy || polled)
		timer_arm(t, clock_now() + (busy ? POLL_EVERY : POLL_IDLE));
	spin_unlock_irqrestore(&lock, flags);
}

/* Nobody else is on these lines. The byte may be gone already, taken by the timer. */
static bool interrupt(void *context)
{
	uint64_t flags = spin_lock_irqsave(&lock);
	bool probing = !reported;
	bool came = run();

	interrupts_work = true;
	spin_unlock_irqrestore(&lock, flags);
	return came || probing;
}

void i8042_init(void)
{
	static const struct i8042_io io = {
		.read = io_read, .write = io_write, .keyboard_changed = keyboard_changed, .mouse_changed = mouse_changed, .key = key,
		.motion = motion,
	};

	if (port_read8(COMMAND_PORT) == 0xff) {
		pr_info("i8042: none");
		return;
	}
	machine.io = &io;
	timer_init(&timer, timer_fired);
	if (irq_request_isa(KEYBOARD_IRQ, "keyboard", interrupt, NULL) < 0 || irq_request_isa(MOUSE_IRQ, "mouse", interrupt, NULL) < 0)
		pr_warn("i8042: no interrupts to be had");
	timer_arm(&timer, clock_now());
}

/* For the bench alone. */
static void port_put(uint8_t port, uint8_t value)
{
	for (nsec_t late = clock_now() + NSEC_PER_MSEC; port_read8(COMMAND_PORT) & 2 && clock_now() < late;)
		cpu_relax();
	port_write8(port, value);
}

/* Have the controller say a scan code as if the keyboard had, and echo what comes of it as the monitor does. Returns the
 * ticks from the interrupt on; 0 where nothing came. */
static uint64_t key_echo(uint8_t scan_code)
{
	int byte;

	port_put(COMMAND_PORT, 0xd2);
	uint64_t start = cpu_ticks();
	port_put(DATA_PORT, scan_code);
	nsec_t late = clock_now() + 10 * NSEC_PER_MSEC;
	while ((byte = console_read()) < 0 && clock_now() < late)
		cpu_relax();
	if (byte < 0)
		return 0;
	char echo = (char)byte;
	console_write(&echo, 1);
	console_flush();
	return cpu_ticks() - start;
}

/* The best of several: other interrupts may come between. */
static int key_bench(void)
{
	enum { ROUNDS = 20 };
	uint64_t best = UINT64_MAX;

	if (!machine.keyboard || machine.keys.set2)
		return -ENODEV;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t ticks = key_echo(KEY_X);
		port_put(COMMAND_PORT, 0xd2);
		port_put(DATA_PORT, KEY_X | 0x80);
		if (!ticks)
			return -ETIMEDOUT;
		best = MIN(best, ticks);
	}
	console_write("\n", 1);
	bench_report("key_to_cell", best, "ticks");
	return 0;
}
BENCH(key, "from a key's interrupt to the changed cell", key_bench);
