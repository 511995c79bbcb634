/* Memory by the stretch, as fast as the CPU can, for who measures or tests it.
 *
 * Rules: any context. Counts are of 8-byte words. From some kilobytes on the string instructions are the fastest way
 * there is without vector registers: they own whole lines without reading them first (Intel Optimization Reference
 * Manual, "Enhanced REP MOVSB and STOSB operation"). */
#ifndef KERNEL_ARCH_STREAM_H
#define KERNEL_ARCH_STREAM_H

#include "lib/types.h"

static inline void stream_fill(uint64_t *to, size_t count, uint64_t value)
{
	__asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(value) : "memory");
}

static inline void stream_copy(uint64_t *to, const uint64_t *from, size_t count)
{
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

/* Read it, and do nothing with it. count is a multiple of 8. */
static inline void stream_read(const uint64_t *from, size_t count)
{
	for (const uint64_t *end = from + count; from < end; from += 8) {
		uint64_t a = from[0] ^ from[1], b = from[2] ^ from[3], c = from[4] ^ from[5], d = from[6] ^ from[7];
		__asm__ volatile("" :: "r"(a), "r"(b), "r"(c), "r"(d));
	}
}

/* Write back what this CPU's caches hold, and forget it: the next access of any memory reaches the memory. Takes
 * milliseconds, in which this CPU takes no interrupt. */
static inline void stream_flush_caches(void)
{
	__asm__ volatile("wbinvd" ::: "memory");
}

#endif
