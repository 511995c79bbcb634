/* EDID: 128 bytes in which a display describes itself.
 *
 * Of interest are the manufacturer (three letters, five bits each) and the four descriptors of 18 bytes from byte 54
 * on. A descriptor whose first two bytes are not both zero is a detailed timing (they are its pixel clock), and the
 * first of these is the timing that the display prefers (E-EDID 1.4, section 3.10.1). Otherwise its fourth byte tells
 * what it is; FCh is the display's name (section 3.10.3.4). */
#include "lib/edid.h"

#include <abi/linux/errno.h>

#include "lib/bytes.h"
#include "lib/string.h"
#include "lib/utf.h"

enum {
	BLOCK_SIZE		= 128,
	VENDOR			= 8,
	DESCRIPTORS		= 54,
	DESCRIPTOR_SIZE		= 18,
	DESCRIPTOR_COUNT	= 4,
	DESCRIPTOR_NAME		= 0xfc,
	NAME_SIZE		= 13,	/* behind five bytes of header */
};

static void read_vendor(const uint8_t *block, char ret[4])
{
	const unsigned packed = (unsigned)block[VENDOR] << 8 | block[VENDOR + 1];	/* the one big-endian field */

	for (unsigned i = 0; i < 3; i++) {
		const unsigned letter = packed >> (10 - 5 * i) & 31;

		ret[i] = letter >= 1 && letter <= 26 ? (char)('A' + letter - 1) : '?';
	}
	ret[3] = '\0';
}

/* Section 3.10.2. The upper four bits of each size stand in a byte that it shares with the blanking interval. */
static void read_timing(const uint8_t *timing, struct edid_info *ret)
{
	const uint32_t width = timing[2] | (timing[4] & 0xf0u) << 4;
	const uint32_t height = timing[5] | (timing[7] & 0xf0u) << 4;
	const bool interlaced = timing[17] & 0x80;

	if (!width || !height)
		return;
	ret->width = width;
	ret->height = interlaced ? 2 * height : height;	/* the lines of one field only are given */
}

/* The text ends with a line feed and is padded with blanks. Its character set is code page 437, of which we show the
 * ASCII part. */
static void read_name(const uint8_t *descriptor, char ret[14])
{
	char text[NAME_SIZE];
	size_t size = 0;

	for (; size < NAME_SIZE && descriptor[5 + size] != '\n'; size++)
		text[size] = (char)(descriptor[5 + size] < 0x80 ? descriptor[5 + size] : '?');
	utf8_clean(text, size, ret, NAME_SIZE + 1);
}

int edid_read(const void *block, size_t size, struct edid_info *ret)
{
	static const uint8_t header[8] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
	const uint8_t *const bytes = block;
	struct edid_info info = { 0 };

	if (size < BLOCK_SIZE || memcmp(bytes, header, sizeof(header)) != 0 || bytes_sum(bytes, BLOCK_SIZE) != 0)
		return -EBADMSG;
	read_vendor(bytes, info.vendor);
	for (unsigned i = 0; i < DESCRIPTOR_COUNT; i++) {
		const uint8_t *const descriptor = bytes + DESCRIPTORS + i * DESCRIPTOR_SIZE;

		if (bytes_get_u16(descriptor)) {
			if (!info.width)
				read_timing(descriptor, &info);
		} else if (descriptor[3] == DESCRIPTOR_NAME && !info.name[0]) {
			read_name(descriptor, info.name);
		}
	}
	*ret = info;
	return 0;
}
