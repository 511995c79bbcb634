/* The kernel command line.
 *
 * Words are cut off as Linux cuts them (lib/cmdline.c: next_arg), so that a line that works there means the same
 * here. In detail that is: a quote anywhere turns white space from separator into text until the next quote; the
 * first '=' that is not the word's first byte ends the key; and quotes are taken away only at the start of the word
 * or of the value, and then at the end. A word's pieces are given as pointers and sizes because the line itself is
 * read-only and often part of a signed file.
 *
 * The line is searched anew for each key. It is a few hundred bytes and is asked a few dozen times: an index would
 * cost more. */
#include "lib/cmdline.h"

#include <abi/linux/errno.h>

#include "lib/string.h"
#include "lib/utf.h"

/* White space of ASCII only: Linux also takes A0h for a blank, which would break UTF-8 apart. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Users never remember which of the two a key is written with. */
static char fold_dash(char c)
{
	return c == '-' ? '_' : c;
}

static bool key_is(const struct cmdline_word *word, const char *key)
{
	size_t i = 0;

	while (i < word->key_size && key[i] && fold_dash(word->key[i]) == fold_dash(key[i]))
		i++;
	return i == word->key_size && !key[i];
}

static bool value_is(const struct cmdline_word *word, const char *text)
{
	return word->value_size == strlen(text) && memcmp(word->value, text, word->value_size) == 0;
}

bool cmdline_next(const char **pos, struct cmdline_word *ret)
{
	const char *p = *pos, *equals = NULL;

	while (is_space(*p))
		p++;
	*pos = p;
	if (!*p)
		return false;

	bool quoted = *p == '"';	/* a quote to be taken away was opened */
	bool inside = quoted;		/* white space is text */
	const char *const start = p + quoted;

	for (p = start; *p && (inside || !is_space(*p)); p++) {
		if (*p == '"')
			inside = !inside;
		else if (*p == '=' && !equals && p > start)
			equals = p;
	}
	*pos = p;

	const char *last = equals ? equals + 1 : start;	/* the word's last piece, which ends at p */

	if (equals && *last == '"') {
		quoted = true;
		last++;
	}
	if (quoted && p > last && p[-1] == '"')
		p--;
	ret->key = start;
	ret->key_size = (size_t)((equals ? equals : p) - start);
	ret->value = equals ? last : NULL;
	ret->value_size = equals ? (size_t)(p - last) : 0;
	return true;
}

bool cmdline_next_kernel(const char **pos, struct cmdline_word *ret)
{
	return cmdline_next(pos, ret) && !(ret->key_size == 2 && !ret->value && memcmp(ret->key, "--", 2) == 0);
}

/* To the end of our part of the line, always: a later word overrides an earlier one, so that what is appended at the
 * firmware's prompt wins over what the file brought along. */
bool cmdline_find(const char *line, const char *key, struct cmdline_word *ret)
{
	struct cmdline_word word;
	bool found = false;

	while (cmdline_next_kernel(&line, &word)) {
		if (key_is(&word, key)) {
			*ret = word;
			found = true;
		}
	}
	return found;
}

int cmdline_text(const char *line, const char *key, char *ret, size_t size)
{
	struct cmdline_word word;

	if (!cmdline_find(line, key, &word))
		return -ENOENT;
	if (word.value_size >= size)
		return -E2BIG;
	if (word.value)
		memcpy(ret, word.value, word.value_size);
	ret[word.value_size] = '\0';
	return (int)word.value_size;
}

bool cmdline_flag(const char *line, const char *key)
{
	struct cmdline_word word;

	if (!cmdline_find(line, key, &word))
		return false;
	return !word.value || value_is(&word, "1") || value_is(&word, "y") || value_is(&word, "yes") ||
	       value_is(&word, "on") || value_is(&word, "true");
}

/* The value of a digit in a base of up to 16; -1 where it is none. */
static int digit_value(char c, unsigned base)
{
	int value = -1;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		value = (c | 0x20) - 'a' + 10;
	return value < (int)base ? value : -1;
}

/* Read digits from *p up to end and move *p behind them. 0; -EINVAL where there are none; -ERANGE over 64 bits. */
static int read_digits(const char **p, const char *end, unsigned base, uint64_t *ret)
{
	const char *const start = *p;
	uint64_t value = 0;
	int digit;

	for (; *p < end && (digit = digit_value(**p, base)) >= 0; (*p)++) {
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (unsigned)digit, &value))
			return -ERANGE;
	}
	if (*p == start)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* How far a suffix shifts: 0 where it is none. */
static unsigned suffix_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	case 't':
		return 40;
	default:
		return 0;
	}
}

int cmdline_parse_number(const char *text, size_t size, uint64_t *ret)
{
	/* A value ends at `end`, not at a NUL: the next word or a quote stands there. */
	const char *p = text, *const end = p + size;
	const bool hexadecimal = size > 2 && p[0] == '0' && (p[1] | 0x20) == 'x';
	uint64_t value;

	p += hexadecimal ? 2 : 0;

	const int error = read_digits(&p, end, hexadecimal ? 16 : 10, &value);

	if (error)
		return error;

	const unsigned shift = p < end ? suffix_shift(*p) : 0;

	if (p + (shift != 0) != end)
		return -EINVAL;
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*ret = value << shift;
	return 0;
}

int cmdline_number(const char *line, const char *key, uint64_t *ret)
{
	struct cmdline_word word;

	if (!cmdline_find(line, key, &word))
		return -ENOENT;
	return word.value ? cmdline_parse_number(word.value, word.value_size, ret) : -EINVAL;
}

int cmdline_size(const char *line, const char *key, uint32_t *ret_width, uint32_t *ret_height)
{
	struct cmdline_word word;
	uint64_t width, height;

	if (!cmdline_find(line, key, &word))
		return -ENOENT;
	if (!word.value)
		return -EINVAL;

	const char *p = word.value, *const end = p + word.value_size;

	if (read_digits(&p, end, 10, &width) || p == end || *p++ != 'x' || read_digits(&p, end, 10, &height))
		return -EINVAL;
	if (p < end && *p != '-' && *p != '@' && *p != ',')
		return -EINVAL;
	if (!width || !height || width > UINT32_MAX || height > UINT32_MAX)
		return -EINVAL;
	*ret_width = (uint32_t)width;
	*ret_height = (uint32_t)height;
	return 0;
}

/* Control characters are refused because the line is printed on consoles that would obey them. */
int cmdline_check(const char *text, size_t size)
{
	struct utf8_decoder decoder = { 0 };

	if (size >= CMDLINE_MAX)
		return -E2BIG;
	if (!utf8_valid(text, size))
		return -EILSEQ;
	for (size_t i = 0; i < size; i++) {
		uint32_t points[2];

		if (utf8_decode(&decoder, (uint8_t)text[i], points) && utf_is_control(points[0]) &&
		    !(points[0] == '\t' || points[0] == '\r' || points[0] == '\n'))
			return -EILSEQ;
	}
	return 0;
}
