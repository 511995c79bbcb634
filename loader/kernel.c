/* The kernel: taken from section .kernel, unpacked, checked, copied to memory of its own and relocated to a random place in the
 * upper 2 GiB. */
#include "loader/loader.h"

#include "lib/lz4.h"
#include "lib/string.h"

#define SLIDE_RANGE GIB(1)	/* half of the space, so that image and guard pages always fit behind it */

/* A multiple of 4 KiB under SLIDE_RANGE; 0 with nokaslr. */
static uint64_t slide_choose(const struct loader *l)
{
	uint64_t chance;

	if (cmdline_flag(l->cmdline, "nokaslr"))
		return 0;
	memcpy(&chance, l->handoff.entropy, sizeof(chance));
	return ALIGN_DOWN(chance % SLIDE_RANGE, PAGE_SIZE);
}

#define UNPACKED_MOST MIB(64)

/* The ELF file in the section, which may be compressed; *ret_unpacked is memory to give back, or NULL. */
static void kernel_unpack(struct loader *l, const void **file, size_t *size, void **ret_unpacked)
{
	int64_t unpacked = lz4_file_size(*file, *size);

	*ret_unpacked = NULL;
	if (unpacked < 0)
		return;
	void *memory = unpacked <= (int64_t)UNPACKED_MOST ? loader_pages(l, (uint64_t)unpacked, 0, "unpacking the kernel") : NULL;
	if (!memory || lz4_file_unpack(*file, *size, memory))
		loader_fail(l, EFI_LOAD_ERROR, "Copy the file again; this one is damaged or was edited.", "the kernel in it cannot be unpacked");
	*ret_unpacked = memory;
	*file = memory;
	*size = (size_t)unpacked;
}

void kernel_place(struct loader *l)
{
	struct handoff *h = &l->handoff;
	const void *file = NULL;
	const char *why = NULL;
	size_t size = 0;
	void *unpacked;

	if (!section_find(l, ".kernel", &file, &size))
		loader_fail(l, EFI_LOAD_ERROR, "Copy the file again; this one is damaged or was edited.", "it has no section .kernel");
	kernel_unpack(l, &file, &size, &unpacked);
	if (elf_check(file, size, &l->kernel, &why))
		loader_fail(l, EFI_LOAD_ERROR, "Copy the file again; this one is damaged or was edited.", "the kernel in it is not sound: %s", why);
	if (l->kernel.link_base != HANDOFF_KERNEL_LINK || l->kernel.size > SLIDE_RANGE / 2)
		loader_fail(l, EFI_LOAD_ERROR, "Loader and kernel are of different versions; build both again.",
			    "the kernel is linked at %#llx", (unsigned long long)l->kernel.link_base);

	void *memory = loader_pages(l, l->kernel.size, 0, "the kernel");
	h->kernel_physical = (uintptr_t)memory;
	h->kernel_virtual = HANDOFF_KERNEL_LINK + slide_choose(l);
	h->kernel_size = l->kernel.size;
	l->kernel_entry = h->kernel_virtual + l->kernel.entry;
	if (elf_place(&l->kernel, memory, h->kernel_virtual, &why))
		loader_fail(l, EFI_LOAD_ERROR, "Copy the file again; this one is damaged or was edited.", "the kernel in it cannot be relocated: %s", why);
	if (unpacked)
		loader_pages_give(l, unpacked);
}
