/* A block's buddy is the other half of the block twice as large: the frame number with bit `order` turned over. A block
 * that is freed looks at its buddy's head; where that is the head of a free block of the same order the two are one
 * block of the next order, and so on. Allocation goes the other way and halves the smallest block that is large enough.
 *
 * Free blocks of each order hang on a list whose newest is taken first: it is the one most likely to be in the CPU's
 * caches. */
#include "kernel/mm/buddy.h"

static void block_push(struct buddy *b, struct frame *head, unsigned order)
{
	head->use = FRAME_FREE;
	head->order = order & 15;
	head->zone = b->zone & 0xfff;
	head->prev = NULL;
	head->next = b->free[order];
	if (head->next)
		head->next->prev = head;
	b->free[order] = head;
	b->orders |= 1u << order;
}

static void block_unlink(struct buddy *b, struct frame *head)
{
	unsigned order = head->order;

	if (head->next)
		head->next->prev = head->prev;
	if (head->prev)
		head->prev->next = head->next;
	else
		b->free[order] = head->next;
	if (!b->free[order])
		b->orders &= ~(1u << order);
	head->use = FRAME_NONE;
}

struct frame *buddy_alloc(struct buddy *b, unsigned order)
{
	uint32_t large_enough = b->orders >> order << order;

	if (!large_enough)
		return NULL;
	unsigned from = (unsigned)__builtin_ctz(large_enough);
	struct frame *head = b->free[from];
	block_unlink(b, head);
	while (from > order) {
		from--;
		block_push(b, head + (1u << from), from);
	}
	head->order = order & 15;
	b->free_frames -= 1ull << order;
	return head;
}

void buddy_free(struct buddy *b, struct frame *head, unsigned order)
{
	b->free_frames += 1ull << order;
	head->use = FRAME_NONE;
	for (; order < BUDDY_ORDER_MAX; order++) {
		struct frame *buddy = b->frames + ((uint64_t)(head - b->frames) ^ 1u << order);
		if (buddy->use != FRAME_FREE || buddy->order != order || buddy->zone != b->zone)
			break;
		block_unlink(b, buddy);
		head = MIN(head, buddy);
	}
	block_push(b, head, order);
}

void buddy_add(struct buddy *b, uint64_t first, uint64_t count)
{
	while (count) {
		unsigned order = BUDDY_ORDER_MAX;
		while (!IS_ALIGNED(first, 1u << order) || count < 1u << order)
			order--;
		buddy_free(b, b->frames + first, order);
		first += 1u << order;
		count -= 1u << order;
	}
}

/* The block that holds a free frame, NULL where it is not free. */
static struct frame *block_of(const struct buddy *b, uint64_t number)
{
	for (unsigned order = 0; order <= BUDDY_ORDER_MAX; order++) {
		struct frame *head = b->frames + ALIGN_DOWN(number, 1u << order);
		if (head->use == FRAME_FREE && head->order == order && head->zone == b->zone)
			return head;
	}
	return NULL;
}

bool buddy_take(struct buddy *b, uint64_t number)
{
	struct frame *head = block_of(b, number), *wanted = b->frames + number;

	if (!head)
		return false;
	block_unlink(b, head);
	for (unsigned order = head->order; order--;) {
		struct frame *upper = head + (1u << order);
		block_push(b, wanted < upper ? upper : head, order);
		if (wanted >= upper)
			head = upper;
	}
	wanted->use = FRAME_NONE;
	wanted->order = 0;
	b->free_frames--;
	return true;
}
