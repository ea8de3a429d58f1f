#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "json_scan.h"
#include "utf8.h"

void
ab_json_init(struct ab_json *json)
{
	*json = (struct ab_json){0};
}

void
ab_json_release(struct ab_json *json)
{
	free(json->nodes);
	ab_json_init(json);
}

/* Whether a string with escapes means these bytes. */
static bool
means(struct ab_view string, const char *bytes, size_t len)
{
	const char *end = string.data + string.len;
	size_t at = 0;

	for (const char *p = string.data; p < end;) {
		uint32_t character;
		char utf8[4];
		p = ab_json_scan_character(p, end, &character);
		const unsigned count = ab_utf8_encode(
		    utf8, ab_utf8_is_surrogate(character) ? AB_UTF8_REPLACEMENT : character);
		if (len - at < count || memcmp(bytes + at, utf8, count) != 0)
			return false;
		at += count;
	}
	return at == len;
}

/* For a long name, or an object with escaped keys. */
static uint32_t
find_slowly(const struct ab_json *json, uint32_t object, const char *name, size_t len)
{
	uint32_t found = 0;

	for (uint32_t i = ab_json_first(json, object); i != 0; i = ab_json_after(json, object, i)) {
		const struct ab_view key = ab_json_view(json, i);
		const bool same = json->nodes[i].escaped
				      ? means(key, name, len)
				      : key.len == len && memcmp(key.data, name, len) == 0;
		if (same)
			found = i + 1;
	}
	return found;
}

/* Every message is asked for a dozen names: nothing is called on the usual way, which so needs next
 * to no stack. */
uint32_t
ab_json_find(const struct ab_json *json, uint32_t object, const char *name, size_t len)
{
	const struct ab_json_node *nodes = json->nodes;
	uint32_t found = 0;

	if (nodes[object].type != AB_JSON_OBJECT)
		return 0;
	if (len > AB_BYTES_FEW)
		return find_slowly(json, object, name, len);
	const uint32_t end = nodes[object].next;
	for (uint32_t i = object + 1; i < end; i = ab_json_next(json, i + 1)) {
		/* No escape is shorter than what it means. */
		if (nodes[i].len < len)
			continue;
		if (nodes[i].escaped)
			return find_slowly(json, object, name, len);
		if (nodes[i].len == len && ab_bytes_same_few(json->text + nodes[i].at, name, len))
			found = i + 1;
	}
	return found;
}

struct ab_view
ab_json_view(const struct ab_json *json, uint32_t node)
{
	return (struct ab_view){json->text + json->nodes[node].at, json->nodes[node].len};
}

struct ab_view
ab_json_raw(const struct ab_json *json, uint32_t node)
{
	const struct ab_view view = ab_json_view(json, node);

	if (json->nodes[node].type != AB_JSON_STRING)
		return view;
	return (struct ab_view){view.data - 1, view.len + 2};
}

bool
ab_json_unescape(const struct ab_json *json, uint32_t node, bool replace_nul, struct ab_buf *out)
{
	const struct ab_view view = ab_json_view(json, node);
	const char *end = view.data + view.len;
	bool replaced = false;

	for (const char *p = view.data; p < end;) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		const char *stop = slash != NULL ? slash : end;
		ab_buf_add(out, p, (size_t)(stop - p));
		if (slash == NULL)
			break;
		uint32_t character;
		char utf8[4];
		p = ab_json_scan_character(slash, end, &character);
		if (ab_utf8_is_surrogate(character) || (replace_nul && character == 0)) {
			character = AB_UTF8_REPLACEMENT;
			replaced = true;
		}
		ab_buf_add(out, utf8, ab_utf8_encode(utf8, character));
	}
	return replaced;
}

/* --- integers --- */

/* No document is so long that the digits of a number could make up for a larger exponent. */
#define PLAIN_MAX 18 /* digits that always fit */
#define EXPONENT_MAX ((int64_t)AB_JSON_TEXT_MAX * 2)

/* A number as it is spelt: digits, those of the fraction behind the others, and where the point is
 * among them, which may be outside. */
struct decimal {
	bool negative;
	const char *whole;
	size_t whole_len;
	const char *fraction;
	size_t fraction_len;
	int64_t point;
};

static size_t
count_digits(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - start);
}

/* What follows the e; beyond EXPONENT_MAX it is as large as that. */
static int64_t
read_exponent(const char *p, const char *end)
{
	const bool negative = *p == '-';
	int64_t value = 0;

	if (*p == '-' || *p == '+')
		p++;
	for (; p < end && value < EXPONENT_MAX; p++)
		value = value * 10 + (*p - '0');
	return negative ? -value : value;
}

static struct decimal
read_decimal(struct ab_view number)
{
	const char *p = number.data;
	const char *end = p + number.len;
	struct decimal decimal = {.negative = *p == '-'};

	if (decimal.negative)
		p++;
	decimal.whole = p;
	decimal.whole_len = count_digits(p, end);
	p += decimal.whole_len;
	if (p < end && *p == '.') {
		decimal.fraction = ++p;
		decimal.fraction_len = count_digits(p, end);
		p += decimal.fraction_len;
	}
	decimal.point = (int64_t)decimal.whole_len + (p < end ? read_exponent(p + 1, end) : 0);
	return decimal;
}

static int
digit_at(const struct decimal *decimal, int64_t i)
{
	const size_t at = (size_t)i;
	const char *digit = at < decimal->whole_len ? decimal->whole + at
						    : decimal->fraction + (at - decimal->whole_len);

	return *digit - '0';
}

/* Counted downwards, as the smallest has no positive counterpart. */
static bool
add_digit(int64_t *sum, int digit)
{
	return !__builtin_mul_overflow(*sum, 10, sum) && !__builtin_sub_overflow(*sum, digit, sum);
}

/* Most integers are a few digits and nothing else; counts of the platform end in ".0". */
static bool
read_plain(struct ab_view number, int64_t *value)
{
	int64_t sum = 0;

	if (number.len > 2 && memcmp(number.data + number.len - 2, ".0", 2) == 0)
		number.len -= 2;
	if (number.len > PLAIN_MAX)
		return false;
	for (size_t i = 0; i < number.len; i++) {
		const unsigned digit = (unsigned char)number.data[i] - (unsigned)'0';
		if (digit > 9)
			return false;
		sum = sum * 10 + (int64_t)digit;
	}
	*value = sum;
	return true;
}

bool
ab_json_integer(const struct ab_json *json, uint32_t node, int64_t *value)
{
	if (json->nodes[node].type != AB_JSON_NUMBER)
		return false;
	const struct ab_view view = ab_json_view(json, node);
	if (read_plain(view, value))
		return true;
	const struct decimal decimal = read_decimal(view);
	const int64_t digits = (int64_t)(decimal.whole_len + decimal.fraction_len);
	int64_t sum = 0;

	for (int64_t i = 0; i < digits; i++) {
		const int digit = digit_at(&decimal, i);
		if (i < decimal.point ? !add_digit(&sum, digit) : digit != 0)
			return false;
	}
	for (int64_t i = digits; i < decimal.point && sum != 0; i++) {
		if (!add_digit(&sum, 0))
			return false;
	}
	if (!decimal.negative && sum == INT64_MIN)
		return false;
	*value = decimal.negative ? sum : -sum;
	return true;
}
