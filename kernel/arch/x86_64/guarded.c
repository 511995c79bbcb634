/* The accesses, and the table of where they may fault. One instruction each, so that nothing is half done when the
 * handler moves on to the next. */
#include "kernel/arch/guarded.h"

#include "kernel/arch/x86_64/fixup.h"

struct fixup {
	int32_t instruction, landing;	/* from the member itself */
};

extern const struct fixup fixups_start[], fixups_end[];

bool fixup_apply(struct trap_frame *frame)
{
	for (const struct fixup *f = fixups_start; f < fixups_end; f++) {
		if ((vaddr_t)&f->instruction + (vaddr_t)(int64_t)f->instruction != frame->rip)
			continue;
		frame->rip = (vaddr_t)&f->landing + (vaddr_t)(int64_t)f->landing;
		frame->r8 = frame->vector;
		return true;
	}
	return false;
}

unsigned guarded_read(vaddr_t at, unsigned width, uint64_t *ret)
{
	register uint64_t fault __asm__("r8") = 0;
	uint64_t value = 0;

	switch (width) {
	case 1: __asm__ volatile(FIXUP("movzbl (%2), %k0") : "=r"(value), "+r"(fault) : "r"(at) : "memory"); break;
	case 2: __asm__ volatile(FIXUP("movzwl (%2), %k0") : "=r"(value), "+r"(fault) : "r"(at) : "memory"); break;
	case 4: __asm__ volatile(FIXUP("movl (%2), %k0") : "=r"(value), "+r"(fault) : "r"(at) : "memory"); break;
	case 8: __asm__ volatile(FIXUP("movq (%2), %0") : "=r"(value), "+r"(fault) : "r"(at) : "memory"); break;
	}
	*ret = fault ? 0 : value;
	return (unsigned)fault;
}

unsigned guarded_write(vaddr_t at, unsigned width, uint64_t value)
{
	register uint64_t fault __asm__("r8") = 0;

	switch (width) {
	case 1: __asm__ volatile(FIXUP("movb %b1, (%2)") : "+r"(fault) : "r"(value), "r"(at) : "memory"); break;
	case 2: __asm__ volatile(FIXUP("movw %w1, (%2)") : "+r"(fault) : "r"(value), "r"(at) : "memory"); break;
	case 4: __asm__ volatile(FIXUP("movl %k1, (%2)") : "+r"(fault) : "r"(value), "r"(at) : "memory"); break;
	case 8: __asm__ volatile(FIXUP("movq %1, (%2)") : "+r"(fault) : "r"(value), "r"(at) : "memory"); break;
	}
	return (unsigned)fault;
}

unsigned guarded_msr_read(uint32_t msr, uint64_t *ret)
{
	register uint64_t fault __asm__("r8") = 0;
	uint32_t low = 0, high = 0;

	__asm__ volatile(FIXUP("rdmsr") : "+a"(low), "+d"(high), "+r"(fault) : "c"(msr) : "memory");
	*ret = fault ? 0 : (uint64_t)high << 32 | low;
	return (unsigned)fault;
}

unsigned guarded_msr_write(uint32_t msr, uint64_t value)
{
	register uint64_t fault __asm__("r8") = 0;

	__asm__ volatile(FIXUP("wrmsr") : "+r"(fault) : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr) : "memory");
	return (unsigned)fault;
}
