/* The initial file system: the .initrd section, and \samara\initrd.cpio behind it, so that a file in the second
 * replaces one of the same name in the first (as Linux's concatenated archives,
 * Documentation/driver-api/early-userspace/buffer-format.rst). One alone is used where it lies. */
#include "loader/loader.h"

#include "lib/string.h"

#define INITRD_MAX GIB(4)

void initrd_gather(struct loader *l)
{
	const void *section = NULL;
	size_t section_size = 0;
	void *file = NULL;
	uint64_t file_size = 0;

	section_find(l, ".initrd", &section, &section_size);
	if (!secure_boot_on(l)) {
		EFI_STATUS status = volume_read(l, L"\\samara\\initrd.cpio", INITRD_MAX, &file, &file_size);
		if (status == EFI_NOT_FOUND)
			file_size = 0;
		else if (EFI_ERROR(status))
			loader_fail(l, status, "Copy the file to the stick again, or remove it.", "cannot read \\samara\\initrd.cpio");
	}
	if (section_size && file_size) {
		uint64_t first = ALIGN_UP((uint64_t)section_size, 4);	/* archives start at multiples of four */
		char *both = loader_pages(l, first + file_size, 0, "the initrd");
		memset(both + section_size, 0, first - section_size);
		memcpy(both, section, section_size);
		memcpy(both + first, file, file_size);
		file = both;
		file_size += first;
	}
	l->handoff.initrd = file_size ? (uintptr_t)file : (uintptr_t)section;
	l->handoff.initrd_size = file_size ? file_size : section_size;
}
