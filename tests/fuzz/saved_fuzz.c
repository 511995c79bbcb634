/* Fuzz what the loader does with the variable of a saved report: the input is the variable, and where its first byte is
 * even its checksum is put right. What unpacks must pack and unpack to the same again. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lz4.h"
#include "lib/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const uint8_t *text, size_t size)
{
	static struct lz4_work work;
	static uint8_t packed[2 * SAVED_TEXT_MOST], again[SAVED_TEXT_MOST];
	const size_t used = lz4_pack(&work, text, size, packed, sizeof(packed));

	assert(used && lz4_unpack(packed, used, again, sizeof(again)) == (int64_t)size && memcmp(text, again, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;

	struct saved_header *const variable = malloc(size);
	uint8_t *const text = malloc(SAVED_TEXT_MOST);

	assert(variable && text);
	memcpy(variable, data + 1, size - 1);
	if (data[0] % 2 == 0 && size - 1 >= sizeof(*variable)) {
		variable->packed_size = (uint32_t)(size - 1 - sizeof(*variable));
		saved_seal(variable);
	}
	if (!saved_check(variable, size - 1)) {
		const int64_t unpacked = lz4_unpack(variable + 1, variable->packed_size, text, SAVED_TEXT_MOST);
		if (unpacked >= 0)
			round_trip(text, (size_t)unpacked);
	}
	free(text);
	free(variable);
	return 0;
}
