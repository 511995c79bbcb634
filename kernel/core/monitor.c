/* Reads a line, finds the command, runs it. */
#include "kernel/core/monitor.h"

#include <abi/linux/errno.h>
#include "kernel/core/lineedit.h"
#include "lib/format.h"
#include "lib/string.h"

#define PROMPT "\033[92msamara>\033[0m "

static const struct monitor_command *command_find(const char *name)
{
	for (const struct monitor_command *c = monitor_commands_start; c < monitor_commands_end; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* A command line from a file may have line ends in it. */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Split in place. Returns the number of words; -E2BIG for too many. */
static int split(char *text, char *words[MONITOR_ARGUMENTS])
{
	int count = 0;

	for (char *at = text; *at;) {
		while (is_blank(*at))
			at++;
		if (!*at)
			break;
		if (count == MONITOR_ARGUMENTS - 1)
			return -E2BIG;
		bool quoted = false;
		char *to = words[count++] = at;
		for (; *at && (quoted || !is_blank(*at)); at++)
			if (*at == '"')
				quoted = !quoted;
			else
				*to++ = *at;
		if (*at)
			at++;
		*to = '\0';
	}
	words[count] = NULL;
	return count;
}

static int run_one(const char *text, size_t size)
{
	char copy[MONITOR_LINE], *words[MONITOR_ARGUMENTS];
	int count = -E2BIG;

	if (size < sizeof(copy)) {
		memcpy(copy, text, size);
		copy[size] = '\0';
		count = split(copy, words);
	}
	if (count == -E2BIG)
		monitor_printf("a command of more than %u bytes or %u words\n", MONITOR_LINE - 1, MONITOR_ARGUMENTS - 1);
	if (count <= 0)
		return count;
	const struct monitor_command *command = command_find(words[0]);
	if (!command) {
		monitor_printf("%s: no such command; try help\n", words[0]);
		return -ENOENT;
	}
	int error = command->run(count, words);
	console_flush();
	if (error == -EINVAL && command->usage[0])
		monitor_printf("usage: %s %s\n", command->name, command->usage);
	else if (error)
		monitor_printf("%s: error %d\n", command->name, -error);
	return error;
}

int monitor_run(const char *line, size_t size)
{
	int result = 0;
	bool quoted = false;
	size_t start = 0;

	for (size_t i = 0; i <= size; i++) {
		if (i < size && line[i] == '"')
			quoted = !quoted;
		if (i == size || (line[i] == ';' && !quoted)) {
			result = run_one(line + start, i - start);
			start = i + 1;
		}
	}
	return result;
}

/* Wait for a key. What is logged meanwhile takes the prompt's place, and the prompt comes back below it. */
static uint8_t read_waiting(struct lineedit *edit)
{
	int byte;

	console_flush();
	while ((byte = console_read()) < 0) {
		if (console_prompt_wiped())
			lineedit_draw(edit);
		console_idle();
		console_flush();
	}
	if (console_prompt_wiped())
		lineedit_draw(edit);
	return (uint8_t)byte;
}

void monitor_loop(void)
{
	static struct lineedit edit;

	lineedit_init(&edit, PROMPT, console_write);
	for (;;) {
		console_prompt_set(true);
		lineedit_start(&edit);
		while (!lineedit_byte(&edit, read_waiting(&edit)))
			;
		console_prompt_set(false);
		monitor_run(edit.text, edit.size);
	}
}

static int help_command(int argc, char **argv)
{
	for (const struct monitor_command *c = monitor_commands_start; c < monitor_commands_end; c++) {
		char head[40];
		ksnprintf(head, sizeof(head), "%s %s", c->name, c->usage);
		monitor_printf("  %-28s %s\n", head, c->help);
	}
	return 0;
}
MONITOR_COMMAND(help, "", "this list", help_command);
