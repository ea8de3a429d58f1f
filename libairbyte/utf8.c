#include "utf8.h"

#include <stdbool.h>
#include <string.h>

static bool
is_continuation(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

unsigned
ab_utf8_bytes(const char *p, const char *end)
{
	const size_t left = (size_t)(end - p);
	const unsigned lead = left > 0 ? (unsigned char)p[0] : 0;

	if (lead < 0xC2 || lead > 0xF4 || left < 2 || !is_continuation(p[1]))
		return 0;
	if (lead < 0xE0)
		return 2;
	const unsigned second = (unsigned char)p[1];
	if (left < 3 || !is_continuation(p[2]))
		return 0;
	if (lead < 0xF0) {
		const bool overlong = lead == 0xE0 && second < 0xA0;
		const bool surrogate = lead == 0xED && second > 0x9F;
		return overlong || surrogate ? 0 : 3;
	}
	if (left < 4 || !is_continuation(p[3]))
		return 0;
	const bool overlong = lead == 0xF0 && second < 0x90;
	const bool beyond = lead == 0xF4 && second > 0x8F;
	return overlong || beyond ? 0 : 4;
}

uint32_t
ab_utf8_decode(const char *p, unsigned bytes)
{
	/* The lead has one more bit set than there are bytes after it. */
	uint32_t character = (unsigned char)p[0] & (0x7FU >> bytes);

	for (unsigned i = 1; i < bytes; i++)
		character = character << 6 | ((unsigned char)p[i] & 0x3FU);
	return character;
}

unsigned
ab_utf8_encode(char bytes[4], uint32_t character)
{
	if (character < 0x80) {
		bytes[0] = (char)character;
		return 1;
	}
	const unsigned count = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	for (unsigned i = count - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (character & 0x3F));
		character >>= 6;
	}
	bytes[0] = (char)((0xF00U >> count & 0xFF) | character);
	return count;
}

static bool
is_control(uint32_t character)
{
	return character < ' ' || (character >= 0x7F && character <= 0x9F) || character == 0x2028 ||
	       character == 0x2029;
}

void
ab_utf8_print(char *text, size_t len)
{
	unsigned bytes = 0;

	for (char *p = text; p < text + len; p += bytes) {
		const bool ascii = (unsigned char)*p < 0x80;
		bytes = ascii ? 1 : ab_utf8_bytes(p, text + len);
		if (bytes == 0) {
			*p = '?';
			bytes = 1;
		} else if (is_control(ascii ? (unsigned char)*p : ab_utf8_decode(p, bytes))) {
			memset(p, ' ', bytes);
		}
	}
}
