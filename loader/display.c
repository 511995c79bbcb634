/* The framebuffer: which display, which mode.
 *
 * A Graphics Output Protocol (UEFI 2.10, section 12.9) may be a display, or the firmware's console splitter that stands
 * for several. Of the real framebuffers we take the one that the firmware's console uses, since that is the one the
 * person looks at. The mode is the one given with video=, else the display's own (EDID's preferred timing), else the
 * one that is set: the largest in the list may be one that the display cannot show. Setting a mode costs more than the
 * rest of the boot, so it is done only for a change. */
#include "loader/loader.h"

#include <abi/linux/errno.h>
#include "lib/edid.h"

#define MODES_MAX 1024		/* bounds for what the firmware says */
#define SIDE_MAX 16384u
#define HANDLES_MAX 64

typedef EFI_GRAPHICS_OUTPUT_PROTOCOL gop_t;

/* EFI_EDID_ACTIVE_PROTOCOL and EFI_EDID_DISCOVERED_PROTOCOL (section 12.9.1) have the same shape. */
struct edid_protocol {
	UINT32 size;
	UINT8 *block;
};

/* How sure we are that this is the display the person sees. */
enum rank { RANK_NONE, RANK_DISPLAY, RANK_CONSOLE, RANK_CONSOLE_HANDLE, RANK_CONSOLE_FRAMEBUFFER };

static void *protocol(struct loader *l, EFI_HANDLE handle, EFI_GUID guid)
{
	void *interface = NULL;

	return handle && !EFI_ERROR(l->boot->HandleProtocol(handle, &guid, &interface)) ? interface : NULL;
}

static bool mode_is_linear(const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info)
{
	return info && (UINT32)info->PixelFormat <= PixelBitMask && info->HorizontalResolution - 1 < SIDE_MAX &&
	       info->VerticalResolution - 1 < SIDE_MAX && info->PixelsPerScanLine >= info->HorizontalResolution &&
	       info->PixelsPerScanLine <= 2 * SIDE_MAX;
}

static bool gop_has_framebuffer(const gop_t *gop)
{
	return gop && gop->Mode && gop->Mode->FrameBufferBase && mode_is_linear(gop->Mode->Info);
}

static enum rank gop_rank(struct loader *l, EFI_HANDLE handle, const gop_t *gop)
{
	static const EFI_GUID console_out_device = { 0xd3b36f2c, 0xd551, 0x11d4, { 0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } };
	const gop_t *console = protocol(l, l->system->ConsoleOutHandle, (EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID);

	if (!gop_has_framebuffer(gop))
		return RANK_NONE;
	if (handle == l->system->ConsoleOutHandle)	/* the splitter, or the display where the firmware has none */
		return RANK_CONSOLE_HANDLE;
	if (gop_has_framebuffer(console) && console->Mode->FrameBufferBase == gop->Mode->FrameBufferBase)
		return RANK_CONSOLE_FRAMEBUFFER;
	/* The firmware marks the devices its console runs on (EDK II's ConPlatform does); the marker has no interface. */
	EFI_GUID marker = console_out_device;
	void *interface;
	return EFI_ERROR(l->boot->HandleProtocol(handle, &marker, &interface)) ? RANK_DISPLAY : RANK_CONSOLE;
}

/* The best handle; its number among `count` is logged with what was seen. */
static gop_t *display_choose(struct loader *l, EFI_HANDLE *ret_handle)
{
	static EFI_GUID gop_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	EFI_HANDLE *handles = NULL;
	UINTN count = 0, chosen = 0, linear = 0;
	gop_t *best = NULL;
	enum rank best_rank = RANK_NONE;

	if (EFI_ERROR(l->boot->LocateHandleBuffer(ByProtocol, &gop_guid, NULL, &count, &handles)) || !handles)
		count = 0;
	for (UINTN i = 0; i < MIN(count, (UINTN)HANDLES_MAX); i++) {
		gop_t *gop = protocol(l, handles[i], gop_guid);
		enum rank rank = gop_rank(l, handles[i], gop);
		linear += rank != RANK_NONE;
		if (rank > best_rank) {
			best = gop;
			best_rank = rank;
			chosen = i;
			*ret_handle = handles[i];
		}
	}
	if (handles)
		l->boot->FreePool(handles);
	static const char *const reason[] = {
		[RANK_DISPLAY] = "the first", [RANK_CONSOLE] = "a console device", [RANK_CONSOLE_HANDLE] = "the console",
		[RANK_CONSOLE_FRAMEBUFFER] = "the console's",
	};
	l->handoff.framebuffer.display_count = (uint32_t)count;
	if (best)
		loader_log(l, LOG_INFO, "display: output %u of %u (%u usable): %s",
			   (unsigned)chosen + 1, (unsigned)count, (unsigned)linear, reason[best_rank]);
	else
		loader_log(l, LOG_WARNING, "display: none of %u graphics outputs has a framebuffer", (unsigned)count);
	return best;
}

static bool edid_of(struct loader *l, EFI_HANDLE handle, struct edid_info *ret)
{
	static const EFI_GUID guids[] = {
		{ 0xbd8c1056, 0x9f36, 0x44ec, { 0x92, 0xa8, 0xa6, 0x33, 0x7f, 0x81, 0x79, 0x86 } },	/* active */
		{ 0x1c0c34f6, 0xd380, 0x41fa, { 0xa0, 0x49, 0x8a, 0xd0, 0x6c, 0x1a, 0x66, 0xaa } },	/* discovered */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(guids); i++) {
		const struct edid_protocol *edid = protocol(l, handle, guids[i]);
		if (edid && edid->block && edid->size >= 128 && edid_read(edid->block, MIN(edid->size, 512u), ret) == 0)
			return true;
	}
	return false;
}

/* The number of a linear mode of this size, -1 where there is none. */
static int mode_find(gop_t *gop, struct loader *l, uint32_t width, uint32_t height)
{
	for (UINT32 mode = 0; mode < MIN(gop->Mode->MaxMode, (UINT32)MODES_MAX); mode++) {
		EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info = NULL;
		UINTN size = 0;
		if (EFI_ERROR(gop->QueryMode(gop, mode, &size, &info)) || !info)
			continue;
		bool fits = size >= sizeof(*info) && mode_is_linear(info) && info->HorizontalResolution == width &&
			    info->VerticalResolution == height;
		l->boot->FreePool(info);
		if (fits)
			return (int)mode;
	}
	return -1;
}

static bool mode_is(const gop_t *gop, uint32_t width, uint32_t height)
{
	return gop->Mode->Info->HorizontalResolution == width && gop->Mode->Info->VerticalResolution == height;
}

/* Change to this size where it is offered and not set already; true where it is set now. */
static bool mode_set(struct loader *l, gop_t *gop, uint32_t width, uint32_t height, const char *source)
{
	if (!gop_has_framebuffer(gop))		/* a mode set before took it away */
		return false;
	if (mode_is(gop, width, height))
		return true;
	int mode = mode_find(gop, l, width, height);
	if (mode < 0) {
		loader_log(l, LOG_WARNING, "display: %s is %ux%u, which the firmware does not offer", source, width, height);
		return false;
	}
	EFI_STATUS status = gop->SetMode(gop, (UINT32)mode);
	if (EFI_ERROR(status))
		loader_log(l, LOG_WARNING, "display: %s %ux%u could not be set: %s", source, width, height, efi_status_name(status));
	return gop_has_framebuffer(gop) && mode_is(gop, width, height);
}

static void mode_choose(struct loader *l, gop_t *gop, EFI_HANDLE handle)
{
	uint32_t width, height;
	struct edid_info edid;

	int given = cmdline_size(l->cmdline, "video", &width, &height);
	if (given == 0 && mode_set(l, gop, width, height, "video="))
		return;
	if (given == -EINVAL)
		loader_log(l, LOG_WARNING, "display: video= takes WIDTHxHEIGHT, such as video=1920x1080");
	if (edid_of(l, handle, &edid) && edid.width)
		mode_set(l, gop, edid.width, edid.height, "the display's own mode");
}

static void masks_of(const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info, EFI_PIXEL_BITMASK *ret)
{
	switch (info->PixelFormat) {
	case PixelRedGreenBlueReserved8BitPerColor:
		*ret = (EFI_PIXEL_BITMASK){ 0xff, 0xff00, 0xff0000, 0xff000000 };
		break;
	case PixelBlueGreenRedReserved8BitPerColor:
		*ret = (EFI_PIXEL_BITMASK){ 0xff0000, 0xff00, 0xff, 0xff000000 };
		break;
	default:
		*ret = info->PixelInformation;
	}
}

/* Can this CPU form these physical addresses (Intel SDM volume 2, CPUID leaf 80000008h)? */
static bool cpu_reaches(paddr_t base, uint64_t size)
{
	uint32_t leaf[4];
	unsigned bits = 36;

	cpu_identify(0x80000000, 0, leaf);
	if (leaf[0] >= 0x80000008) {
		cpu_identify(0x80000008, 0, leaf);
		bits = MIN(leaf[0] & 0xff, 52u);
	}
	return base >> bits == 0 && (base + size - 1) >> bits == 0;
}

/* Take what the mode says over into the handoff; leaves the framebuffer absent, with a message, where it makes no
 * sense. */
static void framebuffer_describe(struct loader *l, const gop_t *gop)
{
	struct handoff_framebuffer *fb = &l->handoff.framebuffer;
	const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info = gop->Mode->Info;
	struct pixel_format format;
	EFI_PIXEL_BITMASK masks;

	masks_of(info, &masks);
	unsigned bytes = pixel_bytes_from_masks(masks.RedMask, masks.GreenMask, masks.BlueMask, masks.ReservedMask);
	uint32_t pitch = info->PixelsPerScanLine * bytes, height = info->VerticalResolution;
	if (pixel_format_from_masks(&format, masks.RedMask, masks.GreenMask, masks.BlueMask, bytes)) {
		loader_log(l, LOG_WARNING, "display: not used, pixel masks %#x %#x %#x make no sense", masks.RedMask,
			   masks.GreenMask, masks.BlueMask);
		return;
	}
	/* Some firmware gives no size, some one that holds fewer lines than the mode has. */
	uint64_t size = gop->Mode->FrameBufferSize ? gop->Mode->FrameBufferSize : (uint64_t)pitch * height;
	uint64_t least = (uint64_t)pitch * (height - 1) + (uint64_t)info->HorizontalResolution * bytes;
	if (size >= least)	/* the last line's padding need not be there */
		size = MAX(size, (uint64_t)pitch * height);
	else {
		loader_log(l, LOG_WARNING, "display: the framebuffer holds %llu of %u lines", (unsigned long long)(size / pitch), height);
		height = (uint32_t)(size / pitch);
	}
	uint64_t base = gop->Mode->FrameBufferBase;
	if (!cpu_reaches(base, (uint64_t)pitch * height) || height < 32 ||
	    surface_init(&l->screen, (void *)(uintptr_t)base, size, info->HorizontalResolution, height, pitch, &format,
			 0)) {
		loader_log(l, LOG_WARNING, "display: not used, framebuffer %#llx of %ux%u makes no sense", (unsigned long long)base,
			   info->HorizontalResolution, height);
		return;
	}
	fb->base = base;
	fb->size = (uint64_t)pitch * height;
	fb->width = info->HorizontalResolution;
	fb->height = height;
	fb->pitch = pitch;
	fb->bytes_per_pixel = bytes;
	fb->red_mask = masks.RedMask;
	fb->green_mask = masks.GreenMask;
	fb->blue_mask = masks.BlueMask;
	if (!firmware_maps(base) || !firmware_maps(base + fb->size - 1)) {
		loader_log(l, LOG_INFO, "display: the firmware does not map it, so the loader does not draw");
		l->screen.origin = NULL;
	}
}

void display_gather(struct loader *l)
{
	EFI_HANDLE handle = NULL;
	gop_t *gop = display_choose(l, &handle);

	if (!gop)
		return;
	mode_choose(l, gop, handle);
	if (!gop_has_framebuffer(gop)) {
		loader_log(l, LOG_WARNING, "display: lost its framebuffer when the mode was set");
		return;
	}
	framebuffer_describe(l, gop);
}
