/* What the file carries beside the loader's code, as sections of the PE image with the names of the Unified Kernel Image specification (".kernel" is ours). The
 * build passes file names as macros. lld-link gives each section pages of its own, read-only. */
	.section .kernel, "dr"
	.incbin PAYLOAD_KERNEL

/* Read by the loader; replaced by tools/pack. */
	.section .cmdline, "dr"
	.incbin PAYLOAD_CMDLINE
	.byte	0

	.section .osrel, "dr"
	.incbin PAYLOAD_OSREL

/* Secure Boot Advanced Targeting, read by shim: component, generation, vendor, package, version, URL. */
	.section .sbat, "dr"
	.incbin PAYLOAD_SBAT

#ifdef PAYLOAD_INITRD
	.section .initrd, "dr"
	.incbin PAYLOAD_INITRD
#endif

/* One absolute address, so that the image always has a .reloc section: firmware that refuses images without one exists, and what is loaded above its
 * preferred base needs it. */
	.section .rdata, "dr"
	.p2align 3
	.quad	efi_main
