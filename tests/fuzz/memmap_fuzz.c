/* Any bytes as the firmware's memory map, compared with the slow reference of the unit test.
 *
 * Input: one byte for the descriptor size, one for how much room the result lacks, then the map. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/memmap_reference.h"

#define DESCRIPTORS_MOST 64	/* the reference is cubic */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *map, size_t bytes, size_t stride, size_t lacking)
{
	size_t scratch_size = memmap_scratch_size(bytes, stride), room = memmap_room(bytes, stride);
	room -= MIN(lacking, room);
	void *scratch = malloc(scratch_size);
	struct mem_range *ranges = malloc(room * sizeof(*ranges));
	struct mem_report report;

	int count = memmap_normalise(map, bytes, stride, scratch, scratch_size, ranges, room, &report);
	assert(count >= 0 ? (size_t)count <= room : lacking > 0);
	const char *wrong = count < 0 ? NULL : reference_check(map, bytes / stride, stride, ranges, (size_t)count, &report, 1);
	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	free(scratch);
	free(ranges);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t strides[] = { 40, 48, 56, 64 };

	if (size < 2)
		return 0;
	size_t stride = strides[data[0] % ARRAY_SIZE(strides)];
	check(data + 2, MIN(size - 2, stride * DESCRIPTORS_MOST), stride, data[1]);
	return 0;
}
