/* Any bytes as the kernel's ELF file: what elf_check accepts has the shape that it promises, and elf_place
 * fills exactly the image.
 *
 * The sanitizer watches both buffers. That the result does not depend on what was in memory before shows that
 * all of it was written. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/elf.h"

#define MEMORY_MOST MIB(1)	/* larger images are checked, not placed */
#define BASE 0xffffffff8aa00000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_shape(const struct elf_image *image, size_t size)
{
	uint64_t end = 0;
	bool entry_in_code = false;

	assert(image->segment_count > 0 && image->segment_count <= ELF_SEGMENTS_MAX);
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *s = &image->segments[i];
		assert(IS_ALIGNED(s->offset | s->size, PAGE_SIZE) && s->size && s->offset >= end);
		assert(s->rights <= (ELF_READ | ELF_WRITE | ELF_EXEC) && (!(s->rights & ELF_WRITE) || !(s->rights & ELF_EXEC)));
		assert(s->file_offset <= size && s->file_size <= size - s->file_offset && s->file_size <= s->size);
		if ((s->rights & ELF_EXEC) && image->entry >= s->offset && image->entry - s->offset < s->file_size)
			entry_in_code = true;
		end = s->offset + s->size;
	}
	assert(entry_in_code && image->segments[0].offset == 0 && image->size == end && image->size <= GIB(1));
	assert(image->link_base + image->size > image->link_base);
	assert(image->rela_offset <= end && image->rela_size <= end - image->rela_offset);
	assert(image->relr_offset <= end && image->relr_size <= end - image->relr_offset);
}

static int place(const struct elf_image *image, uint8_t *memory, int junk)
{
	const char *why = NULL;

	memset(memory, junk, image->size);
	int error = elf_place(image, memory, BASE, &why);
	assert(!error == !why);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image image;
	const char *why = NULL;

	if (elf_check(data, size, &image, &why)) {
		assert(why && *why);
		return 0;
	}
	check_shape(&image, size);
	if (image.size > MEMORY_MOST)
		return 0;
	uint8_t *first = malloc(image.size), *second = malloc(image.size);
	int error = place(&image, first, 0xaa);
	assert(place(&image, second, 0x55) == error);
	assert(error || memcmp(first, second, image.size) == 0);
	free(first);
	free(second);
	return 0;
}
