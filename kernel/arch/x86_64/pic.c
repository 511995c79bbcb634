/* Intel 8259A data sheet, "Initialization Command Words". Masked for good: the IOAPICs do the work. They are moved all
 * the same, since a spurious interrupt comes through a mask, on the vector of line 7. */
#include "kernel/arch/x86_64/pic.h"

#include "kernel/arch/port.h"
#include "kernel/arch/x86_64/vectors.h"

#define MASTER	0x20
#define SLAVE	0xa0

void pic_quiet(void)
{
	port_write8(MASTER, 0x11);		/* ICW1: edge, cascade, ICW4 follows */
	port_write8(SLAVE, 0x11);
	port_write8(MASTER + 1, VECTOR_PIC);	/* ICW2: first vector */
	port_write8(SLAVE + 1, VECTOR_PIC + 8);
	port_write8(MASTER + 1, 1 << 2);	/* ICW3: the slave is on line 2 */
	port_write8(SLAVE + 1, 2);
	port_write8(MASTER + 1, 0x01);		/* ICW4: 8086 mode */
	port_write8(SLAVE + 1, 0x01);
	port_write8(MASTER + 1, 0xff);
	port_write8(SLAVE + 1, 0xff);
}
