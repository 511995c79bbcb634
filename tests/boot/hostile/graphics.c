/* Graphics outputs with framebuffers in RAM, in every state a firmware may have them in.
 *
 * The fakes are found through LocateHandleBuffer and HandleProtocol. Mode 0 is set at first; mode 1 is another
 * size, in the same memory. Framebuffers are filled with a pattern: what the loader and the kernel must not draw on
 * still has it afterwards. A line on serial tells the test where the framebuffer is and what its pixels are; the
 * last such line counts.
 *
 * gop=WIDTHxHEIGHT  one such output;  gop.count=2  two of them;  gop.console=N  number N (from 1) is the firmware's
 *                   console
 * gop.format=N gop.red=MASK gop.green=MASK gop.blue=MASK gop.reserved=MASK    default: format 1, BGRX
 * gop.pitch=N       pixels a line;  gop.base=N or high (over 4 GiB);  gop.size=N  FrameBufferSize
 * gop.max-mode=N    MaxMode;  gop.mode1=WIDTHxHEIGHT  the other mode;  gop.query=error  QueryMode fails
 * gop.set=error, other (mode 1 whatever was asked), lose (Mode's Info is NULL afterwards), blt (BltOnly afterwards)
 * gop.no-mode gop.no-info    NULL
 * gop.handles=error, many (1,000), null (success, count 1, no buffer);  gop.protocol=error
 * edid=WIDTHxHEIGHT what the display prefers;  edid.fault=sum, huge, null */
#include "tests/boot/hostile/hostile.h"

#include "lib/string.h"

#define OUTPUTS_MAX 2
#define PATTERN 0xa5
#define HANDLES_MANY 1000
#define MODES 2

typedef EFI_GRAPHICS_OUTPUT_PROTOCOL gop_t;
typedef EFI_GRAPHICS_OUTPUT_MODE_INFORMATION gop_mode_t;

static struct output {
	gop_t gop;
	EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE mode;
	gop_mode_t modes[MODES];
	struct { UINT32 size; UINT8 *block; } edid;
	UINT8 block[128];
} outputs[OUTPUTS_MAX];
static unsigned output_count;

/* A pixel's bytes with these masks, as firmware means them. */
static uint32_t pixel_bytes(const gop_mode_t *mode)
{
	const EFI_PIXEL_BITMASK *m = &mode->PixelInformation;

	if (mode->PixelFormat != PixelBitMask)
		return 4;
	uint32_t all = m->RedMask | m->GreenMask | m->BlueMask | m->ReservedMask;
	return all ? (32 - (uint32_t)__builtin_clz(all) + 7) / 8 : 4;
}

static void say_framebuffer(const struct output *o)
{
	const gop_mode_t *mode = o->mode.Info;
	EFI_PIXEL_BITMASK m = mode->PixelInformation;
	uint32_t bytes = pixel_bytes(mode);

	if (mode->PixelFormat == PixelRedGreenBlueReserved8BitPerColor)
		m = (EFI_PIXEL_BITMASK){ 0xff, 0xff00, 0xff0000, 0 };
	else if (mode->PixelFormat == PixelBlueGreenRedReserved8BitPerColor)
		m = (EFI_PIXEL_BITMASK){ 0xff0000, 0xff00, 0xff, 0 };
	say("framebuffer %u base=%#llx width=%u height=%u pitch=%u bytes=%u red=%#x green=%#x blue=%#x",
	    (unsigned)(o - outputs) + 1, (unsigned long long)o->mode.FrameBufferBase, mode->HorizontalResolution,
	    mode->VerticalResolution, mode->PixelsPerScanLine * bytes, bytes, m.RedMask, m.GreenMask, m.BlueMask);
}

static EFI_STATUS EFIAPI query_mode(gop_t *gop, UINT32 mode, UINTN *size, gop_mode_t **ret)
{
	struct output *o = (struct output *)gop;
	gop_mode_t *info;

	if (is("gop.query", "error"))
		return EFI_DEVICE_ERROR;
	if (mode >= MODES || !o->modes[mode].HorizontalResolution)
		return EFI_INVALID_PARAMETER;
	if (EFI_ERROR(hostile.firmware->AllocatePool(EfiBootServicesData, sizeof(*info), (void **)&info)))
		return EFI_OUT_OF_RESOURCES;
	*info = o->modes[mode];
	*size = sizeof(*info);
	*ret = info;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI set_mode(gop_t *gop, UINT32 mode)
{
	struct output *o = (struct output *)gop;

	say("SetMode %u", mode);
	if (is("gop.set", "error"))
		return EFI_DEVICE_ERROR;
	if (is("gop.set", "other"))
		mode = 1;
	o->mode.Mode = mode;
	o->mode.Info = &o->modes[mode];
	if (is("gop.set", "blt"))
		o->modes[mode].PixelFormat = PixelBltOnly;
	say_framebuffer(o);
	if (is("gop.set", "lose"))
		o->mode.Info = NULL;
	return EFI_SUCCESS;
}

static gop_mode_t mode_of(uint32_t width, uint32_t height)
{
	return (gop_mode_t){
		.HorizontalResolution = width,
		.VerticalResolution = height,
		.PixelFormat = (uint32_t)number_of("gop.format", PixelBlueGreenRedReserved8BitPerColor),
		.PixelInformation = {
			(uint32_t)number_of("gop.red", 0), (uint32_t)number_of("gop.green", 0),
			(uint32_t)number_of("gop.blue", 0), (uint32_t)number_of("gop.reserved", 0),
		},
		.PixelsPerScanLine = (uint32_t)number_of("gop.pitch", width),
	};
}

/* E-EDID 1.4: header, one detailed timing, checksum. */
static void edid_make(struct output *o, uint32_t width, uint32_t height)
{
	uint8_t *b = o->block, sum = 0;

	memset(b, 0, sizeof(o->block));
	memset(b + 1, 0xff, 6);
	b[54] = 1;	/* a pixel clock: this is a timing */
	b[56] = (uint8_t)width;
	b[58] = (uint8_t)(width >> 8 << 4);
	b[59] = (uint8_t)height;
	b[61] = (uint8_t)(height >> 8 << 4);
	for (unsigned i = 0; i < sizeof(o->block) - 1; i++)
		sum = (uint8_t)(sum + b[i]);
	b[127] = (uint8_t)(is("edid.fault", "sum") ? 1 - sum : -sum);
	o->edid.size = is("edid.fault", "huge") ? 0xffffffff : sizeof(o->block);
	o->edid.block = is("edid.fault", "null") ? NULL : b;
}

/* Memory for every size that a case asks for; a mode of absurd size gets what a sane one would need. */
static uint64_t framebuffer_memory(uint64_t bytes)
{
	EFI_PHYSICAL_ADDRESS base = GIB(6);	/* at 5 GiB is where the linker would like Samara's file to be */
	UINTN size = ALIGN_UP(MIN(bytes, MIB(64)) + PAGE_SIZE, PAGE_SIZE), pages = size / PAGE_SIZE;

	if (!is("gop.base", "high"))
		base = (uintptr_t)pages_of_type(EfiReservedMemoryType, size);
	else if (EFI_ERROR(hostile.firmware->AllocatePages(AllocateAddress, EfiReservedMemoryType, pages, &base)))
		fault("no memory at 6 GiB");
	memset((void *)(uintptr_t)base, PATTERN, size);
	return number_of("gop.base", base);
}

static void output_make(struct output *o, uint32_t width, uint32_t height)
{
	uint32_t other_width = 0, other_height = 0;

	memset(o, 0, sizeof(*o));
	o->modes[0] = mode_of(width, height);
	if (!cmdline_size(hostile.options, "gop.mode1", &other_width, &other_height))
		o->modes[1] = mode_of(other_width, other_height);
	uint64_t pixels = (uint64_t)o->modes[0].PixelsPerScanLine * height;
	uint64_t other_pixels = (uint64_t)o->modes[1].PixelsPerScanLine * other_height;
	uint64_t bytes = 4 * MAX(pixels, other_pixels);
	o->mode.FrameBufferBase = framebuffer_memory(bytes);
	o->mode.FrameBufferSize = number_of("gop.size", bytes);
	o->mode.MaxMode = (uint32_t)number_of("gop.max-mode", MODES);
	o->mode.SizeOfInfo = sizeof(gop_mode_t);
	o->mode.Info = has("gop.no-info") ? NULL : &o->modes[0];
	o->gop.QueryMode = query_mode;
	o->gop.SetMode = set_mode;
	o->gop.Mode = has("gop.no-mode") ? NULL : &o->mode;
	if (!cmdline_size(hostile.options, "edid", &width, &height))
		edid_make(o, width, height);
	if (o->mode.Info)
		say_framebuffer(o);
}

bool graphics_protocol(EFI_HANDLE handle, const EFI_GUID *guid, void **ret, EFI_STATUS *ret_status)
{
	static const EFI_GUID gop = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	static const EFI_GUID edid = { 0xbd8c1056, 0x9f36, 0x44ec, { 0x92, 0xa8, 0xa6, 0x33, 0x7f, 0x81, 0x79, 0x86 } };

	for (unsigned i = 0; i < output_count; i++) {
		struct output *o = &outputs[i];
		if (handle != (EFI_HANDLE)o)
			continue;
		bool is_gop = guid_is(guid, &gop), is_edid = guid_is(guid, &edid) && has("edid");
		bool found = (is_gop || is_edid) && !is("gop.protocol", "error");
		if (found)
			*ret = is_gop ? (void *)&o->gop : &o->edid;
		*ret_status = found ? EFI_SUCCESS : EFI_UNSUPPORTED;
		return true;
	}
	return false;
}

static EFI_STATUS EFIAPI altered_locate_handle_buffer(EFI_LOCATE_SEARCH_TYPE how, EFI_GUID *guid, VOID *key,
						      UINTN *count, EFI_HANDLE **ret)
{
	static const EFI_GUID gop = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	UINTN wanted = is("gop.handles", "many") ? HANDLES_MANY : output_count;

	if (how != ByProtocol || !guid_is(guid, &gop))
		return hostile.firmware->LocateHandleBuffer(how, guid, key, count, ret);
	if (is("gop.handles", "error"))
		return EFI_OUT_OF_RESOURCES;
	*count = wanted;
	*ret = NULL;
	if (is("gop.handles", "null"))
		return EFI_SUCCESS;
	if (EFI_ERROR(hostile.firmware->AllocatePool(EfiBootServicesData, wanted * sizeof(EFI_HANDLE), (void **)ret)))
		return EFI_OUT_OF_RESOURCES;
	for (UINTN i = 0; i < wanted; i++)
		(*ret)[i] = (EFI_HANDLE)&outputs[i % output_count];
	return EFI_SUCCESS;
}

void graphics_alter(void)
{
	uint32_t width, height;

	if (cmdline_size(hostile.options, "gop", &width, &height))
		return;
	output_count = (unsigned)MIN(number_of("gop.count", 1), (uint64_t)OUTPUTS_MAX);
	for (unsigned i = 0; i < output_count; i++)
		output_make(&outputs[i], width, height);
	hostile.boot->LocateHandleBuffer = altered_locate_handle_buffer;
	if (has("gop.console"))
		hostile.system->ConsoleOutHandle = &outputs[(number_of("gop.console", 1) - 1) % OUTPUTS_MAX];
}
