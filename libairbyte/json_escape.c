#include "json_escape.h"

#define PIECE ((size_t)512)
/* Room for so many bytes and for what may be read beyond them, or for a NaN among them, which
 * becomes a string. */
#define ROOM(bytes) (2 * (bytes) + 5 * (size_t)AB_JSON_BLOCK)

void
ab_json_put_pieces(
    struct ab_buf *out, const char *text, size_t len, ab_json_piece *piece, void *self)
{
	const char *end = text + len;

	for (const char *p = text; p < end && !out->overflowed;) {
		const size_t left = (size_t)(end - p);
		const size_t count = left < PIECE ? left : PIECE;
		const bool fits = out->limit - out->len >= ROOM(count);
		char room[ROOM(PIECE)];
		char *to = fits ? ab_buf_reserve(out, ROOM(count)) : room;
		char *after = piece(self, to, &p, p + count);
		const size_t written = (size_t)(after - to);
		if (fits) {
			*after = '\0';
			out->len += written;
		} else {
			ab_buf_add(out, room, written);
		}
	}
}

char *
ab_json_escape_unit(char *to, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";

	to[0] = '\\';
	to[1] = 'u';
	to[2] = hex[unit >> 12 & 0xF];
	to[3] = hex[unit >> 8 & 0xF];
	to[4] = hex[unit >> 4 & 0xF];
	to[5] = hex[unit & 0xF];
	return to + 6;
}

char *
ab_json_escape(char *to, uint32_t character)
{
	char letter;

	switch (character) {
	case '"':
	case '\\':
		letter = (char)character;
		break;
	case '\b':
		letter = 'b';
		break;
	case '\f':
		letter = 'f';
		break;
	case '\n':
		letter = 'n';
		break;
	case '\r':
		letter = 'r';
		break;
	case '\t':
		letter = 't';
		break;
	default:
		return ab_json_escape_unit(to, character);
	}
	to[0] = '\\';
	to[1] = letter;
	return to + 2;
}
