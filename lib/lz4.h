/* Compression in LZ4's block format: quick, small code, and text shrinks to about half.
 *
 * Rules: pure. Both sides check every byte against its buffer; a damaged block is refused or gives nonsense, and no
 * more. */
#ifndef LIB_LZ4_H
#define LIB_LZ4_H

#include "lib/types.h"

#define LZ4_MOST	0xffffu		/* bytes that are packed at once: positions are 16 bits */
#define LZ4_HASH_BITS	12

/* Where the packer remembers what stood where. */
struct lz4_work {
	uint16_t position[1 << LZ4_HASH_BITS];
};

/* Pack size bytes, LZ4_MOST at most, into `room` bytes; returns how many were used, 0 where they do not suffice. */
size_t lz4_pack(struct lz4_work *work, const void *from, size_t size, void *to, size_t room);

/* The inverse: the number of bytes, or -EBADMSG where the block is damaged or does not fit. */
int64_t lz4_unpack(const void *from, size_t size, void *to, size_t room);

/* A whole file in LZ4's legacy frame, with its size behind it (as Linux's images: lz4 -l, and four bytes). Its size, or
 * -ENOEXEC where it is no such file; unpack it into as many bytes: 0, or -EBADMSG. */
int64_t lz4_file_size(const void *file, size_t size);
int lz4_file_unpack(const void *file, size_t size, void *to);

#endif
