/* The monitor: the prompt of a machine without an init, and commands from exec=.
 *
 * Rules
 * - A command is registered by the file that owns what it shows, with MONITOR_COMMAND at its end; the monitor itself
 *   knows none but help.
 * - A command runs on the monitor's stack, may wait, and prints with monitor_printf. It returns 0, or a negative errno
 *   that is shown. */
#ifndef KERNEL_CORE_MONITOR_H
#define KERNEL_CORE_MONITOR_H

#include "kernel/core/console.h"

struct monitor_command {
	const char *name, *usage, *help;
	int (*run)(int argc, char **argv);
};

#define MONITOR_COMMAND(name_, usage_, help_, run_)					\
	static const struct monitor_command monitor_command_##name_			\
	__attribute__((section(".monitor_commands." #name_), used, aligned(8))) = { #name_, usage_, help_, run_ }

/* All that are registered, gathered by the linker. */
extern const struct monitor_command monitor_commands_start[], monitor_commands_end[];

#define MONITOR_ARGUMENTS 16
#define MONITOR_LINE 256

#define monitor_printf(...) console_printf(__VA_ARGS__)

/* Run one line: commands separated by ';', words by blanks, "…" keeps blanks. Returns the last command's result;
 * -ENOENT for a command that is not there. */
int monitor_run(const char *line, size_t size);

/* The prompt, for ever. */
_Noreturn void monitor_loop(void);

#endif
