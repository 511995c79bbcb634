/* A balanced binary tree (Adelson-Velsky and Landis 1962) whose nodes keep something about all that is below them.
 *
 * Rules: pure; no locks, no allocation: the nodes are members of what is sorted. The owner compares: it goes down from
 * `root` itself, to child[0] for what comes before a node and to child[1] for what comes after, and tells avl_insert
 * where it found nothing. A node is in one tree at most. The height is less than 1.45 log2(n + 2), which bounds the
 * steps of each function. tests/unit/avl_test.c is a small example, whose nodes keep the sum of what is below them. */
#ifndef LIB_AVL_H
#define LIB_AVL_H

#include "lib/types.h"

struct avl_node {
	struct avl_node *parent, *child[2];
	uint32_t height;	/* of the subtree, 1 for a node without children */
};

struct avl_tree {
	struct avl_node *root;			/* NULL: empty */
	bool (*update)(struct avl_node *n);	/* put right what n keeps about its subtree, from its own and its
						 * children's; true where it changed */
};

/* The rest of avl_insert and avl_remove, for trees of more than a node or two. */
void avl_settle(struct avl_tree *tree, struct avl_node *n);
void avl_remove_between(struct avl_tree *tree, struct avl_node *node);

/* Make a node the child of `parent` on a side where it has none; the root of an empty tree where parent is NULL. What
 * it keeps about its subtree is already right for a node without children. */
static inline void avl_insert(struct avl_tree *tree, struct avl_node *node, struct avl_node *parent, bool side)
{
	node->parent = parent;
	node->child[0] = node->child[1] = NULL;
	node->height = 1;
	if (!parent) {
		tree->root = node;
		return;
	}
	parent->child[side] = node;
	avl_settle(tree, parent);
}

static inline void avl_remove(struct avl_tree *tree, struct avl_node *node)
{
	if (node->height == 1 && !node->parent)
		tree->root = NULL;
	else
		avl_remove_between(tree, node);
}

/* The last of all, and the one before; NULL where there is none. */
struct avl_node *avl_last(const struct avl_tree *tree);
struct avl_node *avl_previous(const struct avl_node *node);

#endif
