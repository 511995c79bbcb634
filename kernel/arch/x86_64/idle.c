/* Waiting by HLT, or by MWAIT, which ends also when somebody writes to the memory that MONITOR named: who wakes the CPU
 * saves sending an interrupt, and the CPU taking one (Intel SDM volume 3, section 9.10.4; AMD APM volume 3, MWAIT).
 *
 * MWAIT is used with hint 0, which is C1, the state that HLT enters: caches stay, timers run. Under a hypervisor it would
 * be slow or forbidden, so there it is HLT.
 *
 * The CPU says in a word of its own that it waits, arms the monitor, and waits only if the word is still the same. Who
 * finds that word changes it, and has woken the CPU; who does not, sends an interrupt, which ends either. The word and
 * the queue of threads are safe together since both are changed by locked instructions. */
#include "kernel/arch/x86_64/idle.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/preempt.h"
#include "kernel/arch/smp.h"
#include "kernel/arch/x86_64/cpuid.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "lib/cmdline.h"
#include "lib/string.h"

#define LEAF_MWAIT		5u		/* EAX smallest monitored line; ECX and EDX below */
#define MWAIT_ENUMERATES	(1u << 0)	/* ECX: EDX counts the states */
#define MWAIT_C1_STATES		(0xfu << 4)	/* EDX */
#define ZEN			0x17		/* families; and the last model of the first generation */
#define ZEN_FIRST		0x0f
#define HYGON			0x18

enum { IDLE_RUNS, IDLE_WAITS, IDLE_WOKEN };

/* Others' writes to the same line would end the wait, so it has one alone. */
struct idle_word {
	uint32_t state;		/* atomic */
} __attribute__((aligned(64)));

static PERCPU(struct idle_word, idle_word);
static bool by_mwait;		/* constant since idle_init */

/* Intel's whose monitor does not see every write: Goldmont (erratum APL30), Ice Lake servers (ICX143, ICXD80) and Lunar
 * Lake; and those whose line must be flushed first: Dunnington (AAI65), Nehalem-EX and Westmere-EX. AMD's whose MWAIT
 * saves less than HLT, before Zen; and the first Zen, also as Hygon's family 18h, whose threads may hang in it (1109). */
static bool has_bad_monitor(const struct cpu_model *m)
{
	static const uint8_t models[] = { 0x5c, 0x6a, 0x6c, 0xbd, 0x1d, 0x2e, 0x2f };

	if (cpu_is_amd())
		return m->family < ZEN || (m->family == ZEN && m->model <= ZEN_FIRST) || m->family == HYGON;
	for (unsigned i = 0; i < ARRAY_SIZE(models); i++)
		if (m->family == 6 && m->model == models[i])
			return true;
	return false;
}

static bool mwait_serves(void)
{
	struct cpu_model m = cpu_model();
	struct cpuid leaf = cpuid_read_checked(LEAF_MWAIT, 0);

	if (cpu_has(FEATURE_HYPERVISOR) || !cpu_has(FEATURE_MONITOR) || !leaf.eax)
		return false;
	if (leaf.ecx & MWAIT_ENUMERATES && !(leaf.edx & MWAIT_C1_STATES))
		return false;
	return !has_bad_monitor(&m);
}

void idle_init(void)
{
	char asked[8] = "";

	by_mwait = mwait_serves();
	int size = cmdline_text(boot_cmdline(), "idle", asked, sizeof(asked));
	if (size >= 0 && (strcmp(asked, "halt") == 0 || strcmp(asked, "nomwait") == 0))
		by_mwait = false;
	else if (size >= 0 && strcmp(asked, "mwait") == 0 && cpu_has(FEATURE_MONITOR))
		by_mwait = true;
	else if (size >= 0 || size == -E2BIG)
		pr_warn("idle: idle= must be halt, nomwait, or mwait on a CPU that has it");
}

const char *smp_arch_idle_name(void)
{
	return by_mwait ? "MWAIT" : "HLT";
}

bool idle_end(cpu_id_t id)
{
	uint32_t *state = &cpu_of(id, idle_word).state, waits = IDLE_WAITS;

	return by_mwait && __atomic_compare_exchange_n(state, &waits, IDLE_WOKEN, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* In both, an interrupt cannot come between the two last instructions: STI takes effect behind the next one (Intel SDM
 * volume 2, STI). One that is pending ends the wait at once. */
void smp_arch_idle(void)
{
	uint32_t *state = &this_cpu(idle_word).state;

	if (!by_mwait) {
		__asm__ volatile("sti; hlt" ::: "memory");
		return;
	}
	__atomic_exchange_n(state, IDLE_WAITS, __ATOMIC_SEQ_CST);
	__asm__ volatile("monitor" :: "a"(state), "c"(0), "d"(0) : "memory");
	if (__atomic_load_n(state, __ATOMIC_SEQ_CST) == IDLE_WAITS)
		__asm__ volatile("sti; mwait" :: "a"(0), "c"(0) : "memory");
	if (__atomic_exchange_n(state, IDLE_RUNS, __ATOMIC_SEQ_CST) == IDLE_WOKEN)
		preempt_request();
	cpu_irq_on();
}
