/* Memory comes in as stretches of the firmware's map and stays untouched until it is needed: a zone whose buddy
 * allocator has no block left takes in the next section, 4 MiB, of a stretch. Only then does the section get its struct
 * frames, 32 KiB of them, in frames from the far end of the same stretch: so they cost nothing at boot, however much
 * memory there is, and lie on the node that they describe.
 *
 * The array of struct frame is one range of addresses with an element for each possible frame; what is not backed is
 * not memory, or untouched. A section is backed as a whole, since a frame's buddy is in the same section
 * (kernel/mm/buddy.h). A stretch of a few frames in a section that nobody else has backed is not worth it and waits for
 * a neighbour.
 *
 * Locks: the zone's, then array_lock, since zones share page tables of the array and even sections. */
#include "kernel/mm/zones.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/mm/bootmem.h"
#include "kernel/mm/numa.h"
#include "lib/string.h"

#define SECTION_FRAMES	(1ull << BUDDY_ORDER_MAX)
#define ARRAY_PAGES	(SECTION_FRAMES * sizeof(struct frame) / PAGE_SIZE)	/* for one section */
#define STRETCH_LEAST	(ARRAY_PAGES + 3 + 1)	/* page tables of three levels, and one frame to hand out */
#define STRETCHES_SPARE	64u	/* retiring a frame in the middle of a stretch cuts it in two */

static struct frame *const array = (struct frame *)MMU_FRAME_ARRAY;
static struct spinlock array_lock = SPINLOCK("frame array");
static struct spinlock pool_lock = SPINLOCK("stretches");
static struct stretch *pool GUARDED_BY(&pool_lock);	/* unused ones */
static struct zone *zones;
static unsigned zone_count;

void zones_init(size_t stretches) UNCHECKED_LOCKS
{
	zone_count = 2 * numa_node_count();
	/* The border at 4 GiB and those of the nodes cut one stretch each at most. */
	size_t pieces = stretches + 1 + STRETCHES_SPARE + numa_border_count();
	struct stretch *memory = bootmem_alloc(pieces * sizeof(*memory), 8);
	zones = bootmem_alloc(zone_count * sizeof(*zones), 64);
	if (!memory || !zones)
		panic("memory: none for %u zones and %zu stretches", zone_count, pieces);
	for (size_t i = 0; i < pieces; i++) {
		memory[i].next = pool;
		pool = &memory[i];
	}
	for (unsigned i = 0; i < zone_count; i++) {
		zones[i].lock = (struct spinlock)SPINLOCK_RANKED("zone", LOCK_ZONE);
		zones[i].buddy.frames = array;
		zones[i].buddy.zone = (uint16_t)i;
	}
}

unsigned zones_count(void)
{
	return zone_count;
}

struct zone *zone_at(unsigned index)
{
	return &zones[index];
}

static struct stretch *stretch_new(uint64_t first, uint64_t end, struct stretch *next)
{
	uint64_t irq = spin_lock_irqsave(&pool_lock);
	struct stretch *s = pool;

	if (s) {
		pool = s->next;
		*s = (struct stretch){ next, first, end };
	}
	spin_unlock_irqrestore(&pool_lock, irq);
	return s;
}

static void stretch_delete(struct stretch *s)
{
	uint64_t irq = spin_lock_irqsave(&pool_lock);

	s->next = pool;
	pool = s;
	spin_unlock_irqrestore(&pool_lock, irq);
}

static void zone_give(struct zone *z, uint64_t first, uint64_t end)
{
	uint64_t irq = spin_lock_irqsave(&z->lock);
	struct stretch *s = stretch_new(first, end, z->untouched);

	if (s) {
		z->untouched = s;
		z->untouched_frames += end - first;
		z->frames += end - first;
	}
	spin_unlock_irqrestore(&z->lock, irq);
}

void zones_give(paddr_t base, uint64_t size)
{
	for (paddr_t at = base, end = base + size, next; at < end; at = next) {
		unsigned node = numa_node_of(at, &next);
		next = MIN(ALIGN_DOWN(next, PAGE_SIZE), end);
		if (at < GIB(4))
			next = MIN(next, GIB(4));
		if (next <= at)		/* a node's border inside a page */
			next = at + PAGE_SIZE;
		zone_give(&zones[2 * node + (at >= GIB(4))], at / PAGE_SIZE, next / PAGE_SIZE);
	}
}

static paddr_t frame_from_stretch(void *context)
{
	struct stretch *s = context;

	return s->first < s->end ? --s->end * PAGE_SIZE : 0;
}

static vaddr_t section_array(uint64_t number)
{
	return (vaddr_t)&array[ALIGN_DOWN(number, SECTION_FRAMES)];
}

static bool section_is_backed(uint64_t number)
{
	paddr_t unused;

	return mmu_translate(section_array(number), &unused);
}

/* Make the struct frames of the section in which a stretch starts, out of the stretch's end. A frame given up here
 * never goes to a buddy allocator, so its own struct frame is not needed. */
static void section_back(struct zone *z, struct stretch *s)
{
	uint64_t end = s->end;

	spin_lock(&array_lock);
	if (!section_is_backed(s->first)) {
		vaddr_t at = section_array(s->first);
		for (unsigned i = 0; i < ARRAY_PAGES; i++, at += PAGE_SIZE) {
			paddr_t frame = frame_from_stretch(s);
			memset(phys_to_virt(frame), 0, PAGE_SIZE);
			if (mmu_map_frame_array(at, frame, frame_from_stretch, s))
				panic("memory: no struct frames for %#llx", (unsigned long long)s->first * PAGE_SIZE);
		}
	}
	spin_unlock(&array_lock);
	z->array_frames += end - s->end;
}

/* Give the buddy allocator what a stretch has in the section where it starts. Returns how many frames it is shorter. */
static uint64_t stretch_take_in(struct zone *z, struct stretch **link)
{
	struct stretch *s = *link;
	uint64_t before = s->end - s->first, section_end = ALIGN_DOWN(s->first, SECTION_FRAMES) + SECTION_FRAMES;

	section_back(z, s);
	uint64_t end = MIN(s->end, section_end);
	buddy_add(&z->buddy, s->first, end - s->first);
	s->first = end;
	uint64_t after = s->end - s->first;
	if (!after) {
		*link = s->next;
		stretch_delete(s);
	}
	return before - after;
}

/* False where the zone has nothing more. */
static bool zone_take_in(struct zone *z)
{
	struct stretch *s;

	while ((s = z->untouched)) {
		uint64_t size = s->end - s->first;
		if (size >= STRETCH_LEAST || section_is_backed(s->first)) {
			z->untouched_frames -= stretch_take_in(z, &z->untouched);
			return true;
		}
		z->untouched = s->next;
		s->next = z->scattered;
		z->scattered = s;
		z->untouched_frames -= size;
		z->scattered_frames += size;
	}
	for (struct stretch **link = &z->scattered; *link; link = &(*link)->next) {
		if (!section_is_backed((*link)->first))
			continue;
		z->scattered_frames -= stretch_take_in(z, link);
		return true;
	}
	return false;
}

/* Is there enough to leave the reserve? */
static bool zone_has(const struct zone *z, uint64_t wanted, uint64_t reserve)
{
	return z->buddy.free_frames + z->untouched_frames >= reserve + wanted || (z->scattered && !reserve);
}

static struct frame *zone_alloc_locked(struct zone *z, unsigned order, uint64_t reserve) REQUIRES(&z->lock)
{
	struct frame *f = NULL;

	if (zone_has(z, 1ull << order, reserve))
		do
			f = buddy_alloc(&z->buddy, order);
		while (!f && zone_take_in(z));
	return f;
}

struct frame *zone_alloc(struct zone *z, unsigned order, uint64_t reserve)
{
	uint64_t irq = spin_lock_irqsave(&z->lock);
	struct frame *f = zone_alloc_locked(z, order, reserve);

	spin_unlock_irqrestore(&z->lock, irq);
	return f;
}

unsigned zone_alloc_many(struct zone *z, struct frame **ret, unsigned count, uint64_t reserve)
{
	uint64_t irq = spin_lock_irqsave(&z->lock);
	unsigned got = 0;

	while (got < count && (ret[got] = zone_alloc_locked(z, 0, reserve)))
		got++;
	spin_unlock_irqrestore(&z->lock, irq);
	return got;
}

void zone_free(struct zone *z, struct frame *head, unsigned order)
{
	uint64_t irq = spin_lock_irqsave(&z->lock);

	buddy_free(&z->buddy, head, order);
	spin_unlock_irqrestore(&z->lock, irq);
}

/* Cut one frame out of a list of stretches; false where it is in none of them, or there is no struct stretch left. */
static bool stretch_cut(struct stretch **link, uint64_t number)
{
	for (; *link; link = &(*link)->next) {
		struct stretch *s = *link, *upper;
		if (number < s->first || number >= s->end)
			continue;
		upper = stretch_new(number + 1, s->end, s->next);
		if (!upper)
			return false;
		s->next = upper;
		s->end = number;
		return true;
	}
	return false;
}

bool zone_retire(struct zone *z, uint64_t number)
{
	uint64_t irq = spin_lock_irqsave(&z->lock);
	bool done = true;

	if (stretch_cut(&z->untouched, number)) {
		z->untouched_frames--;
	} else if (stretch_cut(&z->scattered, number)) {
		z->scattered_frames--;
	} else if (section_is_backed(number) && buddy_take(&z->buddy, number)) {
		array[number].use = FRAME_RETIRED;
	} else {
		done = false;
	}
	z->retired_frames += done;
	spin_unlock_irqrestore(&z->lock, irq);
	return done;
}

uint64_t zone_free_frames(const struct zone *z)
{
	return z->buddy.free_frames + z->untouched_frames;
}
