/* What cpu.c and la57.S share: the page that carries the way into 5-level paging, code at its start, data here. */
#ifndef TESTS_BOOT_HOSTILE_CPU_H
#define TESTS_BOOT_HOSTILE_CPU_H

#define ENTER_DATA	2048
#define ENTER_GDTR	32
#define ENTER_FAR32	48
#define ENTER_FAR64	56
#define ENTER_ROOT	64
#define ENTER_STACK	72
#define ENTER_OLD_GDTR	80

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct far_pointer {
	uint32_t offset;
	uint32_t selector;
};

struct enter_data {
	uint64_t gdt[4];
	struct __attribute__((packed)) { uint16_t limit; uint64_t base; } gdtr;
	uint8_t unused[6];
	struct far_pointer far32, far64;
	uint64_t root;		/* the PML5 */
	uint64_t stack;		/* RSP, which 32-bit code would cut */
	uint8_t old_gdtr[16];
};

_Static_assert(offsetof(struct enter_data, gdtr) == ENTER_GDTR && offsetof(struct enter_data, far32) == ENTER_FAR32 &&
	       offsetof(struct enter_data, far64) == ENTER_FAR64 && offsetof(struct enter_data, root) == ENTER_ROOT &&
	       offsetof(struct enter_data, stack) == ENTER_STACK &&
	       offsetof(struct enter_data, old_gdtr) == ENTER_OLD_GDTR, "as in la57.S");

extern const char la57_start[], la57_code32[], la57_code64[], la57_end[];

/* Go to the code in `page`, a copy of la57_start to la57_end with the data filled in; comes back with CR4.LA57 set. */
void la57_enter(uint64_t page);
#endif

#endif
