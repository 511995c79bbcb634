/* What is saved: when and by which build, then a panic's text, the report, what the last commands said, and the newest
 * part of the log that there is room for (kernel/drivers/save/store.c).
 *
 * In a panic the report is tried first: it may trip over what made the panic. That comes back here as a panic of its
 * own, and is then saved without. A machine that panics at each boot would wear its flash memory out: a panic in the
 * first minute, at the place of the one before, is not saved again. */
#include "kernel/drivers/save/save.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/firmware_call.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/last_boot.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/panic.h"
#include "kernel/core/report.h"
#include "kernel/drivers/console/display.h"
#include "kernel/drivers/console/fbcon.h"
#include "kernel/drivers/console/qr_screen.h"
#include "kernel/drivers/save/store.h"
#include "kernel/drivers/save/transcript.h"
#include "kernel/time/clock.h"
#include "lib/calendar.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define QUICK_PANIC	(60 * NSEC_PER_SEC)
#define CODE_TEXT	4096u
#define CODE_MESSAGES	40u
#define CODE_STAYS	(120 * NSEC_PER_SEC)

/* Text that is being put together. */
struct buffer {
	char *text;
	size_t used, room;
	bool cut;		/* not all had room */
};

static struct {
	const char *text;
	size_t size;
	bool report;
} content;		/* of the save that is under way */
static bool busy;	/* atomic */

static void add(void *context, const char *text, size_t size)
{
	struct buffer *b = context;

	b->cut |= size > b->room - b->used;
	size = MIN(size, b->room - b->used);
	memcpy(b->text + b->used, text, size);
	b->used += size;
}

static void add_line(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_line(struct buffer *b, const char *format, ...)
{
	char line[LOG_STAMP + LOG_LINE_MAX + 2];
	va_list arguments;

	va_start(arguments, format);
	int length = kvsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	size_t size = MIN((size_t)length, sizeof(line) - 2);
	line[size] = '\n';
	add(b, line, size + 1);
}

static void add_heading(struct buffer *b)
{
	struct date now = date_from_seconds(clock_wall() / NSEC_PER_SEC);

	add_line(b, "Samara %s, build %s, saved %04d-%02u-%02u %02u:%02u:%02u UTC", SAMARA_VERSION, panic_build_id(), now.year,
		 now.month, now.day, now.hour, now.minute, now.second);
	add_line(b, "Command line: %s", boot_cmdline());
}

static void add_messages(struct buffer *b, unsigned count)
{
	struct log_record record;
	char stamp[LOG_STAMP];

	add_line(b, "\nLog");
	for (uint64_t position = log_tail(count); log_read(&position, &record);) {
		log_stamp(record.ticks, stamp);
		add_line(b, "%s%s", stamp, record.text);
	}
}

/* For the store. */
static size_t compose(char *ret, unsigned messages, size_t rest)
{
	struct buffer b = { .text = ret, .room = MIN(rest, (size_t)SAVED_TEXT_MOST) };

	add_heading(&b);
	if (content.size) {
		add_line(&b, "%s", "");
		add(&b, content.text, content.size);
	}
	if (content.report) {
		add_line(&b, "%s", "");
		report_write(NULL, REPORT_TEXT, add, &b);
	}
	add_line(&b, "\nCommands");
	transcript_read(add, &b);
	b.room = SAVED_TEXT_MOST;
	b.cut = false;
	add_messages(&b, messages);
	return b.cut ? 0 : b.used;
}

static bool same_panic_as_last_time(void)
{
	const char *place_end = strchr(panic_reason(), ':');
	size_t size = place_end ? (size_t)(place_end - panic_reason()) : 0;

	return clock_now() < QUICK_PANIC && last_boot()->end == BOOT_END_PANIC && size &&
	       strncmp(last_boot()->reason, panic_reason(), size) == 0;
}

static const char *save_panic(const char *text, size_t size)
{
	static unsigned tries;
	static char line[160];
	struct store_saved saved;

	if (tries == 2)
		return "Not saved.";
	if (same_panic_as_last_time())
		return "Not saved: the last run ended in the same way.";
	content.text = text;
	content.size = size;
	content.report = tries++ == 0;
	int error = store_save(BOOT_END_PANIC, panic_reason(), compose, &saved);
	if (error)
		ksnprintf(line, sizeof(line), "Not saved: %s.", store_error(error));
	else
		ksnprintf(line, sizeof(line), "Saved: when Samara starts again, it writes this to \\samara\\saved-N.txt.");
	return line;
}

void save_init(void)
{
	firmware_call_init(clock_span_hz());
	transcript_init();
	if (!cmdline_flag(boot_cmdline(), "nosave"))
		panic_set_save(save_panic);
}

/* As many of the newest messages as fit. */
static void code_encode(void)
{
	static char text[CODE_TEXT];
	struct buffer b;

	for (unsigned messages = CODE_MESSAGES; messages; messages--) {
		b = (struct buffer){ .text = text, .room = sizeof(text) };
		add_heading(&b);
		add_messages(&b, messages);
		if (!b.cut && qr_screen_encode(text, b.used) == b.used)
			return;
	}
}

/* The code lies over what the console shows, until there is a key. */
static int save_code(void)
{
	const struct surface *screen = display_surface();
	nsec_t end = clock_now() + CODE_STAYS;

	if (!screen) {
		monitor_printf("this machine has no screen to show it on\n");
		return -ENODEV;
	}
	monitor_printf("scan it, and give what it says to tools/decode; a key goes on\n");
	console_flush();
	code_encode();
	if (!qr_screen_draw(screen, screen->width, screen->height)) {
		monitor_printf("the screen is too small\n");
		return -ENODEV;
	}
	cpu_drain_writes();
	while (console_read() < 0 && clock_now() < end)
		console_idle();
	fbcon_redraw();
	return 0;
}

static int save_command(int argc, char **argv)
{
	struct store_saved saved;

	if (argc == 2 && strcmp(argv[1], "qr") == 0)
		return save_code();
	if (argc > 1)
		return -EINVAL;
	if (__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE))
		return -EBUSY;
	content.text = NULL;
	content.size = 0;
	content.report = true;
	int error = store_save(BOOT_END_RUNNING, "", compose, &saved);
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
	if (error) {
		monitor_printf("not saved: %s\n", store_error(error));
		return error;
	}
	monitor_printf("saved: %zu bytes of text in a firmware variable of %zu bytes, CRC-32 of the text %08x;\n"
		       "the next start writes it to \\samara\\saved-N.txt on the stick\n", saved.text, saved.packed, saved.crc);
	return 0;
}
MONITOR_COMMAND(save, "[qr]", "keep report and log: the next start writes them to the stick", save_command,
		.text = "Report and log go, packed, into a variable of the firmware's, which outlives power. The next start of Samara "
			"writes them to \\samara\\saved-N.txt on its stick, and deletes the variable. A panic does the same by itself, "
			"unless nosave is on the command line. save qr shows the log's newest lines as a QR code.");
