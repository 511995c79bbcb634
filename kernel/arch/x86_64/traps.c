/* What the kernel does about an exception: a breakpoint and an unexplained NMI are reported and resumed, everything
 * else ends in a panic that says what happened, where, and what the address in question is. */
#include "kernel/arch/x86_64/traps.h"

#include "kernel/arch/mmu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/fixup.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/arch/x86_64/vectors.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"
#include "kernel/sync/blocking.h"
#include "lib/format.h"

_Static_assert(sizeof(struct trap_frame) == 22 * 8, "as traps.S pushes it");

/* Intel SDM volume 3, table 6-1. */
static const char *const exception_names[VECTOR_EXCEPTIONS] = {
	"divide error", "debug exception", "non-maskable interrupt", "breakpoint", "overflow", "bound range exceeded",
	"invalid opcode", "device not available", "double fault", "coprocessor segment overrun", "invalid TSS",
	"segment not present", "stack segment fault", "general protection fault", "page fault", "reserved exception 15",
	"x87 floating-point error", "alignment check", "machine check", "SIMD floating-point error",
	"virtualization exception", "control protection exception", "reserved exception 22", "reserved exception 23",
	"reserved exception 24", "reserved exception 25", "reserved exception 26", "reserved exception 27",
	"hypervisor injection exception", "VMM communication exception", "security exception", "reserved exception 31",
};

const char *trap_name(unsigned vector)
{
	return vector < VECTOR_EXCEPTIONS ? exception_names[vector] : "no exception";
}

vaddr_t trap_instruction(const struct trap_frame *f) { return f->rip; }
vaddr_t trap_frame_pointer(const struct trap_frame *f) { return f->rbp; }

/* The priority is raised in a call of the firmware alone. */
bool trap_interrupts_were_on(const struct trap_frame *f) { return f->rflags >> 9 & 1 && !cr8_read(); }

void trap_describe_registers(const struct trap_frame *f, char *buffer, size_t size)
{
	ksnprintf(buffer, size,
		  "RIP %04llx:%016llx  RFLAGS %08llx  error %04llx\n"
		  "RSP %04llx:%016llx  CR2 %016llx  CR3 %016llx\n"
		  "RAX %016llx  RBX %016llx  RCX %016llx\n"
		  "RDX %016llx  RSI %016llx  RDI %016llx\n"
		  "RBP %016llx  R8  %016llx  R9  %016llx\n"
		  "R10 %016llx  R11 %016llx  R12 %016llx\n"
		  "R13 %016llx  R14 %016llx  R15 %016llx\n",
		  (unsigned long long)f->cs, (unsigned long long)f->rip, (unsigned long long)f->rflags, (unsigned long long)f->error,
		  (unsigned long long)f->ss, (unsigned long long)f->rsp, (unsigned long long)cr2_read(), (unsigned long long)cr3_read(),
		  (unsigned long long)f->rax, (unsigned long long)f->rbx, (unsigned long long)f->rcx,
		  (unsigned long long)f->rdx, (unsigned long long)f->rsi, (unsigned long long)f->rdi,
		  (unsigned long long)f->rbp, (unsigned long long)f->r8, (unsigned long long)f->r9,
		  (unsigned long long)f->r10, (unsigned long long)f->r11, (unsigned long long)f->r12,
		  (unsigned long long)f->r13, (unsigned long long)f->r14, (unsigned long long)f->r15);
}

/* SDM volume 3, section 4.7: the error code's bits. */
static _Noreturn void page_fault(const struct trap_frame *f)
{
	vaddr_t address = cr2_read();
	const char *access = f->error & 16 ? "executing" : f->error & 2 ? "writing" : "reading";
	const char *why = f->error & 8 ? "a reserved bit is set in its page tables" :
			  f->error & 1 ? "its page does not allow that" : "nothing is mapped there";

	panic_trap(f, "page fault: %s %#llx (%s): %s", access, (unsigned long long)address, mmu_describe(address), why);
}

/* A push that hits a guard page faults; delivering that fault needs the same stack, which is a double fault, and that
 * one has a stack of its own. */
static _Noreturn void double_fault(const struct trap_frame *f)
{
	vaddr_t address = cr2_read(), guard = mmu_is_stack_guard(f->rsp) ? f->rsp : address;
	const struct thread *t = thread_current();

	if (mmu_is_stack_guard(guard))
		panic_trap(f, "kernel stack overflow: %#llx is in the %s, in thread %s", (unsigned long long)address, mmu_describe(guard),
			   t ? thread_name(t) : "none");
	panic_trap(f, "double fault; the last page fault was at %#llx (%s)", (unsigned long long)address, mmu_describe(address));
}

/* SDM volume 3, section 16.3.2: each bank with a valid status says what went wrong. */
static _Noreturn void machine_check(const struct trap_frame *f)
{
	unsigned banks = msr_read(MSR_MCG_CAP) & 0xff;

	for (unsigned i = 0; i < banks; i++) {
		uint64_t status = msr_read(MSR_MC_STATUS(i));
		if (status >> 63)
			pr_err("cpu: machine check bank %u: status %#llx, address %#llx", i, (unsigned long long)status,
			       status >> 58 & 1 ? (unsigned long long)msr_read(MSR_MC_ADDRESS(i)) : 0);
	}
	panic_trap(f, "machine check: the hardware reports an error it cannot correct");
}

static bool (*nmi_handler)(const struct trap_frame *frame);

void trap_set_nmi_handler(bool (*handler)(const struct trap_frame *))
{
	nmi_handler = handler;
}

static void exception(const struct trap_frame *f)
{
	char where[SYMBOL_TEXT];

	switch (f->vector) {
	case VECTOR_BREAKPOINT:
		pr_warn("trap: breakpoint at %s", symbol_text(f->rip - 1, where));
		return;
	case VECTOR_NMI:
		if (!nmi_handler || !nmi_handler(f))
			pr_warn("trap: NMI for an unknown reason at %s", symbol_text(f->rip, where));
		return;
	case VECTOR_DOUBLE_FAULT:
		double_fault(f);
	case VECTOR_PAGE_FAULT:
		page_fault(f);
	case VECTOR_MACHINE_CHECK:
		machine_check(f);
	}
	panic_trap(f, "%s, error code %#llx", exception_names[f->vector], (unsigned long long)f->error);
}

void trap_handle(struct trap_frame *f);

void trap_handle(struct trap_frame *f)
{
	if (f->vector >= VECTOR_EXCEPTIONS) {
		vector_dispatch(f);
	} else if (!fixup_apply(f)) {
		preempt_nmi_enter();
		exception(f);
		preempt_nmi_leave();
	}
}
