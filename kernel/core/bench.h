/* Benchmarks in the kernel: `bench NAME` at the monitor.
 *
 * Rules: a benchmark is registered by the file that owns what it measures; files may share a name, one entry each. It
 * reports each figure as a line "name value unit", for people and scripts; "ticks" are those of cpu_ticks(), which
 * under QEMU's -icount shift=0 at 1 GHz are guest instructions (docs/performance.md). */
#ifndef KERNEL_CORE_BENCH_H
#define KERNEL_CORE_BENCH_H

#include "lib/types.h"

struct bench {
	const char *name, *help;
	int (*run)(void);	/* 0 or a negative errno */
};

#define BENCH(name_, help_, run_)							\
	static const struct bench bench_##name_						\
	__attribute__((section(".benches." #name_), used, aligned(8))) = { #name_, help_, run_ }

/* All that are registered, gathered by the linker. */
extern const struct bench benches_start[], benches_end[];

void bench_report(const char *name, uint64_t value, const char *unit);

#endif
