/* Any bytes as a loaded PE image: a section that is found lies inside it. */
#undef NDEBUG
#include <assert.h>

#include "lib/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pe_section section;

	if (pe_find_section(data, size, ".kernel", &section) == 0) {
		const uint8_t *begin = section.data;
		assert(begin >= data && section.size <= size && (size_t)(begin - data) <= size - section.size);
	}
	return 0;
}
