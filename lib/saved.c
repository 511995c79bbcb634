/* Two formats that outlive the program that wrote them, so each starts with a magic number and a version and is summed:
 * flash memory may have kept half of it, and RAM anything at all. */
#include "lib/saved.h"

#include "lib/crc32.h"
#include "lib/string.h"

static uint32_t variable_crc(const struct saved_header *header)
{
	const uint32_t crc = crc32(0, header, offsetof(struct saved_header, crc));

	return crc32(crc, header + 1, header->packed_size);
}

void saved_seal(struct saved_header *header)
{
	header->magic = SAVED_MAGIC;
	header->version = SAVED_VERSION;
	header->reserved = 0;
	header->crc = variable_crc(header);
}

const char *saved_check(const void *variable, size_t size)
{
	const struct saved_header *const header = variable;

	if (size < sizeof(*header) || header->magic != SAVED_MAGIC)
		return "it is none of Samara's";
	if (header->version != SAVED_VERSION)
		return "it is another version's";
	if (header->packed_size != size - sizeof(*header) || header->text_size > SAVED_TEXT_MOST)
		return "its size is wrong";
	if (header->crc != variable_crc(header))
		return "its checksum is wrong";
	return strnlen(header->reason, sizeof(header->reason)) < sizeof(header->reason) ? NULL : "its reason has no end";
}

/* Up to the end of the reason, which is mostly empty: marks are made at each stage of the boot. */
static uint32_t mark_crc(const struct boot_mark *mark)
{
	const uint32_t crc = crc32(0, mark, offsetof(struct boot_mark, crc));

	return crc32(crc, mark->stage_name, sizeof(mark->stage_name) + strnlen(mark->reason, sizeof(mark->reason)));
}

void boot_mark_seal(struct boot_mark *mark)
{
	mark->magic = BOOT_MARK_MAGIC;
	mark->version = SAVED_VERSION;
	mark->crc = mark_crc(mark);
}

bool boot_mark_sound(const struct boot_mark *mark)
{
	return mark->magic == BOOT_MARK_MAGIC && mark->version == SAVED_VERSION && mark->crc == mark_crc(mark) &&
	       strnlen(mark->stage_name, sizeof(mark->stage_name)) < sizeof(mark->stage_name) &&
	       strnlen(mark->reason, sizeof(mark->reason)) < sizeof(mark->reason);
}
