#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

enum { CAP_FIRST = 256 };

/* Shared by all empty buffers and never written: a reserve comes before any write. */
static char empty[1];

void
ab_buf_init(struct ab_buf *buf, size_t limit)
{
	assert(limit <= SIZE_MAX / 2);
	*buf = (struct ab_buf){.data = empty, .limit = limit};
}

void
ab_buf_release(struct ab_buf *buf)
{
	if (buf->cap > 0)
		free(buf->data);
	ab_buf_init(buf, buf->limit);
}

void
ab_buf_reset(struct ab_buf *buf)
{
	ab_buf_truncate(buf, 0);
}

void
ab_buf_truncate(struct ab_buf *buf, size_t len)
{
	if (len < buf->len) {
		buf->len = len;
		buf->data[len] = '\0';
	}
	buf->overflowed = false;
}

/* Of few kinds, each a half or a third more than the one before: what a buffer leaves behind as it
 * grows is what another needs, and the holes in the heap stay few. */
static size_t
cap_for(size_t need, size_t limit)
{
	size_t cap = CAP_FIRST;

	while (cap < need)
		cap += (cap & (cap - 1)) == 0 ? cap / 2 : cap / 3;
	return cap < limit + 1 ? cap : limit + 1;
}

char *
ab_buf_reserve(struct ab_buf *buf, size_t more)
{
	if (buf->overflowed || buf->len > buf->limit || more > buf->limit - buf->len) {
		buf->overflowed = true;
		return NULL;
	}
	const size_t need = buf->len + more + 1;
	if (need > buf->cap) {
		const size_t cap = cap_for(need, buf->limit);
		buf->data = ab_realloc(buf->cap > 0 ? buf->data : NULL, cap);
		buf->cap = cap;
	}
	return buf->data + buf->len;
}

void
ab_buf_add(struct ab_buf *buf, const void *bytes, size_t len)
{
	char *at = ab_buf_reserve(buf, len);

	if (at == NULL)
		return;
	if (len > 0)
		memcpy(at, bytes, len);
	at[len] = '\0';
	buf->len += len;
}

void
ab_buf_add_char(struct ab_buf *buf, char c)
{
	ab_buf_add(buf, &c, 1);
}

void
ab_buf_add_text(struct ab_buf *buf, const char *text)
{
	ab_buf_add(buf, text, strlen(text));
}

void
ab_buf_printf(struct ab_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		buf->overflowed = true;
		return;
	}
	char *at = ab_buf_reserve(buf, (size_t)len);
	if (at == NULL)
		return;
	va_start(args, format);
	vsnprintf(at, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}
