/* test.fail_boot=N on the command line: of all memory the boot finds N frames left when it looks for PCI devices, which
 * is the first who needs memory that can be given back. The linker leads whoever calls pci_init() here, in the test
 * kernel alone (kernel/meson.build). */
#include "kernel/core/boot_info.h"
#include "kernel/drivers/pci/pci.h"
#include "kernel/mm/frames.h"
#include "lib/cmdline.h"

void __real_pci_init(void);
void __wrap_pci_init(void);

/* Up to so many blocks, on a chain through their first words. */
static paddr_t take(uint64_t most, unsigned order)
{
	paddr_t chain = 0, block;

	while (most-- && (block = frames_alloc_rest(order, FRAMES_LOW, FRAME_KERNEL))) {
		*(paddr_t *)phys_to_virt(block) = chain;
		chain = block;
	}
	return chain;
}

static void leave(uint64_t frames)
{
	paddr_t left = take(frames, 0);

	for (unsigned order = BUDDY_ORDER_MAX + 1; order--;)
		take(UINT64_MAX, order);
	while (left) {
		paddr_t next = *(paddr_t *)phys_to_virt(left);
		frames_free(left);
		left = next;
	}
}

void __wrap_pci_init(void)
{
	uint64_t frames;

	if (cmdline_number(boot_cmdline(), "test.fail_boot", &frames) == 0)
		leave(frames);
	__real_pci_init();
}
