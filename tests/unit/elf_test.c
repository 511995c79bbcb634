/* lib/elf.c: a small kernel built in memory, one thing wrong with it at a time.
 *
 * The headers are the system's <elf.h>, so that file and reader do not share a mistake. */
#include "tests/unit/test.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>

#include "lib/elf.h"
#include "tests/unit/random.h"

#define LINK	0xffffffff80000000ull
#define BASE	0xffffffffa1200000ull
#define RELATIVE R_X86_64_RELATIVE

/* Where the parts are linked: three pages of their own, and two more of cleared memory. */
#define TEXT	(LINK + 0x1000)
#define DATA	(LINK + 0x2000)
#define IMAGE_SIZE 0x5000

enum { READ_ONLY, CODE, WRITABLE, DYNAMIC, STACK, PROGRAMS };
enum { RELA, RELASZ, RELAENT, RELR, RELRSZ, RELRENT, END, SPARE, DYNAMICS };

struct file {
	Elf64_Ehdr header;
	Elf64_Phdr programs[PROGRAMS];
	Elf64_Dyn dynamic[DYNAMICS];
	Elf64_Rela rela[2];
	uint64_t relr[2];
	uint8_t text[16];
	uint64_t data[70];
};

#define AT(field) (LINK + offsetof(struct file, field))

static struct file good_file(void)
{
	struct file f = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_entry = TEXT + 4,
			.e_phoff = offsetof(struct file, programs), .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = PROGRAMS,
		},
		.programs = {
			[READ_ONLY] = { PT_LOAD, PF_R, 0, LINK, 0, offsetof(struct file, text), offsetof(struct file, text), 4096 },
			[CODE] = { PT_LOAD, PF_R | PF_X, offsetof(struct file, text), TEXT, 0, 16, 16, 4096 },
			[WRITABLE] = { PT_LOAD, PF_R | PF_W, offsetof(struct file, data), DATA, 0, sizeof(f.data), 0x2001, 4096 },
			[DYNAMIC] = { PT_DYNAMIC, PF_R, offsetof(struct file, dynamic), AT(dynamic), 0, sizeof(f.dynamic),
				      sizeof(f.dynamic), 8 },
			[STACK] = { PT_GNU_STACK, PF_R | PF_W, 0, LINK + IMAGE_SIZE, 0, 0, 0, 16 },
		},
		.dynamic = {
			[RELA] = { DT_RELA, { AT(rela) } }, [RELASZ] = { DT_RELASZ, { sizeof(f.rela) } }, [RELAENT] = { DT_RELAENT, { 24 } },
			[RELR] = { DT_RELR, { AT(relr) } }, [RELRSZ] = { DT_RELRSZ, { sizeof(f.relr) } }, [RELRENT] = { DT_RELRENT, { 8 } },
			[END] = { DT_NULL, { 0 } }, [SPARE] = { DT_NULL, { 0 } },
		},
		.rela = { { DATA + 8, RELATIVE, (int64_t)(TEXT + 3) }, { DATA + 0x2ff8, RELATIVE, -1 } },
		/* words 0, then 2 and 64 of the data: the bitmap's bits 1 to 63 are words 1 to 63 */
		.relr = { DATA, 1 | 1ull << 2 | 1ull << 63 },
	};

	memset(f.text, 0xcc, sizeof(f.text));
	for (unsigned i = 0; i < ARRAY_SIZE(f.data); i++)
		f.data[i] = LINK + i;
	return f;
}

/* Check a copy of exactly this size, at an odd address, so that the sanitizers see what is read outside or
 * taken for aligned. Where it is accepted the image is placed, too, over junk. NULL or the sentence of the
 * refusal. */
static const char *try_file(const void *file, size_t size, struct elf_image *image, uint8_t **ret_memory)
{
	const char *why = NULL;
	uint8_t *copy = malloc(size + 1);

	memcpy(copy + 1, file, size);
	int error = elf_check(copy + 1, size, image, &why);
	if (!error && image->size <= MIB(1)) {
		uint8_t *memory = malloc(image->size);
		memset(memory, 0xaa, image->size);
		error = elf_place(image, memory, BASE, &why);
		if (ret_memory)
			*ret_memory = memory;
		else
			free(memory);
	}
	free(copy);
	CHECK_EQ(error, why ? -ENOEXEC : 0);
	return why;
}

TEST(good_file_is_described)
{
	struct file f = good_file();
	struct elf_image image;
	static const struct elf_segment want[] = {
		{ 0, 0x1000, 0, offsetof(struct file, text), ELF_READ },
		{ 0x1000, 0x1000, offsetof(struct file, text), 16, ELF_READ | ELF_EXEC },
		{ 0x2000, 0x3000, offsetof(struct file, data), sizeof(f.data), ELF_READ | ELF_WRITE },
	};

	CHECK_STR(try_file(&f, sizeof(f), &image, NULL) ?: "fine", "fine");
	CHECK_EQ(image.link_base, LINK);
	CHECK_EQ(image.size, IMAGE_SIZE);
	CHECK_EQ(image.entry, 0x1004);
	CHECK_EQ(image.segment_count, 3);
	for (unsigned i = 0; i < 3; i++)
		CHECK(memcmp(&image.segments[i], &want[i], offsetof(struct elf_segment, rights) + 4) == 0);
	CHECK_EQ(image.rela_offset, offsetof(struct file, rela));
	CHECK_EQ(image.relr_size, sizeof(f.relr));
}

TEST(placed_cleared_and_relocated)
{
	struct file f = good_file();
	struct elf_image image;
	uint8_t *memory = NULL, *want = calloc(1, IMAGE_SIZE);
	const uint64_t slide = BASE - LINK;

	CHECK_STR(try_file(&f, sizeof(f), &image, &memory) ?: "fine", "fine");
	memcpy(want, &f, offsetof(struct file, text));
	memcpy(want + 0x1000, f.text, sizeof(f.text));
	f.data[0] += slide;
	f.data[1] = BASE + 0x1003;
	f.data[2] += slide;
	f.data[63] += slide;
	memcpy(want + 0x2000, f.data, sizeof(f.data));
	memcpy(want + 0x4ff8, &(uint64_t) { slide - 1 }, 8);
	CHECK(memory && memcmp(memory, want, IMAGE_SIZE) == 0);
	free(memory);
	free(want);
}

/* One field changed, one sentence. */
struct change {
	size_t offset, size;
	uint64_t value;
	const char *why;	/* a part of the sentence; NULL: accepted all the same */
};

#define SET(field, value_, why_) { offsetof(struct file, field), sizeof(((struct file *)NULL)->field), value_, why_ }
#define SET_PROGRAM(which, field, value_, why_)								\
	{ offsetof(struct file, programs) + (which) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, field),	\
	  sizeof(((Elf64_Phdr *)NULL)->field), value_, why_ }
#define SET_DYNAMIC(which, field, value_, why_)								\
	{ offsetof(struct file, dynamic) + (which) * sizeof(Elf64_Dyn) + offsetof(Elf64_Dyn, field), 8, value_, why_ }

static const struct change changes[] = {
	SET(header.e_ident[0], 'E', "not a 64-bit"),
	SET(header.e_ident[EI_CLASS], ELFCLASS32, "not a 64-bit"),
	SET(header.e_ident[EI_DATA], ELFDATA2MSB, "little-endian"),
	SET(header.e_ident[EI_VERSION], 0, "not a 64-bit"),
	SET(header.e_ident[EI_OSABI], ELFOSABI_GNU, NULL),
	SET(header.e_machine, EM_AARCH64, "not for x86-64"),
	SET(header.e_type, ET_EXEC, "not a position-independent"),
	SET(header.e_type, ET_REL, "not a position-independent"),
	SET(header.e_version, 2, "not a position-independent"),
	SET(header.e_phentsize, 64, "56 bytes"),
	SET(header.e_phnum, 17, "more than 16"),
	SET(header.e_phnum, 0xffff, "more than 16"),
	SET(header.e_phnum, 0, "nothing to load"),
	SET(header.e_phoff, sizeof(struct file) - 5 * 56 + 1, "behind the end"),
	SET(header.e_phoff, UINT64_MAX, "behind the end"),
	SET(header.e_phoff, UINT64_MAX - 5 * 56 + 1, "behind the end"),
	SET(header.e_entry, TEXT - 1, "entry point"),
	SET(header.e_entry, TEXT + 16, "entry point"),		/* behind what the file brings */
	SET(header.e_entry, TEXT + 15, NULL),
	SET(header.e_entry, DATA, "entry point"),
	SET(header.e_entry, 0, "entry point"),
	SET_PROGRAM(READ_ONLY, p_vaddr, LINK + 8, "multiple of 4096"),
	SET_PROGRAM(READ_ONLY, p_vaddr, LINK + 0x1000, "not sorted"),
	SET_PROGRAM(READ_ONLY, p_vaddr, 0, "larger than 1 GiB"),
	SET_PROGRAM(READ_ONLY, p_memsz, 0x1001, "overlap"),
	SET_PROGRAM(READ_ONLY, p_memsz, 0x1000, NULL),
	SET_PROGRAM(READ_ONLY, p_memsz, UINT64_MAX, "larger than 1 GiB"),
	SET_PROGRAM(READ_ONLY, p_type, PT_NULL, "dynamic section lies outside"),
	SET_PROGRAM(CODE, p_flags, PF_R | PF_W | PF_X, "writable and executable"),
	SET_PROGRAM(CODE, p_flags, PF_W | PF_X, "writable and executable"),
	SET_PROGRAM(CODE, p_flags, 0xfffffff5u, NULL),		/* bits for other systems */
	SET_PROGRAM(CODE, p_flags, PF_R, "entry point"),
	SET_PROGRAM(CODE, p_vaddr, LINK, "overlap"),
	SET_PROGRAM(CODE, p_vaddr, LINK - 0x1000, "not sorted"),
	SET_PROGRAM(CODE, p_offset, sizeof(struct file) - 15, "behind the end of the file"),
	SET_PROGRAM(CODE, p_offset, UINT64_MAX - 8, "behind the end of the file"),
	SET_PROGRAM(CODE, p_offset, sizeof(struct file) - 16, NULL),
	SET_PROGRAM(CODE, p_filesz, 17, "larger in the file"),
	SET_PROGRAM(CODE, p_filesz, UINT64_MAX, "larger in the file"),
	SET_PROGRAM(CODE, p_memsz, 0, "empty"),
	SET_PROGRAM(WRITABLE, p_vaddr, LINK, "not sorted"),
	SET_PROGRAM(WRITABLE, p_vaddr, 0xfffffffffffff000ull, "larger than 1 GiB"),
	SET_PROGRAM(WRITABLE, p_memsz, GIB(1) - 0x2000 + 1, "larger than 1 GiB"),
	SET_PROGRAM(WRITABLE, p_memsz, GIB(1) - 0x2000, NULL),
	SET_PROGRAM(WRITABLE, p_memsz, UINT64_MAX - DATA, "larger than 1 GiB"),
	SET_PROGRAM(DYNAMIC, p_vaddr, DATA + sizeof(((struct file *)NULL)->data) - 127, "dynamic section lies outside"),
	SET_PROGRAM(DYNAMIC, p_vaddr, 0, "dynamic section lies outside"),
	SET_PROGRAM(DYNAMIC, p_filesz, UINT64_MAX, "dynamic section lies outside"),
	SET_PROGRAM(STACK, p_type, PT_LOAD, "empty"),
	SET_PROGRAM(STACK, p_type, PT_DYNAMIC, "two dynamic sections"),
	SET_PROGRAM(STACK, p_type, PT_INTERP, "interpreter"),
	SET_PROGRAM(STACK, p_type, PT_TLS, "thread-local"),
	SET_PROGRAM(STACK, p_type, PT_NOTE, NULL),
	SET_DYNAMIC(RELAENT, d_un, 16, "another size"),
	SET_DYNAMIC(RELAENT, d_tag, DT_DEBUG, "another size"),
	SET_DYNAMIC(RELASZ, d_un, 25, "another size"),
	SET_DYNAMIC(RELASZ, d_un, 0, NULL),
	SET_DYNAMIC(RELASZ, d_un, 24ull << 59, "table lies outside"),
	SET_DYNAMIC(RELASZ, d_un, 24000, "table lies outside"),
	SET_DYNAMIC(RELA, d_un, LINK - 24, "table lies outside"),
	SET_DYNAMIC(RELA, d_un, DATA + 0x1000, "table lies outside"),	/* cleared memory: the file brings nothing there */
	SET_DYNAMIC(RELA, d_un, 0, "table lies outside"),
	SET_DYNAMIC(RELRENT, d_un, 4, "another size"),
	SET_DYNAMIC(RELRSZ, d_un, 12, "another size"),
	SET_DYNAMIC(RELRSZ, d_un, 8000, "table lies outside"),
	SET_DYNAMIC(RELR, d_un, UINT64_MAX - 7, "table lies outside"),
	SET_DYNAMIC(END, d_tag, DT_NEEDED, "shared library"),
	SET_DYNAMIC(END, d_tag, DT_REL, "other than RELA"),
	SET_DYNAMIC(END, d_tag, DT_JMPREL, "other than RELA"),
	SET_DYNAMIC(END, d_tag, DT_TEXTREL, "other than RELA"),
	SET_DYNAMIC(SPARE, d_tag, DT_NEEDED, NULL),		/* behind the end */
	SET(rela[0].r_info, R_X86_64_64, "not R_X86_64_RELATIVE"),
	SET(rela[0].r_info, R_X86_64_NONE, "not R_X86_64_RELATIVE"),
	SET(rela[0].r_info, ELF64_R_INFO(1, RELATIVE), "not R_X86_64_RELATIVE"),
	SET(rela[0].r_offset, LINK - 1, "outside the segments"),
	SET(rela[0].r_offset, 0, "outside the segments"),
	SET(rela[0].r_offset, LINK + 0xff9, "outside the segments"),	/* over the border of two segments */
	SET(rela[0].r_offset, LINK + IMAGE_SIZE - 7, "outside the segments"),
	SET(rela[0].r_offset, LINK + 0x2001, NULL),			/* not aligned, but inside */
	SET(rela[0].r_offset, AT(rela[1].r_offset), "outside the segments"),	/* relocates a relocation */
	SET(relr[0], DATA | 1, "begin with a bitmap"),
	SET(relr[0], LINK + IMAGE_SIZE, "packed relocation points outside"),
	SET(relr[0], LINK + IMAGE_SIZE - 16, "packed relocation points outside"),	/* word 2 of the bitmap */
	SET(relr[1], LINK - 8, "packed relocation points outside"),
};

TEST(each_field_is_checked)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct file f = good_file();
		struct elf_image image;
		memcpy((uint8_t *)&f + changes[i].offset, &changes[i].value, changes[i].size);
		const char *why = try_file(&f, sizeof(f), &image, NULL);
		if (!why != !changes[i].why || (why && !strstr(why, changes[i].why)))
			TEST_FAIL("change %zu gives \"%s\", not \"%s\"", i, why ?: "accepted",
				  changes[i].why ?: "accepted");
	}
}

TEST(nothing_is_written_on_refusal)
{
	struct file f = good_file();
	struct elf_image image, before;

	memset(&before, 0x5a, sizeof(before));
	image = before;
	f.header.e_entry = 0;
	CHECK(try_file(&f, sizeof(f), &image, NULL));
	CHECK(memcmp(&image, &before, sizeof(image)) == 0);
}

TEST(end_of_the_address_space)
{
	struct file f = good_file();
	struct elf_image image;

	f.header.e_phnum = 2;
	f.programs[CODE].p_vaddr = 0xffffffffffffe000ull;
	f.programs[READ_ONLY].p_vaddr = 0xffffffffffffd000ull;
	f.header.e_entry = f.programs[CODE].p_vaddr;
	CHECK_STR(try_file(&f, sizeof(f), &image, NULL) ?: "fine", "fine");
	f.programs[CODE].p_vaddr = f.header.e_entry = 0xfffffffffffff000ull;
	CHECK_STR(try_file(&f, sizeof(f), &image, NULL) ?: "fine", "a segment reaches over the end of the address space");
}

TEST(every_truncation_is_refused)
{
	struct file f = good_file();
	struct elf_image image;

	for (size_t size = 0; size < sizeof(f); size++)
		CHECK(try_file(&f, size, &image, NULL));
}

/* Whatever is accepted keeps the promises that elf_place and the loader rest on; the sanitizers watch the rest. */
TEST(random_damage)
{
	random_state = 1;
	for (unsigned round = 0; round < 100000; round++) {
		struct file f = good_file();
		struct elf_image image;
		for (uint64_t i = random_under(3) + 1; i; i--) {
			size_t at = random_under(random_under(2) ? offsetof(struct file, text) : offsetof(struct file, dynamic));
			((uint8_t *)&f)[at] = random_under(2) ? (uint8_t)random_next() : ((uint8_t *)&f)[at] ^ 1u << random_under(8);
		}
		if (try_file(&f, sizeof(f), &image, NULL))
			continue;
		for (unsigned i = 0; i < image.segment_count; i++)
			CHECK(image.segments[i].rights <= (ELF_READ | ELF_WRITE | ELF_EXEC) && (image.segments[i].rights & 3) != 3);
		CHECK(image.entry < image.size);
	}
}

/* Encode a sorted set of words as linkers do; the number of entries. */
static size_t encode_relr(uint64_t *relr, vaddr_t base, const bool *chosen, size_t words)
{
	size_t count = 0;

	for (size_t i = 0; i < words;) {
		if (!chosen[i]) {
			i++;
			continue;
		}
		relr[count++] = base + i++ * 8;
		for (bool any = true; any; i += any ? 63 : 0) {
			uint64_t bitmap = 1;
			for (size_t bit = 0; bit < 63 && i + bit < words; bit++)
				bitmap |= (uint64_t)chosen[i + bit] << (bit + 1);
			any = bitmap != 1;
			if (any)
				relr[count++] = bitmap;
		}
	}
	return count;
}

TEST(random_packed_relocations)
{
	enum { WORDS = 1000 };
	static struct {
		struct file file;
		uint64_t relr[2 * WORDS];
	} big;
	static bool chosen[WORDS];

	random_state = 2;
	for (unsigned round = 0; round < 500; round++) {
		uint64_t density = 1 + random_under(200);
		for (size_t i = 0; i < WORDS; i++)
			chosen[i] = random_under(density) == 0;
		big.file = good_file();
		size_t count = encode_relr(big.relr, DATA + 0x100, chosen, WORDS);
		big.file.programs[WRITABLE].p_memsz = 0x10000;
		big.file.programs[WRITABLE].p_filesz = sizeof(big) - offsetof(struct file, data);
		big.file.dynamic[RELR].d_un.d_val = DATA + sizeof(big.file.data);
		big.file.dynamic[RELRSZ].d_un.d_val = count * 8;
		big.file.dynamic[RELASZ].d_un.d_val = 0;
		/* The words lie behind the table, where the file brings zeros. */
		for (size_t i = 0; i < count; i++)
			big.relr[i] += big.relr[i] & 1 ? 0 : 0x8000;

		struct elf_image image;
		uint8_t *memory = NULL;
		CHECK_STR(try_file(&big, sizeof(big), &image, &memory) ?: "fine", "fine");
		for (size_t i = 0; memory && i < WORDS; i++) {
			uint64_t word;
			memcpy(&word, memory + 0x2000 + 0x8000 + 0x100 + i * 8, sizeof(word));
			CHECK_EQ(word, chosen[i] ? BASE - LINK : 0);
		}
		free(memory);
	}
}

TEST_MAIN
