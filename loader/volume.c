/* Files beside the loader, read with the firmware's own file system driver; and the sections inside the loader's
 * image. */
#include "loader/loader.h"

#include "lib/pe.h"

static EFI_STATUS file_open(struct loader *l, const CHAR16 *path, EFI_FILE_HANDLE *ret)
{
	static EFI_GUID file_system_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_FILE_IO_INTERFACE *file_system = NULL;
	EFI_FILE_HANDLE root = NULL;

	*ret = NULL;
	/* Loaded from the network or from memory, there is no device, or none with files. */
	if (!l->loaded->DeviceHandle ||
	    EFI_ERROR(l->boot->HandleProtocol(l->loaded->DeviceHandle, &file_system_guid, (void **)&file_system)) || !file_system ||
	    EFI_ERROR(file_system->OpenVolume(file_system, &root)) || !root)
		return EFI_NOT_FOUND;
	EFI_STATUS status = root->Open(root, ret, (CHAR16 *)path, EFI_FILE_MODE_READ, 0);
	root->Close(root);
	return EFI_ERROR(status) || *ret ? status : EFI_NOT_FOUND;
}

/* The size by seeking to the end (UEFI 2.10, section 13.5: position ~0 is the end of the file), which needs no
 * information buffer. */
static EFI_STATUS file_size(EFI_FILE_HANDLE file, uint64_t *ret)
{
	EFI_STATUS status = file->SetPosition(file, ~0ull);

	if (!EFI_ERROR(status))
		status = file->GetPosition(file, ret);
	return EFI_ERROR(status) ? status : file->SetPosition(file, 0);
}

/* In pieces: there is firmware that hangs or fails at larger reads, and a driver may give less than was asked for. */
static EFI_STATUS file_read(EFI_FILE_HANDLE file, char *ret, uint64_t size)
{
	EFI_STATUS status = EFI_SUCCESS;

	while (size && !EFI_ERROR(status)) {
		UINTN wanted = MIN(size, MIB(1)), got = wanted;
		status = file->Read(file, &got, ret);
		if (!EFI_ERROR(status) && (!got || got > wanted))
			status = EFI_END_OF_FILE;
		ret += got;
		size -= got;
	}
	return status;
}

EFI_STATUS volume_read(struct loader *l, const CHAR16 *path, uint64_t most, void **ret, uint64_t *ret_size)
{
	EFI_FILE_HANDLE file;
	uint64_t size = 0;
	EFI_STATUS status = file_open(l, path, &file);

	if (EFI_ERROR(status))
		return status;
	status = file_size(file, &size);
	if (!EFI_ERROR(status) && size > most)
		status = EFI_BAD_BUFFER_SIZE;
	if (!EFI_ERROR(status) && size) {
		*ret = loader_pages(l, size, 0, "a file");
		status = file_read(file, *ret, size);
	}
	file->Close(file);
	*ret_size = size;
	return status;
}

bool section_find(struct loader *l, const char *name, const void **ret, size_t *ret_size)
{
	struct pe_section section;

	if (pe_find_section(l->loaded->ImageBase, l->loaded->ImageSize, name, &section) || !section.size)
		return false;
	*ret = section.data;
	*ret_size = section.size;
	return true;
}
