/* printf into memory.
 *
 * A format is text with conversions in it. Each conversion is parsed into a struct first (flags, width, precision,
 * size of the argument), then turned into three parts that one function lays out: a prefix (sign or 0x), zeros, and
 * the text proper. Padding is left of the prefix, between prefix and text, or right of all: that is the whole
 * difference between right-aligned, zero-padded and left-aligned.
 *
 * What does not fit the buffer is counted but not written, and filling is counted in one step: a width of two
 * thousand million costs no time. The semantics are ISO C's (C17, 7.21.6.1), apart from what format.h says. */
#include "lib/format.h"

#include <limits.h>

#include "lib/string.h"
#include "lib/types.h"

struct output {
	char *buffer;
	size_t size;
	size_t length;		/* of the whole text, the part that does not fit included */
};

enum {
	FLAG_LEFT	= 1 << 0,	/* '-' */
	FLAG_PLUS	= 1 << 1,
	FLAG_SPACE	= 1 << 2,
	FLAG_ZERO	= 1 << 3,
	FLAG_ALTERNATE	= 1 << 4,	/* '#' */
};

struct conversion {
	unsigned flags;
	int width;
	int precision;		/* -1: not given */
	unsigned bytes;		/* size of an integer argument */
	char letter;
};

static void emit_text(struct output *out, const char *text, size_t count)
{
	if (out->length < out->size)
		memcpy(out->buffer + out->length, text, MIN(count, out->size - out->length));
	out->length += count;
}

static void emit_fill(struct output *out, char c, size_t count)
{
	if (out->length < out->size)
		memset(out->buffer + out->length, c, MIN(count, out->size - out->length));
	out->length += count;
}

/* Lay out one conversion: padding to the width on one side, and between prefix and text as many zeros as given. */
static void emit_field(struct output *out, const struct conversion *c, const char *prefix, size_t zeros,
		       const char *text, size_t count)
{
	const size_t prefix_size = strlen(prefix), body = prefix_size + zeros + count;
	const size_t padding = (size_t)c->width > body ? (size_t)c->width - body : 0;

	if (!(c->flags & FLAG_LEFT))
		emit_fill(out, ' ', padding);
	emit_text(out, prefix, prefix_size);
	emit_fill(out, '0', zeros);
	emit_text(out, text, count);
	if (c->flags & FLAG_LEFT)
		emit_fill(out, ' ', padding);
}

/* A precision is a least number of digits, and where there is one the '0' flag does not count; '-' beats '0' too. */
static void emit_number(struct output *out, const struct conversion *c, const char *prefix, uint64_t value,
			unsigned base)
{
	const char *const figures = c->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[22];	/* 2^64 - 1 in octal */
	char *first = digits + sizeof(digits);
	size_t zeros = 0;

	for (uint64_t rest = value; rest; rest /= base)
		*--first = figures[rest % base];

	const size_t count = (size_t)(digits + sizeof(digits) - first);

	if (c->precision >= 0) {
		if ((size_t)c->precision > count)
			zeros = (size_t)c->precision - count;
	} else if ((c->flags & (FLAG_ZERO | FLAG_LEFT)) == FLAG_ZERO) {
		const size_t used = strlen(prefix) + count;

		zeros = (size_t)c->width > used ? (size_t)c->width - used : 0;
	}
	/* Zero has no digits so far: it gets one unless a precision of 0 asks for none. With '#', octal always begins
	 * with a zero. */
	if (!zeros && ((!count && c->precision < 0) || (c->letter == 'o' && c->flags & FLAG_ALTERNATE)))
		zeros = 1;
	emit_field(out, c, prefix, zeros, first, count);
}

/* An argument smaller than int came as an int; its upper bits are cut off, as the callee must. */
static uint64_t read_unsigned(const struct conversion *c, va_list *a)
{
	const uint64_t value = c->bytes > sizeof(int) ? va_arg(*a, uint64_t) : va_arg(*a, unsigned);
	const unsigned unused = 64 - 8 * c->bytes;

	return value << unused >> unused;
}

static void convert_signed(struct output *out, const struct conversion *c, va_list *a)
{
	const unsigned unused = 64 - 8 * c->bytes;
	const int64_t value = (int64_t)(read_unsigned(c, a) << unused) >> unused;
	const char *const sign = value < 0 ? "-" : c->flags & FLAG_PLUS ? "+" : c->flags & FLAG_SPACE ? " " : "";

	/* Negated as unsigned: the lowest number has no positive counterpart. */
	emit_number(out, c, sign, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

static void convert_hexadecimal(struct output *out, const struct conversion *c, va_list *a)
{
	const uint64_t value = read_unsigned(c, a);
	const bool prefixed = c->flags & FLAG_ALTERNATE && value;

	emit_number(out, c, !prefixed ? "" : c->letter == 'X' ? "0X" : "0x", value, 16);
}

/* All digits always: addresses in a log line up, and a null pointer is as long as the others. */
static void convert_pointer(struct output *out, const struct conversion *c, va_list *a)
{
	struct conversion as_number = *c;

	as_number.precision = 16;
	emit_number(out, &as_number, "0x", (uintptr_t)va_arg(*a, void *), 16);
}

static void convert_string(struct output *out, const struct conversion *c, va_list *a)
{
	const char *text = va_arg(*a, const char *);

	if (!text)
		text = "(null)";
	/* With a precision the text need not end with a NUL. */
	emit_field(out, c, "", 0, text, strnlen(text, c->precision < 0 ? SIZE_MAX : (size_t)c->precision));
}

static void convert_character(struct output *out, const struct conversion *c, va_list *a)
{
	const char character = (char)va_arg(*a, int);

	emit_field(out, c, "", 0, &character, 1);
}

/* False for a letter that is no conversion. */
static bool convert(struct output *out, const struct conversion *c, va_list *a)
{
	switch (c->letter) {
	case 'd':
	case 'i':
		convert_signed(out, c, a);
		return true;
	case 'u':
		emit_number(out, c, "", read_unsigned(c, a), 10);
		return true;
	case 'o':
		emit_number(out, c, "", read_unsigned(c, a), 8);
		return true;
	case 'x':
	case 'X':
		convert_hexadecimal(out, c, a);
		return true;
	case 'p':
		convert_pointer(out, c, a);
		return true;
	case 's':
		convert_string(out, c, a);
		return true;
	case 'c':
		convert_character(out, c, a);
		return true;
	case '%':
		emit_text(out, "%", 1);
		return true;
	default:
		return false;
	}
}

/* A decimal number, or '*' for the next argument; too large ones are INT_MAX. */
static const char *parse_number(const char *p, va_list *a, int *ret)
{
	int value = 0;

	if (*p == '*') {
		*ret = va_arg(*a, int);
		return p + 1;
	}
	for (; *p >= '0' && *p <= '9'; p++)
		value = value > (INT_MAX - 9) / 10 ? INT_MAX : value * 10 + (*p - '0');
	*ret = value;
	return p;
}

static const char *parse_flags(const char *p, unsigned *ret)
{
	static const char letters[] = "-+ 0#";	/* in the order of the FLAG_ bits */
	const char *letter;

	for (*ret = 0; *p && (letter = strchr(letters, *p)); p++)
		*ret |= 1u << (letter - letters);
	return p;
}

static const char *parse_length(const char *p, unsigned *ret)
{
	*ret = sizeof(int);
	switch (*p) {
	case 'h':
		*ret = p[1] == 'h' ? sizeof(char) : sizeof(short);
		return p + (p[1] == 'h' ? 2 : 1);
	case 'l':
		*ret = p[1] == 'l' ? sizeof(long long) : sizeof(long);
		return p + (p[1] == 'l' ? 2 : 1);
	case 'z':
	case 't':
	case 'j':
		*ret = sizeof(intmax_t);	/* size_t and ptrdiff_t too are 64 bits wide on all our targets */
		return p + 1;
	default:
		return p;
	}
}

/* Parse what follows a '%', up to the letter. */
static const char *parse_conversion(const char *p, va_list *a, struct conversion *ret)
{
	p = parse_flags(p, &ret->flags);
	p = parse_number(p, a, &ret->width);
	if (ret->width < 0) {	/* from an argument: the sign is a '-' flag */
		ret->flags |= FLAG_LEFT;
		ret->width = ret->width == INT_MIN ? INT_MAX : -ret->width;
	}
	ret->precision = -1;
	if (*p == '.')
		p = parse_number(p + 1, a, &ret->precision);
	p = parse_length(p, &ret->bytes);
	ret->letter = *p;
	return p;
}

int kvsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
	struct output out = { buffer, size, 0 };
	va_list copy;	/* a parameter may be a pointer in place of a va_list, and has another address then */

	va_copy(copy, arguments);
	while (*format) {
		const char *start = format;
		struct conversion c;

		while (*format && *format != '%')
			format++;
		emit_text(&out, start, (size_t)(format - start));
		if (!*format)
			break;
		start = format;
		format = parse_conversion(format + 1, &copy, &c);
		if (*format)
			format++;
		if (!convert(&out, &c, &copy))
			emit_text(&out, start, (size_t)(format - start));
	}
	va_end(copy);
	if (size)
		buffer[MIN(out.length, size - 1)] = '\0';
	return out.length > INT_MAX ? INT_MAX : (int)out.length;
}

int ksnprintf(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	const int length = kvsnprintf(buffer, size, format, arguments);
	va_end(arguments);
	return length;
}
