/* One variable, packed, of a size that leaves three quarters of what the store has free to others: there are machines
 * that do not start again with a full store (Samsung's laptops of 2012), and firmware that counts wrongly.
 *
 * How much text fits is not known before it is packed, so the number of messages is searched for by halving. What
 * was written is read back and compared: there is firmware that takes everything and keeps nothing. */
#include "kernel/drivers/save/store.h"

#include <abi/linux/errno.h>
#include "kernel/arch/firmware_call.h"
#include "lib/crc32.h"
#include "lib/format.h"
#include "lib/lz4.h"
#include "lib/saved.h"

#define SHARE		4u	/* of what is free, one part of so many */
#define NAME_BYTES	128u	/* the variable's name and the firmware's header of it, counted by some with its data */
#define LEAST		512u	/* bytes: less is not worth a variable */
#define MESSAGES_MOST	4096u	/* more than the log holds */

static char text[SAVED_TEXT_MOST];
static struct lz4_work work;

/* How large the variable may be. */
static int room_get(size_t *ret)
{
	struct firmware_room room;
	int error = firmware_saved_room(&room);

	if (error)
		return error;
	uint64_t most = MIN(MIN(room.free / SHARE, room.largest), (uint64_t)SAVED_MOST);
	if (most < LEAST + NAME_BYTES)
		return -ENOSPC;
	*ret = most - NAME_BYTES;
	return 0;
}

/* Compose and pack behind the header; the size of both, 0 where it is more than `room`. */
static size_t pack(store_compose_fn *compose, unsigned messages, size_t rest, size_t room)
{
	struct saved_header *header = firmware_mailbox();

	header->text_size = (uint32_t)compose(text, messages, rest);
	header->packed_size = 0;
	if (header->text_size)
		header->packed_size = (uint32_t)lz4_pack(&work, text, header->text_size, header + 1, room - sizeof(*header));
	return header->packed_size ? sizeof(*header) + header->packed_size : 0;
}

/* The largest count in 0…most for which it fits, as the rest then is whole; or no messages, and the largest rest. */
static size_t pack_most(store_compose_fn *compose, size_t room)
{
	const bool whole = pack(compose, 0, SAVED_TEXT_MOST, room);
	size_t fits = 0, too_many = whole ? MESSAGES_MOST : SAVED_TEXT_MOST;

	while (too_many - fits > 1) {
		const size_t middle = fits + (too_many - fits) / 2;
		const unsigned messages = whole ? (unsigned)middle : 0;
		if (pack(compose, messages, whole ? SAVED_TEXT_MOST : middle, room))
			fits = middle;
		else
			too_many = middle;
	}
	return pack(compose, whole ? (unsigned)fits : 0, whole ? SAVED_TEXT_MOST : fits, room);
}

/* Is what the firmware has now the same? */
static int read_back(size_t size, uint32_t crc)
{
	const struct saved_header *header = firmware_mailbox();
	int64_t got = firmware_saved_get();

	if (got < 0)
		return (int)got;
	return (size_t)got == size && !saved_check(header, size) && header->crc == crc ? 0 : -EBADMSG;
}

int store_save(enum boot_end end, const char *reason, store_compose_fn *compose, struct store_saved *ret)
{
	struct saved_header *header = firmware_mailbox();
	size_t room, size;
	int error = room_get(&room);

	if (error)
		return error;
	size = pack_most(compose, room);
	if (!size)
		return -ENOSPC;
	*ret = (struct store_saved){ header->text_size, size, crc32(0, text, header->text_size) };
	header->end = end;
	ksnprintf(header->reason, sizeof(header->reason), "%s", reason);
	saved_seal(header);
	uint32_t crc = header->crc;
	error = firmware_saved_set(size);
	return error ? error : read_back(size, crc);
}

const char *store_error(int error)
{
	switch (error) {
	case -ENOSYS:
		return "this firmware keeps no variables while an operating system runs";
	case -ENOSPC:
		return "the firmware's store of variables is full";
	case -EROFS:
	case -EACCES:
		return "the firmware's store of variables is write-protected";
	case -EBUSY:
	case -ETIMEDOUT:
		return "the firmware does not answer any more";
	case -EBADMSG:
	case -ENOENT:
		return "the firmware took it, and has something else now";
	default:
		return "the firmware reports an error";
	}
}
