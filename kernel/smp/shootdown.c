/* Each CPU keeps translations of its own, and only it can forget them: whoever unmaps memory asks all others, and
 * waits, since the memory may be somebody else's right afterwards. */
#include "kernel/arch/mmu.h"
#include "kernel/smp/call.h"

struct stretch {
	vaddr_t at;
	uint64_t size;
};

static void forget(void *argument)
{
	const struct stretch *s = argument;

	mmu_flush_cpu(s->at, s->size);
}

static void others_forget(vaddr_t at, uint64_t size)
{
	struct stretch s = { at, size };

	smp_call_others(forget, &s);
}

void smp_shootdown_init(void)
{
	mmu_set_shootdown(others_forget);
}
