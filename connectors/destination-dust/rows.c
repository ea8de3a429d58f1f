#include "rows.h"

#include <string.h>

#include "json_write.h"

#define SAFE_DIGITS 16              /* of 2^53 */
#define SAFE_MAX "9007199254740992" /* 2^53 */
#define DOUBLE_DIGITS 17            /* that a double can tell apart */
#define EXPONENT_MIN (-307)         /* smaller ones lose digits, then vanish */
#define EXPONENT_CAP 100000         /* no need to count further */

/* A number as 0.digits times ten to the exponent, no zero at either end of its digits. */
struct decimal {
	char digits[DOUBLE_DIGITS + 1];
	size_t count; /* may be more than are kept */
	long exponent;
};

static long
read_exponent(const char *p, const char *end)
{
	const bool negative = p < end && *p == '-';
	long value = 0;

	for (; p < end; p++) {
		if (*p >= '0' && *p <= '9' && value < EXPONENT_CAP)
			value = value * 10 + (*p - '0');
	}
	return negative ? -value : value;
}

static void
read_decimal(struct decimal *decimal, const char *text, size_t len)
{
	const char *end = text + len;
	bool fraction = false;
	size_t zeros = 0; /* seen since the last other digit */

	*decimal = (struct decimal){.count = 0};
	for (const char *p = text; p < end; p++) {
		if (*p == 'e' || *p == 'E') {
			decimal->exponent += read_exponent(p + 1, end);
			break;
		}
		if (*p == '.')
			fraction = true;
		if (*p < '0' || *p > '9')
			continue;
		if (*p == '0' && decimal->count == 0) {
			decimal->exponent -= fraction;
			continue;
		}
		decimal->exponent += !fraction;
		if (*p == '0') {
			zeros++;
			continue;
		}
		for (; zeros > 0; zeros--) {
			if (decimal->count < sizeof(decimal->digits))
				decimal->digits[decimal->count] = '0';
			decimal->count++;
		}
		if (decimal->count < sizeof(decimal->digits))
			decimal->digits[decimal->count] = *p;
		decimal->count++;
	}
}

static bool
fits_slowly(const char *text, size_t len)
{
	struct decimal decimal;
	char padded[SAFE_DIGITS];

	read_decimal(&decimal, text, len);
	if (decimal.count == 0)
		return true;
	if (decimal.count > DOUBLE_DIGITS || decimal.exponent > SAFE_DIGITS ||
	    decimal.exponent < EXPONENT_MIN)
		return false;
	if (decimal.exponent < SAFE_DIGITS)
		return true;
	memset(padded, '0', sizeof(padded));
	memcpy(padded, decimal.digits,
	    decimal.count < sizeof(padded) ? decimal.count : sizeof(padded));
	const int order = memcmp(padded, SAFE_MAX, sizeof(padded));
	return order < 0 || (order == 0 && decimal.count <= sizeof(padded));
}

/* Whether there is an e in a number: nothing else in it has this bit. */
static bool
has_exponent(const char *text, size_t len)
{
	const uint64_t bit = 0x4040404040404040;
	uint64_t all = 0;
	uint64_t word;

	if (len < sizeof(word)) {
		for (size_t i = 0; i < len; i++)
			all |= (unsigned char)text[i];
		return (all & bit) != 0;
	}
	memcpy(&all, text + len - sizeof(word), sizeof(word));
	for (size_t at = 0; at + sizeof(word) < len; at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		all |= word;
	}
	return (all & bit) != 0;
}

bool
dust_number_fits(const char *text, size_t len)
{
	if (has_exponent(text, len))
		return fits_slowly(text, len);
	/* Of most others the count of digits tells. */
	const size_t sign = *text == '-';
	const char *point = memchr(text, '.', len);
	const size_t whole = (size_t)((point != NULL ? point : text + len) - text) - sign;
	if (point == NULL && whole != SAFE_DIGITS)
		return whole < SAFE_DIGITS;
	const size_t digits = len - sign - 1 - (text[sign] == '0');
	return (whole < SAFE_DIGITS && digits <= DOUBLE_DIGITS) || fits_slowly(text, len);
}

/* Whether Dust takes a value as it is spelt. */
static bool
is_verbatim(struct dust_field value)
{
	const struct ab_json_node *node = &value.json->nodes[value.node];

	switch ((enum ab_json_type)node->type) {
	case AB_JSON_NULL:
	case AB_JSON_FALSE:
	case AB_JSON_TRUE:
		return true;
	case AB_JSON_NUMBER:
		return dust_number_fits(value.json->text + node->at, node->len);
	case AB_JSON_STRING:
		return !node->escaped || !dust_field_unstorable(value);
	case AB_JSON_SPECIAL:
	case AB_JSON_ARRAY:
	case AB_JSON_OBJECT:
		break;
	}
	return false;
}

/* A piece of the record that is to be copied as it is, members and what stands between them. */
struct piece {
	const char *start; /* NULL: nothing yet */
	const char *end;
};

static void
flush(struct ab_buf *out, struct piece *piece)
{
	if (piece->start != NULL)
		ab_buf_add(out, piece->start, (size_t)(piece->end - piece->start));
	piece->start = NULL;
}

static bool
put_value(struct ab_buf *out, struct dust_field value, bool verbatim)
{
	bool replaced = false;

	if (verbatim) {
		ab_json_put_view(out, ab_json_raw(value.json, value.node));
	} else {
		ab_buf_add_char(out, '"');
		replaced = dust_field_put_inside(out, value);
		ab_buf_add_char(out, '"');
	}
	return replaced;
}

/* Adds the members of the record. Returns true if characters were replaced. */
static bool
put_members(struct ab_buf *out, struct dust_columns *columns, const struct ab_record *record)
{
	const struct ab_json *json = record->json;
	struct piece piece = {0};
	struct dust_column *column = NULL;
	bool replaced = false;

	for (uint32_t i = ab_json_first(json, record->data); i != 0;
	     i = ab_json_after(json, record->data, i)) {
		const struct dust_field key = {.json = json, .node = i};
		const struct dust_field value = {.json = json, .node = i + 1};
		const bool first = column == NULL;
		const bool verbatim = is_verbatim(value);
		column = dust_columns_find(columns, column, key);
		if (column->text == NULL)
			continue; /* one too many: the row is not sent */
		/* An escaped key is spelt unlike the column, whatever it means. */
		if (verbatim && column->same && !json->nodes[i].escaped) {
			const struct ab_view raw = ab_json_raw(json, i + 1);
			if (piece.start == NULL) {
				if (!first)
					ab_buf_add_char(out, ',');
				piece.start = json->text + json->nodes[i].at - 1;
			}
			piece.end = raw.data + raw.len;
			continue;
		}
		flush(out, &piece);
		if (!first)
			ab_buf_add_char(out, ',');
		ab_buf_add(out, column->text, column->text_len);
		if (put_value(out, value, verbatim))
			replaced = true;
	}
	flush(out, &piece);
	return replaced;
}

bool
dust_row_put(struct ab_buf *out, struct dust_columns *columns, const struct ab_record *record,
    struct ab_view row_id)
{
	static const char before[] = "{\"row_id\":\"";
	static const char between[] = "\",\"value\":{";

	ab_buf_add(out, before, sizeof(before) - 1);
	ab_json_put_view(out, row_id);
	ab_buf_add(out, between, sizeof(between) - 1);
	const bool replaced = put_members(out, columns, record);
	ab_buf_add(out, "}},", 3);
	return replaced;
}
