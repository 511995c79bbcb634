/* The monitor: the prompt of a machine without an init, and commands from exec=.
 *
 * Rules
 * - A command is registered by the file that owns what it shows, with MONITOR_COMMAND at its end; the monitor itself
 *   knows none but help.
 * - A command runs on the monitor's stack, may wait, and prints with monitor_printf. It returns 0, or a negative errno
 *   that is shown: -EINVAL as the usage, which is also the answer to words behind a command that has none in its usage. */
#ifndef KERNEL_CORE_MONITOR_H
#define KERNEL_CORE_MONITOR_H

#include "kernel/core/console.h"

struct monitor_command {
	const char *name, *usage, *help;
	int (*run)(int argc, char **argv);
	const char *text;	/* what `help NAME` says: a paragraph, which need not repeat usage and help */

	/* What Tab offers: the index-th word, NULL behind the last, that may stand as the argument-th (from 1). Without it
	 * they are the usage's own words: -v and scan of "[-v|scan] [NAME]". */
	const char *(*complete)(unsigned argument, unsigned index);
};

/* Behind the four that every command has may stand .text = … and .complete = …. */
#define MONITOR_COMMAND(name_, usage_, help_, run_, ...)				\
	static const struct monitor_command monitor_command_##name_			\
	__attribute__((section(".monitor_commands." #name_), used, aligned(8))) = {		\
		.name = #name_, .usage = usage_, .help = help_, .run = run_, __VA_ARGS__ }

/* All that are registered, gathered by the linker. */
extern const struct monitor_command monitor_commands_start[], monitor_commands_end[];

#define MONITOR_ARGUMENTS 16
#define MONITOR_LINE 256

/* What a command has to say. A page at a time where a person typed it at the screen (kernel/core/pager.h). */
void monitor_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void monitor_write(const char *text, size_t size);

/* Called with each command's line before it runs, and with all that commands write, to keep it. */
void monitor_set_tap(void (*begin)(const char *line, size_t size), void (*write)(const char *text, size_t size));

/* Run one line: commands separated by ';', words by blanks, "…" keeps blanks. Returns the last command's result;
 * -ENOENT for a command that is not there. */
int monitor_run(const char *line, size_t size);

/* The command of a name, NULL where there is none; and what says how to use it. */
const struct monitor_command *monitor_find(const char *name);
void monitor_usage(const struct monitor_command *command);

/* For .complete of a command whose argument is a command's name. */
const char *monitor_command_name(unsigned argument, unsigned index);

/* The prompt, for ever. */
_Noreturn void monitor_loop(void);

#endif
