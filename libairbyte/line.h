/*
 * line.h: a descriptor read in large pieces, its lines lent one at a time.
 *
 * Reads never wait longer than the descriptor does: call ab_line_fill only when it is readable. The
 * buffer grows to the longest line met, is bounded by max, and shrinks again after a huge line.
 * Lines end in \n; a last line without one is lent at the end of input.
 *
 * The way to use it: lend and consume until ab_line_peek returns false; then, if eof is not set,
 * fill.
 */
#ifndef AB_LINE_H
#define AB_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

struct ab_line {
	int fd;
	char *data;
	size_t cap;
	size_t start;    /* the first byte not consumed */
	size_t scanned;  /* no newline stands between start and this */
	size_t end;      /* after the last byte read */
	size_t max;      /* the longest line allowed, in bytes without its newline */
	uint64_t number; /* of the line last lent, from 1 */
	bool lent;       /* the line at start has its number */
	bool eof;
};

/* fd stays the caller's. */
void ab_line_init(struct ab_line *line, int fd, size_t max);
void ab_line_release(struct ab_line *line);

/* One read(2), or none while a whole line waits to be lent. Returns 1 if something was read,
 * or waited already, or the end was reached (eof is set); 0 if the descriptor had nothing (EAGAIN,
 * EINTR); -1 on an I/O error or when the next line is longer than max. */
AB_MUST_CHECK int ab_line_fill(struct ab_line *line, struct ab_error *err);

/* Lends the next whole line, without its newline, until ab_line_consume or ab_line_fill; the same
 * line again if it was not consumed. Returns false if there is none yet (or, with eof, none any
 * more). */
bool ab_line_peek(struct ab_line *line, struct ab_view *out);

/* Ends the loan of the line that ab_line_peek returned. */
void ab_line_consume(struct ab_line *line);

/* Forgets all that was read, a line that was too long included; eof stays. */
void ab_line_discard(struct ab_line *line);

#endif
