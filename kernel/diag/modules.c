/* Modules are numbered as SMBIOS lists them. Few firmwares say at which addresses each is seen; without that, the only
 * module of a machine is the one, and of several none. */
#include "kernel/diag/modules.h"

#include "kernel/core/firmware.h"
#include "lib/format.h"

/* All modules for which `is` holds. */
static uint64_t modules_find(bool (*is)(const struct smbios_module *m, uint16_t handle), uint16_t handle)
{
	struct smbios_module m;
	uint64_t found = 0;
	size_t at = 0;

	for (unsigned i = 0; i < MODULES_MOST && smbios_next_module(firmware_smbios(), &at, &m); i++)
		if (is(&m, handle))
			found |= 1ull << i;
	return found;
}

static bool has_handle(const struct smbios_module *m, uint16_t handle)
{
	return m->handle == handle;
}

static bool is_filled(const struct smbios_module *m, uint16_t handle)
{
	return m->size;
}

uint64_t modules_at(paddr_t address)
{
	struct smbios_range range;
	uint64_t found = 0;

	for (size_t at = 0; smbios_next_range(firmware_smbios(), &at, &range);)
		if (address >= range.first && address <= range.last)
			found |= modules_find(has_handle, range.module);
	if (found)
		return found;
	found = modules_find(is_filled, 0);
	return found & (found - 1) ? 0 : found;
}

const char *modules_text(uint64_t modules, char text[MODULES_TEXT])
{
	struct smbios_module m;
	size_t at = 0, used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < MODULES_MOST && smbios_next_module(firmware_smbios(), &at, &m); i++) {
		const char *name = m.slot[0] ? m.slot : m.bank;
		if (modules >> i & 1 && used < MODULES_TEXT)
			used += (size_t)ksnprintf(text + used, MODULES_TEXT - used, "%s%s", used ? " or " : "", name);
	}
	return text;
}
