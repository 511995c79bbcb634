/* During boot nobody can do without: the one clear message is worth more than the many that would follow from a device
 * without its memory. Later it is the caller's decision, and the log says once that the machine has come to this. */
#include "kernel/mm/failure.h"

#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"
#include "kernel/mm/frames.h"

struct thread *failure_thread;
uint64_t failure_countdown, failure_period;
static bool booted;
static uint64_t count;		/* atomic */

void failure_report(const char *what, uint64_t bytes, vaddr_t site)
{
	char caller[SYMBOL_TEXT];
	unsigned long long size = bytes, free = frames_free_bytes() / 1024;

	symbol_text(site - 1, caller);
	if (!booted)
		panic("memory: no %s of %llu bytes for %s while booting; %llu KiB are free", what, size, caller, free);
	if (__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) == 0)
		pr_warn("memory: no %s of %llu bytes for %s; %llu KiB are free", what, size, caller, free);
}

void memory_booted(void)
{
	booted = true;
}

uint64_t failure_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}
