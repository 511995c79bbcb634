/* Who runs on this CPU, and may it be interrupted by another thread now?
 *
 * Rules
 * - Each CPU counts the reasons not to switch: one for each preempt_disable (each spinlock held is one), and the
 *   interrupts it is in. Only where the count is zero another thread may be put in place of the running one.
 * - Whoever wants a switch sets the need with preempt_request, on that CPU. It is met as soon as the count is zero: at
 *   preempt_enable, or when the interrupt returns.
 * - Until the scheduler runs on a CPU, its count is not zero. */
#ifndef KERNEL_ARCH_PREEMPT_H
#define KERNEL_ARCH_PREEMPT_H

#include "lib/types.h"

struct thread;

/* One word, so that "nothing forbids it, and it is needed" is zero, found by the decrement itself. */
#define PREEMPT_NOT_NEEDED	0x80000000u	/* set: nobody wants a switch */
#define PREEMPT_INTERRUPT	0x00010000u	/* for each interrupt this CPU is in */
#define PREEMPT_NMI		0x01000000u	/* for each NMI or other exception */
#define PREEMPT_NO_LOCKS	1ull		/* bit 0 stands for locks without a number: always set */

/* Where they are in struct cpu_local (arch/x86_64/cpu_local.h asserts it). */
#define PREEMPT_CURRENT		"%%gs:8"
#define PREEMPT_WORD		"%%gs:16"
#define PREEMPT_LOCKS		"%%gs:32"

/* The running thread; NULL until the scheduler runs. The answer is the same wherever the thread runs. */
static inline struct thread *thread_current(void)
{
	struct thread *t;
	__asm__("mov " PREEMPT_CURRENT ", %0" : "=r"(t));
	return t;
}

/* What is called where a switch is possible and needed: kernel/sched. */
void preempt_now(void);
void preempt_now_from_interrupt(void);

static inline void preempt_disable(void)
{
	__asm__ volatile("incl " PREEMPT_WORD ::: "memory", "cc");
}

static inline void preempt_enable(void)
{
	bool now;
	__asm__ volatile("decl " PREEMPT_WORD : "=@ccz"(now) :: "memory");
	if (__builtin_expect(now, 0))
		preempt_now();
}

/* Without looking whether a switch is needed: the caller switches, or an interrupt that comes soon does. */
static inline void preempt_enable_no_switch(void)
{
	__asm__ volatile("decl " PREEMPT_WORD ::: "memory", "cc");
}

/* This CPU should look for another thread. In one instruction, so that no interrupt comes in between. */
static inline void preempt_request(void)
{
	__asm__ volatile("andl %0, " PREEMPT_WORD :: "i"(~PREEMPT_NOT_NEEDED) : "memory", "cc");
}

static inline void preempt_request_clear(void)
{
	__asm__ volatile("orl %0, " PREEMPT_WORD :: "i"(PREEMPT_NOT_NEEDED) : "memory", "cc");
}

static inline uint32_t preempt_word(void)
{
	uint32_t word;
	__asm__ volatile("movl " PREEMPT_WORD ", %0" : "=r"(word));
	return word;
}

static inline bool preempt_is_requested(void) { return !(preempt_word() & PREEMPT_NOT_NEEDED); }
static inline bool preempt_is_disabled(void) { return preempt_word() & ~PREEMPT_NOT_NEEDED; }
static inline bool preempt_in_interrupt(void) { return (preempt_word() & ~PREEMPT_NOT_NEEDED) >= PREEMPT_INTERRUPT; }

/* Around what an interrupt does, interrupts off. The way out may switch: then it returns when the interrupted thread
 * runs again. */
static inline void preempt_interrupt_enter(void)
{
	__asm__ volatile("addl %0, " PREEMPT_WORD :: "i"(PREEMPT_INTERRUPT) : "memory", "cc");
}

static inline void preempt_interrupt_leave(void)
{
	bool now;
	__asm__ volatile("subl %1, " PREEMPT_WORD : "=@ccz"(now) : "i"(PREEMPT_INTERRUPT) : "memory");
	if (__builtin_expect(now, 0))
		preempt_now_from_interrupt();
}

/* Around what an NMI or another exception does. It may have come in between anything, and so takes no spinlock that the
 * code it interrupted may hold; and nothing is switched. */
static inline void preempt_nmi_enter(void)
{
	__asm__ volatile("addl %0, " PREEMPT_WORD :: "i"(PREEMPT_NMI) : "memory", "cc");
}

static inline void preempt_nmi_leave(void)
{
	__asm__ volatile("subl %0, " PREEMPT_WORD :: "i"(PREEMPT_NMI) : "memory", "cc");
}

static inline bool preempt_in_nmi(void) { return (preempt_word() & ~PREEMPT_NOT_NEEDED) >= PREEMPT_NMI; }

/* Which spinlocks this CPU holds, as kernel/sync/lock_order.h numbers them; with preemption off. */
static inline uint64_t preempt_locks(void)
{
	uint64_t locks;
	__asm__ volatile("movq " PREEMPT_LOCKS ", %0" : "=r"(locks));
	return locks;
}

static inline void preempt_set_locks(uint64_t locks)
{
	__asm__ volatile("movq %0, " PREEMPT_LOCKS :: "r"(locks));
}

/* Each CPU, before its first lock. */
static inline void preempt_init_cpu(void)
{
	__asm__ volatile("movl %0, " PREEMPT_WORD :: "i"(PREEMPT_NOT_NEEDED | 1) : "memory");
	preempt_set_locks(PREEMPT_NO_LOCKS);
}

/* Tell this CPU whom it runs. */
static inline void thread_set_current(struct thread *t)
{
	__asm__ volatile("mov %0, " PREEMPT_CURRENT :: "r"(t) : "memory");
}

#endif
