/* The table is { magic, count, size of names, offsets of functions from text_start in ascending order, their names }:
 * names are read in order, since a backtrace looks up a few and no index is worth its bytes. The first link has
 * none. */
#include "kernel/core/symbols.h"

#include "kernel/arch/sections.h"
#include "lib/format.h"
#include "lib/string.h"

#define MAGIC 0x4c425953	/* "SYBL" */

extern const struct {
	uint32_t magic, count, names_size;
	uint32_t offsets[];
} symbol_table;

const char *symbol_text(vaddr_t address, char ret[SYMBOL_TEXT])
{
	uint64_t offset = address - (vaddr_t)text_start;
	uint32_t i = 0;

	ksnprintf(ret, SYMBOL_TEXT, "%#llx", (unsigned long long)address);
	if (offset >= (uint64_t)(text_end - text_start) || symbol_table.magic != MAGIC)
		return ret;
	const char *name = (const char *)(symbol_table.offsets + symbol_table.count);
	for (; i + 1 < symbol_table.count && symbol_table.offsets[i + 1] <= offset; i++)
		name += strlen(name) + 1;
	ksnprintf(ret, SYMBOL_TEXT, "%s+%#llx", name, (unsigned long long)(offset - symbol_table.offsets[i]));
	return ret;
}
