/* A ring of text. Commands whose output is saved anyway, or says nothing of the machine, are left out. */
#include "kernel/drivers/save/transcript.h"

#include "kernel/core/monitor.h"
#include "lib/string.h"

#define RING 16384u

static char ring[RING];
static uint64_t written;	/* atomic: bytes ever, so the newest RING of them are there */
static bool kept;		/* the command that runs */

static void put(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ring[(written + i) % RING] = text[i];
	__atomic_store_n(&written, written + size, __ATOMIC_RELEASE);
}

static void begin(const char *line, size_t size)
{
	static const char *const others[] = { "help", "log", "report", "save" };

	while (size && *line == ' ') {
		line++;
		size--;
	}
	kept = true;
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
		size_t length = strlen(others[i]);
		kept &= size < length || memcmp(line, others[i], length) != 0;
	}
	if (!kept)
		return;
	put("> ", 2);
	put(line, size);
	put("\n", 1);
}

static void write(const char *text, size_t size)
{
	if (kept)
		put(text, size);
}

void transcript_init(void)
{
	monitor_set_tap(begin, write);
}

void transcript_read(void (*give)(void *context, const char *text, size_t size), void *context)
{
	uint64_t end = __atomic_load_n(&written, __ATOMIC_ACQUIRE), at = end > RING ? end - RING : 0;

	while (end > RING && at < end && ring[at % RING] != '\n')	/* the rest of a line that is gone */
		at++;
	while (at < end) {
		size_t size = MIN(end - at, RING - at % RING);
		give(context, ring + at % RING, size);
		at += size;
	}
}
