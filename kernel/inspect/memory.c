/* `peek`, `poke`, `in` and `out`: memory and ports, one access of the asked width at a time, as devices want them.
 *
 * A physical address that is RAM is read in the direct map, where it has the cache type that everybody uses; anything
 * else is mapped uncached for the moment. Whatever the access meets, a fault becomes a message. A machine may still hang
 * or reset by what a device does: that is what the person asked for. */
#include "kernel/inspect/inspect.h"

#include <abi/linux/errno.h>
#include "kernel/arch/guarded.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/arch/trap.h"
#include "kernel/core/memory_map.h"
#include "kernel/core/monitor.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define ROW 16			/* bytes */
#define BYTES_DEFAULT 64
#define BYTES_MOST 65536

struct place {
	bool physical;
	uint64_t address;
};

bool inspect_number(const char *text, uint64_t most, uint64_t *ret)
{
	return cmdline_parse_number(text, strlen(text), ret) == 0 && *ret <= most;
}

unsigned inspect_width(int *argc, char ***argv)
{
	static const char letters[] = "bwlq";
	const char *option = *argc > 1 ? (*argv)[1] : "", *letter = option[0] == '-' && option[1] ? strchr(letters, option[1]) : NULL;

	if (!letter || option[2])
		return 1;
	--*argc;
	++*argv;
	return 1u << (letter - letters);
}

/* phys:ADDRESS, virt:ADDRESS, or an address that says by its half which of the two it is. */
static bool place_parse(const char *text, struct place *ret)
{
	const bool physical = strncmp(text, "phys:", 5) == 0, virtual = strncmp(text, "virt:", 5) == 0;

	if (!inspect_number(text + (physical || virtual ? 5 : 0), UINT64_MAX, &ret->address))
		return false;
	ret->physical = physical || (!virtual && ret->address >> 63 == 0);
	return true;
}

static bool is_ram(paddr_t address)
{
	const struct mem_range *range = memory_map_find(address);

	return range && memmap_is_ram(range->type) && address < HANDOFF_DIRECT_MAP_SIZE;
}

/* Where size bytes (a row at most) can be accessed, NULL where the CPU has no such address. *ret_device is what
 * place_unmap needs. */
static char *place_map(const struct place *p, size_t size, char **ret_device)
{
	*ret_device = NULL;
	if (!p->physical)
		return (char *)p->address;
	if (is_ram(p->address) && is_ram(p->address + size - 1))
		return phys_to_virt(p->address);
	return *ret_device = mmu_map_device(p->address, size, MMU_UNCACHED);
}

static void place_unmap(char *device, size_t size)
{
	if (device)
		mmu_unmap_device(device, size);
}

static void print_fault(const char *command, const struct place *p, uint64_t address, unsigned fault)
{
	monitor_printf("%s: %#llx%s%s%s: %s\n", command, (unsigned long long)address, p->physical ? "" : " (",
		       p->physical ? "" : mmu_describe(address), p->physical ? "" : ")", fault ? trap_name(fault) : "no such address");
}

/* One row: address, units, text. False where it ended early. */
static bool peek_row(const struct place *p, unsigned width, size_t size)
{
	char *device, *at = place_map(p, size, &device), text[ROW + 1] = "", line[ROW * 3 + 1] = "";
	unsigned fault = 0;
	size_t done = 0, used = 0;

	for (; at && done < size; done += width) {
		uint64_t value;
		fault = guarded_read((vaddr_t)at + done, width, &value);
		if (fault)
			break;
		used += (size_t)ksnprintf(line + used, sizeof(line) - used, " %0*llx", (int)(2 * width), (unsigned long long)value);
		for (unsigned i = 0; i < width; i++) {
			const char byte = (char)(value >> (8 * i));
			text[done + i] = byte >= 0x20 && byte < 0x7f ? byte : '.';
		}
	}
	place_unmap(device, size);
	if (done)
		monitor_printf("%016llx%-*s  %s\n", (unsigned long long)p->address, (int)(ROW / width * (2 * width + 1)), line, text);
	if (done < size)
		print_fault("peek", p, p->address + done, fault);
	return done == size;
}

static int peek_command(int argc, char **argv)
{
	const unsigned width = inspect_width(&argc, &argv);
	uint64_t count = BYTES_DEFAULT / width;
	struct place p;

	if (argc < 2 || argc > 3 || !place_parse(argv[1], &p) || (argc == 3 && !inspect_number(argv[2], BYTES_MOST / width, &count)))
		return -EINVAL;
	for (size_t left = count * width, size; left; left -= size, p.address += size) {
		size = MIN(left, (size_t)ROW);
		if (!peek_row(&p, width, size))
			break;
	}
	return 0;
}
MONITOR_COMMAND(peek, "[-b|-w|-l|-q] ADDRESS [COUNT]", "show memory", peek_command,
	.text = "COUNT units of 1, 2, 4 or 8 bytes, each read by one access of that width. Addresses: phys:0xfee00000, virt:0xffff…; "
		"without a prefix those of the upper half are virtual, others physical. What is not RAM is read uncached. Reading a "
		"device's registers may change what it does.");

static int poke_command(int argc, char **argv)
{
	const unsigned width = inspect_width(&argc, &argv);
	uint64_t value;
	struct place p;
	char *device, *at;

	if (argc != 3 || !place_parse(argv[1], &p) || !inspect_number(argv[2], UINT64_MAX >> (64 - 8 * width), &value))
		return -EINVAL;
	at = place_map(&p, width, &device);
	unsigned fault = at ? guarded_write((vaddr_t)at, width, value) : 0;
	place_unmap(device, width);
	if (!at || fault)
		print_fault("poke", &p, p.address, fault);
	return 0;
}
MONITOR_COMMAND(poke, "[-b|-w|-l|-q] ADDRESS VALUE", "write memory", poke_command,
	.text = "One access of 1, 2, 4 or 8 bytes; addresses as for peek. The kernel's own memory is not protected from you, but for "
		"its text and constants.");

/* A 16-bit port, and a width that ports have. */
static bool port_parse(int argc, char **argv, int most, unsigned width, uint64_t *ret)
{
	return argc >= 2 && argc <= most && width <= 4 && inspect_number(argv[1], 0x10000 - width, ret);
}

static int in_command(int argc, char **argv)
{
	const unsigned width = inspect_width(&argc, &argv);
	uint64_t port;

	if (!port_parse(argc, argv, 2, width, &port))
		return -EINVAL;
	uint32_t value = width == 1 ? port_read8((uint16_t)port) : width == 2 ? port_read16((uint16_t)port) : port_read32((uint16_t)port);
	monitor_printf("%0*x\n", (int)(2 * width), value);
	return 0;
}
MONITOR_COMMAND(in, "[-b|-w|-l] PORT", "read an I/O port", in_command,
	.text = "One access of 1, 2 or 4 bytes. A port that nobody answers reads as all ones.");

static int out_command(int argc, char **argv)
{
	const unsigned width = inspect_width(&argc, &argv);
	uint64_t port, value;

	if (argc != 3 || !port_parse(argc, argv, 3, width, &port) || !inspect_number(argv[2], UINT32_MAX >> (32 - 8 * width), &value))
		return -EINVAL;
	if (width == 1)
		port_write8((uint16_t)port, (uint8_t)value);
	else if (width == 2)
		port_write16((uint16_t)port, (uint16_t)value);
	else
		port_write32((uint16_t)port, (uint32_t)value);
	return 0;
}
MONITOR_COMMAND(out, "[-b|-w|-l] PORT VALUE", "write an I/O port", out_command,
	.text = "One access of 1, 2 or 4 bytes. out 0xcf9 6 restarts most machines; that is the kind of thing that may happen.");
