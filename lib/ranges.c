/* A treap: a search tree by start in which each node's random priority is at least those of its children, which keeps
 * it about as deep as a balanced one (Seidel and Aragon, Randomized Search Trees, 1996). It is cut in two at a number
 * and joined again by a few lines, which is all that balancing takes.
 *
 * The nodes are what was handed out. Free numbers are kept as the gap before each node, and each node knows the largest
 * gap of its subtree, so that the lowest gap of a size is found by going down once. */
#include "lib/ranges.h"

static uint64_t gap_most(const struct range *t)
{
	return t ? t->gap_most : 0;
}

static void refresh(struct range *t)
{
	t->gap_most = MAX(t->gap, MAX(gap_most(t->left), gap_most(t->right)));
}

/* What starts before `at` goes to *ret_left, the rest to *ret_right. */
static void split(struct range *t, uint64_t at, struct range **ret_left, struct range **ret_right)
{
	if (!t) {
		*ret_left = *ret_right = NULL;
	} else if (t->start < at) {
		split(t->right, at, &t->right, ret_right);
		refresh(*ret_left = t);
	} else {
		split(t->left, at, ret_left, &t->left);
		refresh(*ret_right = t);
	}
}

/* All of `left` starts before all of `right`. */
static struct range *join(struct range *left, struct range *right)
{
	if (!left || !right)
		return left ? left : right;
	if (left->priority > right->priority) {
		left->right = join(left->right, right);
		refresh(left);
		return left;
	}
	right->left = join(left, right->left);
	refresh(right);
	return right;
}

static struct range *insert(struct range *t, struct range *range)
{
	if (!t || range->priority > t->priority) {
		split(t, range->start, &range->left, &range->right);
		t = range;
	} else if (range->start < t->start) {
		t->left = insert(t->left, range);
	} else {
		t->right = insert(t->right, range);
	}
	refresh(t);
	return t;
}

static struct range *erase(struct range *t, struct range *range)
{
	if (t == range)
		return join(t->left, t->right);
	if (range->start < t->start)
		t->left = erase(t->left, range);
	else
		t->right = erase(t->right, range);
	refresh(t);
	return t;
}

/* A node's gap has changed: bring the nodes above it up to date. */
static void refresh_to(struct range *t, const struct range *changed)
{
	if (t != changed)
		refresh_to(changed->start < t->start ? t->left : t->right, changed);
	refresh(t);
}

void ranges_init(struct ranges *r, uint64_t start, uint64_t size)
{
	r->end = (struct range){ .start = start + size, .gap = size, .gap_most = size };
	r->root = &r->end;
	r->random = 0;
}

/* The lowest node with a gap of at least `size` before it. */
static struct range *find_gap(struct range *t, uint64_t size)
{
	if (gap_most(t) < size)
		return NULL;
	for (;;) {
		if (gap_most(t->left) >= size)
			t = t->left;
		else if (t->gap >= size)
			return t;
		else
			t = t->right;
	}
}

bool ranges_take(struct ranges *r, struct range *ret, uint64_t size, uint64_t align)
{
	struct range *next = size && size + align - 1 >= size ? find_gap(r->root, size + align - 1) : NULL;

	if (!next)
		return false;
	uint64_t free = next->start - next->gap, start = ALIGN_UP(free, align);
	r->random = r->random * 6364136223846793005ull + 1442695040888963407ull;	/* Knuth's MMIX */
	*ret = (struct range){ .start = start, .size = size, .gap = start - free, .priority = r->random >> 1 };
	next->gap = next->start - (start + size);
	refresh_to(r->root, next);
	r->root = insert(r->root, ret);
	return true;
}

/* The first node that starts at `number` or behind it; the end is always one. */
static struct range *first_from(const struct ranges *r, uint64_t number)
{
	struct range *best = NULL;

	for (struct range *t = r->root; t;) {
		if (t->start < number) {
			t = t->right;
		} else {
			best = t;
			t = t->left;
		}
	}
	return best;
}

void ranges_give(struct ranges *r, struct range *range)
{
	struct range *next = first_from(r, range->start + 1);

	r->root = erase(r->root, range);
	next->gap += range->gap + range->size;
	refresh_to(r->root, next);
}

struct range *ranges_find(const struct ranges *r, uint64_t number)
{
	for (struct range *t = r->root; t;) {
		if (number < t->start)
			t = t->left;
		else if (number - t->start < t->size)
			return t;
		else
			t = t->right;
	}
	return NULL;
}
