/* What one run of Samara leaves to the next: a saved report in a UEFI variable, and a mark in memory that a warm reset
 * leaves alone.
 *
 * Rules
 * - The variable is written by the kernel and turned into a file by the next boot's loader, which then deletes it. It
 *   holds a struct saved_header and behind it the text, packed as one LZ4 block (lib/lz4.h).
 * - The mark is a struct boot_mark at HANDOFF.mark, in a page that the loader allocates at one fixed address. The
 *   loader copies what the last run left there into the handoff before it starts a mark of its own; the kernel goes on
 *   with it. Its writer sees to it that it is in memory, and not in a cache that a reset empties.
 * - Both may hold anything when they are read: they count where size, magic, version and CRC are right.
 * - `version` changes with any change of this file. */
#ifndef BOOT_SAVED_H
#define BOOT_SAVED_H

#include <stdint.h>

/* 43f1e9a2-5d4b-4c1e-9e0a-7b1c53616d61, name "SamaraSaved". EFI_GUID has the same layout (UEFI 2.10, appendix A). */
struct saved_guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

#define SAVED_GUID	{ 0x43f1e9a2, 0x5d4b, 0x4c1e, { 0x9e, 0x0a, 0x7b, 0x1c, 0x53, 0x61, 0x6d, 0x61 } }
#define SAVED_NAME	{ 'S', 'a', 'm', 'a', 'r', 'a', 'S', 'a', 'v', 'e', 'd', 0 }	/* of 16-bit characters */
#define SAVED_NAME_LENGTH 12

#define SAVED_MAGIC	0x5641534d53u	/* "SMSAV" */
#define SAVED_VERSION	1
#define SAVED_MOST	(32u << 10)	/* of the whole variable: the most that common firmware takes in one */
#define SAVED_TEXT_MOST	0xffffu		/* bytes; no NUL at the end */

/* How a run ended. */
enum boot_end {
	BOOT_END_RUNNING,		/* it did not: power or reset button, a hang, a fault nobody saw */
	BOOT_END_OFF,			/* switched off, or restarted, as somebody wanted */
	BOOT_END_PANIC,
};

#define BOOT_REASON 120			/* bytes of UTF-8 with a final NUL */

struct saved_header {
	uint64_t magic;
	uint32_t version;
	uint32_t end;			/* enum boot_end at the time of saving */
	uint32_t packed_size;		/* all that is behind the header */
	uint32_t text_size;
	char reason[BOOT_REASON];	/* of a panic: its first line */
	uint32_t reserved;
	uint32_t crc;			/* CRC-32 of the header before this, then of what is behind the header */
};

#define BOOT_MARK_MAGIC	0x4b52414d4d53ull	/* "SMMARK" */
#define BOOT_MARK_ADDRESS 0x6ff000ull		/* 4 KiB under 7 MiB: RAM on every PC, and where firmware seldom works */

struct boot_mark {
	uint64_t magic;
	uint32_t version;
	uint32_t end;			/* enum boot_end */
	uint32_t stage;			/* the stage reached: of enum handoff_stage, then the kernel's */
	uint32_t crc;			/* of what is before it, and of what follows up to the end of the reason */
	char stage_name[32];
	char reason[BOOT_REASON];
};

_Static_assert(sizeof(struct saved_header) == 152, "the same in loader and kernel");
_Static_assert(sizeof(struct boot_mark) == 176, "the same in loader and kernel");

#endif
