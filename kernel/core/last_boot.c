/* The mark is a struct in a page of RAM that the loader puts at the same address each time. A warm reset leaves RAM
 * alone, on all but the machines that are told to overwrite it, so the next loader finds there how far this run came:
 * at no cost worth naming, where a UEFI variable would wear the flash memory out at each boot. What is lost with the
 * power is known from the report that a panic leaves in such a variable (kernel/drivers/save), and otherwise not.
 *
 * A CPU's reset throws its caches away (Intel SDM volume 3, table 10-1), so each change is written back at once. */
#include "kernel/core/last_boot.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "lib/format.h"
#include "lib/saved.h"
#include "lib/string.h"

static struct boot_mark *mark_get(void)
{
	return boot_info()->mark ? phys_to_virt(boot_info()->mark) : NULL;
}

static void mark_finish(struct boot_mark *mark)
{
	boot_mark_seal(mark);
	cpu_write_back(mark, sizeof(*mark));
}

const struct boot_mark *last_boot(void)
{
	return &boot_info()->last_boot;
}

void last_boot_init(void)
{
	const struct boot_mark *last = last_boot();

	if (!boot_mark_sound(last))
		return;
	switch (last->end) {
	case BOOT_END_PANIC:
		pr_warn("last boot: panic %s", last->reason);
		break;
	case BOOT_END_RUNNING:
		if (strcmp(last->stage_name, LAST_BOOT_READY) == 0)
			pr_info("last boot: it ran, and was not switched off by a command");
		else	/* counted as the stage strip does (docs/boot.md) */
			pr_warn("last boot: died at stage %u (%s)", last->stage + 1, last->stage_name);
		break;
	default:
		pr_info("last boot: switched off or restarted by a command");
	}
}

void last_boot_note_stage(unsigned stage, const char *name)
{
	struct boot_mark *mark = mark_get();

	if (!mark)
		return;
	*mark = (struct boot_mark){ .end = BOOT_END_RUNNING, .stage = stage };
	ksnprintf(mark->stage_name, sizeof(mark->stage_name), "%s", name);
	mark_finish(mark);
}

void last_boot_note_end(enum boot_end end, const char *reason)
{
	struct boot_mark *mark = mark_get();

	if (!mark)
		return;
	mark->end = end;
	ksnprintf(mark->reason, sizeof(mark->reason), "%s", reason);
	mark_finish(mark);
}
