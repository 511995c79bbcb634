/* Three floors. A CPU's magazine is a stack of free objects, touched with interrupts off and no lock; it is filled from
 * and emptied to the slabs by halves, under the cache's lock (Bonwick and Adams, Magazines and Vmem, 2001). A slab is a
 * block of frames cut into objects of one size, its free ones on a list through the objects themselves. Slabs come from
 * the frame allocator and go back when they are empty, except one.
 *
 * The struct frame of each frame of a slab names the cache, so that kfree() finds it by the address alone; the head's
 * holds the list.
 *
 * Hardening: a link is the number of the next free object, encoded as 8 bytes with a secret of the cache and its own
 * address, so that what was written into a freed object decodes to a number that no object has, and is noticed before
 * it is used. An object loses its link when it leaves its slab, so that one that has a link when it comes back was freed
 * before; what is freed twice in a row is noticed at once. Builds without NDEBUG notice all of it at once
 * (slab_debug.c). */
#include "kernel/mm/slab.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/core/assert.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/monitor.h"
#include "kernel/mm/failure.h"
#include "kernel/mm/slab_debug.h"
#include "lib/bytes.h"
#include "lib/string.h"

#define MAGAZINE_MOST	32u
#define SLAB_OBJECTS	8u		/* a slab has at least as many */
#define SLAB_ORDER_MOST	4u

struct magazine {
	uint32_t count;
	void *objects[1 + MAGAZINE_MOST];	/* from [1] on; [0] is NULL, so that there is a last one to compare with */
};

/* A CPU's own; others only count what is in them. */
struct magazines {
	struct magazine *of[SLAB_CACHES_MAX + 1];	/* by the cache's index, made when first needed; the last never is */
	struct magazines *next;
};

static PERCPU(struct magazines, magazines);
static struct magazines *all_magazines;	/* atomic */

static struct slab_cache cache_cache, magazine_cache;
static struct slab_cache *all_caches;
static struct spinlock list_lock = SPINLOCK("slab caches");	/* all_caches, cache_count */
static unsigned cache_count;

static struct frame *slab_of(const struct slab_cache *cache, const void *object)
{
	return frame_of(ALIGN_DOWN(virt_to_phys(object), PAGE_SIZE << cache->order));
}

static char *slab_start(const struct frame *slab)
{
	return phys_to_virt(frame_address(slab));
}

static void *slab_object(const struct slab_cache *cache, const struct frame *slab, unsigned index)
{
	return slab_start(slab) + (size_t)index * cache->stride + cache->offset;
}

static unsigned object_index(const struct slab_cache *cache, const struct frame *slab, const void *object)
{
	uint32_t at = (uint32_t)((const char *)object - slab_start(slab) - cache->offset);

	if (at % cache->stride || at / cache->stride >= cache->per_slab)
		panic("slab: %s: %p is no object", cache->name, object);
	return at / cache->stride;
}

static uint64_t *object_link(const struct slab_cache *cache, void *object)
{
	return (uint64_t *)((char *)object - cache->offset + cache->link);
}

static void link_write(const struct slab_cache *cache, void *object, unsigned next)
{
	uint64_t *link = object_link(cache, object);

	*link = next ^ cache->secret ^ __builtin_bswap64((vaddr_t)link);
}

/* False where there is none, which other bytes look like once in 2^48 times. */
static bool link_read(const struct slab_cache *cache, void *object, uint16_t *ret)
{
	uint64_t *link = object_link(cache, object);
	uint64_t next = *link ^ cache->secret ^ __builtin_bswap64((vaddr_t)link);

	*ret = (uint16_t)next;
	return next < cache->per_slab || next == SLAB_NO_OBJECT;
}

static void list_add(struct frame **list, struct frame *slab)
{
	slab->prev = NULL;
	slab->next = *list;
	if (slab->next)
		slab->next->prev = slab;
	*list = slab;
}

static void list_remove(struct frame **list, struct frame *slab)
{
	if (slab->next)
		slab->next->prev = slab->prev;
	if (slab->prev)
		slab->prev->next = slab->next;
	else
		*list = slab->next;
}

static struct frame *slab_new(struct slab_cache *cache)
{
	paddr_t block = cache->order ? frames_alloc(cache->order, FRAMES_ANYWHERE, FRAME_SLAB) : frame_alloc(FRAME_SLAB);

	if (!block)
		return NULL;
	struct frame *slab = frame_of(block);
	for (unsigned i = 0; i < 1u << cache->order; i++) {
		slab[i].use = FRAME_SLAB;
		slab[i].cache = cache;
	}
	slab->slab_used = 0;
	slab->slab_free = 0;
	for (unsigned i = 0; i < cache->per_slab; i++) {
		void *object = slab_object(cache, slab, i);
		if (SLAB_DEBUG)
			slab_debug_new(cache, object);
		link_write(cache, object, i + 1 < cache->per_slab ? i + 1 : SLAB_NO_OBJECT);
	}
	return slab;
}

static void slab_delete(struct slab_cache *cache, struct frame *slab)
{
	for (unsigned i = 1; i < 1u << cache->order; i++)
		slab[i].use = FRAME_NONE;
	frames_free(frame_address(slab));
}

/* One object from the slabs that are there, NULL where all are full. */
static void *take_locked(struct slab_cache *cache) REQUIRES(&cache->lock)
{
	struct frame *slab = cache->partial;

	if (!slab)
		return NULL;
	void *object = slab_object(cache, slab, slab->slab_free);
	cache->empty -= !slab->slab_used;
	slab->slab_used++;
	if (!link_read(cache, object, &slab->slab_free))
		panic("slab: %s: the free object at %p was written to", cache->name, object);
	*object_link(cache, object) = 0;
	if (slab->slab_free == SLAB_NO_OBJECT) {
		list_remove(&cache->partial, slab);
		list_add(&cache->full, slab);
	}
	cache->used++;
	return object;
}

/* Returns the slab where it is empty now and one too many. */
static struct frame *give_locked(struct slab_cache *cache, void *object) REQUIRES(&cache->lock)
{
	struct frame *slab = slab_of(cache, object);
	unsigned index = object_index(cache, slab, object);
	uint16_t next;

	if (!slab->slab_used || slab->slab_free == index || link_read(cache, object, &next))
		panic("slab: %s: %p is freed twice", cache->name, object);
	if (slab->slab_free == SLAB_NO_OBJECT) {
		list_remove(&cache->full, slab);
		list_add(&cache->partial, slab);
	}
	link_write(cache, object, slab->slab_free);
	slab->slab_free = (uint16_t)index;
	slab->slab_used--;
	cache->used--;
	if (slab->slab_used)
		return NULL;
	if (!cache->empty) {
		cache->empty = 1;
		return NULL;
	}
	list_remove(&cache->partial, slab);
	cache->slabs--;
	return slab;
}

/* Up to `count` objects; how many. A new slab is made without the lock, since that may take long. */
static unsigned take_many(struct slab_cache *cache, void **ret, unsigned count)
{
	struct frame *fresh = NULL;
	unsigned got = 0;

	do {
		spin_lock(&cache->lock);
		if (fresh) {
			list_add(&cache->partial, fresh);
			cache->slabs++;
			cache->empty++;
		}
		while (got < count && (ret[got] = take_locked(cache)))
			got++;
		spin_unlock(&cache->lock);
	} while (!got && (fresh = slab_new(cache)));
	return got;
}

static void give_many(struct slab_cache *cache, void **objects, unsigned count)
{
	struct frame *gone = NULL, *next;

	spin_lock(&cache->lock);
	for (unsigned i = 0; i < count; i++) {
		struct frame *empty = give_locked(cache, objects[i]);
		if (!empty)
			continue;
		empty->next = gone;
		gone = empty;
	}
	spin_unlock(&cache->lock);
	for (; gone; gone = next) {
		next = gone->next;
		slab_delete(cache, gone);
	}
}

/* This CPU's; NULL where it has none yet. */
static inline struct magazine *magazine_of(const struct slab_cache *cache)
{
	return this_cpu(magazines).of[cache->index];
}

/* NULL where the cache has no magazines, or there is no memory for one. */
static struct magazine *magazine_make(struct slab_cache *cache)
{
	void *memory;

	if (cache->index >= SLAB_CACHES_MAX || take_many(&magazine_cache, &memory, 1) == 0)
		return NULL;
	struct magazine *m = memory;
	m->count = 0;
	m->objects[0] = NULL;
	return this_cpu(magazines).of[cache->index] = m;
}

/* The magazine is missing or empty. Not inlined, so that the usual case saves no registers for it. */
static __attribute__((noinline)) void *alloc_slow(struct slab_cache *cache)
{
	uint64_t irq = cpu_irq_save();
	struct magazine *m = magazine_of(cache);
	void *object = NULL;

	if (!m)
		m = magazine_make(cache);
	if (!m) {
		take_many(cache, &object, 1);
	} else {
		if (!m->count)
			m->count = take_many(cache, m->objects + 1, MAX(cache->magazine_room / 2u, 1u));
		object = m->count ? m->objects[m->count--] : NULL;
	}
	cpu_irq_restore(irq);
	return object;
}

/* The magazine is missing or full, or something is wrong. The objects that have lain longest go. */
static __attribute__((noinline)) void free_slow(struct slab_cache *cache, void *object)
{
	uint64_t irq = cpu_irq_save();
	struct magazine *m = magazine_of(cache);

	if (!m)
		m = magazine_make(cache);
	if (m && m->objects[m->count] == object)
		panic("slab: %s: %p is freed twice", cache->name, object);
	if (m && m->count == cache->magazine_room) {
		unsigned gone = MAX(m->count / 2, 1u);
		give_many(cache, m->objects + 1, gone);
		m->count -= gone;
		memmove(m->objects + 1, m->objects + 1 + gone, m->count * sizeof(m->objects[0]));
	}
	if (m)
		m->objects[++m->count] = object;
	else
		give_many(cache, &object, 1);
	cpu_irq_restore(irq);
}

static inline void *alloc_fast(struct slab_cache *cache)
{
	uint64_t irq = cpu_irq_save();
	struct magazine *m = magazine_of(cache);

	if (m && m->count) {
		void *object = m->objects[m->count--];
		cpu_irq_restore(irq);
		return object;
	}
	cpu_irq_restore(irq);
	return alloc_slow(cache);
}

void *slab_alloc_from(struct slab_cache *cache, uint32_t size, vaddr_t site)
{
	void *object = failure_is_due() ? NULL : alloc_fast(cache);

	if (SLAB_DEBUG && object)
		slab_debug_taken(cache, object, size, site);
	return object;
}

void slab_free_from(struct slab_cache *cache, void *object, vaddr_t site)
{
	if (SLAB_DEBUG)
		slab_debug_given(cache, object, site);
	uint64_t irq = cpu_irq_save();
	struct magazine *m = magazine_of(cache);
	if (m && m->count < cache->magazine_room && m->objects[m->count] != object) {
		m->objects[++m->count] = object;
		cpu_irq_restore(irq);
		return;
	}
	cpu_irq_restore(irq);
	free_slow(cache, object);
}

void *slab_alloc(struct slab_cache *cache)
{
	return slab_alloc_from(cache, cache->size, (vaddr_t)__builtin_return_address(0));
}

void slab_free(struct slab_cache *cache, void *object)
{
	ASSERT(slab_of(cache, object)->cache == cache);
	slab_free_from(cache, object, (vaddr_t)__builtin_return_address(0));
}

/* Objects with what lies around them, and slabs large enough for some. */
static void cache_lay_out(struct slab_cache *cache, uint32_t align)
{
	align = MAX(align, 16u);
	cache->offset = SLAB_DEBUG ? ALIGN_UP(SLAB_RED_ZONE, align) : 0;
	uint32_t tail = cache->offset + ALIGN_UP(cache->size, 8u);
	cache->link = SLAB_DEBUG ? tail + (uint32_t)offsetof(struct slab_tail, link) : 0;
	cache->stride = ALIGN_UP(tail + (SLAB_DEBUG ? (uint32_t)sizeof(struct slab_tail) : 0), align);
	while (cache->order < SLAB_ORDER_MOST && PAGE_SIZE << cache->order < (uint64_t)SLAB_OBJECTS * cache->stride)
		cache->order++;
	cache->per_slab = (uint16_t)((PAGE_SIZE << cache->order) / cache->stride);
	cache->magazine_room = (uint16_t)(cache->size <= 256 ? MAGAZINE_MOST : cache->size <= 1024 ? 16 : 4);
}

/* A different secret for each cache, out of the loader's entropy. */
static uint64_t secret_make(unsigned index)
{
	const struct handoff *h = boot_info();

	return (bytes_get_u64(h->entropy + index * 8 % 56) ^ index) * 0x9e3779b97f4a7c15ull;
}

void slab_cache_init(struct slab_cache *cache, const char *name, uint32_t size, uint32_t align)
{
	*cache = (struct slab_cache){ .name = name, .size = size, .lock = SPINLOCK_RANKED("slab cache", LOCK_SLAB_CACHE) };
	ASSERT(size && size <= 8192 && align <= PAGE_SIZE && IS_ALIGNED(align, MAX(align, 1u)));
	cache_lay_out(cache, align);
	uint64_t irq = spin_lock_irqsave(&list_lock);
	cache->index = (uint16_t)MIN(cache_count, SLAB_CACHES_MAX);
	cache->secret = secret_make(cache_count++);
	cache->next = all_caches;
	__atomic_store_n(&all_caches, cache, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(&list_lock, irq);
}

struct slab_cache *slab_cache_create(const char *name, uint32_t size, uint32_t align)
{
	struct slab_cache *cache = slab_alloc(&cache_cache);

	if (cache)
		slab_cache_init(cache, name, size, align);
	return cache;
}

void slab_init(void)
{
	slab_cache_init(&magazine_cache, "magazine", sizeof(struct magazine), 0);
	magazine_cache.index = SLAB_CACHES_MAX;		/* a magazine of magazines would have no end */
	slab_cache_init(&cache_cache, "slab-cache", sizeof(struct slab_cache), 0);
}

void slab_init_cpu(void)
{
	struct magazines *m = &this_cpu(magazines);

	memset(m, 0, sizeof(*m));
	m->next = __atomic_load_n(&all_magazines, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&all_magazines, &m->next, m, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

struct slab_cache *slab_caches(void)
{
	return __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE);
}

uint64_t slab_live(struct slab_cache *cache)
{
	uint64_t live = cache->used;

	for (struct magazines *m = __atomic_load_n(&all_magazines, __ATOMIC_ACQUIRE); m; m = m->next)
		if (cache->index < SLAB_CACHES_MAX && m->of[cache->index])
			live -= m->of[cache->index]->count;
	return live;
}

static int slab_command(int argc, char **argv)
{
	if (argc > 2 || (argc == 2 && strcmp(argv[1], "sites") != 0))
		return -EINVAL;
	if (argc == 2) {
		if (!SLAB_DEBUG)
			return -ENOSYS;
		slab_debug_print_sites();
		return 0;
	}
	monitor_printf("%-16s %8s %8s %8s %8s\n", "cache", "bytes", "objects", "slabs", "KiB");
	for (struct slab_cache *c = slab_caches(); c; c = c->next) {
		uint32_t slabs = __atomic_load_n(&c->slabs, __ATOMIC_RELAXED);
		monitor_printf("%-16s %8u %8llu %8u %8llu\n", c->name, c->size, (unsigned long long)slab_live(c), slabs,
			       (unsigned long long)slabs * (PAGE_SIZE << c->order) / 1024);
	}
	return 0;
}
MONITOR_COMMAND(slab, "[sites]", "the kernel's objects by size; or by who allocated them", slab_command,
	.text = "Objects of one size share pages; a row shows how many there are and what they take. sites names the "
		"callers that hold most; builds without debugging do not know them.");
