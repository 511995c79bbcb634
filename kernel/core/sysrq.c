/* The letters, gathered by the linker, and those that need nothing but the core. */
#include "kernel/core/sysrq.h"

#include "kernel/arch/trap.h"
#include "kernel/core/backtrace.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "lib/string.h"

extern const struct sysrq_key sysrq_keys_start[], sysrq_keys_end[];

static void help(void)
{
	for (const struct sysrq_key *k = sysrq_keys_start; k < sysrq_keys_end; k++)
		pr_notice("sysrq: %c %s", k->letter, k->help);
	pr_notice("sysrq: 0 to 9 choose how much of the log is shown");
}
SYSRQ('h', help, "shows this list", help);

static _Noreturn void crash(void)
{
	panic("asked for by an emergency key");
}
SYSRQ('c', crash, "stops with the panic page", crash);

/* What the interrupt that brought the key came in between. */
static void registers(void)
{
	const struct trap_frame *frame = trap_interrupted();
	char text[1024], *line = text;

	if (!frame) {
		pr_notice("sysrq: no interrupt brought this key");
		return;
	}
	trap_describe_registers(frame, text, sizeof(text));
	for (char *end; (end = strchr(line, '\n')); line = end + 1)
		pr_notice("sysrq: %.*s", (int)(end - line), line);
	backtrace_log("sysrq", trap_instruction(frame), trap_frame_pointer(frame));
}
SYSRQ('p', registers, "shows this CPU's registers", registers);

/* What the letter does may be the last thing that happens, so that it is said first. */
void sysrq_handle(char letter)
{
	if (letter >= '0' && letter <= '9') {
		log_set_level((unsigned)(letter - '0'));
		pr_err("sysrq: the log is shown as with loglevel=%c", letter);
		return;
	}
	for (const struct sysrq_key *k = sysrq_keys_start; k < sysrq_keys_end; k++) {
		if (k->letter != letter)
			continue;
		pr_notice("sysrq: %c: %s", letter, k->help);
		k->run();
		return;
	}
	pr_notice("sysrq: %c means nothing", letter >= ' ' && letter < 0x7f ? letter : '?');
	help();
}
