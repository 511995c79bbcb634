/* Off, and on again: each way is tried in turn, with a little time to take effect.
 *
 * Which way works differs by machine, and the order is that of success on real ones. A way may fault, in the firmware's
 * code above all; that is a panic, whose end may come back here: each way is tried once.
 *
 * `reboot=` and `poweroff=` name ways by their letters, as Linux's reboot= does, to be tried before the others. */
#include "kernel/drivers/power.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/firmware_call.h"
#include "kernel/arch/port.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/last_boot.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/panic.h"
#include "kernel/core/sysrq.h"
#include "kernel/drivers/acpi/fixed.h"
#include "kernel/drivers/input/input.h"
#include "kernel/time/clock.h"
#include "lib/cmdline.h"
#include "lib/string.h"

/* QEMU's isa-debug-exit: writing v ends the process with status 2 v + 1. */
#define DEBUG_EXIT_PORT		0xf4
#define DEBUG_EXIT_OK		16
#define DEBUG_EXIT_FAILED	17
#define DEBUG_EXIT_PANIC	18

#define RESET_CONTROL_PORT	0xcf9	/* Intel ICH and PCH data sheets, "Reset Control Register" */
#define KEYBOARD_CONTROL_PORT	0x64
#define KEYBOARD_INPUT_FULL	0x02
#define KEYBOARD_PULSE_RESET	0xfe
#define PATIENCE		(100 * NSEC_PER_MSEC)

struct way {
	const char *name;
	void (*go)(void);
	char letter;
	bool tried;
};

static bool exit_to_emulator;
static uint64_t panic_seconds;		/* 0: stay */

static void emulator_exit(uint32_t value)
{
	if (exit_to_emulator)
		port_write32(DEBUG_EXIT_PORT, value);
}

/* ---- The ways ---- */

static void firmware_go(enum firmware_reset kind)
{
	int error = firmware_reset_system(kind);

	if (error)
		pr_warn("power: the firmware cannot be called: %s", error == -EBUSY ? "it does not answer any more" :
			error == -ETIMEDOUT ? "its ResetSystem does not return" : error == -ENOMEM ? "no memory" :
			"its tables are damaged");
	else
		pr_warn("power: the firmware's ResetSystem came back");
}

static void firmware_restart(void) { firmware_go(FIRMWARE_RESET_COLD); }
static void firmware_off(void) { firmware_go(FIRMWARE_POWER_OFF); }

static void chipset_restart(void)
{
	port_write8(RESET_CONTROL_PORT, 0x02);	/* the hard kind, then go */
	port_write8(RESET_CONTROL_PORT, 0x06);
}

/* A command is taken when the last one was (IBM PS/2 technical reference, keyboard controller). */
static void keyboard_restart(void)
{
	nsec_t end = clock_now() + PATIENCE;

	while ((port_read8(KEYBOARD_CONTROL_PORT) & KEYBOARD_INPUT_FULL) && clock_now() < end)
		cpu_relax();
	port_write8(KEYBOARD_CONTROL_PORT, KEYBOARD_PULSE_RESET);
}

static void fault_restart(void) { cpu_triple_fault(); }

/* In the order in which they are tried. */
static struct way restart_ways[] = {
	{ "ACPI's reset register", acpi_reset, 'a', false },
	{ "the firmware", firmware_restart, 'e', false },
	{ "port 0xcf9", chipset_restart, 'p', false },
	{ "the keyboard controller", keyboard_restart, 'k', false },
	{ "a triple fault", fault_restart, 't', false },
};

static struct way off_ways[] = {
	{ "the firmware", firmware_off, 'e', false },
	{ "ACPI's sleep state S5", acpi_sleep_off, 'a', false },
	{ "ACPI's sleep control register", acpi_reduced_off, 's', false },
};

static void try(const char *what, struct way *way)
{
	if (way->tried)
		return;
	way->tried = true;
	pr_info("power: %s by %s", what, way->name);
	way->go();
	clock_delay(PATIENCE);
}

/* Those whose letters stand after the option on the command line, then all others. */
static void try_all(const char *what, const char *option, struct way *ways, size_t count)
{
	struct cmdline_word word;

	if (cmdline_find(boot_cmdline(), option, &word))
		for (size_t at = 0; at < word.value_size; at++)
			for (size_t i = 0; i < count; i++)
				if (ways[i].letter == word.value[at])
					try(what, &ways[i]);
	for (size_t i = 0; i < count; i++)
		try(what, &ways[i]);
}

/* ---- Ends ---- */

static void panic_end(void)
{
	emulator_exit(DEBUG_EXIT_PANIC);
	if (!panic_seconds)
		return;
	clock_delay((nsec_t)panic_seconds * NSEC_PER_SEC);
	try_all("restart", "reboot", restart_ways, ARRAY_SIZE(restart_ways));
}

void power_init(void)
{
	struct cmdline_word word;

	exit_to_emulator = cmdline_find(boot_cmdline(), "exit", &word) && word.value_size == 4 &&
			   memcmp(word.value, "qemu", 4) == 0;
	if (cmdline_number(boot_cmdline(), "panic", &panic_seconds) == 0)
		panic_seconds = MIN(panic_seconds, 86400ull);
	panic_set_end(panic_end);
}

/* Also from an interrupt, so without waiting for the consoles. */
static _Noreturn void off_now(void)
{
	last_boot_note_end(BOOT_END_OFF, "");
	emulator_exit(DEBUG_EXIT_OK);
	try_all("off", "poweroff", off_ways, ARRAY_SIZE(off_ways));
	pr_err("power: this machine cannot be switched off by software; use its button");
	cpu_stop();
}

void power_off(void)
{
	pr_info("power: off");
	console_flush();
	off_now();
}

/* As off_now. */
static _Noreturn void reboot_now(void)
{
	last_boot_note_end(BOOT_END_OFF, "");
	try_all("restart", "reboot", restart_ways, ARRAY_SIZE(restart_ways));
	cpu_stop();
}

void power_reboot(void)
{
	pr_info("power: reboot");
	console_flush();
	reboot_now();
}

void power_exit_failed(void)
{
	console_flush();
	emulator_exit(DEBUG_EXIT_FAILED);
}

static void button_pressed(void)
{
	pr_info("power: off, by the power button");
	off_now();
}

void power_button_init(void)
{
	input_set_reboot(reboot_now);
	acpi_fixed_init(button_pressed);
}

static int poweroff_command(int argc, char **argv)
{
	power_off();
}
MONITOR_COMMAND(poweroff, "", "switch the machine off", poweroff_command,
	.text = "By the firmware, else by ACPI; poweroff= on the command line names the way to try first. "
		"The power button does the same.");
SYSRQ('o', off, "switches the machine off", off_now);

static int reboot_command(int argc, char **argv)
{
	power_reboot();
}
MONITOR_COMMAND(reboot, "", "restart the machine", reboot_command,
	.text = "Each way that is known is tried until one works; reboot= on the command line names the "
		"first. Ctrl-Alt-Del does the same.");
SYSRQ('b', reboot, "restarts the machine", reboot_now);
