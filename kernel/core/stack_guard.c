/* What the compiler calls where a function's stack guard was overwritten. */
#include "kernel/core/panic.h"

_Noreturn void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
	panic("stack overrun: the guard value in front of %p's return address was overwritten", __builtin_return_address(0));
}
