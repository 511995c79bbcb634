/* The line is redrawn from the cursor on after each change; the cursor is moved with CSI C and D, which every terminal
 * has. A line longer than the terminal's row is edited right, but looks wrong: those two stop at the row's ends. */
#include "kernel/core/lineedit.h"

#include "lib/format.h"
#include "lib/string.h"

#define CTRL(letter) ((letter) & 0x1f)

static bool continues_character(char byte)
{
	return ((uint8_t)byte & 0xc0) == 0x80;
}

static void emit_text(struct lineedit *e, const char *text)
{
	e->emit(text, strlen(text));
}

static size_t characters(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += !continues_character(text[i]);
	return count;
}

static void move_cells(struct lineedit *e, size_t cells, char direction)
{
	char sequence[16];

	if (!cells)
		return;
	ksnprintf(sequence, sizeof(sequence), "\033[%zu%c", cells, direction);
	emit_text(e, sequence);
}

static void cursor_set(struct lineedit *e, size_t to)
{
	if (to < e->cursor)
		move_cells(e, characters(e->text + to, e->cursor - to), 'D');
	else
		move_cells(e, characters(e->text + e->cursor, to - e->cursor), 'C');
	e->cursor = to;
}

/* Everything from the cursor on anew, the rest of the row cleared, the cursor back. */
static void redraw_tail(struct lineedit *e)
{
	e->emit(e->text + e->cursor, e->size - e->cursor);
	emit_text(e, "\033[K");
	move_cells(e, characters(e->text + e->cursor, e->size - e->cursor), 'D');
}

static size_t character_before(const struct lineedit *e, size_t at)
{
	while (at && continues_character(e->text[--at]))
		;
	return at;
}

static size_t character_after(const struct lineedit *e, size_t at)
{
	if (at < e->size)
		at++;
	while (at < e->size && continues_character(e->text[at]))
		at++;
	return at;
}

/* Remove from `from` to `to`; the cursor ends at from. */
static void erase(struct lineedit *e, size_t from, size_t to)
{
	cursor_set(e, from);
	memmove(e->text + from, e->text + to, e->size - to + 1);
	e->size -= to - from;
	redraw_tail(e);
}

static void insert(struct lineedit *e, uint32_t code_point)
{
	char bytes[4];
	size_t size = utf8_encode(code_point, bytes);

	if (utf_is_control(code_point) || e->size + size > LINEEDIT_MAX)
		return;
	memmove(e->text + e->cursor + size, e->text + e->cursor, e->size - e->cursor + 1);
	memcpy(e->text + e->cursor, bytes, size);
	e->cursor += size;
	e->size += size;
	e->emit(bytes, size);
	if (e->cursor < e->size)
		redraw_tail(e);
}

static void erase_word(struct lineedit *e)
{
	size_t from = e->cursor;

	while (from && e->text[from - 1] == ' ')
		from--;
	while (from && e->text[from - 1] != ' ')
		from--;
	erase(e, from, e->cursor);
}

static void history_keep(struct lineedit *e)
{
	const char *newest = e->history[(e->history_count + LINEEDIT_HISTORY - 1) % LINEEDIT_HISTORY];

	if (e->size && !(e->history_count && strcmp(newest, e->text) == 0))
		memcpy(e->history[e->history_count++ % LINEEDIT_HISTORY], e->text, e->size + 1);
}

static void history_show(struct lineedit *e, unsigned back)
{
	if (back > e->history_count || back > LINEEDIT_HISTORY)
		return;
	e->history_back = back;
	const char *line = back ? e->history[(e->history_count - back) % LINEEDIT_HISTORY] : "";
	cursor_set(e, 0);
	e->size = strlen(line);
	memcpy(e->text, line, e->size + 1);
	redraw_tail(e);
	cursor_set(e, e->size);
}

/* The final byte of ESC [ … or ESC O …. */
static void escape_key(struct lineedit *e, uint8_t byte)
{
	switch (byte) {
	case 'A': history_show(e, e->history_back + 1); break;
	case 'B': if (e->history_back) history_show(e, e->history_back - 1); break;
	case 'C': cursor_set(e, character_after(e, e->cursor)); break;
	case 'D': cursor_set(e, character_before(e, e->cursor)); break;
	case 'H': cursor_set(e, 0); break;
	case 'F': cursor_set(e, e->size); break;
	case '~':
		if (e->parameter == 1 || e->parameter == 7)
			cursor_set(e, 0);
		else if (e->parameter == 4 || e->parameter == 8)
			cursor_set(e, e->size);
		else if (e->parameter == 3)
			erase(e, e->cursor, character_after(e, e->cursor));
	}
}

/* True while the byte belongs to an escape sequence. */
static bool escape_byte(struct lineedit *e, uint8_t byte)
{
	if (!e->escape) {
		e->escape = byte == 0x1b;
		e->parameter = 0;
		return e->escape;
	}
	if (e->escape == 1) {
		e->escape = byte == '[' || byte == 'O' ? 2 : 0;
		return true;
	}
	if (byte >= '0' && byte <= '9')
		e->parameter = (uint8_t)(e->parameter * 10 + byte - '0');
	else if (byte >= 0x40) {
		escape_key(e, byte);
		e->escape = 0;
	}
	return true;
}

static bool control_byte(struct lineedit *e, uint8_t byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		cursor_set(e, e->size);
		emit_text(e, "\n");
		history_keep(e);
		return true;
	case CTRL('C'):
		emit_text(e, "^C\n");
		e->size = 0;
		e->text[0] = '\0';
		return true;
	case CTRL('A'): cursor_set(e, 0); break;
	case CTRL('B'): cursor_set(e, character_before(e, e->cursor)); break;
	case CTRL('D'): erase(e, e->cursor, character_after(e, e->cursor)); break;
	case CTRL('E'): cursor_set(e, e->size); break;
	case CTRL('F'): cursor_set(e, character_after(e, e->cursor)); break;
	case CTRL('K'): erase(e, e->cursor, e->size); break;
	case CTRL('N'): escape_key(e, 'B'); break;
	case CTRL('P'): escape_key(e, 'A'); break;
	case CTRL('U'): erase(e, 0, e->cursor); break;
	case CTRL('W'): erase_word(e); break;
	case CTRL('L'): {
		emit_text(e, "\033[H\033[2J");
		lineedit_draw(e);
		break;
	}
	case CTRL('H'):
	case 0x7f:
		erase(e, character_before(e, e->cursor), e->cursor);
	}
	return false;
}

void lineedit_init(struct lineedit *e, const char *prompt, void (*emit)(const char *, size_t))
{
	memset(e, 0, sizeof(*e));
	e->prompt = prompt;
	e->emit = emit;
}

void lineedit_start(struct lineedit *e)
{
	e->size = e->cursor = 0;
	e->escape = 0;
	e->history_back = 0;
	e->text[0] = '\0';
	emit_text(e, e->prompt);
}

void lineedit_draw(struct lineedit *e)
{
	size_t cursor = e->cursor;

	emit_text(e, e->prompt);
	e->cursor = 0;
	redraw_tail(e);
	cursor_set(e, cursor);
}

bool lineedit_byte(struct lineedit *e, uint8_t byte)
{
	bool second_half = byte == '\n' && e->carriage_return;

	e->carriage_return = byte == '\r';
	if (second_half || escape_byte(e, byte))
		return false;
	if (byte < 0x20 || byte == 0x7f)
		return control_byte(e, byte);
	uint32_t code_points[2];
	unsigned count = utf8_decode(&e->utf8, byte, code_points);
	for (unsigned i = 0; i < count; i++)
		insert(e, code_points[i]);
	return false;
}
