/* What the last run left: a mark in memory of how it ended, and a saved report in a UEFI variable (<boot/saved.h>).
 *
 * The report becomes a file beside the loader, by the firmware's own FAT driver, so that nothing of ours ever writes to
 * a person's disk. Its variable is deleted when the file is written and flushed, never before; where that fails it
 * stays for the next boot. A variable that holds nothing sound is deleted: nobody else would. One of another version is
 * left to that version.
 *
 * The mark lies where it always does, so its page is asked for by address; without it the boot goes on, and the next
 * one cannot say how this one ended. */
#include "loader/loader.h"

#include "lib/format.h"
#include "lib/lz4.h"
#include "lib/saved.h"
#include "lib/string.h"

#define FILES_MOST	999u
#define PATH_LENGTH	32u
#define CACHE_LINE	64u	/* the least of any x86-64 */
#define ATTRIBUTES	(EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS)

_Static_assert(sizeof(EFI_GUID) == sizeof(struct saved_guid), "one layout");
static struct saved_guid guid = SAVED_GUID;
static CHAR16 name[SAVED_NAME_LENGTH] = SAVED_NAME;

/* ---- The mark ---- */

void saved_note_stage(struct loader *l, enum handoff_stage stage)
{
	static const char *const names[HANDOFF_STAGE_COUNT] = {
		"loader: start", "loader: settings and files", "loader: display", "loader: kernel", "loader: end of boot services",
	};
	struct boot_mark *const mark = (void *)(uintptr_t)l->handoff.mark;

	if (!mark)
		return;
	*mark = (struct boot_mark){ .end = BOOT_END_RUNNING, .stage = stage };
	memcpy(mark->stage_name, names[stage], strlen(names[stage]));
	boot_mark_seal(mark);
	for (const char *line = (char *)mark; line < (char *)(mark + 1); line += CACHE_LINE)
		__asm__ volatile("clflush %0" :: "m"(*line) : "memory");
}

static void mark_gather(struct loader *l)
{
	const struct boot_mark *const old = loader_page_at(l, BOOT_MARK_ADDRESS);

	if (!old)
		return;
	if (boot_mark_sound(old))
		l->handoff.last_boot = *old;
	l->handoff.mark = BOOT_MARK_ADDRESS;
}

/* ---- The report ---- */

static void variable_delete(struct loader *l)
{
	EFI_STATUS status = l->system->RuntimeServices->SetVariable(name, (EFI_GUID *)&guid, ATTRIBUTES, 0, NULL);

	if (EFI_ERROR(status))
		loader_log(l, LOG_WARNING, "saved: the firmware does not delete the variable: %s", efi_status_name(status));
}

/* The whole variable in pages of its own; NULL where there is none or it cannot be read. */
static void *variable_read(struct loader *l, UINTN *ret_size)
{
	EFI_GET_VARIABLE get = l->system->RuntimeServices->GetVariable;
	UINTN size = 0;
	EFI_STATUS status = get(name, (EFI_GUID *)&guid, NULL, &size, NULL);

	if (status != EFI_BUFFER_TOO_SMALL)
		return NULL;
	if (size > SAVED_MOST) {
		loader_log(l, LOG_WARNING, "saved: a report of %llu bytes is not Samara's; deleted", (unsigned long long)size);
		variable_delete(l);
		return NULL;
	}
	void *const data = loader_pages(l, SAVED_MOST, 0, "the saved report");
	status = get(name, (EFI_GUID *)&guid, NULL, &size, data);
	if (EFI_ERROR(status) || size > SAVED_MOST) {
		loader_log(l, LOG_WARNING, "saved: the report cannot be read: %s", efi_status_name(status));
		return NULL;
	}
	*ret_size = size;
	return data;
}

/* \samara\saved-N.txt with the first N that is free. */
static EFI_STATUS path_find(struct loader *l, CHAR16 ret[PATH_LENGTH])
{
	char path[PATH_LENGTH];

	for (unsigned number = 1; number <= FILES_MOST; number++) {
		ksnprintf(path, sizeof(path), "\\samara\\saved-%u.txt", number);
		for (unsigned i = 0; i < PATH_LENGTH; i++)
			ret[i] = (unsigned char)path[i];
		EFI_STATUS status = volume_exists(l, ret);
		if (status != EFI_SUCCESS)
			return status == EFI_NOT_FOUND ? EFI_SUCCESS : status;
	}
	return EFI_VOLUME_FULL;
}

static EFI_STATUS file_write(struct loader *l, const void *text, UINTN size)
{
	CHAR16 path[PATH_LENGTH];
	EFI_STATUS status = volume_make_folder(l, L"\\samara");

	if (!EFI_ERROR(status))
		status = path_find(l, path);
	if (!EFI_ERROR(status))
		status = volume_write(l, path, text, size);
	if (EFI_ERROR(status)) {
		loader_log(l, LOG_WARNING, "saved: the report of the last run cannot be written to \\samara, and is kept: %s",
			   efi_status_name(status));
		return status;
	}
	char narrow[PATH_LENGTH];
	for (unsigned i = 0; i < PATH_LENGTH; i++)
		narrow[i] = (char)path[i];
	loader_log(l, LOG_INFO, "saved: the report of the last run is in %s", narrow);
	return EFI_SUCCESS;
}

/* A panic's report tells how the last run ended, too, where there is no mark: memory has lost it when the power was
 * off. */
static void end_note(struct loader *l, const struct saved_header *header)
{
	struct boot_mark *const last = &l->handoff.last_boot;

	if (last->magic || header->end != BOOT_END_PANIC)
		return;
	last->end = BOOT_END_PANIC;
	memcpy(last->reason, header->reason, sizeof(last->reason));
	boot_mark_seal(last);
}

static void report_gather(struct loader *l)
{
	UINTN size = 0;
	const struct saved_header *const header = variable_read(l, &size);

	if (!header)
		return;
	const char *why = saved_check(header, size);
	char *const text = loader_pages(l, SAVED_TEXT_MOST, 0, "the saved report");
	if (!why && lz4_unpack(header + 1, header->packed_size, text, SAVED_TEXT_MOST) != header->text_size)
		why = "its text is damaged";
	if (why) {
		bool other = size >= sizeof(*header) && header->magic == SAVED_MAGIC && header->version != SAVED_VERSION;
		loader_log(l, LOG_WARNING, "saved: the report in the firmware's variable is not used: %s; %s", why,
			   other ? "kept" : "deleted");
		if (!other)
			variable_delete(l);
		return;
	}
	end_note(l, header);
	if (!EFI_ERROR(file_write(l, text, header->text_size)))
		variable_delete(l);
}

void saved_gather(struct loader *l)
{
	mark_gather(l);
	report_gather(l);
}
