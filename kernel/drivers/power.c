/* Each way out is tried in turn, the polite ones first, with a little time to take effect. */
#include "kernel/drivers/power.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/firmware_call.h"
#include "kernel/arch/port.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/panic.h"
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
#define KEYBOARD_PULSE_RESET	0xfe
#define PATIENCE		(100 * NSEC_PER_MSEC)

static bool exit_to_emulator;
static uint64_t panic_seconds;		/* 0: stay */

static void emulator_exit(uint32_t value)
{
	if (exit_to_emulator)
		port_write32(DEBUG_EXIT_PORT, value);
}

static _Noreturn void reboot_now(void)
{
	static bool firmware_tried;

	if (!firmware_tried) {	/* a fault in the firmware panics, and comes back here */
		firmware_tried = true;
		firmware_reset_system(FIRMWARE_RESET_COLD);
	}
	port_write8(RESET_CONTROL_PORT, 0x02);	/* the hard kind, then go */
	port_write8(RESET_CONTROL_PORT, 0x06);
	clock_delay(PATIENCE);
	port_write8(KEYBOARD_CONTROL_PORT, KEYBOARD_PULSE_RESET);
	clock_delay(PATIENCE);
	cpu_triple_fault();
}

static void panic_end(void)
{
	emulator_exit(DEBUG_EXIT_PANIC);
	if (!panic_seconds)
		return;
	clock_delay((nsec_t)panic_seconds * NSEC_PER_SEC);
	reboot_now();
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

void power_off(void)
{
	pr_info("power: off");
	console_flush();
	emulator_exit(DEBUG_EXIT_OK);
	firmware_reset_system(FIRMWARE_POWER_OFF);
	clock_delay(PATIENCE);
	pr_err("power: this machine cannot be switched off by software; use its button");
	console_flush();
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

static int poweroff_command(int argc, char **argv)
{
	power_off();
}
MONITOR_COMMAND(poweroff, "", "switch the machine off", poweroff_command);

static int reboot_command(int argc, char **argv)
{
	power_reboot();
}
MONITOR_COMMAND(reboot, "", "restart the machine", reboot_command);
