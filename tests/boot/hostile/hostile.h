/* Hostile firmware: a test-only EFI application that starts Samara's file with altered tables and services.
 *
 * Rules
 * - It is \EFI\BOOT\BOOTX64.EFI on the test's disk; Samara's file is \EFI\samara\SAMARA.EFI there. What to alter
 *   stands in this application's own section .cmdline, as words KEY or KEY=VALUE; the table of cases is
 *   tests/boot/hostile_cases.py.
 * - The loader under test gets a system table, boot services and runtime services of its own, copies of the
 *   firmware's; only they are altered, the firmware itself never is.
 * - Each *_alter function below reads its words and puts its hooks in; a word that is absent alters nothing.
 * - What this application says goes to the first serial port, each line after "hostile: ". A line with FAULT means
 *   that the loader broke a rule. */
#ifndef TESTS_BOOT_HOSTILE_H
#define TESTS_BOOT_HOSTILE_H

#include <efi.h>

#include "lib/cmdline.h"
#include "lib/types.h"

struct hostile {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *real;
	EFI_BOOT_SERVICES *firmware;	/* the real boot services */
	EFI_LOADED_IMAGE *own;
	char options[CMDLINE_MAX];
	bool attempting;		/* this run is one of `attempts` */

	/* What the loader under test is given. */
	EFI_HANDLE victim;
	EFI_LOADED_IMAGE *loaded;	/* the firmware's own structure, altered in place: it is the victim's alone */
	EFI_SYSTEM_TABLE *system;	/* these two in memory that lives on under the kernel */
	EFI_RUNTIME_SERVICES *runtime;
	EFI_BOOT_SERVICES *boot;
};

/* Hooks are called by the loader with nothing but its arguments. */
extern struct hostile hostile;

/* main.c */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The loader broke a rule: say so and leave the emulator with a status that no case expects. */
_Noreturn void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The word's number; `otherwise` where it is absent or no number. */
uint64_t number_of(const char *key, uint64_t otherwise);
bool has(const char *key);

/* True for KEY=TEXT. */
bool is(const char *key, const char *text);

/* Zeroed memory of the firmware's; the type decides who may reuse it. Does not return where there is none. */
void *pages_of_type(EFI_MEMORY_TYPE type, uint64_t size);

bool guid_is(const EFI_GUID *a, const EFI_GUID *b);

/* One file each. */
void memory_alter(void);	/* map.*, exit.*, pages.*, low.taken */
void graphics_alter(void);	/* gop*, edid* */
void tables_alter(void);	/* rsdp, smbios, tables, vendor, runtime, fadt.*, madt.* */
void files_alter(void);		/* file.*, options, image.*, loaded */
void services_alter(void);	/* stall, watchdog, console, rng, secureboot, variables */
void cpu_alter(void);		/* paging.nx, paging.la57, cpu.* */
void runtime_alter(void);	/* reset, set*, query, variable, mark */

/* When the boot services have ended: live */
void live_start(void);

/* Calls of AllocatePages so far, and blocks that were not given back. */
unsigned memory_calls(void);
unsigned memory_outstanding(void);

/* Forget the calls; the nth from now on fails (0: none does). */
void memory_fail_at(unsigned nth);

/* Fakes of graphics.c, files.c and services.c for the services that find them; false where it is none of theirs. */
bool graphics_protocol(EFI_HANDLE handle, const EFI_GUID *guid, void **ret, EFI_STATUS *ret_status);
bool files_protocol(EFI_HANDLE handle, const EFI_GUID *guid, void **ret, EFI_STATUS *ret_status);

/* enter.S: call the victim's entry point; leave_victim makes that call return status, from wherever the victim is. */
EFI_STATUS enter_victim(void *entry, EFI_HANDLE image, EFI_SYSTEM_TABLE *system);
_Noreturn void leave_victim(EFI_STATUS status);

#endif
