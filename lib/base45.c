/* Two bytes are a number under 65,536, which is less than 45 cubed: three digits. A last single one is two. */
#include "lib/base45.h"

/* The digits of a number, the lowest first. */
static char *put_digits(char *to, uint32_t value, unsigned count)
{
	for (; count; count--, value /= 45)
		*to++ = BASE45_ALPHABET[value % 45];
	return to;
}

void base45_encode(const void *data, size_t size, char *ret)
{
	const uint8_t *bytes = data;

	for (; size >= 2; size -= 2, bytes += 2)
		ret = put_digits(ret, (uint32_t)bytes[0] << 8 | bytes[1], 3);
	if (size)
		ret = put_digits(ret, bytes[0], 2);
	*ret = '\0';
}
