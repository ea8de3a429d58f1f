#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* Shared by all empty buffers and never written: a reserve comes before any write. */
static char empty[1];

void
ab_buf_init(struct ab_buf *buf, size_t limit)
{
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

char *
ab_buf_reserve(struct ab_buf *buf, size_t more)
{
	if (buf->overflowed || buf->len > buf->limit || more > buf->limit - buf->len) {
		buf->overflowed = true;
		return NULL;
	}
	const size_t need = buf->len + more + 1;
	if (need > buf->cap) {
		size_t cap = buf->cap > 0 ? buf->cap + buf->cap / 2 : 256;
		if (cap > buf->limit + 1)
			cap = buf->limit + 1;
		if (cap < need)
			cap = need;
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
