/* An object's tail says what state it is in, and since when. A free object is filled with one byte, which is checked
 * when it is handed out again: whoever wrote to it meanwhile had freed it before, and that site is named. The bytes
 * around an object, and those of its size class that were not asked for, are red: checked when it is freed. */
#include "kernel/mm/slab_debug.h"

#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"
#include "lib/string.h"

#define RED		0xbb
#define RED_WORD	0xbbbbbbbbbbbbbbbbull
#define FREED		0x6b
#define FRESH		0xa5	/* whoever reads it has not initialised the object */
#define STATE_LIVE	0x4556494c5f4a424full	/* "OBJ_LIVE" */
#define STATE_FREE	0x455246205f4a424full
#define SITES		64u
#define LEAKS_NAMED	16u

static uint32_t sequence;	/* atomic */

static struct slab_tail *tail_of(const struct slab_cache *cache, void *object)
{
	return (struct slab_tail *)((char *)object - cache->offset + cache->link - offsetof(struct slab_tail, link));
}

/* The first byte that differs, NULL where all are `byte`. */
static const uint8_t *find_other(const void *from, uint8_t byte, size_t size)
{
	const uint8_t *bytes = from;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != byte)
			return bytes + i;
	return NULL;
}

static _Noreturn void complain(const struct slab_cache *cache, void *object, const char *what, const void *where,
			       vaddr_t site)
{
	const struct slab_tail *tail = tail_of(cache, object);
	char allocated[SYMBOL_TEXT], freed[SYMBOL_TEXT], now[SYMBOL_TEXT];

	panic("slab: %s: object %p: %s, at its byte %ld; allocated by %s (%u bytes), freed by %s, found by %s", cache->name, object,
	      what, (long)((const char *)where - (const char *)object), symbol_text(tail->allocated_by - 1, allocated), tail->size,
	      tail->freed_by ? symbol_text(tail->freed_by - 1, freed) : "nobody", symbol_text(site - 1, now));
}

uint32_t slab_debug_next(void)
{
	return __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED);
}

uint32_t slab_debug_sequence(void)
{
	return __atomic_load_n(&sequence, __ATOMIC_RELAXED);
}

void slab_debug_new(struct slab_cache *cache, void *object)
{
	struct slab_tail *tail = tail_of(cache, object);

	memset((char *)object - cache->offset, RED, cache->offset);
	memset(object, FREED, cache->size);
	*tail = (struct slab_tail){ .red = RED_WORD, .state = STATE_FREE };
}

void slab_debug_taken(struct slab_cache *cache, void *object, uint32_t size, vaddr_t site)
{
	struct slab_tail *tail = tail_of(cache, object);
	const uint8_t *other = find_other(object, FREED, cache->size);

	if (other || tail->state != STATE_FREE)
		complain(cache, object, "was written to after it was freed", other ? other : (void *)&tail->state, site);
	memset(object, FRESH, size);
	memset((char *)object + size, RED, (size_t)((char *)tail - (char *)object) - size);
	tail->size = size;
	tail->allocated_by = site;
	tail->sequence = slab_debug_next();
	tail->state = STATE_LIVE;
}

void slab_debug_given(struct slab_cache *cache, void *object, vaddr_t site)
{
	struct slab_tail *tail = tail_of(cache, object);
	const uint8_t *before = find_other((char *)object - SLAB_RED_ZONE, RED, SLAB_RED_ZONE);

	if (tail->state == STATE_FREE)
		complain(cache, object, "is freed twice", object, site);
	if (tail->state != STATE_LIVE)
		complain(cache, object, "is no object, or was written over", &tail->state, site);
	if (before)
		complain(cache, object, "was written before its start", before, site);
	size_t behind_size = (size_t)((char *)&tail->allocated_by - (char *)object) - tail->size;
	const uint8_t *behind = find_other((char *)object + tail->size, RED, behind_size);
	if (behind)
		complain(cache, object, "was written behind its end", behind, site);
	memset(object, FREED, cache->size);
	tail->freed_by = site;
	tail->state = STATE_FREE;
}

typedef void visit_fn(void *context, const struct slab_cache *cache, void *object, const struct slab_tail *tail);

static void visit_slabs(struct slab_cache *cache, const struct frame *slab, visit_fn *visit, void *context)
{
	for (; slab; slab = slab->next) {
		char *object = (char *)phys_to_virt(frame_address(slab)) + cache->offset;
		for (unsigned i = 0; i < cache->per_slab; i++, object += cache->stride)
			if (tail_of(cache, object)->state == STATE_LIVE)
				visit(context, cache, object, tail_of(cache, object));
	}
}

static void visit_all(visit_fn *visit, void *context)
{
	for (struct slab_cache *cache = slab_caches(); cache; cache = cache->next) {
		uint64_t irq = spin_lock_irqsave(&cache->lock);
		visit_slabs(cache, cache->partial, visit, context);
		visit_slabs(cache, cache->full, visit, context);
		spin_unlock_irqrestore(&cache->lock, irq);
	}
}

struct leaks {
	uint32_t since;
	unsigned count;
};

static void leak_visit(void *context, const struct slab_cache *cache, void *object, const struct slab_tail *tail)
{
	struct leaks *leaks = context;
	char site[SYMBOL_TEXT];

	if ((int32_t)(tail->sequence - leaks->since) <= 0)
		return;
	if (leaks->count++ < LEAKS_NAMED)
		pr_err("slab: leak: %u bytes of %s at %p, allocated by %s", tail->size, cache->name, object,
		       symbol_text(tail->allocated_by - 1, site));
}

unsigned slab_debug_leaks(uint32_t since)
{
	struct leaks leaks = { since, 0 };

	visit_all(leak_visit, &leaks);
	return leaks.count;
}

struct site {
	vaddr_t address;
	uint64_t objects, bytes;
};

/* The last entry takes all sites that have no entry of their own. */
static void site_visit(void *context, const struct slab_cache *cache, void *object, const struct slab_tail *tail)
{
	struct site *sites = context;
	unsigned i = 0;

	while (i < SITES - 1 && sites[i].objects && sites[i].address != tail->allocated_by)
		i++;
	sites[i].address = i < SITES - 1 ? tail->allocated_by : 0;
	sites[i].objects++;
	sites[i].bytes += tail->size;
}

void slab_debug_print_sites(void)
{
	struct site sites[SITES] = { 0 };
	char text[SYMBOL_TEXT];

	visit_all(site_visit, sites);
	for (unsigned i = 0; i < SITES && sites[i].objects; i++)
		monitor_printf("%8llu objects %10llu bytes  %s\n", (unsigned long long)sites[i].objects,
			       (unsigned long long)sites[i].bytes,
			       sites[i].address ? symbol_text(sites[i].address - 1, text) : "all others");
}
