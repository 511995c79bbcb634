/* The command line: the .cmdline section, then \samara\cmdline.txt, then the firmware's LoadOptions, joined with
 * blanks. For a key that comes twice the last one counts, so each source overrides the one before. With Secure Boot on
 * only the section counts: the rest is not signed. A source with a fault is left out whole, with a message. */
#include "loader/loader.h"

#include <abi/linux/errno.h>
#include "lib/string.h"
#include "lib/utf.h"

/* An open quote would take in the sources that follow. */
static bool quotes_open(const char *text, size_t size)
{
	bool open = false;

	for (size_t i = 0; i < size; i++)
		open ^= text[i] == '"';
	return open;
}

static void cmdline_add(struct loader *l, const char *source, const char *text, size_t size)
{
	struct handoff *h = &l->handoff;

	while (size && (text[size - 1] == '\0' || text[size - 1] == '\n' || text[size - 1] == '\r' || text[size - 1] == ' '))
		size--;		/* section padding and the last line's end */
	if (!size)
		return;
	int error = cmdline_check(text, size);
	if (error == -EILSEQ)
		loader_log(l, LOG_WARNING, "%s ignored: it is not UTF-8 text", source);
	else if (error || h->cmdline_size + 2 + size >= CMDLINE_MAX)
		loader_log(l, LOG_WARNING, "%s ignored: with it the command line is longer than %u bytes", source, CMDLINE_MAX - 1);
	else {
		if (h->cmdline_size)
			l->cmdline[h->cmdline_size++] = ' ';
		memcpy(l->cmdline + h->cmdline_size, text, size);
		h->cmdline_size += size;
		if (quotes_open(text, size))
			l->cmdline[h->cmdline_size++] = '"';
	}
}

static void cmdline_from_file(struct loader *l)
{
	void *text;
	uint64_t size;
	EFI_STATUS status = volume_read(l, L"\\samara\\cmdline.txt", 64 * 1024, &text, &size);

	if (status == EFI_NOT_FOUND)
		return;
	if (EFI_ERROR(status))
		loader_log(l, LOG_WARNING, "\\samara\\cmdline.txt ignored: %s", efi_status_name(status));
	else if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)	/* the byte order mark that some editors add */
		cmdline_add(l, "\\samara\\cmdline.txt", (char *)text + 3, size - 3);
	else
		cmdline_add(l, "\\samara\\cmdline.txt", text, size);
}

/* The shell gives the whole line it was typed as, so the first word may be our own name. */
static const char *skip_own_name(const char *text)
{
	const char *end = strchr(text, ' ');
	size_t size = end ? (size_t)(end - text) : strlen(text);

	if (size < 4 || text[size - 4] != '.' || (text[size - 3] | 0x20) != 'e' || (text[size - 2] | 0x20) != 'f' ||
	    (text[size - 1] | 0x20) != 'i')
		return text;
	return text + size;
}

/* LoadOptions are UTF-16 by convention; boot menus put binary of their own there. */
static void cmdline_from_load_options(struct loader *l)
{
	static char text[CMDLINE_MAX];
	size_t size = l->loaded->LoadOptionsSize;

	if (!size || !l->loaded->LoadOptions)
		return;
	int length = size % 2 ? -EILSEQ : utf16_to_utf8(l->loaded->LoadOptions, size / 2, text, sizeof(text));
	if (length == -E2BIG)
		loader_log(l, LOG_WARNING, "LoadOptions ignored: %zu bytes are too long", size);
	else if (length < 0)
		loader_log(l, LOG_WARNING, "LoadOptions ignored: %zu bytes are not UTF-16 text", size);
	else {
		const char *rest = skip_own_name(text);
		cmdline_add(l, "LoadOptions", rest, strlen(rest));
	}
}

void cmdline_gather(struct loader *l)
{
	const void *section;
	size_t size;

	if (section_find(l, ".cmdline", &section, &size))
		cmdline_add(l, "section .cmdline", section, strnlen(section, size));
	if (secure_boot_on(l)) {
		loader_log(l, LOG_INFO, "Secure Boot is on: only what is inside the signed file counts");
	} else {
		cmdline_from_file(l);
		cmdline_from_load_options(l);
	}
	l->handoff.cmdline = (uintptr_t)l->cmdline;
}
