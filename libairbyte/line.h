/*
 * line.h: a descriptor read in large pieces, its lines lent one at a time.
 *
 * Reads never wait longer than the descriptor does: call ab_line_fill only when it is readable. The
 * buffer grows to the longest line met and is bounded. Lines end in \n; a last line without one is
 * lent at the end of input.
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
	size_t start;   /* the first byte not consumed */
	size_t scanned; /* no newline stands before this */
	size_t end;     /* after the last byte read */
	size_t max;     /* the longest line allowed, in bytes */
	uint64_t number; /* of the line last lent, from 1 */
	bool eof;
};

void ab_line_init(struct ab_line *line, int fd, size_t max);
void ab_line_release(struct ab_line *line);

/* One read(2). Returns 1 if something was read or the end was reached (eof is set), 0 if the
 * descriptor had nothing (EAGAIN, EINTR), -1 on an I/O error or a line longer than max. */
AB_MUST_CHECK int ab_line_fill(struct ab_line *line, struct ab_error *err);

/* Lends the next whole line, without its newline, until ab_line_consume or ab_line_fill. Returns
 * false if there is none yet (or none any more). */
bool ab_line_peek(struct ab_line *line, struct ab_view *out);
void ab_line_consume(struct ab_line *line);

/* Forgets all that was read. */
void ab_line_discard(struct ab_line *line);

#endif
