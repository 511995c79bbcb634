/* UTF-8 and UTF-16.
 *
 * The UTF-8 decoder follows table 3-7 of the Unicode Standard: the lead byte tells how many bytes follow and, for
 * four of the leads, narrows what the first of them may be. With that narrowing there are no overlong forms, no
 * surrogates and nothing over U+10FFFF to look for afterwards: such a sequence breaks at its second byte, which is
 * also where the standard's practice of replacing maximal subparts wants it to break. A byte that breaks a sequence
 * is looked at once more as the start of the next. */
#include "lib/utf.h"

#include <abi/linux/errno.h>

#include "lib/string.h"
#include "lib/types.h"

static bool is_surrogate(uint32_t code_point)
{
	return code_point >= 0xd800 && code_point <= 0xdfff;
}

/* Start a sequence with its first byte: false where none starts with it. Bytes under 80h are whole sequences. */
static bool utf8_begin(struct utf8_decoder *d, uint8_t byte)
{
	d->lowest = 0x80;
	d->highest = 0xbf;
	if (byte < 0x80) {
		d->code_point = byte;
		d->missing = 0;
	} else if (byte >= 0xc2 && byte <= 0xdf) {
		d->code_point = byte & 0x1f;
		d->missing = 1;
	} else if (byte >= 0xe0 && byte <= 0xef) {
		d->code_point = byte & 0x0f;
		d->missing = 2;
		if (byte == 0xe0)
			d->lowest = 0xa0;	/* below: overlong */
		if (byte == 0xed)
			d->highest = 0x9f;	/* above: surrogates */
	} else if (byte >= 0xf0 && byte <= 0xf4) {
		d->code_point = byte & 0x07;
		d->missing = 3;
		if (byte == 0xf0)
			d->lowest = 0x90;	/* below: overlong */
		if (byte == 0xf4)
			d->highest = 0x8f;	/* above: over U+10FFFF */
	} else {
		return false;
	}
	return true;
}

/* Go on with a sequence that misses bytes: false, and the sequence is over, where this byte cannot be the next. */
static bool utf8_continue(struct utf8_decoder *d, uint8_t byte)
{
	if (byte < d->lowest || byte > d->highest) {
		d->missing = 0;
		return false;
	}
	d->code_point = d->code_point << 6 | (byte & 0x3f);
	d->missing--;
	d->lowest = 0x80;
	d->highest = 0xbf;
	return true;
}

unsigned utf8_decode(struct utf8_decoder *decoder, uint8_t byte, uint32_t ret[2])
{
	unsigned count = 0;

	if (decoder->missing) {
		if (utf8_continue(decoder, byte)) {
			if (!decoder->missing)
				ret[count++] = decoder->code_point;
			return count;
		}
		ret[count++] = UTF_REPLACEMENT;
	}
	if (!utf8_begin(decoder, byte))
		ret[count++] = UTF_REPLACEMENT;
	else if (!decoder->missing)
		ret[count++] = decoder->code_point;
	return count;
}

size_t utf8_encode(uint32_t code_point, char ret[4])
{
	if (is_surrogate(code_point) || code_point > 0x10ffff)
		code_point = UTF_REPLACEMENT;
	if (code_point < 0x80) {
		ret[0] = (char)code_point;
		return 1;
	}

	const size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;

	for (size_t i = size - 1; i; i--, code_point >>= 6)
		ret[i] = (char)(0x80 | (code_point & 0x3f));
	/* The lead byte: as many one bits as the sequence has bytes, a zero, and what is left of the code point. */
	ret[0] = (char)(0xf00 >> size | code_point);
	return size;
}

bool utf8_valid(const char *text, size_t size)
{
	struct utf8_decoder d = { 0 };

	for (size_t i = 0; i < size; i++) {
		const uint8_t byte = (uint8_t)text[i];

		if (d.missing ? !utf8_continue(&d, byte) : !utf8_begin(&d, byte))
			return false;
	}
	return !d.missing;
}

bool utf_is_control(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

/* Characters that take no column: combining marks, joiners, direction and variation marks (Unicode 15, general
 * categories Mn, Me and Cf, as far as a text meant for a console has them). */
bool utf_is_zero_width(uint32_t code_point)
{
	static const struct { uint32_t first, last; } marks[] = {
		{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a }, { 0x064b, 0x065f }, { 0x0e34, 0x0e3a },
		{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x206f }, { 0x20d0, 0x20f0 },
		{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0xe0000, 0xe01ef },
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks) && code_point >= marks[i].first; i++)
		if (code_point <= marks[i].last)
			return true;
	return false;
}

/* Append what people may see of a code point: false where it does not fit any more. */
static bool append_clean(char *ret, size_t size, size_t *length, uint32_t code_point)
{
	const bool bad = utf_is_control(code_point) || code_point == UTF_REPLACEMENT;
	char bytes[4];
	const size_t count = utf8_encode(bad ? '?' : code_point, bytes);

	if (*length + count >= size)
		return false;
	memcpy(ret + *length, bytes, count);
	*length += count;
	return true;
}

size_t utf8_clean(const char *text, size_t most, char *ret, size_t size)
{
	const size_t end = strnlen(text, most);
	struct utf8_decoder d = { 0 };
	size_t length = 0;
	bool room = true;

	for (size_t i = 0; i < end && room; i++) {
		uint32_t points[2];
		const unsigned count = utf8_decode(&d, (uint8_t)text[i], points);

		for (unsigned k = 0; k < count && room; k++)
			room = append_clean(ret, size, &length, points[k]);
	}
	if (room && d.missing)	/* the text ends inside a sequence */
		append_clean(ret, size, &length, UTF_REPLACEMENT);
	while (length && ret[length - 1] == ' ')
		length--;
	ret[length] = '\0';
	return length;
}

/* Take one code point of UTF-16 and move *i behind it: false for a surrogate that is not half of a pair. */
static bool utf16_next(const uint16_t *text, size_t units, size_t *i, uint32_t *ret)
{
	const uint32_t unit = text[(*i)++];

	*ret = unit;
	if (!is_surrogate(unit))
		return true;
	if (unit >= 0xdc00 || *i == units || text[*i] < 0xdc00 || text[*i] > 0xdfff)
		return false;
	*ret = 0x10000 + ((unit - 0xd800) << 10 | (text[(*i)++] - 0xdc00u));
	return true;
}

int utf16_to_utf8(const uint16_t *text, size_t units, char *ret, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < units && text[i];) {
		uint32_t code_point;
		char bytes[4];

		if (!utf16_next(text, units, &i, &code_point))
			return -EILSEQ;

		const size_t count = utf8_encode(code_point, bytes);

		if (length + count >= size)
			return -E2BIG;
		memcpy(ret + length, bytes, count);
		length += count;
	}
	if (!size)
		return -E2BIG;
	ret[length] = '\0';
	return (int)length;
}
