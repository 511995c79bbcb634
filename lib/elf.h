/* The kernel's ELF image: checked, placed, relocated.
 *
 * Rules
 * - Accepted: ELF64, little endian, x86-64, ET_DYN, at most 16 program headers, PT_LOAD segments sorted, page-aligned,
 *   not overlapping, none writable and executable, all inside the file; dynamic relocations R_X86_64_RELATIVE (RELA)
 *   and RELR only; an entry point inside an executable segment. Anything else is refused with a sentence that says
 *   what.
 * - Every field is bounded before it is used; the file may be hostile.
 * - Sources: System V ABI (gABI) chapters 4 and 5, generic ABI's SHT_RELR, AMD64 psABI 1.0 section 4.4. */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/types.h"

#define ELF_SEGMENTS_MAX 16

enum { ELF_READ = 4, ELF_WRITE = 2, ELF_EXEC = 1 };	/* PF_R, PF_W, PF_X */

struct elf_segment {
	uint64_t offset;	/* from the start of the image in memory; a multiple of 4096 */
	uint64_t size;		/* in memory, rounded up to 4096 */
	uint64_t file_offset;
	uint64_t file_size;
	uint32_t rights;	/* ELF_READ | … */
};

struct elf_image {
	const uint8_t *file;
	size_t file_size;
	vaddr_t link_base;	/* lowest segment's address */
	uint64_t size;		/* in memory, a multiple of 4096 */
	uint64_t entry;		/* offset from the start of the image */
	unsigned segment_count;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
	uint64_t rela_offset, rela_size;	/* in the image; size 0: none */
	uint64_t relr_offset, relr_size;
};

/* Check a file. 0, or -ENOEXEC with *ret_why a sentence such as "a segment reaches behind the end of the file". */
int elf_check(const void *file, size_t size, struct elf_image *ret, const char **ret_why);

/* Copy the segments to memory (image->size bytes), clear the rest, and relocate for running at base. 0, or -ENOEXEC
 * with *ret_why where a relocation is of another kind or points outside a segment; memory is undefined then. */
int elf_place(const struct elf_image *image, void *memory, vaddr_t base, const char **ret_why);

#endif
