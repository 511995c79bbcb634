/* The start of the other CPUs: layout that C and assembly share. The page holds the code of trampoline.S and, at
 * TRAMPOLINE_DATA, struct trampoline_data. */
#ifndef KERNEL_ARCH_X86_64_TRAMPOLINE_H
#define KERNEL_ARCH_X86_64_TRAMPOLINE_H

#define TRAMPOLINE_DATA		2048
#define TRAMPOLINE_GDTR		(TRAMPOLINE_DATA + 32)
#define TRAMPOLINE_FAR32	(TRAMPOLINE_DATA + 40)
#define TRAMPOLINE_FAR64	(TRAMPOLINE_DATA + 48)
#define TRAMPOLINE_ROOT		(TRAMPOLINE_DATA + 56)
#define TRAMPOLINE_EFER		(TRAMPOLINE_DATA + 60)
#define TRAMPOLINE_ENTRY	(TRAMPOLINE_DATA + 64)

/* struct cpu_local */
#define CPU_LOCAL_STACK_TOP	48

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct far_pointer {
	uint32_t offset;
	uint16_t selector;
	uint16_t unused;
};

struct trampoline_data {
	uint64_t gdt[4];
	struct __attribute__((packed)) { uint16_t limit; uint32_t base; } gdtr;
	uint16_t unused;
	struct far_pointer far32, far64;
	uint32_t root;		/* CR3: under 4 GiB, since it is loaded in 32-bit code */
	uint32_t efer;
	uint64_t entry;
};

_Static_assert(offsetof(struct trampoline_data, gdtr) + TRAMPOLINE_DATA == TRAMPOLINE_GDTR &&
	       offsetof(struct trampoline_data, far32) + TRAMPOLINE_DATA == TRAMPOLINE_FAR32 &&
	       offsetof(struct trampoline_data, far64) + TRAMPOLINE_DATA == TRAMPOLINE_FAR64 &&
	       offsetof(struct trampoline_data, root) + TRAMPOLINE_DATA == TRAMPOLINE_ROOT &&
	       offsetof(struct trampoline_data, efer) + TRAMPOLINE_DATA == TRAMPOLINE_EFER &&
	       offsetof(struct trampoline_data, entry) + TRAMPOLINE_DATA == TRAMPOLINE_ENTRY, "as trampoline.S uses it");

extern const char trampoline_start[], trampoline_code32[], trampoline_code64[], trampoline_end[];
extern const char ap_entry[];
#endif

#endif
