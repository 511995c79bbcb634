/* The report: everything the kernel knows of its machine, as text and as JSON, from one description.
 *
 *	static void clock_report(struct report_sink *s)
 *	{
 *		report_number(s, "tsc_hz", rate.hz);
 *		report_list(s, "sources");
 *		for (…) {
 *			report_row(s);
 *			report_text(s, "name", "%s", source->name);
 *			report_number(s, "hz", source->hz);
 *			report_end(s);
 *		}
 *		report_end(s);
 *	}
 *	REPORT_SECTION(50, clock, "Clocks", clock_report);
 *
 * Rules
 * - A section is registered by the file that owns what it shows. Sections come in the order of their two-digit numbers.
 * - Keys are snake_case and never change their meaning (tests/report.schema.json has all of them); a section is an
 *   object, whose members have keys. A list holds rows, and `values` hold values of one kind with NULL for a key.
 * - As text an object's member is a line, a row is one line that starts with its first value, and empty values are left
 *   out. A row holds values alone.
 * - A section waits for nothing and allocates nothing: it tries a lock where it needs one, and says so where it could
 *   not have it. */
#ifndef KERNEL_CORE_REPORT_H
#define KERNEL_CORE_REPORT_H

#include "lib/types.h"

struct report_sink;

void report_object(struct report_sink *s, const char *key);
void report_list(struct report_sink *s, const char *key);
void report_values(struct report_sink *s, const char *key);
void report_row(struct report_sink *s);
void report_end(struct report_sink *s);

/* Text is cut at 255 bytes. report_hex is for addresses and ids: "0x00ab" with 4 digits, a string in JSON too, where
 * numbers over 2^53 are lost on most readers. report_bytes is "64 MiB" as text, the plain number in JSON; so is
 * report_number_known's 0, which is "unknown" as text. */
void report_text(struct report_sink *s, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
void report_number(struct report_sink *s, const char *key, uint64_t value);
void report_number_known(struct report_sink *s, const char *key, uint64_t value);
void report_bytes(struct report_sink *s, const char *key, uint64_t value);
void report_hex(struct report_sink *s, const char *key, uint64_t value, unsigned digits);
void report_flag(struct report_sink *s, const char *key, bool value);

struct report_section {
	const char *name, *title;
	void (*report)(struct report_sink *s);
};

#define REPORT_SECTION(order_, name_, title_, report_)					\
	static const struct report_section report_section_##name_			\
	__attribute__((section(".report_sections." #order_), used, aligned(8))) = { #name_, title_, report_ }

enum report_form { REPORT_TEXT, REPORT_JSON };
typedef void report_write_fn(void *context, const char *text, size_t size);

/* Write the section of this name, or all for NULL: a line at a time, each with its newline (a line of more than 255
 * bytes in pieces). 0, or -ENOENT. The text is UTF-8 without control sequences. Any context; in a panic too. */
int report_write(const char *section, enum report_form form, report_write_fn *write, void *context);

#endif
