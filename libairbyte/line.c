/*
 * A line is in one of these states, told by where scanned stands:
 *   data[scanned] == '\n'    whole: [start, scanned) can be lent
 *   scanned == end, no eof   partial: more must be read
 *   scanned == end, eof      whole, unless it is empty
 */
#include "line.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"

enum {
	READ_BYTES = 64 << 10, /* the least room a read is given */
	BASE_BYTES = 128 << 10,
	KEEP_BYTES = 2 << 20, /* above this a buffer that is no longer needed shrinks to the base */
};

void
ab_line_init(struct ab_line *line, int fd, size_t max)
{
	*line = (struct ab_line){.fd = fd, .max = max};
}

void
ab_line_release(struct ab_line *line)
{
	free(line->data);
	*line = (struct ab_line){.fd = -1, .max = line->max};
}

/* Returns whether the line at start is whole, its newline at scanned or the input's end there. */
static bool
scan(struct ab_line *line)
{
	if (line->scanned == line->end)
		return line->eof && line->start < line->end;
	const char *from = line->data + line->scanned;
	const char *newline = memchr(from, '\n', line->end - line->scanned);
	line->scanned = newline != NULL ? (size_t)(newline - line->data) : line->end;
	return newline != NULL || line->eof;
}

static bool
too_long(const struct ab_line *line)
{
	return line->scanned - line->start > line->max;
}

static void
move_to_front(struct ab_line *line, char *to)
{
	const size_t len = line->end - line->start;

	if (len > 0)
		memmove(to, line->data + line->start, len);
	line->scanned -= line->start;
	line->start = 0;
	line->end = len;
}

static void
shrink(struct ab_line *line)
{
	char *data = ab_malloc(BASE_BYTES);

	move_to_front(line, data);
	free(line->data);
	line->data = data;
	line->cap = BASE_BYTES;
}

static void
make_room(struct ab_line *line)
{
	const size_t len = line->end - line->start;

	if (line->cap > KEEP_BYTES && len <= BASE_BYTES - READ_BYTES)
		shrink(line);
	else if (len == 0 || (line->start > 0 && line->cap - line->end < READ_BYTES))
		move_to_front(line, line->data);
	if (line->cap - line->end >= READ_BYTES)
		return;
	/* By half, so that a long line is copied few times; but not far past the longest allowed.
	 */
	size_t cap = line->cap > 0 ? line->cap + line->cap / 2 : BASE_BYTES;
	if (line->cap > 0 && cap > line->max + READ_BYTES)
		cap = line->max + READ_BYTES;
	line->data = ab_realloc(line->data, cap);
	line->cap = cap;
}

int
ab_line_fill(struct ab_line *line, struct ab_error *err)
{
	const bool whole = scan(line);

	if (too_long(line))
		return ab_fail(err, AB_CONFIG_ERROR,
		    "line %" PRIu64 " of the input is longer than the %zu bytes allowed",
		    line->number + 1, line->max);
	if (whole || line->eof)
		return 1;
	make_room(line);
	const ssize_t len = read(line->fd, line->data + line->end, line->cap - line->end);
	if (len > 0) {
		line->end += (size_t)len;
		return 1;
	}
	if (len == 0) {
		line->eof = true;
		return 1;
	}
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	return ab_fail(err, AB_SYSTEM_ERROR, "cannot read the input: %s", strerror(errno));
}

bool
ab_line_peek(struct ab_line *line, struct ab_view *out)
{
	/* One that is too long is the next fill's to refuse. */
	if (!scan(line) || too_long(line))
		return false;
	if (!line->lent)
		line->number++;
	line->lent = true;
	*out = (struct ab_view){line->data + line->start, line->scanned - line->start};
	return true;
}

void
ab_line_consume(struct ab_line *line)
{
	assert(line->lent);
	line->lent = false;
	if (line->scanned < line->end)
		line->scanned++;
	line->start = line->scanned;
}

void
ab_line_discard(struct ab_line *line)
{
	line->start = line->scanned = line->end = 0;
	line->lent = false;
}
