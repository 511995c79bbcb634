/* The handoff comes from another binary, perhaps of another version: everything the kernel would otherwise trip over is
 * checked here, once. */
#include "kernel/core/boot_info.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "lib/cmdline.h"
#include "lib/string.h"

static struct handoff accepted;
static char cmdline[CMDLINE_MAX];

static void import_cmdline(void)
{
	const char *text = phys_to_virt(accepted.cmdline);

	if (!accepted.cmdline)
		return;
	if (accepted.cmdline_size >= sizeof(cmdline))
		panic("handoff: a command line of %llu bytes", (unsigned long long)accepted.cmdline_size);
	memcpy(cmdline, text, accepted.cmdline_size);
}

/* The loader's log becomes the beginning of ours; a record that reaches behind its end is the last. */
static void import_log(void)
{
	const char *at = phys_to_virt(accepted.log);
	uint32_t left = accepted.log_size;

	while (accepted.log && left >= sizeof(struct handoff_message)) {
		const struct handoff_message *m = (const void *)at;
		uint32_t record = ALIGN_UP((uint32_t)sizeof(*m) + m->size, 8u);
		if (record > left)
			break;
		log_at(m->tsc, m->level, "loader: %.*s", m->size, m->text);
		at += record;
		left -= record;
	}
}

void boot_info_accept(const struct handoff *h)
{
	if (h->magic != HANDOFF_MAGIC)
		panic("handoff: magic %#llx is not the loader's", (unsigned long long)h->magic);
	if (h->version != HANDOFF_VERSION || h->size != sizeof(*h))
		panic("handoff: version %u of %u bytes, this kernel wants version %u of %zu bytes", h->version, h->size,
		      HANDOFF_VERSION, sizeof(*h));
	if (!h->memory_map || !h->page_table_root || !h->scratch || h->descriptor_size < 40)
		panic("handoff: no memory map or no page tables");
	accepted = *h;
	accepted.firmware_vendor[sizeof(accepted.firmware_vendor) - 1] = '\0';
	import_cmdline();
	import_log();
	pr_info("command line: %s", *cmdline ? cmdline : "empty");
	if (accepted.initrd_size)
		pr_info("initrd: %llu KiB", (unsigned long long)(accepted.initrd_size + 1023) / 1024);
}

const struct handoff *boot_info(void)
{
	return &accepted;
}

const char *boot_cmdline(void)
{
	return cmdline;
}
