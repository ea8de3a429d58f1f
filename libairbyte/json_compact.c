#include "json_escape.h"
#include "json_scan.h"
#include "json_write.h"
#include "utf8.h"

/* A text on its way to its compact form: either between tokens, or in a string. */
struct compact {
	const char *end;
	bool inside; /* the form is escaped once more */
	bool in_string;
};

static char *
put_quote(char *to, bool inside)
{
	*to = '\\';
	to += inside;
	*to = '"';
	return to + 1;
}

/* The escape at *from, as its character or in its shortest form. */
static char *
put_escape(const struct compact *compact, char *to, const char **from)
{
	char escape[AB_JSON_ESCAPE_MAX];
	uint32_t character;

	*from = ab_json_scan_character(*from, compact->end, &character);
	const bool lone = ab_utf8_is_surrogate(character);
	if (!lone && (character >= 0x80 || ab_json_scan_is_plain((char)character)))
		return to + ab_utf8_encode(to, character);
	const size_t len = (size_t)(ab_json_escape(escape, character) - escape);
	for (size_t i = 0; i < len; i++) {
		*to = '\\';
		to += compact->inside && (escape[i] == '\\' || escape[i] == '"');
		*to++ = escape[i];
	}
	return to;
}

/* In a string: up to its end, or to stop or shortly beyond. */
static char *
put_string(struct compact *compact, char *to, const char **from, const char *stop)
{
	const char *p = *from;

	while (p < stop) {
		to = ab_json_escape_none(to, &p, compact->end);
		/* What is beyond ASCII, negative here, is valid and stays. */
		while (p < stop && (signed char)*p < ' ')
			*to++ = *p++;
		if (p >= stop)
			break;
		if (*p == '"') {
			p++;
			to = put_quote(to, compact->inside);
			compact->in_string = false;
			break;
		}
		if (*p == '\\')
			to = put_escape(compact, to, &p);
	}
	*from = p;
	return to;
}

static bool
is_letter(char byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

/* NaN, Infinity or -Infinity. */
static char *
put_special(const struct compact *compact, char *to, const char **from)
{
	const char *p = *from;

	to = put_quote(to, compact->inside);
	while (p < compact->end && (*p == '-' || is_letter(*p)))
		*to++ = *p++;
	*from = p;
	return put_quote(to, compact->inside);
}

/* Between tokens: up to the inside of a string, or to stop or shortly beyond. */
static char *
put_tokens(struct compact *compact, char *to, const char **from, const char *stop)
{
	const char *p = *from;

	while (p < stop && !compact->in_string) {
		if (*p == '"') {
			to = put_quote(to, compact->inside);
			compact->in_string = true;
		} else if (*p == 'N' || *p == 'I' ||
			   (*p == '-' && compact->end - p > 1 && p[1] == 'I')) {
			to = put_special(compact, to, &p);
			continue;
		} else if (*p > ' ') {
			*to++ = *p;
		}
		p++;
	}
	*from = p;
	return to;
}

static char *
put_piece(void *self, char *to, const char **from, const char *stop)
{
	struct compact *compact = self;

	while (*from < stop)
		to = compact->in_string ? put_string(compact, to, from, stop)
					: put_tokens(compact, to, from, stop);
	return to;
}

void
ab_json_put_compact(struct ab_buf *out, const char *text, size_t len, bool inside)
{
	struct compact compact = {.end = text + len, .inside = inside};

	ab_json_put_pieces(out, text, len, put_piece, &compact);
}
