#include "json_escape.h"
#include "json_write.h"

/* A bit for each byte of the block at p that may not stand in a string. */
static inline unsigned
find_stops(const char *p)
{
#if defined(__SSE2__)
	return ab_json_scan_special(p) & ~ab_json_scan_bits(ab_json_scan_load(p));
#else
	unsigned bits = 0;

	for (unsigned i = ab_json_scan_plain(p); i < AB_JSON_BLOCK; i++)
		bits |= (unsigned)((unsigned char)p[i] < ' ' || p[i] == '"' || p[i] == '\\') << i;
	return bits;
#endif
}

/* The second byte of its escape. Of the controls a valid text has only white space. */
static inline char
letter(char byte)
{
	switch (byte) {
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return byte;
	}
}

/* Two blocks must be readable from each byte up to stop. One look at a block finds all that is to
 * be escaped in it; what comes after is written again, one further, for each. */
static char *
put_blocks(char *to, const char **from, const char *stop)
{
	const char *p = *from;

	for (; p < stop; p += AB_JSON_BLOCK, to += AB_JSON_BLOCK) {
		memcpy(to, p, AB_JSON_BLOCK);
		for (unsigned left = find_stops(p); left != 0; left &= left - 1) {
			const unsigned i = (unsigned)__builtin_ctz(left);
			to[i] = '\\';
			to++;
			memcpy(to + i, p + i, AB_JSON_BLOCK);
			to[i] = letter(p[i]);
		}
	}
	*from = p;
	return to;
}

static char *
put_piece(void *self, char *to, const char **from, const char *stop)
{
	const char *end = *(const char **)self;
	char last[3 * AB_JSON_BLOCK];

	if (end - stop >= 2 * (ptrdiff_t)AB_JSON_BLOCK)
		return put_blocks(to, from, stop);
	if (end - *from > 2 * (ptrdiff_t)AB_JSON_BLOCK)
		to = put_blocks(to, from, end - 2 * (ptrdiff_t)AB_JSON_BLOCK);
	/* The last bytes, with spaces behind them that count for nothing. */
	const size_t left = (size_t)(end - *from);
	memset(last, ' ', sizeof(last));
	memcpy(last, *from, left);
	const char *p = last;
	to = put_blocks(to, &p, last + left);
	*from = end;
	return to - (p - (last + left));
}

void
ab_json_put_inside(struct ab_buf *out, struct ab_view value)
{
	if (value.len == 0)
		return;
	const char *end = value.data + value.len;
	ab_json_put_pieces(out, value.data, value.len, put_piece, &end);
}
