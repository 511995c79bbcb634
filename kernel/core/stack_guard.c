/* What the compiler calls where a function's stack guard was overwritten. */
#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"

_Noreturn void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
	char where[SYMBOL_TEXT];

	panic("stack overrun: a variable's neighbours were overwritten in %s",
	      symbol_text((vaddr_t)__builtin_return_address(0) - 1, where));
}
