/* Stages of the boot with their times, the loader's and the kernel's, for `boot` and for a hanging machine's strip. */
#include "kernel/time/stage.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/last_boot.h"
#include "kernel/core/monitor.h"
#include "kernel/time/clock.h"

#define STAGES_MAX 16

static struct { const char *name; uint64_t ticks; } stages[STAGES_MAX];
static unsigned stage_count;
static void (*strip_draw)(unsigned first, unsigned last);

void stage_set_strip(void (*draw)(unsigned, unsigned))
{
	strip_draw = draw;
}

void stage_enter(const char *name)
{
	if (stage_count < STAGES_MAX) {
		stages[stage_count].name = name;
		stages[stage_count++].ticks = cpu_ticks();
	}
	const unsigned number = HANDOFF_STAGE_COUNT + stage_count - 1;
	last_boot_note_stage(number, name);
	if (strip_draw)
		strip_draw(number, number);
}

static void stage_print(const char *name, uint64_t ticks, uint64_t next)
{
	nsec_t at = clock_at(ticks), took = next > ticks ? clock_at(next) - at : 0;

	monitor_printf("%6lld.%03lld ms  %6lld.%03lld ms  %s\n", (long long)at / 1000000, (long long)at / 1000 % 1000,
		       (long long)took / 1000000, (long long)took / 1000 % 1000, name);
}

static int boot_command(int argc, char **argv)
{
	static const char *const loader_stages[HANDOFF_STAGE_COUNT] = {
		"loader: command line, tables, entropy, initrd", "loader: display", "loader: kernel and page tables",
		"loader: exit from boot services", "jump to the kernel",
	};
	const uint64_t *loader = boot_info()->stage_tsc;

	monitor_printf("     since EFI         took  stage\n");
	for (unsigned i = 0; i < HANDOFF_STAGE_COUNT; i++)
		stage_print(loader_stages[i], loader[i], i + 1 < HANDOFF_STAGE_COUNT ? loader[i + 1] : stages[0].ticks);
	for (unsigned i = 0; i < stage_count; i++)
		stage_print(stages[i].name, stages[i].ticks, i + 1 < stage_count ? stages[i + 1].ticks : 0);
	return 0;
}
MONITOR_COMMAND(boot, "", "the stages of the boot and what each took", boot_command,
	.text = "Counted from the EFI entry point, the loader's stages first. On a machine that stops while it boots, the squares in the "
		"top right corner of the screen show how far it came, in the same order.");
