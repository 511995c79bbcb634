/* Scalars with a domain. A physical address, a virtual address and a time are never mixed up silently. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t;	/* physical address */
typedef uint64_t vaddr_t;	/* virtual address */
typedef int64_t nsec_t;		/* nanoseconds */
typedef uint32_t cpu_id_t;	/* logical CPU number, 0 is the boot CPU */

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
/* `to` is a power of two. */
#define ALIGN_DOWN(x, to) ((x) & ~((__typeof__(x))(to) - 1))
#define ALIGN_UP(x, to) ALIGN_DOWN((x) + ((__typeof__(x))(to) - 1), to)
#define IS_ALIGNED(x, to) (((x) & ((__typeof__(x))(to) - 1)) == 0)

#define PAGE_SIZE 4096ull

#endif
