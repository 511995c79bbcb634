/* QR codes of one size (ISO/IEC 18004: version 20, error correction level L): 97 modules a side, for up to 1,249
 * characters of the alphanumeric set, which is base45's alphabet (lib/base45.h).
 *
 * Rules: pure; some 4 KiB of stack, no memory but the caller's. A scanner wants four light modules around the code, and
 * three or more pixels a module. */
#ifndef LIB_QR_H
#define LIB_QR_H

#include "lib/types.h"

#define QR_SIZE		97
#define QR_TEXT_MOST	1249u
#define QR_QUIET	4	/* light modules on each side of the code */

struct qr {
	uint8_t rows[QR_SIZE][(QR_SIZE + 7) / 8];
};

/* 0; -EINVAL where the text is too long or has another character. */
int qr_encode(const char *text, struct qr *ret);

static inline bool qr_is_dark(const struct qr *qr, unsigned x, unsigned y)
{
	return qr->rows[y][x / 8] >> x % 8 & 1;
}

#endif
