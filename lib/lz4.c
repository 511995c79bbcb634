/* LZ4's block format, after lz4_Block_format.md (LZ4 1.9).
 *
 * A block is a row of sequences. Each is a token, literal bytes, and a match: a distance back (two bytes, little
 * endian) and a length. The token's upper half is the number of literals, its lower half the match's length less 4; 15
 * means that further bytes are added, up to and with the first that is not 255. The last sequence ends after its
 * literals.
 *
 * The packer is greedy: it takes the last place where the same four bytes hashed to, if they are there, as far as
 * they agree. The format wants the last five bytes to be literals, and no match to start in the last twelve. */
#include "lib/lz4.h"

#include <abi/linux/errno.h>

#include "lib/bytes.h"
#include "lib/string.h"

enum {
	SHORTEST	= 4,	/* match */
	LAST_LITERALS	= 5,
	LAST_MATCH	= 12,
	NIBBLE		= 15,
};

struct output {
	uint8_t *at, *end;
	bool full;
};

static void put(struct output *o, uint8_t byte)
{
	if (o->at < o->end)
		*o->at++ = byte;
	else
		o->full = true;
}

/* What of a length did not fit the token. */
static void put_length(struct output *o, size_t length)
{
	if (length < NIBBLE)
		return;
	for (length -= NIBBLE; length >= 255; length -= 255)
		put(o, 255);
	put(o, (uint8_t)length);
}

/* length 0: the last sequence, without a match. */
static void put_sequence(struct output *o, const uint8_t *literals, size_t count, size_t length, size_t distance)
{
	const size_t more = length ? length - SHORTEST : 0;

	put(o, (uint8_t)(MIN(count, (size_t)NIBBLE) << 4 | MIN(more, (size_t)NIBBLE)));
	put_length(o, count);
	for (size_t i = 0; i < count; i++)
		put(o, literals[i]);
	if (!length)
		return;
	put(o, (uint8_t)distance);
	put(o, (uint8_t)(distance >> 8));
	put_length(o, more);
}

static uint32_t hash(uint32_t four)
{
	return four * 2654435761u >> (32 - LZ4_HASH_BITS);	/* Knuth's: 2^32 divided by the golden ratio */
}

static size_t same(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
	size_t length = 0;

	while (b + length < end && a[length] == b[length])
		length++;
	return length;
}

size_t lz4_pack(struct lz4_work *work, const void *from, size_t size, void *to, size_t room)
{
	const uint8_t *const base = from, *const end = base + size, *literals = base, *at = base;
	struct output o = { to, (uint8_t *)to + room, false };

	if (size > LZ4_MOST)
		return 0;
	memset(work, 0, sizeof(*work));
	while (!o.full && (size_t)(end - at) > LAST_MATCH) {
		uint16_t *const remembered = &work->position[hash(bytes_get_u32(at))];
		const uint8_t *const match = base + *remembered;

		*remembered = (uint16_t)(at - base);
		if (match >= at || bytes_get_u32(match) != bytes_get_u32(at)) {
			at++;
			continue;
		}
		const size_t length = same(match, at, end - LAST_LITERALS);
		put_sequence(&o, literals, (size_t)(at - literals), length, (size_t)(at - match));
		at += length;
		literals = at;
	}
	put_sequence(&o, literals, (size_t)(end - literals), 0, 0);
	return o.full ? 0 : (size_t)(o.at - (uint8_t *)to);
}

/* A length that began in a token; false where the block ends before it does. */
static bool get_length(const uint8_t **at, const uint8_t *end, size_t *length)
{
	uint8_t byte = 255;

	if (*length < NIBBLE)
		return true;
	while (byte == 255) {
		if (*at == end)
			return false;
		byte = *(*at)++;
		*length += byte;
	}
	return true;
}

/* Upwards, eight bytes at a time where that does not read what it has yet to write: a match may reach into itself, and
 * then repeats what it begins with. */
static void copy(uint8_t *out, const uint8_t *from, size_t length)
{
	const bool apart = (size_t)(out - from) >= 8;	/* also where `from` lies behind */

	for (; apart && length >= 8; length -= 8, out += 8, from += 8)
		__builtin_memcpy(out, from, 8);
	while (length--)
		*out++ = *from++;
}

/* Most runs are short: where both buffers go on for long enough, sixteen bytes are moved whatever the length. */
#define SHORT_RUN 16

static inline void copy_short(uint8_t *out, const uint8_t *from)
{
	__builtin_memcpy(out, from, 8);
	__builtin_memcpy(out + 8, from + 8, 8);
}

int64_t lz4_unpack(const void *from, size_t size, void *to, size_t room)
{
	const uint8_t *at = from, *const end = at + size;
	uint8_t *const base = to, *out = base, *const out_end = base + room;

	while (at < end) {
		size_t literals = *at >> 4, length = *at & NIBBLE;

		at++;
		if (literals < NIBBLE && end - at > SHORT_RUN && out_end - out >= SHORT_RUN) {
			copy_short(out, at);
		} else {
			if (!get_length(&at, end, &literals) || literals > (size_t)(end - at) || literals > (size_t)(out_end - out))
				return -EBADMSG;
			memcpy(out, at, literals);
		}
		out += literals;
		at += literals;
		if (at == end)
			return out - base;
		if (end - at < 2)
			return -EBADMSG;
		const size_t distance = bytes_get_u16(at);
		at += 2;
		if (!get_length(&at, end, &length))
			return -EBADMSG;
		length += SHORTEST;
		if (!distance || distance > (size_t)(out - base) || length > (size_t)(out_end - out))
			return -EBADMSG;
		if (length <= SHORT_RUN && distance >= 8 && out_end - out >= SHORT_RUN)
			copy_short(out, out - distance);
		else
			copy(out, out - distance, length);
		out += length;
	}
	return -EBADMSG;	/* a block ends with literals */
}

#define FRAME_MAGIC	0x184c2102u		/* lz4_Frame_format.md, "Legacy frame" */
#define FRAME_BLOCK	(8u << 20)		/* bytes that each block but the last unpacks to */
#define FRAME_LEAST	12u			/* magic, a block's size, the size of all */

int64_t lz4_file_size(const void *file, size_t size)
{
	if (size < FRAME_LEAST || bytes_get_u32(file) != FRAME_MAGIC)
		return -ENOEXEC;
	return bytes_get_u32((const char *)file + size - 4);
}

int lz4_file_unpack(const void *file, size_t size, void *to)
{
	const uint8_t *at = (const uint8_t *)file + 4, *const end = (const uint8_t *)file + size - 4;
	uint8_t *out = to;
	size_t left = bytes_get_u32(end);

	while (end - at >= 4) {
		const size_t packed = bytes_get_u32(at), most = MIN(left, (size_t)FRAME_BLOCK);
		at += 4;
		if (packed > (size_t)(end - at) || lz4_unpack(at, packed, out, most) != (int64_t)most)
			return -EBADMSG;
		at += packed;
		out += most;
		left -= most;
	}
	return at == end && left == 0 ? 0 : -EBADMSG;
}
