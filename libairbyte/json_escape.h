/*
 * json_escape.h: writing the inside of a string.
 *
 * Shared by the files of json_write.h; nobody else needs it. Each function writes at `to`, where
 * there is room, and returns the end of what it wrote.
 */
#ifndef AB_JSON_ESCAPE_H
#define AB_JSON_ESCAPE_H

#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "json_scan.h"

/* Bytes of the longest escape. */
#define AB_JSON_ESCAPE_MAX 6

/* A UTF-16 code unit as \uXXXX, in lower case. */
char *ab_json_escape_unit(char *to, uint32_t unit);

/* A character of 16 bits as its short escape if it has one, else as the above. */
char *ab_json_escape(char *to, uint32_t character);

/* Writes a piece of a text, from *from up to stop or at most two blocks beyond; *from moves
 * along. What is read may become twice as long, and a whole block may be written in vain. */
typedef char *ab_json_piece(void *self, char *to, const char **from, const char *stop);

/* Appends a text piece by piece: what is reserved for one is little, however long the text is. */
void ab_json_put_pieces(
    struct ab_buf *out, const char *text, size_t len, ab_json_piece *piece, void *self);

/* Copies ASCII from *from, which moves along, up to the next byte that is not plain, but at most a
 * block; a whole block may be written, wherever the copy ends. */
static inline char *ab_json_escape_none(char *to, const char **from, const char *end);

static inline char *
ab_json_escape_none(char *to, const char **from, const char *end)
{
	const char *p = *from;
	unsigned plain = 0;

	if (end - p >= AB_JSON_BLOCK) {
		plain = ab_json_scan_plain(p);
		memcpy(to, p, AB_JSON_BLOCK);
	} else {
		for (; p + plain < end && ab_json_scan_is_plain(p[plain]); plain++)
			to[plain] = p[plain];
	}
	*from = p + plain;
	return to + plain;
}

#endif
