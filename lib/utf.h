/* UTF-8 and UTF-16 (The Unicode Standard 15, section 3.9).
 *
 * Rules: overlong forms, surrogates and values over U+10FFFF are errors in both directions. */
#ifndef LIB_UTF_H
#define LIB_UTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF_REPLACEMENT 0xfffdu

/* A decoder that is fed byte by byte, as a terminal is. All zero is the start state. */
struct utf8_decoder {
	uint32_t code_point;
	uint8_t missing;	/* continuation bytes still to come */
	uint8_t lowest, highest;	/* what the next continuation byte may be */
};

/* Feed one byte. Writes 0, 1 or 2 code points to ret (2 where a sequence breaks off at a byte that stands for itself; a
 * broken sequence gives one UTF_REPLACEMENT, as the standard's "maximal subpart" practice has it) and returns their
 * number. */
unsigned utf8_decode(struct utf8_decoder *decoder, uint8_t byte, uint32_t ret[2]);

/* Encode one code point (an invalid one as UTF_REPLACEMENT); returns the number of bytes written, 1 to 4. No NUL is
 * added. */
size_t utf8_encode(uint32_t code_point, char ret[4]);

/* True where size bytes are well-formed UTF-8. */
bool utf8_valid(const char *text, size_t size);

/* True for C0 and C1 control characters and DEL. */
bool utf_is_control(uint32_t code_point);

/* True for characters that take no column of a terminal, such as combining marks. */
bool utf_is_zero_width(uint32_t code_point);

/* Copy a text of foreign origin for people to see, up to its NUL or `most` bytes: '?' stands for control characters and
 * for what is not UTF-8, trailing blanks go, and what is too long is cut between two characters. Adds a NUL, size must
 * not be 0; returns the length without it. */
size_t utf8_clean(const char *text, size_t most, char *ret, size_t size);

/* Convert `units` UTF-16 units to UTF-8 with a final NUL. Returns the length without it; -EILSEQ for an unpaired
 * surrogate; -E2BIG where it does not fit; ret is undefined then. Stops at a NUL unit. */
int utf16_to_utf8(const uint16_t *text, size_t units, char *ret, size_t size);

#endif
