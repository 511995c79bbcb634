/* The memory map, twice: once to know what is RAM, for the page tables; once more as the last thing before the end of
 * boot services, for the kernel.
 *
 * ExitBootServices takes the key of a map that is still true, and whatever runs in the firmware between the two calls,
 * a timer's event for one, may change it; real machines have needed more than two tries. So the pair is tried in a
 * loop, with nothing between but what the specification allows after a first failure: the memory allocation services
 * (UEFI 2.10, section 7.4.6). */
#include "loader/memory_map.h"

#define EXIT_TRIES 64
#define ROOM_DESCRIPTORS 64	/* for what allocating the buffer itself and later events add */
#define MAP_MAX MIB(64)

/* One block of pages: `room` bytes for the map, then scratch for normalising a map that fills it, here and later in the
 * kernel. */
struct map_buffer {
	char *data;
	UINTN pages;
	UINTN room;
	char *scratch;
	UINTN scratch_size;
	UINTN size, key, descriptor_size;
};

/* Read the map into the buffer; EFI_BUFFER_TOO_SMALL leaves the size needed in size. */
static EFI_STATUS map_read(struct loader *l, struct map_buffer *b)
{
	UINT32 version;

	b->size = b->room;
	b->descriptor_size = 0;
	EFI_STATUS status = l->boot->GetMemoryMap(&b->size, (EFI_MEMORY_DESCRIPTOR *)b->data, &b->key, &b->descriptor_size, &version);
	if (!EFI_ERROR(status) && (b->size > b->room || b->descriptor_size < sizeof(EFI_MEMORY_DESCRIPTOR) || b->descriptor_size % 8))
		return EFI_COMPROMISED_DATA;
	return status;
}

static void map_free(struct loader *l, struct map_buffer *b)
{
	if (b->data)
		l->boot->FreePages((uintptr_t)b->data, b->pages);
	*b = (struct map_buffer){ 0 };
}

/* Make the buffer larger than the firmware last asked for, with nothing but AllocatePages and FreePages, as is allowed
 * after a failed exit. */
static EFI_STATUS map_grow(struct loader *l, struct map_buffer *b)
{
	EFI_PHYSICAL_ADDRESS base = 0;
	UINTN descriptor = b->descriptor_size >= sizeof(EFI_MEMORY_DESCRIPTOR) && b->descriptor_size <= 4096 ? b->descriptor_size : 64;
	UINTN wanted = MAX(b->size, b->room);

	map_free(l, b);
	if (wanted > MAP_MAX)
		return EFI_COMPROMISED_DATA;
	UINTN room = ALIGN_UP(wanted + ROOM_DESCRIPTORS * descriptor, PAGE_SIZE);
	UINTN scratch_size = memmap_scratch_size(room, sizeof(EFI_MEMORY_DESCRIPTOR)) +
			     memmap_room(room, sizeof(EFI_MEMORY_DESCRIPTOR)) * sizeof(struct mem_range) + 8;
	UINTN pages = (room + scratch_size + PAGE_SIZE - 1) / PAGE_SIZE;
	EFI_STATUS status = l->boot->AllocatePages(AllocateAnyPages, EfiLoaderData, pages, &base);
	if (EFI_ERROR(status))
		return status;
	b->data = (char *)(uintptr_t)base;
	b->pages = pages;
	b->room = room;
	b->scratch = b->data + room;
	b->scratch_size = pages * PAGE_SIZE - room;
	return EFI_SUCCESS;
}

/* Read, and grow until it fits: a map that grows at each call is followed EXIT_TRIES times. */
static EFI_STATUS map_read_growing(struct loader *l, struct map_buffer *b)
{
	EFI_STATUS status = EFI_BUFFER_TOO_SMALL;

	for (unsigned tries = 0; tries < EXIT_TRIES && status == EFI_BUFFER_TOO_SMALL; tries++) {
		status = map_read(l, b);
		if (status != EFI_BUFFER_TOO_SMALL)
			break;
		EFI_STATUS grown = map_grow(l, b);
		if (EFI_ERROR(grown))
			return grown;
	}
	return status;
}

static struct map_buffer buffer;

void memory_map_free(struct loader *l)
{
	map_free(l, &buffer);
}

/* The kernel leaves the first MiB alone: firmware writes there even when it should be gone. */
static bool has_usable(const struct mem_range *ranges, int count)
{
	for (int i = 0; i < count; i++)
		if (ranges[i].type == MEM_USABLE && ranges[i].base >= MIB(1))
			return true;
	return false;
}

int memory_map_ranges(struct loader *l, struct mem_range **ret)
{
	EFI_STATUS status = map_read_growing(l, &buffer);

	if (EFI_ERROR(status))
		loader_fail(l, status, ADVICE_FIRMWARE, "no memory map");
	size_t scratch_size = ALIGN_UP(memmap_scratch_size(buffer.size, buffer.descriptor_size), 8);
	size_t room = memmap_room(buffer.size, buffer.descriptor_size);
	*ret = (struct mem_range *)(buffer.scratch + scratch_size);
	int count = memmap_normalise(buffer.data, buffer.size, buffer.descriptor_size, buffer.scratch, scratch_size, *ret, room, NULL);
	if (count <= 0)
		loader_fail(l, EFI_COMPROMISED_DATA, ADVICE_FIRMWARE, "the memory map is empty or damaged");
	if (!has_usable(*ret, count))
		loader_fail(l, EFI_COMPROMISED_DATA, ADVICE_FIRMWARE, "the memory map has no usable memory over 1 MiB");
	return count;
}

void boot_services_exit(struct loader *l)
{
	EFI_STATUS status = EFI_NOT_READY;

	for (unsigned tries = 0; tries < EXIT_TRIES && EFI_ERROR(status); tries++) {
		status = map_read_growing(l, &buffer);
		if (EFI_ERROR(status))
			loader_fail_late(l, status, "the memory map before the exit");
		status = l->boot->ExitBootServices(l->image, buffer.key);
	}
	if (EFI_ERROR(status))
		loader_fail_late(l, status, "the firmware does not end its boot services");
	l->handoff.memory_map = (uintptr_t)buffer.data;
	l->handoff.memory_map_size = (uint32_t)buffer.size;
	l->handoff.descriptor_size = (uint32_t)buffer.descriptor_size;
	l->handoff.scratch = (uintptr_t)buffer.scratch;
	l->handoff.scratch_size = buffer.scratch_size;
}
