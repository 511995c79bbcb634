/* Other CPUs: they run what they are asked to, once, on the CPU meant, with its own state. */
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/smp/call.h"
#include "kernel/smp/cpus.h"
#include "kernel/sync/spinlock.h"
#include "tests/kernel/framework.h"

static PERCPU(uint64_t, counter);
static uint64_t total;

static void count(void *argument)
{
	this_cpu(counter)++;
}

static void count_total(void *argument)
{
	__atomic_fetch_add(&total, 1, __ATOMIC_RELAXED);
}

KERNEL_TEST(calls_run_once_on_each_cpu)
{
	enum { ROUNDS = 200 };

	for (cpu_id_t id = 0; id < percpu_count; id++)
		cpu_of(id, counter) = 0;
	for (unsigned i = 0; i < ROUNDS; i++)
		smp_call_all(count, NULL);
	for (cpu_id_t id = 0; id < percpu_count; id++)
		KT_CHECK(cpu_of(id, counter) == (cpu_is_online(id) ? ROUNDS : 0));
	for (cpu_id_t id = 0; id < percpu_count; id++)
		smp_call_one(id, count, NULL);
	for (cpu_id_t id = 0; id < percpu_count; id++)
		KT_CHECK(cpu_of(id, counter) == (cpu_is_online(id) ? ROUNDS + 1 : 0));
	return KT_PASS;
}

#define NEIGHBOURS 4u

/* Every CPU calls itself and the next three at the same time, so that calls wait for callers in circles. */
static void call_neighbours(void *argument)
{
	for (unsigned i = 0; i < NEIGHBOURS; i++)
		smp_call_one((cpu_id() + i) % percpu_count, count_total, NULL);
}

KERNEL_TEST(calls_cross_without_deadlock)
{
	unsigned rounds = cpus_online() > 8 ? 2 : 50;

	if (cpus_online() != percpu_count)
		return KT_SKIP;		/* one was left out: the count would be another */

	total = 0;
	for (unsigned i = 0; i < rounds; i++)
		smp_call_all(call_neighbours, NULL);
	KT_CHECK(total == (uint64_t)rounds * cpus_online() * NEIGHBOURS);
	return KT_PASS;
}

static uint64_t boot_cr0, boot_cr4, boot_pat, boot_efer;
static bool differs;

static void compare_control(void *argument)
{
	if (cr0_read() != boot_cr0 || cr4_read() != boot_cr4 || msr_read(MSR_PAT) != boot_pat || msr_read(MSR_EFER) != boot_efer)
		differs = true;
	if (cpu_id() >= percpu_count || &this_cpu(cpu_local) != &cpu_of(cpu_id(), cpu_local))
		differs = true;
}

KERNEL_TEST(control_registers_are_the_same_everywhere)
{
	boot_cr0 = cr0_read();
	boot_cr4 = cr4_read();
	boot_pat = msr_read(MSR_PAT);
	boot_efer = msr_read(MSR_EFER);
	differs = false;
	smp_call_all(compare_control, NULL);
	KT_CHECK(!differs);
	KT_CHECK(boot_cr0 & CR0_WP);
	return KT_PASS;
}

KERNEL_TEST(apic_ids_are_distinct)
{
	for (cpu_id_t a = 0; a < percpu_count; a++)
		for (cpu_id_t b = 0; b < a; b++)
			KT_CHECK(cpu_of(a, cpu_local).apic_id != cpu_of(b, cpu_local).apic_id);
	return KT_PASS;
}

KERNEL_TEST(trylock_fails_on_a_lock_that_is_held)
{
	static struct spinlock lock = SPINLOCK("trylock");

	KT_CHECK(spin_trylock(&lock));
	KT_CHECK(spin_is_held(&lock));
	KT_CHECK(!spin_trylock(&lock));
	spin_unlock(&lock);
	KT_CHECK(!spin_is_held(&lock));
	KT_CHECK(spin_trylock(&lock));
	spin_unlock(&lock);
	return KT_PASS;
}
