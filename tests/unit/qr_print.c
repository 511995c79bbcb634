/* qr_print TEXT: the QR code of a text, a line of 0 and 1 for each row; for qr_test.py. Exit status 1 where it is
 * refused. */
#include <stdio.h>

#include "lib/qr.h"

int main(int argc, char **argv)
{
	struct qr qr;

	if (argc != 2 || qr_encode(argv[1], &qr))
		return 1;
	for (unsigned y = 0; y < QR_SIZE; y++) {
		for (unsigned x = 0; x < QR_SIZE; x++)
			putchar(qr_is_dark(&qr, x, y) ? '1' : '0');
		putchar('\n');
	}
	return 0;
}
