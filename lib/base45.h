/* Base45 (RFC 9285): bytes as the characters that a QR code packs best, three for two bytes.
 *
 * Rules: pure. "Hello!!" gives "%69 VD92EX0". */
#ifndef LIB_BASE45_H
#define LIB_BASE45_H

#include "lib/types.h"

#define BASE45_ALPHABET "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

/* Characters for a number of bytes, without the final NUL; and bytes for which so many characters suffice. */
#define BASE45_LENGTH(size)	((size) / 2 * 3 + (size) % 2 * 2)
#define BASE45_BYTES(length)	((length) / 3 * 2 + ((length) % 3 == 2))

/* ret has room for BASE45_LENGTH(size) + 1 characters. */
void base45_encode(const void *data, size_t size, char *ret);

#endif
