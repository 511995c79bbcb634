/* The boot as a table of contents. */
#include "kernel/main.h"

#include "kernel/arch/preempt.h"
#include "kernel/arch/smp.h"
#include "kernel/arch/timer.h"
#include "kernel/arch/topology.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/pat.h"
#include "kernel/banner.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/firmware.h"
#include "kernel/core/last_boot.h"
#include "kernel/core/log.h"
#include "kernel/core/memory_map.h"
#include "kernel/core/monitor.h"
#include "kernel/core/panic.h"
#include "kernel/drivers/console/display.h"
#include "kernel/drivers/console/fbcon.h"
#include "kernel/drivers/console/panic_screen.h"
#include "kernel/drivers/console/waiting.h"
#include "kernel/drivers/input/i8042.h"
#include "kernel/drivers/input/input.h"
#include "kernel/drivers/pci/pci.h"
#include "kernel/drivers/power.h"
#include "kernel/drivers/save/save.h"
#include "kernel/drivers/serial/uart16550.h"
#include "kernel/drivers/usb/usb.h"
#include "kernel/irq/irq.h"
#include "kernel/mm/bootmem.h"
#include "kernel/mm/failure.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/memory.h"
#include "kernel/sched/executor.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/watch.h"
#include "kernel/smp/call.h"
#include "kernel/smp/cpus.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_watch.h"
#include "kernel/time/stage.h"
#include "kernel/time/timer.h"
#include "lib/cmdline.h"
#include "lib/string.h"

/* exec="log; mem": quotes are off already, commands are separated by semicolons. */
static void exec_from_cmdline(void)
{
	struct cmdline_word exec;

	if (!cmdline_find(boot_cmdline(), "exec", &exec) || !exec.value_size)
		return;
	monitor_run(exec.value, exec.value_size);
}

void kmain(const struct handoff *handoff)
{
	preempt_init_cpu();			/* one thread of execution, for now */
	cpu_init_cpu();				/* control registers, memory types */
	gdt_init_cpu();
	idt_init();
	idt_init_cpu();				/* from here on a fault is reported … */
	panic_set_first_console(serial_init);	/* … on the serial line at least */
	boot_info_accept(handoff);
	clock_init_early();			/* time runs, at an unknown rate */
	power_init();				/* how a panic ends */
	display_init_early();			/* from here on a hang shows how far the boot came */
	panic_screen_init();			/* and a panic is seen */

	stage_enter("memory");
	log_init();
	last_boot_init();			/* how the last run ended */
	memory_map_init();
	bootmem_init();				/* memory for what stays */
	mmu_init(handoff, bootmem_frame);	/* stacks have guard pages, the framebuffer is fast */

	stage_enter("firmware tables, clock");
	firmware_init();
	memory_init();				/* from here on memory can be had and given back */
	clock_init();				/* from here on waits are exact and the log has times */
	pci_config_init(kzalloc);
	pci_init();				/* every device is known … */
	pci_quiet();				/* … and none writes to memory or interrupts any more */
	usb_take_over();			/* nor plays the firmware a keyboard */

	stage_enter("interrupts");
	cpus_find();				/* this CPU's local APIC, and which others there are */
	topology_init_cpu();			/* its caches and neighbours */
	memory_near_cpu(smp_arch_boot_id());
	irq_init();				/* IOAPICs; nothing the firmware left on interrupts us */
	timer_hw_init_cpu();
	timers_init();
	timers_init_cpu();
	smp_call_init();
	smp_shootdown_init();
	smp_stop_init();
	irq_init_cpu();				/* from here on interrupts come */
	clock_watch_init();			/* the clock gets better while the machine runs */
	sched_init();				/* from here on there are threads, and this is the first */
	executor_init();
	console_waiting_init();			/* who waits for a person lets others run */

	stage_enter("other CPUs");
	cpus_start();
	watch_init();				/* from here on a CPU that hangs is named by another */
	frames_reclaim_boot_services();		/* no device and no CPU is the firmware's any more */
	save_init();				/* from here on a panic is kept for the next boot */
	power_button_init();

	stage_enter("serial console");
	serial_init();
	stage_enter("framebuffer console");
	stage_set_strip(NULL);
	fbcon_init();
	input_init();
	usb_init();
	i8042_init();				/* keyboards and mice turn up by themselves, later */

	stage_enter("summary");
	banner_print();
	stage_enter("ready");
	banner_print_ready();
	fbcon_set_eager(false);

	memory_booted();			/* from here on a lack of memory is the caller's to handle */
	thread_set_cpu(thread_current(), CPU_ANY);	/* and this thread runs on any CPU */
	exec_from_cmdline();
	monitor_loop();
}

void kmain_ap(void)
{
	preempt_init_cpu();
	cpu_init_cpu();
	gdt_init_cpu();
	idt_init_cpu();
	mtrr_init_cpu();
	lapic_init_cpu();
	topology_init_cpu();
	memory_init_cpu();
	memory_near_cpu(smp_arch_boot_id());	/* from here on this CPU has memory */
	timer_hw_init_cpu();
	timers_init_cpu();
	smp_arch_arrive();
	irq_init_cpu();				/* from here on interrupts come */
	sched_init_cpu();			/* and threads */
	sched_idle();
}
