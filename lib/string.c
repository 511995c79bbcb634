/* Memory and string functions.
 *
 * What must be fast is the copying of pages and of lines on the screen, and the clearing of memory. From 128 bytes on
 * that is rep movsq or rep stosq: one step for eight bytes on an emulator that counts instructions, where a loop in C
 * takes at least two, and on real CPUs as fast as their memory, once the 30 cycles or so that the microcode needs to
 * start are paid. Shorter blocks go by a loop of quadwords. A rest of one to seven bytes costs no loop: the last
 * eight bytes of the block are moved as one more quadword, which overlaps what was moved already.
 *
 * A trap: a compiler may recognise a loop that copies or fills as memcpy or memset and put a call in its place, which
 * in here would call itself without end. no_builtin forbids that for every function in this file, whatever flags the
 * file is compiled with. */
#include "lib/string.h"

#include <stdbool.h>
#include <stdint.h>

#pragma clang attribute push(__attribute__((no_builtin)), apply_to = function)

/* Any two objects may lie behind these pointers, at any alignment. */
typedef uint64_t __attribute__((aligned(1), may_alias)) quad;
typedef uint32_t __attribute__((aligned(1), may_alias)) dword;

enum { REP_FROM = 128 };

/* Under eight bytes: everything is read before anything is written, so that overlap does no harm. Of one to three
 * bytes the first, the middle and the last are all there are. */
static void copy_small(uint8_t *to, const uint8_t *from, size_t size)
{
	if (size >= 4) {
		const uint32_t first = *(const dword *)from, last = *(const dword *)(from + size - 4);

		*(dword *)to = first;
		*(dword *)(to + size - 4) = last;
	} else if (size) {
		const uint8_t first = from[0], middle = from[size / 2], last = from[size - 1];

		to[0] = first;
		to[size / 2] = middle;
		to[size - 1] = last;
	}
}

/* Eight bytes or more, upwards: for blocks that do not overlap, or with `to` below `from`. The last quadword is read
 * first because the copying may run over it. */
static void copy_up(uint8_t *to, const uint8_t *from, size_t size)
{
	const uint64_t last = *(const quad *)(from + size - 8);
	quad *const end = (quad *)(to + size - 8);

	if (size >= REP_FROM) {
		size_t quads = size / 8;

		__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(quads) : : "memory");
		size %= 8;
	}
	for (; size > 8; size -= 8, to += 8, from += 8)
		*(quad *)to = *(const quad *)from;
	*end = last;
}

/* The same downwards, with `to` above `from`. Always a loop: rep with the direction flag set is slow on every CPU. */
static void copy_down(uint8_t *to, const uint8_t *from, size_t size)
{
	const uint64_t first = *(const quad *)from;

	for (size_t left = size; left > 8; left -= 8)
		*(quad *)(to + left - 8) = *(const quad *)(from + left - 8);
	*(quad *)to = first;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	if (size < 8)
		copy_small(to, from, size);
	else
		copy_up(to, from, size);
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	/* The difference wraps to a large number where `to` is below. */
	const bool upwards = (uintptr_t)to - (uintptr_t)from >= size;

	if (size < 8)
		copy_small(to, from, size);
	else if (upwards)
		copy_up(to, from, size);
	else
		copy_down(to, from, size);
	return to;
}

static void fill_small(uint8_t *to, uint64_t pattern, size_t size)
{
	if (size >= 4) {
		*(dword *)to = (uint32_t)pattern;
		*(dword *)(to + size - 4) = (uint32_t)pattern;
	} else if (size) {
		to[0] = (uint8_t)pattern;
		to[size / 2] = (uint8_t)pattern;
		to[size - 1] = (uint8_t)pattern;
	}
}

static void fill(uint8_t *to, uint64_t pattern, size_t size)
{
	quad *const end = (quad *)(to + size - 8);

	if (size >= REP_FROM) {
		size_t quads = size / 8;

		__asm__ volatile("rep stosq" : "+D"(to), "+c"(quads) : "a"(pattern) : "memory");
		size %= 8;
	}
	for (; size > 8; size -= 8, to += 8)
		*(quad *)to = pattern;
	*end = pattern;
}

void *memset(void *to, int byte, size_t size)
{
	const uint64_t pattern = (uint8_t)byte * 0x0101010101010101ull;

	if (size < 8)
		fill_small(to, pattern, size);
	else
		fill(to, pattern, size);
	return to;
}

/* Equal quadwords are passed over; the bytes decide, since in memory order the first byte is the lowest of its
 * quadword. */
int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *p = a, *q = b;

	for (; size >= 8 && *(const quad *)p == *(const quad *)q; size -= 8)
		p += 8, q += 8;
	for (; size; size--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

size_t strnlen(const char *s, size_t most)
{
	size_t size = 0;

	while (size < most && s[size])
		size++;
	return size;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t most)
{
	for (size_t i = 0; i < most; i++) {
		/* ISO C compares as unsigned char, whatever char is. */
		const uint8_t x = (uint8_t)a[i], y = (uint8_t)b[i];

		if (x != y || !x)
			return x - y;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	while (*s != (char)c) {
		if (!*s++)
			return NULL;
	}
	return (char *)s;
}

#pragma clang attribute pop
