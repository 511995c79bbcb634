/* A frame is { caller's frame pointer, return address } (AMD64 psABI 1.0, figure 3.3); every function has one, since
 * the kernel is built with -fno-omit-frame-pointer. */
#include "kernel/core/backtrace.h"

#include "kernel/arch/mmu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/sections.h"
#include "kernel/core/log.h"
#include "kernel/core/symbols.h"

unsigned backtrace_walk(vaddr_t frame_pointer, vaddr_t *ret, unsigned room)
{
	unsigned count = 0;

	while (count < room && frame_pointer && frame_pointer % 8 == 0 && mmu_is_readable(frame_pointer, 16)) {
		const vaddr_t *frame = (const vaddr_t *)frame_pointer;
		if (frame[1] - (vaddr_t)text_start >= (vaddr_t)(text_end - text_start))
			break;
		ret[count++] = frame[1];
		if (frame[0] <= frame_pointer)	/* callers lie higher on the stack */
			break;
		frame_pointer = frame[0];
	}
	return count;
}

void backtrace_log(const char *subsystem, vaddr_t first, vaddr_t frame_pointer)
{
	vaddr_t addresses[BACKTRACE_MAX];
	char symbol[SYMBOL_TEXT];
	unsigned count = backtrace_walk(frame_pointer, addresses, BACKTRACE_MAX);

	pr_notice("%s: CPU %u is at %s", subsystem, cpu_id(), symbol_text(first, symbol));
	for (unsigned i = 0; i < count; i++)	/* a return address is behind the call, perhaps in the next function */
		pr_notice("%s:   called by %s", subsystem, symbol_text(addresses[i] - 1, symbol));
}
