/* A sink renders what sections say of their part of the machine. JSON is the writer's business (lib/json_writer.h).
 *
 * As text everything is a line: an object's members have theirs, with the keys in a column; values are one line that is
 * folded, a list's rows a line each. Keys are shown with blanks for '_'. */
#include "kernel/core/report.h"

#include <abi/linux/errno.h>
#include "kernel/core/monitor.h"
#include "kernel/core/panic.h"
#include "lib/format.h"
#include "lib/json_writer.h"
#include "lib/string.h"

#define LEVELS		8	/* of nesting; sections have three */
#define KEY_WIDTH	22
#define LINE_WIDTH	96	/* folded at */
#define FOLD_INDENT	4
#define VALUE_MAX	256

enum level_kind { LEVEL_OBJECT, LEVEL_LIST, LEVEL_VALUES, LEVEL_ROW };

struct report_sink {
	report_write_fn *write;
	void *context;
	enum report_form form;
	struct json_writer json;
	unsigned depth;			/* of text: levels that are open */
	struct {
		enum level_kind kind;
		bool filled;
	} levels[LEVELS];
	unsigned column;
	size_t used;
	char line[VALUE_MAX];
};

extern const struct report_section report_sections_start[], report_sections_end[];

static void line_flush(struct report_sink *s)
{
	if (s->used)
		s->write(s->context, s->line, s->used);
	s->used = 0;
}

/* Whole lines go out, so that what others print meanwhile comes between two of them. */
static void put(void *sink, const char *text, size_t size)
{
	struct report_sink *s = sink;

	for (size_t i = 0; i < size; i++) {
		s->line[s->used++] = text[i];
		s->column = text[i] == '\n' ? 0 : s->column + 1;
		if (text[i] == '\n' || s->used == sizeof(s->line))
			line_flush(s);
	}
}

static void pad(struct report_sink *s, unsigned column)
{
	while (s->column < column)
		put(s, " ", 1);
}

static void put_key(struct report_sink *s, const char *key)
{
	for (; *key; key++)
		put(s, *key == '_' ? " " : key, 1);
}

static unsigned indent(const struct report_sink *s)
{
	return 2 * (s->depth - 1);
}

/* A member of an object starts a line: its key, and room up to the values' column. */
static void member_start(struct report_sink *s, const char *key)
{
	pad(s, indent(s));
	put_key(s, key);
	put(s, " ", 1);
	pad(s, indent(s) + KEY_WIDTH);
}

/* Between two items of a line: what separates them, or a new line where the next does not fit. */
static void item_separate(struct report_sink *s, const char *separator, size_t size)
{
	put(s, separator, strlen(separator));
	if (s->column + 1 + size < LINE_WIDTH) {
		put(s, " ", 1);
		return;
	}
	put(s, "\n", 1);
	pad(s, indent(s) + FOLD_INDENT);
}

static void text_value(struct report_sink *s, const char *key, const char *value)
{
	const enum level_kind kind = s->levels[s->depth - 1].kind;
	const size_t size = strlen(value);

	if (!size)
		return;
	if (kind == LEVEL_OBJECT) {
		member_start(s, key);
	} else if (s->levels[s->depth - 1].filled) {
		item_separate(s, kind == LEVEL_ROW ? "," : "", size + (kind == LEVEL_ROW ? strlen(key) + 1 : 0));
		if (kind == LEVEL_ROW) {
			put_key(s, key);
			put(s, " ", 1);
		}
	}
	put(s, value, size);
	if (kind == LEVEL_OBJECT)
		put(s, "\n", 1);
	s->levels[s->depth - 1].filled = true;
}

static void text_begin(struct report_sink *s, const char *key, enum level_kind kind)
{
	if (kind == LEVEL_VALUES) {
		member_start(s, key);
	} else {
		pad(s, indent(s));
		put_key(s, key ? key : "");
		if (key)
			put(s, "\n", 1);
	}
	s->levels[s->depth - 1].filled = true;
	s->levels[s->depth].kind = kind;
	s->levels[s->depth++].filled = false;
}

static void text_end(struct report_sink *s)
{
	const enum level_kind kind = s->levels[--s->depth].kind;

	if (kind != LEVEL_ROW && !s->levels[s->depth].filled) {
		pad(s, indent(s) + 2);
		put(s, "none", 4);
	}
	if (s->column)
		put(s, "\n", 1);
}

static void begin(struct report_sink *s, const char *key, enum level_kind kind)
{
	if (s->form == REPORT_TEXT)
		text_begin(s, key, kind);
	else if (kind == LEVEL_OBJECT || kind == LEVEL_ROW)
		json_object(&s->json, key, kind == LEVEL_ROW);
	else
		json_list(&s->json, key, kind == LEVEL_VALUES);
}

void report_object(struct report_sink *s, const char *key) { begin(s, key, LEVEL_OBJECT); }
void report_list(struct report_sink *s, const char *key) { begin(s, key, LEVEL_LIST); }
void report_values(struct report_sink *s, const char *key) { begin(s, key, LEVEL_VALUES); }
void report_row(struct report_sink *s) { begin(s, NULL, LEVEL_ROW); }

void report_end(struct report_sink *s)
{
	if (s->form == REPORT_JSON)
		json_end(&s->json);
	else
		text_end(s);
}

/* What is `text` to a person and `literal` in JSON; NULL: a string there too. */
static void value_put(struct report_sink *s, const char *key, const char *text, const char *literal)
{
	if (s->form == REPORT_TEXT)
		text_value(s, key, text);
	else if (literal)
		json_literal(&s->json, key, literal);
	else
		json_string(&s->json, key, text);
}

void report_text(struct report_sink *s, const char *key, const char *format, ...)
{
	char text[VALUE_MAX];
	va_list arguments;

	va_start(arguments, format);
	kvsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	value_put(s, key, text, NULL);
}

void report_number(struct report_sink *s, const char *key, uint64_t value)
{
	char text[24];

	ksnprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	value_put(s, key, text, text);
}

void report_number_known(struct report_sink *s, const char *key, uint64_t value)
{
	if (value)
		report_number(s, key, value);
	else
		value_put(s, key, "unknown", "0");
}

/* In the largest unit that leaves a whole number. */
void report_bytes(struct report_sink *s, const char *key, uint64_t value)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	char text[32], literal[24];
	unsigned unit = 0;

	ksnprintf(literal, sizeof(literal), "%llu", (unsigned long long)value);
	for (; value && value % 1024 == 0 && unit + 1 < ARRAY_SIZE(units); unit++)
		value /= 1024;
	ksnprintf(text, sizeof(text), "%llu %s", (unsigned long long)value, units[unit]);
	value_put(s, key, text, literal);
}

void report_hex(struct report_sink *s, const char *key, uint64_t value, unsigned digits)
{
	report_text(s, key, "0x%0*llx", (int)digits, (unsigned long long)value);
}

void report_flag(struct report_sink *s, const char *key, bool value)
{
	value_put(s, key, value ? "yes" : "no", value ? "true" : "false");
}

static const struct report_section *section_find(const char *name)
{
	for (const struct report_section *r = report_sections_start; r < report_sections_end; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

/* A section's members stand one level below its title. */
static void section_write(struct report_sink *s, const struct report_section *section)
{
	if (s->form == REPORT_TEXT) {
		put(s, "\n", 1);
		put(s, section->title, strlen(section->title));
		put(s, "\n", 1);
		s->levels[s->depth].kind = LEVEL_OBJECT;
		s->levels[s->depth++].filled = false;
	} else {
		json_object(&s->json, section->name, false);
	}
	section->report(s);
	report_end(s);
}

int report_write(const char *section, enum report_form form, report_write_fn *write, void *context)
{
	const struct report_section *only = section ? section_find(section) : NULL;
	struct report_sink s = { .write = write, .context = context, .form = form, .depth = 1 };	/* level 0: an object */

	if (section && !only)
		return -ENOENT;
	s.json.write = put;
	s.json.context = &s;
	if (form == REPORT_JSON)
		json_object(&s.json, NULL, false);
	report_text(&s, "samara", "%s", SAMARA_VERSION);
	report_text(&s, "build", "%s", panic_build_id());
	for (const struct report_section *r = report_sections_start; r < report_sections_end; r++)
		if (!only || r == only)
			section_write(&s, r);
	if (form == REPORT_JSON) {
		json_end(&s.json);
		put(&s, "\n", 1);
	}
	line_flush(&s);
	return 0;
}

static void show(void *context, const char *text, size_t size)
{
	monitor_write(text, size);
}

static int report_command(int argc, char **argv)
{
	const bool json = argc > 1 && strcmp(argv[argc - 1], "json") == 0;
	const int words = argc - json;

	return words > 2 ? -EINVAL : report_write(words == 2 ? argv[1] : NULL, json ? REPORT_JSON : REPORT_TEXT, show, NULL);
}

static const char *report_word(unsigned argument, unsigned index)
{
	const unsigned sections = (unsigned)(report_sections_end - report_sections_start);

	return index < sections ? report_sections_start[index].name : index == sections ? "json" : NULL;
}
MONITOR_COMMAND(report, "[SECTION] [json]", "everything known of the machine", report_command, .complete = report_word,
	.text = "Without a word all sections: Tab shows their names. The text is what save keeps; json is the same as one "
		"JSON object, for programs: its keys do not change their meaning.");
