/* Runtime services at the firmware's physical addresses.
 *
 * An address space for the calls alone: the kernel's upper half, and below it the firmware's memory at its physical
 * addresses. Boot services memory is in it too, since some firmware's runtime code strays there. Runtime code is mapped
 * executable and not writable, but older firmware keeps data in the same pages: CR0.WP is off during the call, which
 * lets the CPU's supervisor write them without any page being both.
 *
 * What the firmware is given lies in the kernel's image, and it gets the physical addresses: it hands pointers on to
 * code in system management mode, which knows no others. A fault in the firmware is a panic like any other, as the
 * upper half is there. `calling` then stays set, as it does where a service did not return, so that nobody goes in
 * again. */
#include "kernel/arch/firmware_call.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/x86_64/firmware_enter.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/core/memory_map.h"
#include "lib/bytes.h"
#include "lib/string.h"

#define SYSTEM_TABLE_SIGNATURE	0x5453595320494249ull	/* "IBI SYST" */
#define RUNTIME_SIGNATURE	0x56524553544e5552ull	/* "RUNTSERV" */
#define TABLE_SIZE		12	/* offset of HeaderSize in both (UEFI 2.10, section 4.2) */
#define SYSTEM_TABLE_RUNTIME	88	/* offset of RuntimeServices (section 4.3) */
#define RUNTIME_TABLE_SIZE	136	/* with everything that is looked at */
#define NON_VOLATILE_ATTRIBUTES	7u	/* NON_VOLATILE, BOOTSERVICE_ACCESS, RUNTIME_ACCESS (section 8.2.1) */

/* Offsets in the table of runtime services (section 4.5). */
enum service {
	GET_VARIABLE		= 72,
	SET_VARIABLE		= 88,
	RESET_SYSTEM		= 104,
	QUERY_VARIABLE_INFO	= 128,	/* since UEFI 2.0 */
};

static uint8_t runtime_table[RUNTIME_TABLE_SIZE];	/* a copy; zeros where there is none */
static struct pagetable space;
static bool calling;					/* atomic */

/* All that the firmware reads and writes. */
static struct {
	_Alignas(PAGE_SIZE) uint8_t data[SAVED_MOST];
	uint64_t size, storage, free, largest;
	uint32_t attributes;
} mailbox;
static const struct saved_guid guid = SAVED_GUID;
static const uint16_t name[SAVED_NAME_LENGTH] = SAVED_NAME;

/* The kernel's image lies in one piece. */
static paddr_t image_physical(const void *in_image)
{
	return boot_info()->kernel_physical + ((vaddr_t)in_image - boot_info()->kernel_virtual);
}

/* Code types executable, all other RAM and the firmware's own devices writable. */
static int map_firmware(struct pagetable *tables)
{
	const struct mem_range *ranges;
	size_t count = memory_map_get(&ranges);

	for (size_t i = 0; i < count; i++) {
		const struct mem_range *r = &ranges[i];
		bool code = r->type == MEM_RUNTIME_CODE || r->type == MEM_BOOT_SERVICES;
		uint32_t flags = code ? PT_EXEC : PT_WRITE | (memmap_is_ram(r->type) ? 0 : PT_CACHE_UC);
		if (!memmap_is_ram(r->type) && !r->runtime)
			continue;
		int error = pt_map(tables, r->base, r->base, r->size, flags);
		if (error)
			return error;
	}
	return 0;
}

/* A table of the firmware's with this signature that is long enough to hold `size` bytes, or NULL. */
static const char *find_table(paddr_t address, uint64_t signature, uint32_t size)
{
	const char *table = address ? mmu_map_firmware(address, size) : NULL;

	if (!table || bytes_get_u64(table) != signature || bytes_get_u32(table + TABLE_SIZE) < size)
		return NULL;
	return table;
}

static int prepare(void)
{
	const char *system, *runtime;

	if (space.root)
		return 0;
	system = find_table(boot_info()->system_table, SYSTEM_TABLE_SIGNATURE, SYSTEM_TABLE_RUNTIME + 8);
	if (!system)
		return -ENOSYS;
	/* Before UEFI 2.0 the table ended with ResetSystem and one more. */
	runtime = find_table(bytes_get_u64(system + SYSTEM_TABLE_RUNTIME), RUNTIME_SIGNATURE, RESET_SYSTEM + 8);
	if (!runtime)
		return -ENOSYS;
	paddr_t root = mmu_table_frame();
	if (!root)
		return -ENOMEM;
	struct pagetable made;
	mmu_make_space(&made, root);
	if (map_firmware(&made))
		return -ENOMEM;
	memcpy(runtime_table, runtime, MIN(bytes_get_u32(runtime + TABLE_SIZE), (uint32_t)RUNTIME_TABLE_SIZE));
	space = made;
	return 0;
}

void firmware_call_init(uint64_t ticks_a_second)
{
	int error = prepare();

	firmware_enter_init(ticks_a_second);
	if (error)
		pr_warn("firmware: its services cannot be called: %s",
			error == -ENOMEM ? "no memory for page tables" : "its tables are damaged");
}

/* Call one of them. 0, and its status; -ENOSYS; -EBUSY; -ETIMEDOUT. */
static int call(enum service offset, const uint64_t arguments[FIRMWARE_ARGUMENTS], uint64_t *ret_status)
{
	uint64_t address = bytes_get_u64(runtime_table + offset);

	if (!address)
		return -ENOSYS;
	if (__atomic_exchange_n(&calling, true, __ATOMIC_ACQUIRE))
		return -EBUSY;
	*ret_status = firmware_enter(address, arguments, space.root);
	if (*ret_status == FIRMWARE_LEFT)
		return -ETIMEDOUT;
	__atomic_store_n(&calling, false, __ATOMIC_RELEASE);
	return 0;
}

int firmware_reset_system(enum firmware_reset kind)
{
	const uint64_t arguments[FIRMWARE_ARGUMENTS] = { kind };
	uint64_t status;
	int error = prepare();

	return error ? error : call(RESET_SYSTEM, arguments, &status);
}

/* Appendix D: errors have the highest bit. */
static int status_error(uint64_t status)
{
	if (!(status >> 63))
		return 0;
	switch (status & 0xff) {
	case 2:		/* EFI_INVALID_PARAMETER */
		return -EINVAL;
	case 3:		/* EFI_UNSUPPORTED */
		return -ENOSYS;
	case 5:		/* EFI_BUFFER_TOO_SMALL */
		return -EOVERFLOW;
	case 8:		/* EFI_WRITE_PROTECTED */
		return -EROFS;
	case 9:		/* EFI_OUT_OF_RESOURCES */
		return -ENOSPC;
	case 14:	/* EFI_NOT_FOUND */
		return -ENOENT;
	case 15:	/* EFI_ACCESS_DENIED */
	case 26:	/* EFI_SECURITY_VIOLATION */
		return -EACCES;
	default:
		return -EIO;
	}
}

/* Call a service of variables. EFI_RT_PROPERTIES_TABLE says which of them may be called by an operating system (section
 * 4.6.2); the loader has read it. */
static int variable_call(enum service offset, uint32_t supported, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	const uint64_t arguments[FIRMWARE_ARGUMENTS] = { a, b, c, d, e };
	uint64_t status;

	if (!(boot_info()->runtime_supported & supported))
		return -ENOSYS;
	int error = call(offset, arguments, &status);

	return error ? error : status_error(status);
}

void *firmware_mailbox(void)
{
	return mailbox.data;
}

int firmware_saved_set(size_t size)
{
	return variable_call(SET_VARIABLE, HANDOFF_RUNTIME_SET_VARIABLE, image_physical(name),
			     image_physical(&guid), NON_VOLATILE_ATTRIBUTES, size, image_physical(mailbox.data));
}

int64_t firmware_saved_get(void)
{
	mailbox.size = sizeof(mailbox.data);
	int error = variable_call(GET_VARIABLE, HANDOFF_RUNTIME_GET_VARIABLE, image_physical(name),
				  image_physical(&guid), image_physical(&mailbox.attributes),
				  image_physical(&mailbox.size), image_physical(mailbox.data));

	if (error)
		return error;
	return mailbox.size <= sizeof(mailbox.data) ? (int64_t)mailbox.size : -EIO;
}

int firmware_saved_room(struct firmware_room *ret)
{
	mailbox.storage = mailbox.free = mailbox.largest = 0;
	int error = variable_call(QUERY_VARIABLE_INFO, HANDOFF_RUNTIME_QUERY_VARIABLE_INFO, NON_VOLATILE_ATTRIBUTES,
				  image_physical(&mailbox.storage), image_physical(&mailbox.free),
				  image_physical(&mailbox.largest), 0);

	if (error)
		return error;
	if (mailbox.free > mailbox.storage)
		return -EIO;
	*ret = (struct firmware_room){ mailbox.free, mailbox.largest };
	return 0;
}
