/* `help`: the commands, what each can do, and a few topics that belong to none. */
#include <abi/linux/errno.h>
#include "kernel/core/console.h"
#include "kernel/core/monitor.h"
#include "lib/string.h"

#define WIDTH 78u		/* text is folded at, on wide screens too: longer lines are hard to read */
#define WORD_MOST 24u		/* no word is longer */

static const struct topic {
	const char *name, *help, *text;
} topics[] = {
	{ "keys", "what the keys do at the prompt and elsewhere",
	  "Left, Right, Home, End, Delete, Backspace edit the line; Ctrl-Left and Ctrl-Right go by words; Ctrl-U and Ctrl-K remove "
	  "what is before and behind the cursor, Ctrl-W a word. Up and Down go through the last 50 lines; Ctrl-R finds the newest one "
	  "that contains what is typed, again an older one: Enter runs it, an arrow takes it for editing, Ctrl-G gives up. Tab "
	  "completes a word or shows what it can become. Ctrl-L clears the screen, Ctrl-C gives the line up. Shift-PageUp and "
	  "Shift-PageDown look back at what has left the screen. Ctrl-Alt-Del restarts the machine. Alt-PrintScreen and a letter, or "
	  "a break on the serial line and a letter, works whatever the machine is busy with: h lists the letters." },
	{ "cmdline", "the kernel's settings",
	  "Words such as loglevel=8, taken from the EFI file itself, from \\samara\\cmdline.txt on the stick, and from the firmware's boot "
	  "entry; the last one counts. The report's section firmware shows what they were. Often useful: exec=\"…\" runs commands, "
	  "keymap=de is a keyboard layout, console=ttyS0,115200 names the serial port, video=1280x720 and rotate=90 set the screen, maxcpus=N "
	  "and nosmp start fewer CPUs, nousb leaves USB alone, loglevel=N, quiet and debug choose how much is shown, panic=N restarts N "
	  "seconds after a panic. README.txt on the stick has more." },
	{ "exec", "commands from the command line, and several on a line",
	  "exec=\"mem; log; poweroff\" on the kernel's command line runs commands after the boot, without stopping at pages, and shows the "
	  "prompt when they are done. At the prompt too ; separates commands. \"…\" keeps blanks in one word." },
};

static void print_folded(const char *text)
{
	unsigned columns, rows;

	console_size(&columns, &rows);
	const unsigned width = MAX(MIN(columns ? columns : WIDTH, WIDTH), WORD_MOST);
	while (*text) {
		size_t fits = 0, cells = 0, at = 0;
		for (; text[at] && cells <= width; at++) {
			if (text[at] == ' ')
				fits = at;
			cells += ((uint8_t)text[at] & 0xc0) != 0x80;
		}
		if (!text[at] && cells <= width)
			fits = at;
		monitor_printf("%.*s\n", (int)fits, text);
		text += fits + (text[fits] == ' ');
	}
}

/* Without the usage, so that a row fits on the narrowest screen. */
static void print_row(const char *name, const char *help)
{
	monitor_printf("  %-10s %s\n", name, help);
}

static void print_all(void)
{
	for (const struct monitor_command *c = monitor_commands_start; c < monitor_commands_end; c++)
		print_row(c->name, c->help);
	monitor_printf("help and a name from above says more; help is also about\n");
	for (unsigned i = 0; i < ARRAY_SIZE(topics); i++)
		print_row(topics[i].name, topics[i].help);
}

static int help_command(int argc, char **argv)
{
	const struct monitor_command *command = argc == 2 ? monitor_find(argv[1]) : NULL;

	if (argc == 1) {
		print_all();
		return 0;
	}
	if (command) {
		monitor_usage(command);
		monitor_printf("%s\n", command->help);
		if (command->text)
			print_folded(command->text);
		return 0;
	}
	for (unsigned i = 0; argc == 2 && i < ARRAY_SIZE(topics); i++)
		if (strcmp(topics[i].name, argv[1]) == 0) {
			print_folded(topics[i].text);
			return 0;
		}
	return -EINVAL;
}

static const char *help_word(unsigned argument, unsigned index)
{
	const unsigned count = ARRAY_SIZE(topics);

	return index < count ? topics[index].name : monitor_command_name(argument, index - count);
}
MONITOR_COMMAND(help, "[COMMAND|TOPIC]", "this list; what a command can do; a topic", help_command, .complete = help_word,
	.text = "Topics are keys, cmdline and exec. In usage lines […] may be left out, | separates choices, CAPITALS stand for a value.");
