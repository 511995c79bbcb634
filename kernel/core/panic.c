/* The text is put together once, in a buffer of its own, and then shown: on the consoles that take text as it comes,
 * and as a page on the screen. Last of all it is kept for the next boot. A fault while doing any of that comes back
 * here, says so in one line, and stops. */
#include "kernel/core/panic.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/sections.h"
#include "kernel/core/backtrace.h"
#include "kernel/core/console.h"
#include "kernel/core/last_boot.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/symbols.h"
#include "lib/format.h"
#include "lib/string.h"

#define TEXT_MAX 8192
#define LAST_MESSAGES 12
#define HEADING "Kernel panic: "

static char text[TEXT_MAX];
static size_t used, shown;	/* bytes of the text; those that the consoles have */
static char reason[BOOT_REASON];
static unsigned depth;		/* atomic */
static uint32_t owner;		/* atomic: the CPU that panicked first, + 1 */
static void (*stop_others)(void), (*describe_others)(void);
static void (*screen_show)(const char *text);
static void (*first_console)(void);
static const char *(*save_hook)(const char *text, size_t size);
static void (*end_hook)(void);

void panic_set_others(void (*stop)(void), void (*describe)(void))
{
	stop_others = stop;
	describe_others = describe;
}

void panic_set_screen(void (*show)(const char *)) { screen_show = show; }
void panic_set_first_console(void (*add)(void)) { first_console = add; }
void panic_set_save(const char *(*save)(const char *, size_t)) { save_hook = save; }
void panic_set_end(void (*end)(void)) { end_hook = end; }
const char *panic_reason(void) { return reason; }

const char *panic_build_id(void)
{
	static char id[17];

	for (unsigned i = 0; i < 8; i++)
		ksnprintf(id + 2 * i, 3, "%02x", (unsigned char)build_id_note[16 + i]);
	return id;
}

static void add_arguments(const char *format, va_list arguments)
{
	int length = kvsnprintf(text + used, sizeof(text) - used, format, arguments);

	used = MIN(used + (size_t)length, sizeof(text) - 1);
}

void panic_add(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_arguments(format, arguments);
	va_end(arguments);
}

static void add_backtrace(vaddr_t first, vaddr_t frame_pointer)
{
	vaddr_t addresses[BACKTRACE_MAX];
	char symbol[SYMBOL_TEXT];
	unsigned count = backtrace_walk(frame_pointer, addresses, BACKTRACE_MAX);

	panic_add("\nBacktrace\n");
	if (first)
		panic_add("  %016llx  %s\n", (unsigned long long)first, symbol_text(first, symbol));
	for (unsigned i = 0; i < count; i++)	/* a return address is behind the call, perhaps in the next function */
		panic_add("  %016llx  %s\n", (unsigned long long)addresses[i], symbol_text(addresses[i] - 1, symbol));
}

static void add_last_messages(void)
{
	struct log_record record;
	char stamp[LOG_STAMP];

	panic_add("\nLast messages\n");
	for (uint64_t position = log_tail(LAST_MESSAGES); log_read(&position, &record);) {
		log_stamp(record.ticks, stamp);
		panic_add("  %s%s\n", stamp, record.text);
	}
}

/* Everything but the heading. */
static void add_details(const struct trap_frame *frame)
{
	char stamp[LOG_STAMP];

	log_stamp(cpu_ticks(), stamp);
	panic_add("%sSamara %s, build %s, CPU %u\n", stamp, SAMARA_VERSION, panic_build_id(), cpu_id());
	if (frame) {
		char registers[1024];
		trap_describe_registers(frame, registers, sizeof(registers));
		panic_add("\nRegisters\n%s", registers);
		add_backtrace(trap_instruction(frame), trap_frame_pointer(frame));
	} else {
		add_backtrace(0, (vaddr_t)__builtin_frame_address(0));
	}
	if (describe_others) {
		panic_add("\n");
		describe_others();
	}
	add_last_messages();
}

static void show(void)
{
	void (*add_console)(void) = console_first() ? NULL : first_console;

	console_break_lock();
	first_console = NULL;	/* not again if it fails and comes back here */
	if (add_console)
		add_console();
	for (struct console *c = console_first(); c; c = c->next) {
		if (screen_show && c->flush)	/* a screen: it shows the page instead */
			continue;
		console_emit(c, "\n", 1);
		console_emit(c, text + shown, used - shown);
	}
	if (screen_show)
		screen_show(text);
	shown = used;
}

/* The first line, and in whose code it happened: of a panic without an exception the caller of panic(). */
static void note_reason(const struct trap_frame *frame, vaddr_t caller)
{
	char symbol[SYMBOL_TEXT];
	const char *heading = text + strlen(HEADING), *end = strchr(heading, '\n');

	symbol_text(frame ? trap_instruction(frame) : caller - 1, symbol);
	ksnprintf(reason, sizeof(reason), "in %s: %.*s", symbol, (int)(end - heading), heading);
	last_boot_note_end(BOOT_END_PANIC, reason);
}

/* Last of all but the end: the firmware is asked to do something, and may never come back. */
static void save(void)
{
	if (!save_hook)
		return;
	panic_add("\n%s\n", save_hook(text, used));
	show();
}

static _Noreturn void panic_run(const struct trap_frame *frame, vaddr_t caller, const char *format, va_list arguments)
{
	uint32_t nobody = 0;

	cpu_irq_save();
	/* One CPU tells the story: another that panics meanwhile waits to be stopped. */
	if (!__atomic_compare_exchange_n(&owner, &nobody, cpu_id() + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) && nobody != cpu_id() + 1)
		cpu_stop();
	switch (__atomic_fetch_add(&depth, 1, __ATOMIC_SEQ_CST)) {
	case 0:
		if (stop_others)
			stop_others();
		log_skip_unfinished();
		panic_add(HEADING);
		add_arguments(format, arguments);
		panic_add("\n");
		note_reason(frame, caller);
		add_details(frame);
		show();
		save();
		break;
	case 1:		/* the first panic failed: show what there is of it, and why */
		panic_add("\nand while that was reported: ");
		add_arguments(format, arguments);
		panic_add("\n");
		show();
		save();
		break;
	}
	if (end_hook && depth <= 3)
		end_hook();
	cpu_stop();
}

void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	panic_run(NULL, (vaddr_t)__builtin_return_address(0), format, arguments);
}

void panic_trap(const struct trap_frame *frame, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	panic_run(frame, 0, format, arguments);
}

static int panic_command(int argc, char **argv)
{
	if (argc == 1)
		panic("asked for at the monitor");
	if (argc == 2 && strcmp(argv[1], "fault") == 0)
		*(volatile int *)(uintptr_t)0xdead0000 = 1;
	if (argc != 2 || strcmp(argv[1], "breakpoint") != 0)
		return -EINVAL;
	__builtin_debugtrap();
	return 0;
}
MONITOR_COMMAND(panic, "[fault|breakpoint]", "stop with the panic page, also by a fault; or take a breakpoint",
		panic_command,
	.text = "To see what a panic looks like, and whether screen, serial line and the saved report come through. "
		"docs/debugging.md explains the page.");
