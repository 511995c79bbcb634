/* The kernel's ELF image: checked, placed, relocated.
 *
 * The work is split where trust changes. elf_check() reads the hostile file and leaves behind only numbers
 * that are known to be good: each segment lies inside the file and inside the image, and the relocation tables
 * lie inside the bytes that a segment brings from the file. elf_place() then copies without further questions;
 * what it still has to check is each relocation's target, because there are as many of them as the file likes.
 *
 * Addresses are turned into offsets from the lowest segment at once, and only offsets are compared: an offset
 * that is under the image's size cannot wrap, wherever the file says that it wants to live.
 *
 * The structures are packed and may alias: an offset in a hostile file need not be aligned, and the bytes
 * belong to no C object.
 *
 * Sources: System V gABI, chapters 4 (headers) and 5 (program headers, dynamic section); gABI's SHT_RELR;
 * AMD64 psABI 1.0, table 4.9. */
#include "lib/elf.h"

#include <abi/linux/errno.h>

#include "lib/string.h"

#define ELF_PACKED __attribute__((packed, may_alias))

/* What the kernel gets of the upper 2 GiB; what is larger than this cannot be ours, and sums of such sizes
 * cannot wrap. */
#define ELF_IMAGE_MAX GIB(1)

/* gABI, chapters 4 and 5: the few values that are understood here. */
enum { ET_DYN = 3, EM_X86_64 = 62, EV_CURRENT = 1 };
enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_TLS = 7 };
enum {
	DT_NULL = 0, DT_NEEDED = 1, DT_RELA = 7, DT_RELASZ = 8, DT_RELAENT = 9, DT_REL = 17, DT_TEXTREL = 22, DT_JMPREL = 23,
	DT_RELRSZ = 35, DT_RELR = 36, DT_RELRENT = 37,
};
enum { R_X86_64_RELATIVE = 8 };

struct ELF_PACKED elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct ELF_PACKED elf_program {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, file_size, memory_size, align;
};

struct ELF_PACKED elf_dynamic {
	uint64_t tag, value;
};

struct ELF_PACKED elf_rela {
	uint64_t offset, info, addend;
};

/* An entry of a RELR table, and what a relocation changes. */
struct ELF_PACKED elf_word {
	uint64_t value;
};

_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct elf_program) == 56, "as gABI has them");

/* The functions below return NULL, or the sentence that says why the file is refused. */

static const char *check_header(const uint8_t *file, size_t size)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little endian */, EV_CURRENT };
	const struct elf_header *header = (const void *)file;

	if (size < sizeof(*header))
		return "the file is shorter than an ELF header";
	if (memcmp(header->ident, ident, sizeof(ident)) != 0)
		return "this is not a 64-bit little-endian ELF file";
	if (header->machine != EM_X86_64)
		return "the file is not for x86-64";
	if (header->type != ET_DYN || header->version != EV_CURRENT)
		return "the file is not a position-independent executable";
	/* Larger entries would be legal for a later ELF; no linker makes them, and a table of one known stride
	 * is easier to bound. */
	if (header->phentsize != sizeof(struct elf_program))
		return "program headers have another size than 56 bytes";
	if (header->phnum > ELF_SEGMENTS_MAX)
		return "there are more than 16 program headers";
	if (header->phoff > size || header->phnum * sizeof(struct elf_program) > size - header->phoff)
		return "the program headers reach behind the end of the file";
	return NULL;
}

/* Take one PT_LOAD over as the image's next segment. The first one's address is the image's base: as they are
 * sorted, it is the lowest. */
static const char *add_segment(struct elf_image *image, const struct elf_program *program)
{
	/* Rights belong to pages, so no page may belong to two segments. The file's offset may be anything:
	 * bytes are copied, not mapped. */
	if (!IS_ALIGNED(program->vaddr, PAGE_SIZE))
		return "a segment's address is not a multiple of 4096";
	if (program->memory_size == 0 || program->file_size > program->memory_size)
		return "a segment is empty or larger in the file than in memory";
	if (program->offset > image->file_size || program->file_size > image->file_size - program->offset)
		return "a segment reaches behind the end of the file";
	if ((program->flags & ELF_WRITE) && (program->flags & ELF_EXEC))
		return "a segment is writable and executable";

	if (image->segment_count == 0)
		image->link_base = program->vaddr;
	/* image->size is where the last segment's pages end; a segment under the base would wrap to a huge
	 * offset. */
	uint64_t offset = program->vaddr - image->link_base;
	if (program->vaddr < image->link_base || offset < image->size)
		return "segments are not sorted, or overlap";
	if (program->memory_size > ELF_IMAGE_MAX || offset > ELF_IMAGE_MAX - program->memory_size)
		return "the image is larger than 1 GiB in memory";
	/* One page under 2^64 stays free, so that an address just behind the image is one. */
	if (program->vaddr > UINT64_MAX - program->memory_size - PAGE_SIZE)
		return "a segment reaches over the end of the address space";

	uint64_t size = ALIGN_UP(program->memory_size, PAGE_SIZE);
	image->segments[image->segment_count++] = (struct elf_segment) {
		.offset = offset,
		.size = size,
		.file_offset = program->offset,
		.file_size = program->file_size,
		/* The other bits belong to systems and processors that we are not (PF_MASKOS, PF_MASKPROC). */
		.rights = program->flags & (ELF_READ | ELF_WRITE | ELF_EXEC),
	};
	image->size = offset + size;
	return NULL;
}

/* Find the segment that brings all of [offset, offset + size) from the file; NULL where none does. */
static const struct elf_segment *find_filled(const struct elf_image *image, uint64_t offset, uint64_t size)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *s = &image->segments[i];
		uint64_t inside = offset - s->offset;
		if (offset >= s->offset && inside <= s->file_size && size <= s->file_size - inside)
			return s;
	}
	return NULL;
}

/* A relocation table with entries of entry_size bytes. Where size is 0 there is none, and an address that
 * comes with it means nothing. */
static const char *check_table(const struct elf_image *image, uint64_t *offset, uint64_t size, uint64_t entry_size,
			       uint64_t expected)
{
	if (size == 0) {
		*offset = 0;
		return NULL;
	}
	if (entry_size != expected || size % expected != 0)
		return "a relocation table has entries of another size";
	if (!find_filled(image, *offset, size))
		return "a relocation table lies outside what the segments bring";
	return NULL;
}

/* Take the two tables from the dynamic section. Tags come in any order, so tables are checked when all were
 * seen. Tags about symbols, hashes and names are passed over: nothing is looked up by name. Those that ask for
 * work which is not done here are refused, as a kernel with half of its relocations would crash much later and
 * far away. */
static const char *read_dynamic(struct elf_image *image, const struct elf_program *program)
{
	uint64_t rela_entry = 0, relr_entry = 0;
	uint64_t offset = program->vaddr - image->link_base;
	const struct elf_segment *segment = find_filled(image, offset, program->file_size);

	if (!segment)
		return "the dynamic section lies outside what the segments bring";
	const struct elf_dynamic *dynamic = (const void *)(image->file + segment->file_offset + (offset - segment->offset));
	const struct elf_dynamic *end = dynamic + program->file_size / sizeof(*dynamic);
	for (; dynamic < end && dynamic->tag != DT_NULL; dynamic++) {
		switch (dynamic->tag) {
		case DT_RELA:
			image->rela_offset = dynamic->value - image->link_base;
			break;
		case DT_RELASZ:
			image->rela_size = dynamic->value;
			break;
		case DT_RELAENT:
			rela_entry = dynamic->value;
			break;
		case DT_RELR:
			image->relr_offset = dynamic->value - image->link_base;
			break;
		case DT_RELRSZ:
			image->relr_size = dynamic->value;
			break;
		case DT_RELRENT:
			relr_entry = dynamic->value;
			break;
		case DT_NEEDED:
			return "the file needs a shared library";
		case DT_REL:
		case DT_JMPREL:
		case DT_TEXTREL:
			return "the file has relocations other than RELA and RELR";
		}
	}
	const char *why = check_table(image, &image->rela_offset, image->rela_size, rela_entry, sizeof(struct elf_rela));
	if (!why)
		why = check_table(image, &image->relr_offset, image->relr_size, relr_entry, sizeof(struct elf_word));
	return why;
}

/* Segments first, whatever the order of the headers: the dynamic section is found through them. */
static const char *read_programs(struct elf_image *image)
{
	const struct elf_header *header = (const void *)image->file;
	const struct elf_program *programs = (const void *)(image->file + header->phoff);
	const struct elf_program *dynamic = NULL;
	const char *why = NULL;

	for (unsigned i = 0; i < header->phnum && !why; i++) {
		switch (programs[i].type) {
		case PT_LOAD:
			why = add_segment(image, &programs[i]);
			break;
		case PT_DYNAMIC:
			if (dynamic)
				return "there are two dynamic sections";
			dynamic = &programs[i];
			break;
		case PT_INTERP:
			return "the file wants an interpreter";
		case PT_TLS:
			return "the file has thread-local storage";
		}
	}
	if (!why && image->segment_count == 0)
		return "the file has nothing to load";
	if (!why && dynamic)
		why = read_dynamic(image, dynamic);
	return why;
}

/* The entry point must be code that the file brings, not the cleared memory behind it. */
static const char *check_entry(struct elf_image *image)
{
	const struct elf_header *header = (const void *)image->file;
	uint64_t entry = header->entry - image->link_base;
	const struct elf_segment *segment = find_filled(image, entry, 1);

	if (!segment || !(segment->rights & ELF_EXEC))
		return "the entry point is not in an executable segment";
	image->entry = entry;
	return NULL;
}

/* The image grows in a local copy, so that the caller never holds one of which only a part was checked. */
int elf_check(const void *file, size_t size, struct elf_image *ret, const char **ret_why)
{
	struct elf_image image = { .file = file, .file_size = size };
	const char *why = check_header(file, size);

	if (!why)
		why = read_programs(&image);
	if (!why)
		why = check_entry(&image);
	if (why) {
		*ret_why = why;
		return -ENOEXEC;
	}
	*ret = image;
	return 0;
}

/* An image on its way to memory. */
struct placement {
	const struct elf_image *image;
	uint8_t *memory;
	uint64_t slide;		/* what an address grows by between linking and running; wraps */
};

/* Gaps between segments and the tail are cleared, too: what was in this memory before is nobody's to read. */
static void copy_segments(const struct placement *p)
{
	uint64_t filled = 0;

	for (unsigned i = 0; i < p->image->segment_count; i++) {
		const struct elf_segment *s = &p->image->segments[i];
		memset(p->memory + filled, 0, s->offset - filled);
		memcpy(p->memory + s->offset, p->image->file + s->file_offset, s->file_size);
		filled = s->offset + s->file_size;
	}
	memset(p->memory + filled, 0, p->image->size - filled);
}

/* The word that a relocation at a linked address changes; NULL where it is not wholly inside one segment. */
static struct elf_word *find_word(const struct placement *p, vaddr_t address)
{
	uint64_t offset = address - p->image->link_base;

	for (unsigned i = 0; i < p->image->segment_count; i++) {
		const struct elf_segment *s = &p->image->segments[i];
		if (offset >= s->offset && offset - s->offset <= s->size - sizeof(struct elf_word))
			return (void *)(p->memory + offset);
	}
	return NULL;
}

/* RELR keeps the linked address in the word itself; there is no addend elsewhere. */
static bool slide_word(const struct placement *p, vaddr_t address)
{
	struct elf_word *word = find_word(p, address);

	if (word)
		word->value += p->slide;
	return word != NULL;
}

/* R_X86_64_RELATIVE is B + A (psABI): the addend, an address as linked, moved by as much as the image was;
 * what the word held does not count. The table is read where it was placed. A hostile one may relocate itself,
 * which spoils the image and nothing else. */
static const char *apply_rela(const struct placement *p)
{
	const struct elf_rela *rela = (const void *)(p->memory + p->image->rela_offset);
	const struct elf_rela *end = rela + p->image->rela_size / sizeof(*rela);

	for (; rela < end; rela++) {
		struct elf_word *word = find_word(p, rela->offset);
		if (rela->info != R_X86_64_RELATIVE)	/* the symbol number in the upper half must be 0, too */
			return "a relocation is not R_X86_64_RELATIVE";
		if (!word)
			return "a relocation points outside the segments";
		word->value = rela->addend + p->slide;
	}
	return NULL;
}

/* RELR packs the addresses of words to slide: an even entry is one address, an odd one a bitmap of the 63
 * words that follow the last word spoken of, bit 1 the first of them. The bitmap for 0x1000 and 0x1010 after
 * the entry 0xff8 is (1 << 1 | 1 << 3) | 1. */
static const char *apply_relr(const struct placement *p)
{
	const struct elf_word *entry = (const void *)(p->memory + p->image->relr_offset);
	const struct elf_word *end = entry + p->image->relr_size / sizeof(*entry);
	vaddr_t next = 0;		/* the word that bit 1 of a bitmap speaks of */
	bool inside = true;

	if (entry < end && (entry->value & 1))
		return "the packed relocations begin with a bitmap";
	for (; entry < end && inside; entry++) {
		uint64_t value = entry->value;
		if (!(value & 1)) {
			inside = slide_word(p, value);
			next = value + sizeof(*entry);
			continue;
		}
		for (vaddr_t at = next; inside && (value >>= 1) != 0; at += sizeof(*entry))
			if (value & 1)
				inside = slide_word(p, at);
		next += 63 * sizeof(*entry);
	}
	return inside ? NULL : "a packed relocation points outside the segments";
}

int elf_place(const struct elf_image *image, void *memory, vaddr_t base, const char **ret_why)
{
	const struct placement p = { .image = image, .memory = memory, .slide = base - image->link_base };

	copy_segments(&p);
	const char *why = apply_rela(&p);
	if (!why)
		why = apply_relr(&p);
	if (why) {
		*ret_why = why;
		return -ENOEXEC;
	}
	return 0;
}
