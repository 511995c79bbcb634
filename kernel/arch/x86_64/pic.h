/* The two 8259 interrupt controllers: moved out of the way. */
#ifndef KERNEL_ARCH_X86_64_PIC_H
#define KERNEL_ARCH_X86_64_PIC_H

/* Move their vectors off the exceptions' and mask all. Harmless where there are none. */
void pic_quiet(void);

#endif
