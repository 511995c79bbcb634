/* Files beside the loader, read and written with the firmware's own file system driver; and the sections inside the
 * loader's image. */
#include "loader/loader.h"

#include "lib/pe.h"

#define MODE_CREATE (EFI_FILE_MODE_CREATE | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_READ)	/* the three go together (section 13.5) */

static EFI_STATUS root_open(struct loader *l, EFI_FILE_HANDLE *ret)
{
	static EFI_GUID file_system_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_FILE_IO_INTERFACE *file_system = NULL;

	*ret = NULL;
	/* Loaded from the network or from memory, there is no device, or none with files. */
	if (!l->loaded->DeviceHandle ||
	    EFI_ERROR(l->boot->HandleProtocol(l->loaded->DeviceHandle, &file_system_guid, (void **)&file_system)) || !file_system ||
	    EFI_ERROR(file_system->OpenVolume(file_system, ret)) || !*ret)
		return EFI_NOT_FOUND;
	return EFI_SUCCESS;
}

static EFI_STATUS file_open(struct loader *l, const CHAR16 *path, UINT64 mode, UINT64 attributes, EFI_FILE_HANDLE *ret)
{
	EFI_FILE_HANDLE root;
	EFI_STATUS status = root_open(l, &root);

	*ret = NULL;
	if (EFI_ERROR(status))
		return status;
	status = root->Open(root, ret, (CHAR16 *)path, mode, attributes);
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
	EFI_STATUS status = file_open(l, path, EFI_FILE_MODE_READ, 0, &file);

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

EFI_STATUS volume_exists(struct loader *l, const CHAR16 *path)
{
	EFI_FILE_HANDLE file;
	EFI_STATUS status = file_open(l, path, EFI_FILE_MODE_READ, 0, &file);

	if (!EFI_ERROR(status))
		file->Close(file);
	return status;
}

EFI_STATUS volume_make_folder(struct loader *l, const CHAR16 *path)
{
	EFI_FILE_HANDLE folder;
	EFI_STATUS status = file_open(l, path, MODE_CREATE, EFI_FILE_DIRECTORY, &folder);

	if (!EFI_ERROR(status))
		folder->Close(folder);
	return status;
}

EFI_STATUS volume_write(struct loader *l, const CHAR16 *path, const void *data, uint64_t size)
{
	EFI_FILE_HANDLE file;
	UINTN written = size;
	EFI_STATUS status = file_open(l, path, MODE_CREATE, 0, &file);

	if (EFI_ERROR(status))
		return status;
	status = file->Write(file, &written, (void *)data);
	if (!EFI_ERROR(status) && written != size)
		status = EFI_VOLUME_FULL;
	if (!EFI_ERROR(status))
		status = file->Flush(file);
	if (EFI_ERROR(status)) {
		file->Delete(file);	/* closes it, too */
		return status;
	}
	return file->Close(file);
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
