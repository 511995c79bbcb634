/* Reads a line, finds the command, runs it. */
#include "kernel/core/monitor.h"

#include <abi/linux/errno.h>
#include "kernel/core/lineedit.h"
#include "kernel/core/pager.h"
#include "lib/format.h"
#include "lib/string.h"

#define PROMPT "samara> "
#define ROWS 24		/* of a screen, where nobody knows */

static void (*tap_begin)(const char *line, size_t size), (*tap_write)(const char *text, size_t size);

static uint8_t pager_key(void);

static struct lineedit edit;
static struct pager pager = { .emit = console_write, .key = pager_key };
static enum { PAGES_AUTO, PAGES_ON, PAGES_OFF } pages;

const struct monitor_command *monitor_find(const char *name)
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

void monitor_set_tap(void (*begin)(const char *, size_t), void (*write)(const char *, size_t))
{
	tap_begin = begin;
	tap_write = write;
}

void monitor_write(const char *text, size_t size)
{
	if (tap_write)
		tap_write(text, size);
	pager_write(&pager, text, size);
}

void monitor_printf(const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	kvsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	monitor_write(text, strlen(text));
}

void monitor_usage(const struct monitor_command *command)
{
	monitor_printf("usage: %s%s%s\n", command->name, command->usage[0] ? " " : "", command->usage);
}

static const char *error_text(int error)
{
	switch (-error) {
	case ENOENT:
		return "there is none of that name";
	case ENOMEM:
		return "not enough memory";
	case EBUSY:
		return "busy with another one";
	case ENODEV:
		return "this machine lacks what it takes";
	case ENOSYS:
		return "not in this build";
	default:
		return "failed";
	}
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
	const struct monitor_command *command = monitor_find(words[0]);
	if (!command) {
		monitor_printf("%s: no such command; try help\n", words[0]);
		return -ENOENT;
	}
	if (tap_begin)
		tap_begin(text, size);
	int error = command->usage[0] || count == 1 ? command->run(count, words) : -EINVAL;
	console_flush();
	if (error == -EINVAL)
		monitor_usage(command);
	else if (error)
		monitor_printf("%s: %s (error %d)\n", command->name, error_text(error), -error);
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

/* ---- The prompt ---- */

static void draw_line(void)
{
	lineedit_draw(&edit);
}

static void draw_question(void)
{
	pager_draw(&pager);
}

/* Wait for a key. What is logged meanwhile takes the prompt's place, and `draw` brings the prompt back below it. */
static uint8_t read_waiting(void (*draw)(void))
{
	int byte;

	console_flush();
	while ((byte = console_read()) < 0) {
		if (console_prompt_wiped())
			draw();
		console_idle();
		console_flush();
	}
	if (console_prompt_wiped())
		draw();
	return (uint8_t)byte;
}

static uint8_t pager_key(void)
{
	console_prompt_set(true);
	uint8_t key = read_waiting(draw_question);
	console_prompt_set(false);
	return key;
}

/* The index-th of the words that a usage names as they are to be typed: those without capitals. */
static bool usage_word(const char *usage, unsigned index, char ret[LINEEDIT_WORD])
{
	for (size_t size; *usage; usage += size) {
		bool literal = true;
		for (size = 0; usage[size] && !strchr(" []|", usage[size]); size++)
			literal = literal && !(usage[size] >= 'A' && usage[size] <= 'Z');
		if (size && literal && index-- == 0) {
			ksnprintf(ret, LINEEDIT_WORD, "%.*s", (int)size, usage);
			return true;
		}
		size += !size;
	}
	return false;
}

static bool copy_word(const char *word, char ret[LINEEDIT_WORD])
{
	if (word)
		ksnprintf(ret, LINEEDIT_WORD, "%s", word);
	return word;
}

const char *monitor_command_name(unsigned argument, unsigned index)
{
	return monitor_commands_start + index < monitor_commands_end ? monitor_commands_start[index].name : NULL;
}

/* What Tab may put at `word`: a command's name, or a word of the command that stands before it. */
static bool words(const char *line, size_t word, unsigned index, char ret[LINEEDIT_WORD])
{
	char copy[MONITOR_LINE], *before[MONITOR_ARGUMENTS];
	size_t start = word;

	while (start && line[start - 1] != ';')
		start--;
	ksnprintf(copy, sizeof(copy), "%.*s", (int)(word - start), line + start);
	int count = split(copy, before);
	if (count == 0)
		return copy_word(monitor_command_name(0, index), ret);
	const struct monitor_command *command = count > 0 ? monitor_find(before[0]) : NULL;
	if (command && command->complete)
		return copy_word(command->complete((unsigned)count, index), ret);
	return command && usage_word(command->usage, index, ret);
}

/* Pages are for people at the screen: a terminal on the serial line scrolls back by itself, and may be a program. */
static void pager_begin(void)
{
	const struct console *reader = console_reader();
	unsigned columns, rows;

	console_size(&columns, &rows);
	if (pages == PAGES_OFF || (pages == PAGES_AUTO && !(reader && reader->colour)))
		rows = 0;
	else if (!rows) {
		rows = ROWS;
		columns = LINEEDIT_COLUMNS;
	}
	pager_start(&pager, rows, columns);
}

static unsigned prompt_columns(void)
{
	unsigned columns, rows;

	console_size(&columns, &rows);
	return MIN(columns ? columns : LINEEDIT_COLUMNS, LINEEDIT_COLUMNS);
}

void monitor_loop(void)
{
	lineedit_init(&edit, "\033[92m" PROMPT "\033[0m", sizeof(PROMPT) - 1, console_write);
	edit.words = words;
	for (;;) {
		edit.columns = prompt_columns();
		console_prompt_set(true);
		lineedit_start(&edit);
		while (!lineedit_byte(&edit, read_waiting(draw_line)))
			;
		console_prompt_set(false);
		pager_begin();
		monitor_run(edit.text, edit.size);
		pager_end(&pager);
	}
}

static int pager_command(int argc, char **argv)
{
	static const char *const modes[] = { [PAGES_AUTO] = "auto", [PAGES_ON] = "on", [PAGES_OFF] = "off" };

	if (argc == 1)
		monitor_printf("%s\n", modes[pages]);
	for (unsigned mode = 0; argc == 2 && mode < ARRAY_SIZE(modes); mode++)
		if (strcmp(argv[1], modes[mode]) == 0) {
			pages = mode;
			return 0;
		}
	return argc == 1 ? 0 : -EINVAL;
}
MONITOR_COMMAND(pager, "[auto|on|off]", "whether long output stops at each page", pager_command,
	.text = "auto: where the command is typed at the screen's own keyboard, not over the serial line. At \"more\": space for "
		"a page, enter for a line, / and a text for the next line that has it, e for all the rest, q for none of it.");
