/*
 * buf.h: growable bytes with a ceiling.
 *
 * A buffer is created with the size it may never pass. An append that would pass it changes nothing
 * but sets `overflowed`, and so does every later one: a writer appends freely and tests once at the
 * end. data is never NULL after ab_buf_init and always followed by a NUL that len does not count.
 */
#ifndef AB_BUF_H
#define AB_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct ab_buf {
	char *data;
	size_t len;
	size_t cap;   /* bytes allocated, 0 while data is the shared empty string */
	size_t limit; /* len never passes it */
	bool overflowed;
};

/* An empty buffer that may hold up to limit bytes, at most SIZE_MAX / 2; nothing is allocated yet.
 */
void ab_buf_init(struct ab_buf *buf, size_t limit);

/* Frees the content; the buffer is as after ab_buf_init with the same limit. */
void ab_buf_release(struct ab_buf *buf);

/* Empties, keeps the memory, clears overflowed. */
void ab_buf_reset(struct ab_buf *buf);

/* Cuts to len bytes (at most the present length) and clears overflowed. */
void ab_buf_truncate(struct ab_buf *buf, size_t len);

/* Makes room for more bytes and returns where they go, or NULL if that would pass the limit.
 * The caller writes up to more bytes there and adds what it wrote to len. */
char *ab_buf_reserve(struct ab_buf *buf, size_t more);

void ab_buf_add(struct ab_buf *buf, const void *bytes, size_t len);
void ab_buf_add_char(struct ab_buf *buf, char c);
void ab_buf_add_text(struct ab_buf *buf, const char *text);
void ab_buf_printf(struct ab_buf *buf, const char *format, ...) AB_PRINTF(2, 3);

#endif
