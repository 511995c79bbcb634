/* A plugin for QEMU that counts the guest's instructions, for each CPU, between two places in its code.
 *
 *	qemu-system-x86_64 -plugin qemu_count.so,from=ADDRESS,to=ADDRESS,wait=START-END,wait=…,out=FILE …
 *
 * It counts from when the first CPU comes to `from` until it comes to `to`, once. Each `wait` is a function that waits:
 * what is executed in it and below it counts as waiting, all else as work. It is over at a block of code outside it
 * that no call led to, so an interrupt that breaks into a wait is work, and the wait goes on where the interrupt ends.
 * At the end FILE has a line "cpu NUMBER WORK WAITING" for each CPU, and "wait START TIMES" for each wait: how often the
 * first CPU entered it from work.
 *
 * QEMU tells of blocks: instructions up to the next jump or page. A block that a fault leaves early counts whole.
 *
 * No Debian package has QEMU's header, so what is used of it stands here (QEMU 7.2, include/qemu/qemu-plugin.h). The
 * version says which API this is; QEMU 9 and later refuse it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plugin_info {
	const char *target;
	struct { int least, current; } version;
	bool whole_machine;
	int cpus, cpus_most;
};
struct qemu_plugin_tb;
struct qemu_plugin_insn;

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*translated)(uint64_t id, struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*executed)(unsigned cpu, void *data), int registers,
					  void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
const uint8_t *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);

extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const struct plugin_info *info, int argc, char **argv);

int qemu_plugin_version = 1;

#define WAITS_MOST 64

/* What is known of a block when it is translated travels with it in place of a pointer. */
#define BLOCK_LENGTH(block)	((block) & 0xffff)
#define BLOCK_WAIT(block)	((block) >> 16 & 0xff)	/* 1 for the first wait; 0: is in none */
#define BLOCK_CALLS		(1u << 24)		/* it ends with a call */
#define BLOCK_ENTERS		(1u << 25)		/* it is the first of a wait */
#define BLOCK_FROM		(1u << 26)
#define BLOCK_TO		(1u << 27)

static struct wait {
	uint64_t start, end, times;
} waits[WAITS_MOST];
static unsigned wait_count;

/* Each written by its own CPU's thread. */
static struct count {
	uint64_t work, waiting;
	bool waits, below;	/* is in a wait; in what a wait called */
} *counts;
static int cpu_count;

static uint64_t from, to;
static const char *out;
static bool counting, ended;	/* changed by the first CPU */

static void report(void)
{
	FILE *f = fopen(out, "w");

	if (!f) {
		perror(out);
		return;
	}
	for (int i = 0; i < cpu_count; i++)
		fprintf(f, "cpu %d %llu %llu\n", i, (unsigned long long)counts[i].work, (unsigned long long)counts[i].waiting);
	for (unsigned i = 0; i < wait_count; i++)
		fprintf(f, "wait %#llx %llu\n", (unsigned long long)waits[i].start, (unsigned long long)waits[i].times);
	fclose(f);
}

static void mark(unsigned block)
{
	if (block & BLOCK_FROM && !ended)
		__atomic_store_n(&counting, true, __ATOMIC_RELAXED);
	if (block & BLOCK_TO && counting) {
		__atomic_store_n(&counting, false, __ATOMIC_RELAXED);
		ended = true;
		report();
	}
}

static void executed(unsigned cpu, void *data)
{
	unsigned block = (unsigned)(uintptr_t)data, wait = BLOCK_WAIT(block);
	struct count *c = &counts[cpu];

	if (cpu == 0)
		mark(block);
	if (!__atomic_load_n(&counting, __ATOMIC_RELAXED))
		return;
	if (wait) {
		waits[wait - 1].times += cpu == 0 && block & BLOCK_ENTERS && !c->waits;
		c->waits = true;
		c->below = block & BLOCK_CALLS;
	} else if (!c->below) {
		c->waits = false;
	}
	*(c->waits ? &c->waiting : &c->work) += BLOCK_LENGTH(block);
}

/* CALL to a relative address, or through a register or memory (Intel SDM volume 2, CALL), with or without REX. */
static bool is_call(const uint8_t *code)
{
	code += (code[0] & 0xf0) == 0x40;
	return code[0] == 0xe8 || (code[0] == 0xff && (code[1] >> 3 & 7) == 2);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	uint64_t at = qemu_plugin_tb_vaddr(tb);
	size_t length = qemu_plugin_tb_n_insns(tb);
	unsigned block = (unsigned)length;

	(void)id;
	for (unsigned i = 0; i < wait_count; i++)
		if (at >= waits[i].start && at < waits[i].end)
			block |= (i + 1) << 16 | (at == waits[i].start ? BLOCK_ENTERS : 0);
	block |= is_call(qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, length - 1))) ? BLOCK_CALLS : 0;
	block |= (at == from ? BLOCK_FROM : 0) | (at == to ? BLOCK_TO : 0);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, (void *)(uintptr_t)block);
}

static bool argument(char *text)
{
	char *value = strchr(text, '='), *end;

	if (!value)
		return false;
	*value++ = '\0';
	if (strcmp(text, "out") == 0) {
		out = value;
		return true;
	}
	uint64_t address = strtoull(value, &end, 0);
	if (strcmp(text, "wait") == 0 && *end == '-' && wait_count < WAITS_MOST)
		waits[wait_count++] = (struct wait){ address, strtoull(end + 1, &end, 0), 0 };
	else if (strcmp(text, "from") == 0)
		from = address;
	else if (strcmp(text, "to") == 0)
		to = address;
	else
		return false;
	return *end == '\0';
}

__attribute__((visibility("default"))) int qemu_plugin_install(uint64_t id, const struct plugin_info *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!argument(argv[i])) {
			fprintf(stderr, "qemu_count: %s is not understood\n", argv[i]);
			return -1;
		}
	}
	if (!from || !to || !out) {
		fprintf(stderr, "qemu_count: from=, to= and out= are needed\n");
		return -1;
	}
	cpu_count = info->cpus_most;
	counts = calloc((size_t)cpu_count, sizeof(*counts));
	if (!counts)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
