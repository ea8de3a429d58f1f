/*
 * json_write.h: pieces of JSON appended to a buf.
 *
 * The caller writes commas and brackets itself; these functions only know how to write one value so
 * that it cannot break out of its place. Input text must be UTF-8; each byte that is no part of it
 * becomes U+FFFD.
 */
#ifndef AB_JSON_WRITE_H
#define AB_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"

/* len bytes of UTF-8 as a quoted string: quote, backslash, controls escaped, the rest verbatim. */
void ab_json_put_string(struct ab_buf *out, const char *bytes, size_t len);

/* The same without the quotes, for a string that is put together from several pieces. */
void ab_json_put_escaped(struct ab_buf *out, const char *bytes, size_t len);

/* The same for a NUL-terminated text. */
void ab_json_put_text(struct ab_buf *out, const char *text);

/* A view, verbatim. */
void ab_json_put_view(struct ab_buf *out, struct ab_view view);

void ab_json_put_integer(struct ab_buf *out, int64_t value);

/*
 * A value in canonical form, for hashing: object members sorted by key bytes (of repeated keys the
 * last), recursively; ", " and ": " as separators; strings unescaped and escaped again with every
 * character but the printable ones of ASCII as \uXXXX (lower-case hex, surrogate pairs; a lone
 * surrogate stays one) or its short form; numbers, NaN and infinities verbatim. For records whose
 * numbers are spelt as Python spells them this is json.dumps(record, sort_keys=True). Needs the
 * text of a whole value. Returns -1 (and sets err) only if the text is not valid JSON.
 */
AB_MUST_CHECK int ab_json_put_canonical(
    struct ab_buf *out, const char *text, size_t len, struct ab_error *err);

/*
 * A value as compact JSON: no white space between tokens; strings unescaped and written as UTF-8,
 * only quote, backslash, controls and lone surrogates stay escaped (in their short form, or with
 * lower-case hex); numbers verbatim; members in their order, repeated ones too. The bare tokens
 * NaN, Infinity and -Infinity, which are no JSON, become strings. With inside it is written as the
 * inside of a JSON string, escaped once more. text must be one whole valid value, as the views of
 * ab_json are, a string with its quotes (ab_json_raw).
 */
void ab_json_put_compact(struct ab_buf *out, const char *text, size_t len, bool inside);

/* A value of a parsed text (ab_json_raw), verbatim but as the inside of a JSON string: what
 * ab_json_put_escaped writes, without a look at what the parser has seen to be valid. Of text that
 * was not parsed it would write what is no JSON. */
void ab_json_put_inside(struct ab_buf *out, struct ab_view value);

#endif
