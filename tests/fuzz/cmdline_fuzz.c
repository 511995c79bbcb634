/* Fuzz lib/cmdline.c: any bytes as a line.
 *
 * Beyond not crashing: words lie in the line, in order, and contain no separators but quoted ones; a word quoted and
 * parsed again is the same word; the functions that look for a key agree with a search by hand; and a line that
 * passes the check has the form that the check promises. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <abi/linux/errno.h>

#include "lib/cmdline.h"
#include "lib/utf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_text(const char *a, size_t a_size, const char *b, size_t b_size)
{
	return a_size == b_size && (!a_size || memcmp(a, b, a_size) == 0);
}

/* Parse `"key=value"` again: without quotes inside it must be the same word. */
static void check_round_trip(const struct cmdline_word *word)
{
	const char *const end = word->value ? word->value + word->value_size : word->key + word->key_size;
	const size_t size = (size_t)(end - word->key);
	struct cmdline_word again;
	char line[CMDLINE_MAX + 3];
	const char *pos = line;

	if (size > CMDLINE_MAX || memchr(word->key, '"', size))
		return;
	line[0] = '"';
	memcpy(line + 1, word->key, size);
	memcpy(line + 1 + size, "\"", 2);
	assert(cmdline_next(&pos, &again));
	assert(same_text(word->key, word->key_size, again.key, again.key_size));
	assert(!word->value == !again.value && same_text(word->value, word->value_size, again.value, again.value_size));
	assert(!cmdline_next(&pos, &again));
}

static void check_word(const struct cmdline_word *word, const char *from, const char *to)
{
	assert(from <= word->key && word->key + word->key_size <= to);
	if (!word->value) {
		assert(!word->value_size);
	} else {
		assert(word->key_size && word->value > word->key + word->key_size && word->value + word->value_size <= to);
		assert(word->key[word->key_size] == '=' && !memchr(word->key + 1, '=', word->key_size - 1));
	}
	check_round_trip(word);
}

/* The functions by key, for a key that the line has. */
static void check_key(const char *line, const struct cmdline_word *word)
{
	struct cmdline_word found;
	uint64_t number = 0;
	uint32_t width = 1, height = 1;
	char key[CMDLINE_MAX], text[CMDLINE_MAX];

	if (word->key_size >= sizeof(key))
		return;
	memcpy(key, word->key, word->key_size);
	key[word->key_size] = '\0';
	assert(cmdline_find(line, key, &found) && found.key >= word->key && found.key_size == word->key_size);

	const int length = cmdline_text(line, key, text, sizeof(text));

	assert(length == (found.value_size < sizeof(text) ? (int)found.value_size : -E2BIG));
	if (length >= 0)
		assert(same_text(text, (size_t)length, found.value, found.value_size) && !text[length]);
	assert(cmdline_flag(line, key) || found.value);

	const int error = cmdline_number(line, key, &number);

	assert(error == 0 || error == -EINVAL || error == -ERANGE);
	if (length > 0 && length < 20 && strspn(text, "0123456789") == (size_t)length)
		assert(error == 0 && number == strtoull(text, NULL, 10));
	if (error == 0)
		assert(length > 0 && text[0] >= '0' && text[0] <= '9');
	if (cmdline_size(line, key, &width, &height) == 0)
		assert(strtoull(text, NULL, 10) == width && strtoull(strchr(text, 'x') + 1, NULL, 10) == height);
	assert(width && height);
}

static void check_line(const char *line)
{
	const char *pos = line, *before = line;
	struct cmdline_word word;
	bool ours = true;

	for (unsigned count = 0; cmdline_next(&pos, &word); before = pos, count++) {
		assert(pos > before);
		check_word(&word, before, pos);
		ours = ours && !(!word.value && same_text(word.key, word.key_size, "--", 2));
		if (ours && count < 16)		/* each looks through the whole line */
			check_key(line, &word);
	}
	assert(!*pos);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	const int check = cmdline_check((const char *)data, size);

	assert(line);
	memcpy(line, data, size);
	line[size] = '\0';
	assert(check == 0 || check == -EILSEQ || check == -E2BIG);
	assert((check == -E2BIG) == (size >= CMDLINE_MAX));
	if (check == 0)
		assert(utf8_valid(line, size) && strlen(line) == size && !strchr(line, 0x1b));
	check_line(line);
	free(line);
	return 0;
}
