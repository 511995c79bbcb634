/* Rows are counted as the screen fills them. The stop comes with the first character that would be too much, so that
 * what fits leaves no question behind. Searching takes whole lines, and passes them on from the first that has it. */
#include "kernel/core/pager.h"

#include "lib/string.h"

#define CTRL(letter) ((letter) & 0x1f)
#define ESCAPE 0x1b

#define MORE "\033[7m-- more --\033[0m space, enter, / search, e end, q quit "
#define WIPE "\r\033[K"

static void emit_text(const struct pager *p, const char *text)
{
	p->emit(text, strlen(text));
}

/* One key; what a cursor key sends becomes the letter that does the same, or 0. Escape alone is no key. */
static uint8_t key_read(struct pager *p)
{
	uint8_t key = p->key(), number = 0;

	if (key != ESCAPE)
		return key;
	while ((key = p->key()) == ESCAPE)
		;
	if (key != '[' && key != 'O')
		return key;
	while ((key = p->key()) >= 0x20 && key < 0x40)
		number = key;
	if (key == '[')		/* Linux's console: ESC [ [ and a letter are F1 to F5 */
		p->key();
	return key < 0x20 ? key : key == 'B' ? '\r' : key == '~' && number == '6' ? ' ' : 0;
}

void pager_draw(const struct pager *p)
{
	emit_text(p, p->types ? "/" : MORE);
	if (p->types)
		emit_text(p, p->pattern);
}

/* What is to be searched for; false where nothing was typed. */
static bool pattern_type(struct pager *p)
{
	size_t size = 0;
	uint8_t key;

	p->pattern[0] = '\0';
	emit_text(p, WIPE);
	pager_draw(p);
	while ((key = key_read(p)) != '\r' && key != '\n') {
		if ((key == 0x7f || key == CTRL('H')) && size) {
			while (size && ((uint8_t)p->pattern[--size] & 0xc0) == 0x80)	/* the whole character */
				;
			emit_text(p, "\b \b");
		} else if (key >= 0x20 && key != 0x7f && size < sizeof(p->pattern) - 1) {
			p->pattern[size++] = (char)key;
			p->emit(&p->pattern[size - 1], 1);
		} else if (key == CTRL('C')) {
			return false;
		}
		p->pattern[size] = '\0';
	}
	return size;
}

static bool pattern_read(struct pager *p)
{
	p->types = true;
	const bool typed = pattern_type(p);
	p->types = false;
	return typed;
}

/* True where the key says how to go on. */
static bool key_obey(struct pager *p, uint8_t key)
{
	switch (key) {
	case ' ':
		p->row = 0;
		return true;
	case '\r':
	case '\n':
		p->row--;
		return true;
	case 'e':
		p->state = PAGER_OFF;
		return true;
	case 'q':
	case CTRL('C'):
		p->state = PAGER_DROPS;
		return true;
	case '/':
		if (pattern_read(p)) {
			p->state = PAGER_SEARCHES;
			p->line_size = 0;
			return true;
		}
		emit_text(p, WIPE);
		emit_text(p, MORE);
	}
	return false;
}

static void stop(struct pager *p)
{
	emit_text(p, MORE);
	while (!key_obey(p, key_read(p)))
		;
	emit_text(p, WIPE);
	p->column = 0;
	if (p->state == PAGER_SEARCHES)
		emit_text(p, "…\n");
}

static bool takes_cell(const struct pager *p, char byte)
{
	return !p->escape && (uint8_t)byte >= 0x20 && ((uint8_t)byte & 0xc0) != 0x80;
}

/* Note what a byte does to the place where the next one will stand. */
static void count(struct pager *p, char byte)
{
	if (byte == '\n') {
		p->row++;
		p->column = 0;
	} else if (byte == '\r') {
		p->column = 0;
	} else if (byte == ESCAPE) {
		p->escape = true;
	} else if (p->escape) {
		p->escape = (byte < 0x40 || byte == '[');
	} else if (takes_cell(p, byte) && ++p->column > p->columns) {
		p->row++;
		p->column = 1;
	}
}

/* As much as fits on this page; how much of it that was. */
static size_t show(struct pager *p, const char *text, size_t size)
{
	size_t end = 0;

	/* A character behind a full row would be on the next. */
	while (end < size && p->row + (p->column == p->columns && takes_cell(p, text[end])) < p->rows - 1)
		count(p, text[end++]);
	p->emit(text, end);
	if (end < size)
		stop(p);
	return end;
}

static bool line_matches(const struct pager *p)
{
	const size_t size = strlen(p->pattern);

	for (size_t at = 0; at + size <= p->line_size; at++)
		if (memcmp(p->line + at, p->pattern, size) == 0)
			return true;
	return false;
}

/* Take bytes up to the end of a line; how many. */
static size_t search(struct pager *p, const char *text, size_t size)
{
	size_t taken = 0;

	do
		p->line[p->line_size++] = text[taken++];
	while (taken < size && p->line_size < sizeof(p->line) && text[taken - 1] != '\n');
	if (text[taken - 1] != '\n' && p->line_size < sizeof(p->line))
		return taken;
	if (line_matches(p)) {
		p->state = PAGER_SHOWS;
		p->row = 1;		/* below the line that says that something is left out */
		p->column = 0;
		pager_write(p, p->line, p->line_size);
	}
	p->line_size = 0;
	return taken;
}

void pager_start(struct pager *p, unsigned rows, unsigned columns)
{
	p->state = rows > 2 && columns ? PAGER_SHOWS : PAGER_OFF;
	p->rows = rows;
	p->columns = columns;
	p->row = p->column = 0;
	p->escape = false;
}

void pager_write(struct pager *p, const char *text, size_t size)
{
	for (size_t taken; size; text += taken, size -= taken) {
		taken = size;
		if (p->state == PAGER_SHOWS)
			taken = show(p, text, size);
		else if (p->state == PAGER_SEARCHES)
			taken = search(p, text, size);
		else if (p->state == PAGER_OFF)
			p->emit(text, size);
	}
}

void pager_end(struct pager *p)
{
	if (p->state == PAGER_SEARCHES)
		emit_text(p, "not found\n");
	p->state = PAGER_OFF;
}
