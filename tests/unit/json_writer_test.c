/* The JSON writer, byte by byte. */
#include "lib/json_writer.h"

#include "tests/unit/test.h"

static char text[2048];
static size_t size;

static void take(void *context, const char *piece, size_t piece_size)
{
	memcpy(text + size, piece, piece_size);
	size += piece_size;
	text[size] = '\0';
}

static struct json_writer start(void)
{
	size = 0;
	text[0] = '\0';
	return (struct json_writer){ .write = take };
}

TEST(nothing_inside)
{
	struct json_writer w = start();

	json_object(&w, NULL, false);
	json_list(&w, "list", false);
	json_end(&w);
	json_object(&w, "object", true);
	json_end(&w);
	json_end(&w);
	CHECK_STR(text, "{\n  \"list\": [],\n  \"object\": {}\n}");
}

TEST(members_and_elements)
{
	struct json_writer w = start();

	json_object(&w, NULL, false);
	json_literal(&w, "a", "1");
	json_list(&w, "b", true);
	json_literal(&w, NULL, "true");
	json_object(&w, NULL, false);	/* inside of something compact everything is */
	json_string(&w, "c", "x");
	json_end(&w);
	json_end(&w);
	json_list(&w, "d", false);
	json_string(&w, NULL, "1");
	json_string(&w, NULL, "2");
	json_end(&w);
	json_string(&w, "e", "");
	json_end(&w);
	CHECK_STR(text, "{\n  \"a\": 1,\n  \"b\": [true, {\"c\": \"x\"}],\n  \"d\": [\n    \"1\",\n    \"2\"\n  ],\n  \"e\": \"\"\n}");
}

TEST(strings_of_any_origin)
{
	struct json_writer w = start();

	json_string(&w, NULL, "a\"b\\c/\n\t\x1b\x7f ü 日 😀");
	CHECK_STR(text, "\"a\\\"b\\\\c/\\u000a\\u0009\\u001b\\u007f ü 日 😀\"");
	w = start();
	json_string(&w, NULL, "\xc3\x28 \xff \xed\xa0\x80 \xc2\x85 \xe6\x97");
	CHECK_STR(text, "\"\uFFFD( \uFFFD \uFFFD\uFFFD\uFFFD \\u0085 \uFFFD\"");
}

/* Too deep: what is deeper is left out, and what surrounds it stays whole. */
TEST(depth_has_an_end)
{
	struct json_writer w = start();

	for (unsigned i = 0; i < JSON_DEPTH + 5; i++)
		json_list(&w, NULL, true);
	json_literal(&w, NULL, "1");
	json_string(&w, NULL, "2");
	for (unsigned i = 0; i < JSON_DEPTH + 5; i++)
		json_end(&w);
	CHECK_EQ(size, 2 * JSON_DEPTH);
	CHECK_EQ(w.depth, 0);
	for (unsigned i = 0; i < JSON_DEPTH; i++)
		CHECK(text[i] == '[' && text[JSON_DEPTH + i] == ']');
}

TEST_MAIN
