/* ResetSystem at the firmware's physical addresses.
 *
 * An address space for the call alone: the kernel's upper half, and below it the firmware's memory at its physical
 * addresses. Boot services memory is in it too, since some firmware's runtime code strays there. Runtime code is mapped
 * executable and not writable, but older firmware keeps data in the same pages: CR0.WP is off during the call, which
 * lets the CPU's supervisor write them without any page being both. */
#include "kernel/arch/firmware_call.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/core/memory_map.h"
#include "lib/bytes.h"

#define SYSTEM_TABLE_SIGNATURE	0x5453595320494249ull	/* "IBI SYST" */
#define RUNTIME_SIGNATURE	0x56524553544e5552ull	/* "RUNTSERV" */
#define SYSTEM_TABLE_RUNTIME	88	/* offset of RuntimeServices (UEFI 2.10, section 4.3) */
#define RUNTIME_RESET		104	/* offset of ResetSystem (section 4.5) */
#define CR4_OSFXSR		(1ull << 9)
#define CR4_OSXMMEXCPT		(1ull << 10)

typedef void __attribute__((ms_abi)) reset_system_fn(uint32_t kind, uint64_t status, uint64_t size, void *data);

/* Code types executable, all other RAM and the firmware's own devices writable. */
static int map_firmware(struct pagetable *space)
{
	const struct mem_range *ranges;
	size_t count = memory_map_get(&ranges);

	for (size_t i = 0; i < count; i++) {
		const struct mem_range *r = &ranges[i];
		bool code = r->type == MEM_RUNTIME_CODE || r->type == MEM_BOOT_SERVICES;
		uint32_t flags = code ? PT_EXEC : PT_WRITE | (memmap_is_ram(r->type) ? 0 : PT_CACHE_UC);
		if (!memmap_is_ram(r->type) && !r->runtime)
			continue;
		int error = pt_map(space, r->base, r->base, r->size, flags);
		if (error)
			return error;
	}
	return 0;
}

/* The address of ResetSystem; 0 where the tables are not what they should be. */
static uint64_t reset_system_address(void)
{
	const char *system = mmu_map_firmware(boot_info()->system_table, SYSTEM_TABLE_RUNTIME + 8);

	if (!boot_info()->system_table || !system || bytes_get_u64(system) != SYSTEM_TABLE_SIGNATURE)
		return 0;
	const char *runtime = mmu_map_firmware(bytes_get_u64(system + SYSTEM_TABLE_RUNTIME), RUNTIME_RESET + 8);
	if (!runtime || bytes_get_u64(runtime) != RUNTIME_SIGNATURE)
		return 0;
	return bytes_get_u64(runtime + RUNTIME_RESET);
}

void firmware_reset_system(enum firmware_reset kind)
{
	uint64_t address = reset_system_address(), flags, cr0 = cr0_read(), cr3 = cr3_read(), cr4 = cr4_read();
	struct pagetable space;

	if (!address) {
		pr_warn("power: the firmware's ResetSystem cannot be found");
		return;
	}
	if (mmu_make_space(&space) || map_firmware(&space)) {
		pr_warn("power: no memory to call the firmware's ResetSystem");
		return;
	}
	flags = cpu_irq_save();
	cr3_write(space.root);
	cr0_write(cr0 & ~CR0_WP);
	cr4_write(cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT);	/* the firmware may use SSE (UEFI 2.10, section 2.3.4) */
	((reset_system_fn *)address)(kind, 0, 0, NULL);
	cr4_write(cr4);
	cr0_write(cr0);
	cr3_write(cr3);
	cpu_irq_restore(flags);
	pr_warn("power: the firmware's ResetSystem came back");
}
