/* The memory map and the allocation of pages.
 *
 * The firmware's own map is read, altered as a list, and written again with the wanted descriptor size. Every block
 * that the loader allocates is noted, to know what it has given back, and from the first call of ExitBootServices
 * on every other service than those the specification still allows is a trap (UEFI 2.10, section 7.4.6).
 *
 * map.descriptor=N  the descriptor size reported, which is the distance of the entries too where it is a sound one
 * map.grow=N        N entries more at each call, for map.grow.calls calls (default: for ever)
 * map.too-small=N   BUFFER_TOO_SMALL for ever, N bytes wanted
 * map.status=N      that error instead of a map
 * map.noise=N       N entries of all kinds of nonsense more;  map.shuffle  in random order
 * map.cover=TYPE    an entry of this type over all RAM more;  map.image=TYPE  one over the loader's image
 * map.twice         every entry twice, the copy "conventional"
 * map.no-usable     no conventional memory;  map.empty  nothing at all
 * map.extra=BASE map.extra.pages=N map.extra.type=N    one entry more
 * exit.stale=N      the first N calls of ExitBootServices are told a wrong key;  exit.status=N  always that error
 * exit.memory=none  nothing can be allocated once it was called
 * pages.fail=N      the Nth AllocatePages fails;  pages.high  memory over 4 GiB
 * low.taken         nothing is free under 1 MiB */
#include "tests/boot/hostile/hostile.h"

#include "lib/string.h"

#define ENTRIES_MAX 16384
#define BLOCKS_MAX 256
#define NEVER (~0ull)

static EFI_MEMORY_DESCRIPTOR entries[ENTRIES_MAX];
static char raw[256 * 1024];
static struct { EFI_PHYSICAL_ADDRESS base; UINTN pages; } blocks[BLOCKS_MAX];
static unsigned block_count, calls, fail_at, map_calls, exit_calls;
static UINTN firmware_step;	/* the firmware's own descriptor size */
static bool counting;
static uint64_t random_state;

static uint64_t chance(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return random_state >> 33;
}

unsigned memory_calls(void)
{
	return calls;
}

unsigned memory_outstanding(void)
{
	return block_count;
}

void memory_fail_at(unsigned nth)
{
	fail_at = nth;
	counting = nth == 0;
	calls = 0;
	block_count = 0;
}

static UINTN add(UINTN count, uint32_t type, uint64_t base, uint64_t pages)
{
	if (count < ENTRIES_MAX)
		entries[count++] = (EFI_MEMORY_DESCRIPTOR){
			.Type = type, .PhysicalStart = base, .NumberOfPages = pages, .Attribute = 15,
		};
	return count;
}

/* Entries that a sane firmware would not write, none of which takes memory from the loader: usable memory in the
 * middle of what is there already, devices where nothing is, types of loaders and vendors, nothing, and ranges that
 * wrap. */
static UINTN add_noise(UINTN count, uint64_t wanted)
{
	UINTN sound = count;

	for (uint64_t i = 0; sound && i < wanted; i++) {
		EFI_MEMORY_DESCRIPTOR *other = &entries[chance() % sound];
		switch (i % 6) {
		case 0:
			count = add(count, EfiConventionalMemory, other->PhysicalStart, other->NumberOfPages);
			break;
		case 1:
			count = add(count, EfiBootServicesData,
				    other->PhysicalStart + chance() % (other->NumberOfPages + 1) * PAGE_SIZE, 1);
			break;
		case 2:
			count = add(count, EfiMemoryMappedIO, 0x10000000000 + i * MIB(1), chance() % 256);
			break;
		case 3:
			count = add(count, i & 8 ? 0x70000001 : 0x80000001, 0x20000000000 + i * MIB(1), 1);
			break;
		case 4:
			count = add(count, EfiConventionalMemory, chance() * PAGE_SIZE, 0);
			break;
		default:
			count = add(count, EfiReservedMemoryType, 0xfffffffffffff000, i & 8 ? 2 : NEVER);
		}
	}
	return count;
}

static void shuffle(UINTN count)
{
	for (UINTN i = count; i > 1; i--) {
		UINTN j = chance() % i;
		EFI_MEMORY_DESCRIPTOR keep = entries[i - 1];
		entries[i - 1] = entries[j];
		entries[j] = keep;
	}
}

/* The end of what RAM there is under 4 GiB. */
static EFI_PHYSICAL_ADDRESS ram_end(UINTN count)
{
	EFI_PHYSICAL_ADDRESS end = 0;

	for (UINTN i = 0; i < count; i++)
		if (entries[i].Type == EfiConventionalMemory || entries[i].Type == EfiBootServicesData)
			end = MAX(end, entries[i].PhysicalStart + entries[i].NumberOfPages * PAGE_SIZE);
	return MIN(end, GIB(4));
}

static UINTN alter_entries(UINTN count)
{
	UINTN real = count;

	for (UINTN i = 0; i < real; i++) {
		if (has("map.no-usable") && entries[i].Type == EfiConventionalMemory)
			entries[i].Type = EfiReservedMemoryType;
		if (has("map.twice"))
			count = add(count, EfiConventionalMemory, entries[i].PhysicalStart, entries[i].NumberOfPages);
	}
	if (has("map.cover"))
		count = add(count, (uint32_t)number_of("map.cover", 0), 0, ram_end(real) / PAGE_SIZE);
	if (has("map.image"))
		count = add(count, (uint32_t)number_of("map.image", 0), (uintptr_t)hostile.loaded->ImageBase,
			    ALIGN_UP(hostile.loaded->ImageSize, PAGE_SIZE) / PAGE_SIZE);
	if (has("map.extra"))
		count = add(count, (uint32_t)number_of("map.extra.type", 0), number_of("map.extra", 0),
			    number_of("map.extra.pages", 1));
	uint64_t grown = MIN(map_calls, number_of("map.grow.calls", NEVER));
	count = add_noise(count, number_of("map.noise", 0) + number_of("map.grow", 0) * grown);
	if (has("map.shuffle"))
		shuffle(count);
	return has("map.empty") ? 0 : count;
}

/* The firmware's map as a list; its key in *key. */
static UINTN read_entries(UINTN *key)
{
	UINTN size = sizeof(raw);
	UINT32 version;

	if (EFI_ERROR(hostile.firmware->GetMemoryMap(&size, (void *)raw, key, &firmware_step, &version)))
		fault("the firmware itself gives no map");
	for (UINTN i = 0; i < size / firmware_step; i++)
		memcpy(&entries[i], raw + i * firmware_step, sizeof(entries[i]));
	return size / firmware_step;
}

static EFI_STATUS EFIAPI altered_get_memory_map(UINTN *size, EFI_MEMORY_DESCRIPTOR *map, UINTN *key, UINTN *step,
						UINT32 *version)
{
	UINTN room = *size;

	random_state = map_calls;
	if (has("map.status"))
		return EFIERR(number_of("map.status", 0));
	if (has("map.too-small")) {
		*size = number_of("map.too-small", 0);
		return EFI_BUFFER_TOO_SMALL;
	}
	UINTN count = alter_entries(read_entries(key));
	UINTN said = number_of("map.descriptor", firmware_step);
	UINTN distance = MAX(ALIGN_UP(said, 8ull), sizeof(EFI_MEMORY_DESCRIPTOR));
	map_calls++;
	*size = count * distance;
	*step = said;
	*version = 1;
	if (*size > room)
		return EFI_BUFFER_TOO_SMALL;
	memset(map, 0xee, *size);
	for (UINTN i = 0; i < count; i++)
		memcpy((char *)map + i * distance, &entries[i], sizeof(entries[i]));
	return EFI_SUCCESS;
}

/* The highest free stretch of so many pages. */
static EFI_PHYSICAL_ADDRESS highest(UINTN pages)
{
	EFI_PHYSICAL_ADDRESS best = 0;
	UINTN key, count = read_entries(&key);

	for (UINTN i = 0; i < count; i++)
		if (entries[i].Type == EfiConventionalMemory && entries[i].NumberOfPages >= pages)
			best = MAX(best, entries[i].PhysicalStart + (entries[i].NumberOfPages - pages) * PAGE_SIZE);
	return best;
}

static EFI_STATUS EFIAPI altered_allocate_pages(EFI_ALLOCATE_TYPE how, EFI_MEMORY_TYPE type, UINTN pages,
						EFI_PHYSICAL_ADDRESS *base)
{
	bool by_address = how == AllocateAddress;	/* the loader can do without it, and reads what is there */

	if ((!by_address && ++calls == fail_at) || (exit_calls && is("exit.memory", "none")))
		return EFI_OUT_OF_RESOURCES;
	if (has("pages.high") && how == AllocateAnyPages) {
		how = AllocateAddress;
		*base = highest(pages);
	}
	EFI_STATUS status = hostile.firmware->AllocatePages(how, type, pages, base);
	if (EFI_ERROR(status))
		return status;
	if (!by_address)
		memset((void *)(uintptr_t)*base, 0xdd, pages * PAGE_SIZE);	/* nobody promises zeros */
	if (block_count < BLOCKS_MAX) {
		blocks[block_count].base = *base;
		blocks[block_count++].pages = pages;
	}
	return status;
}

static EFI_STATUS EFIAPI altered_free_pages(EFI_PHYSICAL_ADDRESS base, UINTN pages)
{
	for (unsigned i = 0; i < block_count; i++) {
		if (blocks[i].base != base || blocks[i].pages != pages)
			continue;
		blocks[i] = blocks[--block_count];
		return hostile.firmware->FreePages(base, pages);
	}
	fault("FreePages of %#llx, %llu pages, which was not allocated", (unsigned long long)base,
	      (unsigned long long)pages);
}

static EFI_STATUS EFIAPI gone(void)
{
	char *from = __builtin_return_address(0);

	fault("a service that is gone was called from image + %#llx",
	      (unsigned long long)(from - (char *)hostile.loaded->ImageBase));
}

/* From the first ExitBootServices on only the memory allocation services may be called, and after a good one none. */
static void services_end(bool all)
{
	EFI_BOOT_SERVICES keep = *hostile.boot;
	void **service = (void **)(&hostile.boot->Hdr + 1), **end = (void **)(hostile.boot + 1);

	while (service < end)
		*service++ = (void *)gone;
	if (all)
		return;
	hostile.boot->AllocatePages = keep.AllocatePages;
	hostile.boot->FreePages = keep.FreePages;
	hostile.boot->AllocatePool = keep.AllocatePool;
	hostile.boot->FreePool = keep.FreePool;
	hostile.boot->GetMemoryMap = keep.GetMemoryMap;
	hostile.boot->ExitBootServices = keep.ExitBootServices;
}

static EFI_STATUS EFIAPI altered_exit_boot_services(EFI_HANDLE image, UINTN key)
{
	if (image != hostile.victim)
		fault("ExitBootServices with another image's handle");
	if (counting)
		leave_victim(EFI_ABORTED);
	exit_calls++;
	services_end(false);
	if (has("exit.status"))
		return EFIERR(number_of("exit.status", 0));
	/* The real service gets the wrong key: a first failure stops timers and more. It knows our handle, not the
	 * one of an image that it has not started. */
	bool stale = exit_calls <= number_of("exit.stale", 0);
	EFI_STATUS status = hostile.firmware->ExitBootServices(hostile.image, stale ? key + 1 : key);
	if (EFI_ERROR(status))
		return status;
	say("boot services ended after %u calls", exit_calls);
	services_end(true);
	live_start();
	hostile.system->BootServices = NULL;
	hostile.system->ConIn = NULL;
	hostile.system->ConOut = hostile.system->StdErr = NULL;
	hostile.system->ConsoleInHandle = hostile.system->ConsoleOutHandle = hostile.system->StandardErrorHandle = NULL;
	return status;
}

/* What is free under 1 MiB is so no longer. */
static void take_low_memory(void)
{
	UINTN key, count = read_entries(&key);

	for (UINTN i = 0; i < count; i++) {
		EFI_PHYSICAL_ADDRESS base = entries[i].PhysicalStart;
		UINTN pages = entries[i].NumberOfPages;
		if (entries[i].Type == EfiConventionalMemory && base + pages * PAGE_SIZE <= MIB(1) &&
		    EFI_ERROR(hostile.firmware->AllocatePages(AllocateAddress, EfiReservedMemoryType, pages, &base)))
			fault("low memory at %#llx cannot be taken", (unsigned long long)base);
	}
}

void memory_alter(void)
{
	if (has("pages.fail"))
		memory_fail_at((unsigned)number_of("pages.fail", 1));
	if (has("low.taken"))
		take_low_memory();
	map_calls = exit_calls = 0;
	hostile.boot->GetMemoryMap = altered_get_memory_map;
	hostile.boot->AllocatePages = altered_allocate_pages;
	hostile.boot->FreePages = altered_free_pages;
	hostile.boot->ExitBootServices = altered_exit_boot_services;
}
