/* The small services: time, console, chance, variables.
 *
 * stall=instant, error;  watchdog=error
 * console=null, error   ConOut;  keyboard=null, or stuck (a key at each reading);
 * rng=absent, error, same (always the same bytes)
 * secureboot=N          the variable's value;  secureboot.setup=N  SetupMode's
 * variables=error, long (a size too large) */
#include "tests/boot/hostile/hostile.h"

#include "lib/string.h"

/* EFI_RNG_PROTOCOL (UEFI 2.10, section 37.5). */
struct rng {
	void *get_info;
	EFI_STATUS (EFIAPI *get_rng)(struct rng *, EFI_GUID *, UINTN, UINT8 *);
};

static EFI_STATUS EFIAPI altered_stall(UINTN microseconds)
{
	return is("stall", "error") ? EFI_DEVICE_ERROR : EFI_SUCCESS;
}

static EFI_STATUS EFIAPI altered_set_watchdog_timer(UINTN seconds, UINT64 code, UINTN size, CHAR16 *data)
{
	return EFI_DEVICE_ERROR;
}

static EFI_STATUS EFIAPI failing_output_string(SIMPLE_TEXT_OUTPUT_INTERFACE *self, CHAR16 *text)
{
	return EFI_DEVICE_ERROR;
}

static EFI_STATUS EFIAPI stuck_key(SIMPLE_INPUT_INTERFACE *self, EFI_INPUT_KEY *ret)
{
	ret->ScanCode = 0;
	ret->UnicodeChar = L'x';
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI get_rng(struct rng *self, EFI_GUID *algorithm, UINTN size, UINT8 *ret)
{
	if (is("rng", "error"))
		return EFI_NOT_READY;
	memset(ret, 7, size);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI altered_locate_protocol(EFI_GUID *guid, VOID *registration, VOID **ret)
{
	static const EFI_GUID rng_guid = {
		0x3152bca5, 0xeade, 0x433d, { 0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44 },
	};
	static struct rng rng = { .get_rng = get_rng };

	if (!guid_is(guid, &rng_guid))
		return hostile.firmware->LocateProtocol(guid, registration, ret);
	*ret = is("rng", "absent") ? NULL : &rng;
	return is("rng", "absent") ? EFI_NOT_FOUND : EFI_SUCCESS;
}

static EFI_STATUS EFIAPI altered_get_variable(CHAR16 *name, EFI_GUID *guid, UINT32 *attributes, UINTN *size, VOID *data)
{
	bool setup = memcmp(name, L"SetupMode", sizeof(L"SetupMode")) == 0;
	const char *key = setup ? "secureboot.setup" : "secureboot";

	if (is("variables", "error"))
		return EFI_DEVICE_ERROR;
	if (is("variables", "long")) {
		*size = 1000;
		return EFI_BUFFER_TOO_SMALL;
	}
	if (!has(key) || (!setup && memcmp(name, L"SecureBoot", sizeof(L"SecureBoot")) != 0))
		return EFI_NOT_FOUND;
	*(uint8_t *)data = (uint8_t)number_of(key, 0);
	*size = 1;
	return EFI_SUCCESS;
}

void services_alter(void)
{
	static SIMPLE_TEXT_OUTPUT_INTERFACE failing = { .OutputString = failing_output_string };
	static SIMPLE_INPUT_INTERFACE stuck = { .ReadKeyStroke = stuck_key };

	if (has("stall"))
		hostile.boot->Stall = altered_stall;
	if (has("watchdog"))
		hostile.boot->SetWatchdogTimer = altered_set_watchdog_timer;
	if (has("console"))
		hostile.system->ConOut = is("console", "null") ? NULL : &failing;
	if (has("keyboard"))
		hostile.system->ConIn = is("keyboard", "null") ? NULL : &stuck;
	if (has("rng"))
		hostile.boot->LocateProtocol = altered_locate_protocol;
	if (has("secureboot") || has("variables"))
		hostile.runtime->GetVariable = altered_get_variable;
}
