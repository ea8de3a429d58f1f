#include "ids.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "digits.h"
#include "json_write.h"

#define ROW_HEX 32    /* digits of the hash in a tagged id, and of a row without a key */
#define RECORD_HEX 16 /* of a document without a key */
#define KEEP_BYTES ((size_t)1 << 20)
#define DIGITS_MAX 19 /* of an integer in a plain id; below 32, see the header */

void
dust_id_init(struct dust_id *id)
{
	*id = (struct dust_id){0};
	ab_buf_init(&id->text, AB_JSON_TEXT_MAX);
	ab_buf_init(&id->typed, 4 * AB_JSON_TEXT_MAX);
	ab_buf_init(&id->bytes, AB_JSON_TEXT_MAX);
}

void
dust_id_release(struct dust_id *id)
{
	ab_buf_release(&id->text);
	ab_buf_release(&id->typed);
	ab_buf_release(&id->bytes);
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool
all_words(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_word(bytes[i]))
			return false;
	}
	return len > 0;
}

static bool
is_identifier(const char *bytes, size_t len)
{
	return all_words(bytes, len) && !(bytes[0] >= '0' && bytes[0] <= '9');
}

/* -?(0|[1-9][0-9]*), not -0, at most 19 digits. */
static bool
is_plain_integer(const char *bytes, size_t len)
{
	const bool negative = len > 0 && bytes[0] == '-';
	const char *digits = bytes + negative;
	const size_t count = len - negative;

	if (count == 0 || count > DIGITS_MAX)
		return false;
	if (digits[0] == '0' && (count > 1 || negative))
		return false;
	return strspn(digits, "0123456789") >= count;
}

/* Tag, length and bytes: no two sequences of these read alike. */
static void
put_typed(struct dust_id *id, char tag, const char *bytes, size_t len)
{
	char head[AB_DIGITS_MAX + 2];
	char *p = head + sizeof(head);

	*--p = ':';
	p = ab_digits(p, len);
	*--p = tag;
	ab_buf_add(&id->typed, p, (size_t)(head + sizeof(head) - p));
	ab_buf_add(&id->typed, bytes, len);
}

/* Adds to the readable form, each character that may not stand in an id as one `_`. */
static void
put_readable(struct dust_id *id, const char *bytes, size_t len)
{
	if (id->text.len > 0)
		ab_buf_add_char(&id->text, '-');
	/* Beyond what will be cut off nothing needs to be looked at. */
	for (size_t i = 0; i < len && id->text.len <= DUST_ID_PLAIN_MAX; i++) {
		if (is_word(bytes[i]) || bytes[i] == '-')
			ab_buf_add_char(&id->text, bytes[i]);
		else if (((unsigned char)bytes[i] & 0xC0) != 0x80)
			ab_buf_add_char(&id->text, '_');
	}
}

void
dust_id_start(struct dust_id *id, const struct ab_stream *stream)
{
	ab_buf_reset(&id->text);
	ab_buf_reset(&id->typed);
	id->plain = true;
	id->incomplete = false;
	if (stream == NULL)
		return;
	const char *namespace = stream->namespace;
	const size_t name_len = strlen(stream->name);
	if (namespace != NULL) {
		put_typed(id, 'p', namespace, strlen(namespace));
		put_readable(id, namespace, strlen(namespace));
	} else {
		put_typed(id, 'a', "", 0);
	}
	put_typed(id, 's', stream->name, name_len);
	put_readable(id, stream->name, name_len);
	id->plain = namespace == NULL && all_words(stream->name, name_len);
}

static void
part_string(struct dust_id *id, struct dust_field part)
{
	const struct ab_view raw = ab_json_view(part.json, part.node);

	ab_buf_reset(&id->bytes);
	/* Halves of surrogate pairs all unescape to U+FFFD: such a string is told by its spelling.
	 */
	const bool replaced = ab_json_unescape(part.json, part.node, false, &id->bytes);
	if (replaced)
		put_typed(id, 'e', raw.data, raw.len);
	else
		put_typed(id, 's', id->bytes.data, id->bytes.len);
	put_readable(id, id->bytes.data, id->bytes.len);
	id->plain = id->plain && is_identifier(id->bytes.data, id->bytes.len);
}

void
dust_id_part(struct dust_id *id, struct dust_field part)
{
	const struct ab_view view = ab_json_view(part.json, part.node);
	char tag = 'j';

	if (part.node == 0) {
		put_typed(id, 'm', "", 0);
		put_readable(id, "missing", 7);
		id->incomplete = true;
		id->plain = false;
		return;
	}
	switch (dust_field_type(part)) {
	case AB_JSON_STRING:
		part_string(id, part);
		return;
	case AB_JSON_NUMBER:
	case AB_JSON_SPECIAL:
		tag = 'n';
		break;
	case AB_JSON_NULL:
		tag = 'z';
		id->incomplete = true;
		break;
	case AB_JSON_TRUE:
		tag = 't';
		break;
	case AB_JSON_FALSE:
		tag = 'f';
		break;
	case AB_JSON_ARRAY:
	case AB_JSON_OBJECT:
		break;
	}
	put_typed(id, tag, view.data, view.len);
	put_readable(id, view.data, view.len);
	id->plain = id->plain && tag == 'n' && is_plain_integer(view.data, view.len);
}

static void
put_hash(struct dust_id *id, const char *bytes, size_t len, size_t digits)
{
	char hex[AB_DIGEST_HEX + 1];

	ab_digest_hex(bytes, len, hex);
	ab_buf_add(&id->text, hex, digits);
}

static void
end_tagged(struct dust_id *id)
{
	if (id->text.len > DUST_ID_CUT)
		ab_buf_truncate(&id->text, DUST_ID_CUT);
	ab_buf_add(&id->text, "--", 2);
	put_hash(id, id->typed.data, id->typed.len, ROW_HEX);
}

void
dust_id_end(struct dust_id *id)
{
	if (!id->plain || id->text.len > DUST_ID_PLAIN_MAX)
		end_tagged(id);
}

/* One large record must not cost its size for the rest of the run. */
static void
shed(struct ab_buf *buf)
{
	if (buf->cap > KEEP_BYTES)
		ab_buf_release(buf);
}

/* What a record is told by, into id->bytes: its canonical JSON, which begins with a bracket, or the
 * hash of its text, which does not. */
static int
put_content(struct dust_id *id, struct ab_view record, struct ab_error *err)
{
	char hex[AB_DIGEST_HEX + 1];

	ab_buf_reset(&id->bytes);
	if (record.len < DUST_ID_RAW_MIN)
		return ab_json_put_canonical(&id->bytes, record.data, record.len, err);
	ab_digest_hex(record.data, record.len, hex);
	ab_buf_printf(&id->bytes, "raw:%s", hex);
	return 0;
}

int
dust_id_end_record(struct dust_id *id, bool is_row, struct ab_view record, struct ab_error *err)
{
	if (put_content(id, record, err) != 0)
		return -1;
	if (is_row) {
		put_hash(id, id->bytes.data, id->bytes.len, ROW_HEX);
	} else if (id->plain && id->text.len + 1 + RECORD_HEX <= DUST_ID_PLAIN_MAX) {
		ab_buf_add_char(&id->text, '-');
		put_hash(id, id->bytes.data, id->bytes.len, RECORD_HEX);
	} else {
		put_typed(id, 'r', id->bytes.data, id->bytes.len);
		end_tagged(id);
	}
	shed(&id->bytes);
	shed(&id->typed);
	return 0;
}

uint64_t
dust_id_hash(const char *id, size_t len)
{
	char hex[AB_DIGEST_HEX + 1];

	ab_digest_hex(id, len, hex);
	hex[16] = '\0';
	return strtoull(hex, NULL, 16);
}
