/* Finding a section of a loaded PE32+ image.
 *
 * The loader looks for its own payload in the memory that the firmware put it in, so offsets into the image
 * are the virtual addresses of the section table and the file's own offsets play no part. The structures are
 * packed and may alias, as nothing in the image promises alignment.
 *
 * Source: Microsoft PE/COFF specification, sections "MS-DOS Stub", "COFF File Header", "Optional Header",
 * "Section Table". */
#include "lib/pe.h"

#include <abi/linux/errno.h>

#include "lib/string.h"

#define PE_PACKED __attribute__((packed, may_alias))

#define PE_MAGIC	0x00004550u	/* "PE\0\0" */
#define PE_MACHINE	0x8664		/* x86-64 */
#define PE_PLUS		0x20b		/* the optional header's magic of PE32+ */

struct PE_PACKED dos_header {
	char magic[2];		/* "MZ" */
	uint8_t stub[58];
	uint32_t pe_offset;
};

struct PE_PACKED pe_header {
	uint32_t magic;
	uint16_t machine, section_count;
	uint32_t time, symbols, symbol_count;
	uint16_t optional_size, characteristics;
	uint16_t optional_magic;	/* the first field of the optional header, which section_count sections follow */
};

struct PE_PACKED pe_section_header {
	char name[8];		/* padded with NULs; no final one where the name has 8 bytes */
	uint32_t virtual_size, virtual_address;
	uint32_t raw_size, raw_offset;
	uint8_t unused[16];
};

_Static_assert(sizeof(struct pe_header) == 26 && sizeof(struct pe_section_header) == 40, "as the specification has them");

/* Find the section table: 0 or -ENOEXEC. */
static int find_table(const uint8_t *image, size_t size, const struct pe_section_header **ret, unsigned *ret_count)
{
	const struct dos_header *dos = (const void *)image;

	if (size < sizeof(*dos) || memcmp(dos->magic, "MZ", 2) != 0)
		return -ENOEXEC;
	if (dos->pe_offset > size || size - dos->pe_offset < sizeof(struct pe_header))
		return -ENOEXEC;
	const struct pe_header *pe = (const void *)(image + dos->pe_offset);
	if (pe->magic != PE_MAGIC || pe->machine != PE_MACHINE || pe->optional_magic != PE_PLUS)
		return -ENOEXEC;
	/* Sums of a 32-bit offset and 16-bit sizes: none can wrap. */
	size_t table = (size_t)dos->pe_offset + offsetof(struct pe_header, optional_magic) + pe->optional_size;
	if (table > size || pe->section_count * sizeof(struct pe_section_header) > size - table)
		return -ENOEXEC;
	*ret = (const void *)(image + table);
	*ret_count = pe->section_count;
	return 0;
}

int pe_find_section(const void *image, size_t size, const char *name, struct pe_section *ret)
{
	const struct pe_section_header *section;
	unsigned count;
	int error = find_table(image, size, &section, &count);

	if (error)
		return error;
	if (strlen(name) > sizeof(section->name))
		return -ENOENT;
	for (; count; section++, count--) {
		if (strncmp(section->name, name, sizeof(section->name)) != 0)
			continue;
		if (section->virtual_address > size || section->virtual_size > size - section->virtual_address)
			return -ENOEXEC;
		ret->data = (const uint8_t *)image + section->virtual_address;
		ret->size = section->virtual_size;
		return 0;
	}
	return -ENOENT;
}
