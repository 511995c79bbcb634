/* What the loader reads: files, its load options, its own image.
 *
 * The volume is the real one, except that \samara\initrd.cpio is a file of ours where file.size or file.open is
 * given.
 *
 * file.size=N       its size;  file.read=error, short (ends early), pieces (half of what is asked), long (more)
 * file.open=error, null (success, no file);  file.seek=error;  file.volume=error, null
 * file.create=N     nothing is created on the volume, but for that error;  file.write=N, short   files that are created
 * options=odd (one byte too many), surrogate, long, junk, null (a size, no text), shell (our own name before it)
 * options.text=TEXT what else stands in them
 * image.size=N      ImageSize;  image.base=N  ImageBase;  image.device=none, or junk (no handle)
 * loaded=error, null   the loaded image protocol: an error, or success and nothing */
#include "tests/boot/hostile/hostile.h"

#include "lib/string.h"

#define OPTIONS_UNITS (64 * 1024u)

static EFI_FILE_IO_INTERFACE volume;
static EFI_FILE_PROTOCOL root, file;
static EFI_FILE_HANDLE real_root;
static uint64_t position;

static uint64_t file_size(void)
{
	return number_of("file.size", 4096);
}

static EFI_STATUS EFIAPI file_close(EFI_FILE_HANDLE self)
{
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_read(EFI_FILE_HANDLE self, UINTN *size, void *data)
{
	if (is("file.read", "error"))
		return EFI_DEVICE_ERROR;
	memset(data, 'x', *size);
	if (is("file.read", "short") && position >= file_size() / 2)
		*size = 0;
	if (is("file.read", "pieces"))
		*size = (*size + 1) / 2;
	if (is("file.read", "long"))
		*size *= 2;
	position += *size;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_get_position(EFI_FILE_HANDLE self, UINT64 *ret)
{
	*ret = position;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_set_position(EFI_FILE_HANDLE self, UINT64 to)
{
	if (is("file.seek", "error"))
		return EFI_UNSUPPORTED;
	position = to == ~0ull ? file_size() : to;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_write(EFI_FILE_HANDLE self, UINTN *size, void *data)
{
	*size /= 2;
	return is("file.write", "short") ? EFI_SUCCESS : EFIERR(number_of("file.write", 0));
}

/* A real file, and what is wrong with it. */
static EFI_STATUS real_open(EFI_FILE_HANDLE *ret, CHAR16 *path, UINT64 mode, UINT64 attributes)
{
	const bool create = mode & EFI_FILE_MODE_CREATE;

	if (create && has("file.create"))
		return EFIERR(number_of("file.create", 0));
	EFI_STATUS status = real_root->Open(real_root, ret, path, mode, attributes);
	if (!EFI_ERROR(status) && create && has("file.write"))
		(*ret)->Write = file_write;
	return status;
}

static EFI_STATUS EFIAPI root_open(EFI_FILE_HANDLE self, EFI_FILE_HANDLE *ret, CHAR16 *path, UINT64 mode,
				   UINT64 attributes)
{
	static const CHAR16 initrd[] = L"\\samara\\initrd.cpio";

	if (memcmp(path, initrd, sizeof(initrd)) != 0)
		return real_open(ret, path, mode, attributes);
	*ret = is("file.open", "null") ? NULL : &file;
	return is("file.open", "error") ? EFI_DEVICE_ERROR : EFI_SUCCESS;
}

static EFI_STATUS EFIAPI volume_open(EFI_FILE_IO_INTERFACE *self, EFI_FILE_HANDLE *ret)
{
	if (is("file.volume", "error"))
		return EFI_VOLUME_CORRUPTED;
	*ret = is("file.volume", "null") ? NULL : &root;
	return EFI_SUCCESS;
}

static bool files_given(void)
{
	return has("file.size") || has("file.open") || has("file.volume") || has("file.create") || has("file.write");
}

bool files_protocol(EFI_HANDLE handle, const EFI_GUID *guid, void **ret, EFI_STATUS *ret_status)
{
	static const EFI_GUID file_system = SIMPLE_FILE_SYSTEM_PROTOCOL, loaded_image = LOADED_IMAGE_PROTOCOL;

	if (guid_is(guid, &loaded_image) && has("loaded")) {
		*ret = NULL;
		*ret_status = is("loaded", "error") ? EFI_UNSUPPORTED : EFI_SUCCESS;
		return true;
	}
	if (!guid_is(guid, &file_system) || !files_given())
		return false;
	*ret = &volume;
	*ret_status = EFI_SUCCESS;
	return true;
}

static void volume_make(void)
{
	EFI_GUID guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_FILE_IO_INTERFACE *real;

	if (EFI_ERROR(hostile.firmware->HandleProtocol(hostile.own->DeviceHandle, &guid, (void **)&real)) ||
	    EFI_ERROR(real->OpenVolume(real, &real_root)))
		fault("no volume");
	volume = *real;
	volume.OpenVolume = volume_open;
	root = *real_root;
	root.Open = root_open;
	root.Close = file_close;
	file = *real_root;
	file.Close = file_close;
	file.Read = file_read;
	file.GetPosition = file_get_position;
	file.SetPosition = file_set_position;
}

/* At an odd address: nothing promises another. */
static void options_make(void)
{
	char *at = (char *)pages_of_type(EfiBootServicesData, OPTIONS_UNITS * 2 + 2) + 1, text[512];
	CHAR16 unit;
	uint32_t units = 0;

	if (cmdline_text(hostile.options, "options.text", text, sizeof(text)) < 0)
		text[0] = '\0';
	const char *parts[] = { is("options", "shell") ? "FS0:\\EFI\\samara\\SAMARA.EFI " : "", text };
	for (unsigned part = 0; part < ARRAY_SIZE(parts); part++)
		for (const char *c = parts[part]; *c; c++) {
			unit = (unsigned char)*c;
			memcpy(at + 2 * units++, &unit, 2);
		}
	for (; is("options", "long") ? units < OPTIONS_UNITS : is("options", "junk") && units < 64; units++) {
		unit = is("options", "long") ? L'x' : (CHAR16)(units * 40503u + 1);
		memcpy(at + 2 * units, &unit, 2);
	}
	if (is("options", "surrogate")) {
		unit = 0xdc00;
		memcpy(at + 2 * units++, &unit, 2);
	}
	hostile.loaded->LoadOptions = is("options", "null") ? NULL : at;
	hostile.loaded->LoadOptionsSize = is("options", "null") ? 1000 : 2 * units + 2 + is("options", "odd");
}

void files_alter(void)
{
	EFI_LOADED_IMAGE *loaded = hostile.loaded;

	if (files_given())
		volume_make();
	if (!hostile.attempting && (has("options") || has("options.text")))
		options_make();
	loaded->ImageSize = number_of("image.size", loaded->ImageSize);
	loaded->ImageBase = (void *)(uintptr_t)number_of("image.base", (uintptr_t)loaded->ImageBase);
	if (has("image.device"))
		loaded->DeviceHandle = is("image.device", "none") ? NULL : (EFI_HANDLE)&volume;
}
