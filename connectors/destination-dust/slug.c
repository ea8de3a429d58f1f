#include "slug.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <uninorm.h>
#include <unistr.h>

#include "alloc.h"
#include "digest.h"

#define SUFFIX_BYTES 9 /* `_` and eight digits */
#define OTHER '-'      /* stands for any character that is no letter, digit, `_` or blank */
#define TEXT_MAX ((size_t)1 << 20)

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static char
lower(char c)
{
	if (is_upper(c))
		return (char)(c | 0x20);
	return c;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* White space as JavaScript's trim() and \s know it, less what NFKD makes a space. */
static bool
is_blank(ucs4_t character)
{
	return character == ' ' || (character >= '\t' && character <= '\r') ||
	       character == 0x1680 || character == 0x2028 || character == 0x2029 ||
	       character == 0xFEFF;
}

static char
simplify(ucs4_t character)
{
	if (is_blank(character))
		return ' ';
	if (character >= 0x80)
		return OTHER;
	const char c = (char)character;
	if (!is_lower(c) && !is_upper(c) && !is_digit(c) && c != '_')
		return OTHER;
	return c;
}

/* Appends one of [A-Za-z0-9_ -] for each character of the NFKD form, none for accents. */
static void
put_simple(struct ab_buf *out, const char *bytes, size_t len)
{
	size_t count = 0;
	uint8_t *normal = NULL;

	if (len > 0)
		normal = u8_normalize(UNINORM_NFKD, (const uint8_t *)bytes, len, NULL, &count);
	if (len > 0 && normal == NULL && errno == ENOMEM)
		ab_alloc_check(NULL);
	/* What is not UTF-8 has no normal form: its bytes beyond ASCII are just other characters.
	 */
	const uint8_t *from = normal != NULL ? normal : (const uint8_t *)bytes;
	if (normal == NULL)
		count = len;
	for (size_t at = 0; at < count;) {
		ucs4_t character;
		const int used = u8_mbtouc(&character, from + at, count - at);
		at += used > 0 ? (size_t)used : 1;
		if (character < 0x300 || character > 0x36F)
			ab_buf_add_char(out, simplify(character));
	}
	free(normal);
}

/* One application of the column rule to a text of put_simple. */
static void
put_slug(struct ab_buf *out, const char *text, size_t len)
{
	const size_t start = out->len;

	while (len > 0 && text[len - 1] == ' ')
		len--;
	for (size_t i = strspn(text, " "); i < len; i++) {
		const bool word = text[i] != ' ' && text[i] != OTHER && text[i] != '_';
		const bool hump =
		    i > 0 && is_lower(text[i - 1]) && (is_upper(text[i]) || is_digit(text[i]));
		if ((hump || !word) && (out->len == start || out->data[out->len - 1] != '_'))
			ab_buf_add_char(out, '_');
		if (word)
			ab_buf_add_char(out, lower(text[i]));
	}
}

void
dust_slug(struct ab_buf *out, const char *bytes, size_t len)
{
	struct ab_buf simple;
	struct ab_buf once;

	ab_buf_init(&simple, TEXT_MAX);
	ab_buf_init(&once, TEXT_MAX);
	put_simple(&simple, bytes, len);
	put_slug(&once, simple.data, simple.len);
	/* A1 became a1, which the rule makes a_1; after that it finds nothing more. */
	put_slug(out, once.data, once.len);
	ab_buf_release(&simple);
	ab_buf_release(&once);
}

void
dust_slug_table(struct ab_buf *out, const char *bytes, size_t len)
{
	struct ab_buf simple;
	const size_t start = out->len;

	ab_buf_init(&simple, TEXT_MAX);
	put_simple(&simple, bytes, len);
	for (size_t i = 0; i < simple.len; i++) {
		const char c = simple.data[i];
		if (c != ' ' && c != OTHER && c != '_')
			ab_buf_add_char(out, lower(c));
		else if (out->len == start || out->data[out->len - 1] != '_')
			ab_buf_add_char(out, '_');
	}
	ab_buf_release(&simple);
}

void
dust_slug_suffix(struct ab_buf *name, size_t start, size_t max, const char *seed, size_t seed_len,
    unsigned attempt)
{
	char hex[AB_DIGEST_HEX + 1];
	struct ab_buf text;

	ab_buf_init(&text, seed_len + 16);
	ab_buf_add(&text, seed, seed_len);
	if (attempt > 0)
		ab_buf_printf(&text, "#%u", attempt);
	ab_digest_hex(text.data, text.len, hex);
	ab_buf_release(&text);

	if (name->len - start > max - SUFFIX_BYTES)
		ab_buf_truncate(name, start + max - SUFFIX_BYTES);
	while (name->len > start && name->data[name->len - 1] == '_')
		ab_buf_truncate(name, name->len - 1);
	hex[16] = '\0';
	ab_buf_printf(name, "_%08" PRIu64, (uint64_t)strtoull(hex, NULL, 16) % 100000000);
}
