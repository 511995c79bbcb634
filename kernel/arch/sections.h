/* The image's parts, as the linker script lays them out: the symbols' addresses are what counts. Text comes first. */
#ifndef KERNEL_ARCH_SECTIONS_H
#define KERNEL_ARCH_SECTIONS_H

extern const char image_start[], image_end[];
extern const char text_start[], text_end[];
extern const char rodata_start[], rodata_end[];
extern const char data_start[];		/* data, bss and boot stacks, up to image_end */
extern const char build_id_note[];	/* an ELF note: 16 bytes of header and name, then 20 bytes of SHA-1 */

#endif
