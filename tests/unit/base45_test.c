#include "lib/base45.h"
#include "lib/crc32.h"
#include "tests/unit/test.h"

/* RFC 9285, section 4.3. */
TEST(the_standards_examples)
{
	static const struct { const char *bytes, *text; } examples[] = {
		{ "", "" }, { "AB", "BB8" }, { "Hello!!", "%69 VD92EX0" }, { "base-45", "UJCLQE7W581" }, { "ietf!", "QED8WEX0" },
	};
	char text[20];

	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		const size_t size = strlen(examples[i].bytes);
		base45_encode(examples[i].bytes, size, text);
		CHECK(strcmp(text, examples[i].text) == 0);
		CHECK_EQ(BASE45_LENGTH(size), strlen(text));
		CHECK_EQ(BASE45_BYTES(strlen(text)), size);
	}
}

/* The check value of the catalogue of CRCs, and the same in two parts. */
TEST(crc32_of_the_nine_digits)
{
	CHECK_EQ(crc32(0, "123456789", 9), 0xcbf43926);
	CHECK_EQ(crc32(crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	CHECK_EQ(crc32(0, "", 0), 0);
}

TEST_MAIN
