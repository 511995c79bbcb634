/* Heights of siblings differ by one at most. What an insertion or a removal makes wrong lies on the way up from there,
 * and one loop puts it right: heights, balance and what the owner keeps for each subtree (Knuth, The Art of Computer
 * Programming, volume 3, section 6.2.3; Cormen et al., Introduction to Algorithms, chapter on augmenting data
 * structures).
 *
 * Why not a red-black tree: it rotates less, but needs a case for each colour of each relative, twice. Here the height
 * is one more value that is kept for a subtree, and the loop that must go up for the owner's value keeps it as well. */
#include "lib/avl.h"

static uint32_t height_of(const struct avl_node *n)
{
	return n ? n->height : 0;
}

/* What a node keeps about its subtree; true where that changed. */
static bool refresh(const struct avl_tree *tree, struct avl_node *n)
{
	uint32_t height = MAX(height_of(n->child[0]), height_of(n->child[1])) + 1;
	bool changed = n->height != height;

	n->height = height;
	return tree->update(n) || changed;
}

/* Hang another node, or none, where n hangs. */
static void replace(struct avl_tree *tree, const struct avl_node *n, struct avl_node *by)
{
	struct avl_node *parent = n->parent;

	*(!parent ? &tree->root : &parent->child[parent->child[1] == n]) = by;
	if (by)
		by->parent = parent;
}

/* n's child on one side goes up and n down to its other side. What the child keeps is left to the caller. */
static struct avl_node *rotate(struct avl_tree *tree, struct avl_node *n, bool side)
{
	struct avl_node *up = n->child[side], *between = up->child[!side];

	replace(tree, n, up);
	up->child[!side] = n;
	n->parent = up;
	n->child[side] = between;
	if (between)
		between->parent = n;
	refresh(tree, n);
	return up;
}

/* Where one side of n is higher by two, turn it up. The top of the subtree, whose own values are left to the caller. */
static struct avl_node *balance(struct avl_tree *tree, struct avl_node *n)
{
	uint32_t left = height_of(n->child[0]), right = height_of(n->child[1]);

	if (left <= right + 1 && right <= left + 1)
		return n;
	bool side = right > left;
	struct avl_node *high = n->child[side];
	if (height_of(high->child[!side]) > height_of(high->child[side]))
		rotate(tree, high, !side);	/* else its inner side would be too high after the next line */
	return rotate(tree, n, side);
}

/* Put right what a change below n made wrong, up to where nothing changes, but at least through the node `through`
 * (or NULL), which has taken the place of another, so that what it keeps says nothing about what its parent saw. */
static void settle_through(struct avl_tree *tree, struct avl_node *n, const struct avl_node *through)
{
	while (n) {
		struct avl_node *top = balance(tree, n);
		bool changed = refresh(tree, top) || top != n || through;
		if (!changed)
			return;
		if (n == through)
			through = NULL;
		n = top->parent;
	}
}

void avl_settle(struct avl_tree *tree, struct avl_node *n)
{
	settle_through(tree, n, NULL);
}

/* A node with two children changes places with the next in order, which has no left child. */
void avl_remove_between(struct avl_tree *tree, struct avl_node *node)
{
	struct avl_node *left = node->child[0], *right = node->child[1], *next = right;

	if (!left || !right) {
		replace(tree, node, left ? left : right);
		avl_settle(tree, node->parent);
		return;
	}
	while (next->child[0])
		next = next->child[0];
	struct avl_node *lowest = next == right ? next : next->parent;
	if (next != right) {
		replace(tree, next, next->child[1]);
		next->child[1] = right;
		right->parent = next;
	}
	replace(tree, node, next);
	next->child[0] = left;
	left->parent = next;
	settle_through(tree, lowest, next);
}

struct avl_node *avl_last(const struct avl_tree *tree)
{
	struct avl_node *n = tree->root;

	while (n && n->child[1])
		n = n->child[1];
	return n;
}

struct avl_node *avl_previous(const struct avl_node *node)
{
	struct avl_node *n = node->child[0];

	if (!n) {
		for (n = node->parent; n && n->child[0] == node; n = n->parent)
			node = n;
		return n;
	}
	while (n->child[1])
		n = n->child[1];
	return n;
}
