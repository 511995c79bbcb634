/* kmalloc and slab caches: sizes, contents, and what builds without NDEBUG find. */
#include "kernel/mm/kmalloc.h"

#include "kernel/core/memory_map.h"
#include "kernel/mm/slab.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

static volatile size_t zero;	/* what the compiler is not to know */

/* All sizes around the classes' borders live at once, each filled with a byte of its own. */
KERNEL_TEST_ALLOC(kmalloc_objects_do_not_overlap)
{
	uint8_t *objects[200] = { 0 };
	size_t sizes[ARRAY_SIZE(objects)];
	unsigned count = 0;
	bool right = true;

	for (size_t size = 1; size < 40000 && count < ARRAY_SIZE(objects); size += size / 16 + 1) {
		sizes[count] = size;
		objects[count] = kmalloc(size);
		if (!objects[count])
			break;
		right &= IS_ALIGNED((vaddr_t)objects[count], 16ull) && kmalloc_room(objects[count]) >= size;
		right &= size <= 3072 || IS_ALIGNED((vaddr_t)objects[count], PAGE_SIZE);
		memset(objects[count], (int)(count & 0xff), size);
		count++;
	}
	bool complete = count > 100 && sizes[count - 1] > 30000;
	while (count--) {
		for (size_t i = 0; i < sizes[count]; i++)
			right &= objects[count][i] == (count & 0xff);
		kfree(objects[count]);
	}
	KT_CHECK(right);
	return complete ? KT_PASS : KT_NO_MEMORY;
}

KERNEL_TEST_ALLOC(kmalloc_has_limits)
{
	kfree(NULL);
	KT_CHECK(!kmalloc(MIB(4) + 1) && !kmalloc(SIZE_MAX - zero));
	uint8_t *large = kzalloc(MIB(4)), *empty = kmalloc(zero);
	bool all = large && empty;
	KT_CHECK(!large || (large[0] == 0 && large[MIB(4) - 1] == 0));
	kfree(large);
	kfree(empty);
	return all ? KT_PASS : KT_NO_MEMORY;
}

/* Objects go through slabs and back many times over; what is kept in the end is what was there before. */
KERNEL_TEST_ALLOC(slabs_are_given_back)
{
	static struct slab_cache *cache;
	static void *objects[3000];
	unsigned steps = kt_failing ? 30 : 40000, failures = 0;
	uint64_t random = 1;

	cache = cache ? cache : slab_cache_create("test", 200, 64);
	KT_NEED(cache);
	for (unsigned step = 0; step < steps; step++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		void **at = &objects[(random >> 33) % ARRAY_SIZE(objects)];
		if (*at) {
			KT_CHECK(*(void **)*at == (void *)at);
			slab_free(cache, *at);
			*at = NULL;
		} else {
			*at = slab_alloc(cache);
			KT_CHECK(IS_ALIGNED((vaddr_t)*at, 64ull));
			failures += !*at;
			if (*at)
				*(void **)*at = (void *)at;
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(objects); i++) {
		if (objects[i])
			slab_free(cache, objects[i]);
		objects[i] = NULL;
	}
	KT_CHECK(slab_live(cache) == 0 && cache->slabs <= 40);
	KT_NEED(!failures);
	return KT_PASS;
}

/* The report counts what was not freed, and nothing else. */
KERNEL_TEST_ALLOC(leaks_are_found)
{
	void *before = kmalloc(100);
	uint32_t mark = kmalloc_mark();
	void *small = kmalloc(100), *large = kmalloc(10000), *freed = kmalloc(100);

	bool all = before && small && large && freed;

	kfree(freed);
	KT_CHECK(!all || kmalloc_leaks(mark) == (SLAB_DEBUG ? 2 : 0));
	kfree(small);
	kfree(large);
	KT_CHECK(kmalloc_leaks(mark) == 0);
	kfree(before);
	KT_NEED(all);
	return KT_PASS;
}

/* The analyser knows what kfree does, and is right about what follows. */
static void (*const volatile release)(void *) = kfree;

KERNEL_TEST_PANIC(panic_freed_twice)
{
	void *a = kmalloc(40), *b = kmalloc(40);

	release(a);
	release(b);
	release(a);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_used_after_free)
{
	volatile uint8_t *a = kmalloc(40);

	release((void *)a);
	a[zero + 3] = 1;
	for (unsigned i = 0; i < 100; i++)
		kmalloc(40);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_written_behind)
{
	uint8_t *a = kmalloc(13);

	memset(a, 1, 14 + zero);
	release(a);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_written_before)
{
	volatile uint8_t *a = kmalloc(64);

	*(a - 1 - zero) = 1;
	release((void *)a);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_freed_inside)
{
	release((uint8_t *)kmalloc(64) + 16);
	return KT_PASS;
}

/* The rest is found in every build. */
KERNEL_TEST_PANIC(panic_freed_twice_in_a_row)
{
	void *a = kmalloc(40);

	release(a);
	release(a);
	return KT_PASS;
}

#define OBJECTS 100u	/* more than a CPU's magazine holds, so that some reach their slab */

static void *many[OBJECTS];

static void allocate_many(size_t size)
{
	for (unsigned i = 0; i < OBJECTS; i++)
		many[i] = kmalloc(size);
}

KERNEL_TEST_PANIC(panic_freed_twice_reaches_its_slab)
{
	allocate_many(40);
	release(many[0]);
	release(many[1]);
	release(many[0]);
	for (unsigned i = 2; i < OBJECTS; i++)
		release(many[i]);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_freed_inside_reaches_its_slab)
{
	allocate_many(64);
	release((uint8_t *)many[0] + 16);
	for (unsigned i = 1; i < OBJECTS; i++)
		release(many[i]);
	return KT_PASS;
}

/* Every other object is free, so that no slab is given back, and the link of each leads nowhere. */
KERNEL_TEST_PANIC(panic_link_written_over)
{
	struct slab_cache *cache = slab_cache_create("test links", 64, 0);

	for (unsigned i = 0; i < OBJECTS; i++)
		many[i] = slab_alloc(cache);
	for (unsigned i = 0; i < OBJECTS; i += 2)
		slab_free(cache, many[i]);
	for (unsigned i = 0; i < OBJECTS; i += 2)
		((volatile uint8_t *)many[i] - cache->offset + cache->link)[2] ^= 1;
	for (unsigned i = 0; i < OBJECTS; i += 2)
		slab_alloc(cache);
	return KT_PASS;
}
