/* Physical memory for tests of code that reads the firmware's tables through a map function.
 *
 * Rules: every map gives a copy of its own, exactly as long as asked for and at an odd address, so that the
 * sanitizers see a read behind the end and an access that needs alignment. Copies live until physmem_free, as
 * pointers from one map must survive the next. */
#ifndef TESTS_UNIT_PHYSMEM_H
#define TESTS_UNIT_PHYSMEM_H

#include <stdlib.h>
#include <string.h>

#include "lib/types.h"

struct physmem_copy {
	struct physmem_copy *next;
	uint8_t odd, data[];
};

struct physmem {
	uint8_t *bytes;		/* what lies at address base */
	size_t size;
	paddr_t base;
	struct physmem_copy *copies;
};

static inline const void *physmem_map(void *context, paddr_t address, size_t size)
{
	struct physmem *memory = context;
	const uint64_t offset = address - memory->base;	/* of an address below: a very large one */
	struct physmem_copy *copy;

	if (offset > memory->size || size > memory->size - offset)
		return NULL;
	copy = malloc(offsetof(struct physmem_copy, data) + size);
	if (!copy)
		abort();
	copy->next = memory->copies;
	memory->copies = copy;
	memcpy(copy->data, memory->bytes + offset, size);
	return copy->data;
}

static inline void physmem_free(struct physmem *memory)
{
	while (memory->copies) {
		struct physmem_copy *next = memory->copies->next;

		free(memory->copies);
		memory->copies = next;
	}
}

/* Make size bytes sum to 0 by the byte at `checksum`. */
static inline void physmem_seal(uint8_t *bytes, size_t size, size_t checksum)
{
	uint8_t sum = 0;

	bytes[checksum] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	bytes[checksum] = (uint8_t)-sum;
}

static inline void physmem_put(uint8_t *at, uint64_t value, size_t size)
{
	for (; size; size--, value >>= 8)
		*at++ = (uint8_t)value;
}

#endif
