/* Commas and line ends are written before a member, when it is known that there is one: each level has a bit that says
 * whether it has members already. */
#include "lib/json_writer.h"

#include "lib/format.h"
#include "lib/string.h"
#include "lib/utf.h"

static void put(struct json_writer *w, const char *text)
{
	w->write(w->context, text, strlen(text));
}

static bool level_has(uint32_t bits, unsigned level)
{
	return level < JSON_DEPTH && bits >> level & 1;
}

static void line_start(struct json_writer *w)
{
	put(w, "\n");
	for (unsigned i = 0; i < w->depth; i++)
		put(w, "  ");
}

static void member(struct json_writer *w, const char *key)
{
	unsigned level = w->depth - 1;

	if (w->depth) {
		if (level_has(w->filled, level))
			put(w, level_has(w->compact, level) ? ", " : ",");
		w->filled |= 1u << level;
		if (!level_has(w->compact, level))
			line_start(w);
	}
	if (key) {
		put(w, "\"");
		put(w, key);
		put(w, "\": ");
	}
}

static void begin(struct json_writer *w, const char *key, bool list, bool compact)
{
	if (w->depth < JSON_DEPTH) {
		const uint32_t bit = 1u << w->depth;
		const bool inherited = w->depth && level_has(w->compact, w->depth - 1);

		member(w, key);
		put(w, list ? "[" : "{");
		w->filled &= ~bit;
		w->lists = list ? w->lists | bit : w->lists & ~bit;
		w->compact = compact || inherited ? w->compact | bit : w->compact & ~bit;
	}
	w->depth++;
}

void json_object(struct json_writer *w, const char *key, bool compact)
{
	begin(w, key, false, compact);
}

void json_list(struct json_writer *w, const char *key, bool compact)
{
	begin(w, key, true, compact);
}

void json_end(struct json_writer *w)
{
	const unsigned level = --w->depth;

	if (level >= JSON_DEPTH)
		return;
	if (level_has(w->filled, level) && !level_has(w->compact, level))
		line_start(w);
	put(w, level_has(w->lists, level) ? "]" : "}");
}

static void put_code_point(struct json_writer *w, uint32_t code_point)
{
	char text[8];

	if (code_point == '"' || code_point == '\\')
		ksnprintf(text, sizeof(text), "\\%c", (char)code_point);
	else if (utf_is_control(code_point))
		ksnprintf(text, sizeof(text), "\\u%04x", code_point);
	else
		text[utf8_encode(code_point, text)] = '\0';
	put(w, text);
}

void json_string(struct json_writer *w, const char *key, const char *text)
{
	struct utf8_decoder decoder = { 0 };
	uint32_t code_points[2];

	if (w->depth > JSON_DEPTH)
		return;
	member(w, key);
	put(w, "\"");
	for (; *text; text++)
		for (unsigned i = 0, n = utf8_decode(&decoder, (uint8_t)*text, code_points); i < n; i++)
			put_code_point(w, code_points[i]);
	if (decoder.missing)	/* the text ends within a character */
		put_code_point(w, UTF_REPLACEMENT);
	put(w, "\"");
}

void json_literal(struct json_writer *w, const char *key, const char *literal)
{
	if (w->depth > JSON_DEPTH)
		return;
	member(w, key);
	put(w, literal);
}
