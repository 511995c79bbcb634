/* The way into the kernel (jump.S): code that runs while the page tables change under it, so it is identity-mapped in
 * both. Layouts that C and assembly share stand here once. */
#ifndef LOADER_JUMP_H
#define LOADER_JUMP_H

/* struct jump */
#define JUMP_ROOT		0
#define JUMP_ENTRY		8
#define JUMP_HANDOFF		16
#define JUMP_NO_EXECUTE		24

/* The page for leaving 5-level paging: the code at its start, struct la57_data here. */
#define LA57_DATA		2048
#define LA57_GDTR		32
#define LA57_FAR32		48
#define LA57_FAR64		56
#define LA57_ROOT		64
#define LA57_ENTRY		72
#define LA57_HANDOFF		80
#define LA57_SELECTOR_DATA	24

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct jump {
	uint64_t root;		/* CR3 of the kernel's tables */
	uint64_t entry;		/* its first instruction */
	uint64_t handoff;	/* what RDI holds there */
	uint64_t no_execute;	/* 1: set EFER.NXE */
};

struct far_pointer {
	uint32_t offset;
	uint16_t selector;
	uint16_t unused;
};

struct la57_data {
	uint64_t gdt[4];
	struct __attribute__((packed)) { uint16_t limit; uint64_t base; } gdtr;
	uint8_t unused[6];
	struct far_pointer far32, far64;
	uint64_t root, entry, handoff;
};

_Static_assert(offsetof(struct jump, root) == JUMP_ROOT && offsetof(struct jump, entry) == JUMP_ENTRY &&
	       offsetof(struct jump, handoff) == JUMP_HANDOFF && offsetof(struct jump, no_execute) == JUMP_NO_EXECUTE, "as in jump.S");
_Static_assert(offsetof(struct la57_data, gdtr) == LA57_GDTR && offsetof(struct la57_data, far32) == LA57_FAR32 &&
	       offsetof(struct la57_data, far64) == LA57_FAR64 && offsetof(struct la57_data, root) == LA57_ROOT &&
	       offsetof(struct la57_data, entry) == LA57_ENTRY && offsetof(struct la57_data, handoff) == LA57_HANDOFF, "as in jump.S");

extern const char jump_start[], jump_end[];
extern const char jump_la57_start[], jump_la57_code32[], jump_la57_code64[], jump_la57_end[];

/* With 4-level paging on. */
_Noreturn void jump_to_kernel(const struct jump *jump) __attribute__((sysv_abi));

/* With 5-level paging on: `page`, under 4 GiB, holds a copy of the code from jump_la57_start on and the data; `root5`
 * is a PML5 whose first entry is the kernel's PML4. */
_Noreturn void jump_from_la57(const struct jump *jump, uint64_t page, uint64_t root5) __attribute__((sysv_abi));
#endif

#endif
