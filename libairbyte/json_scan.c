#include "json_scan.h"

static const char *
faulty(struct ab_json_fault *fault, const char *at, const char *what)
{
	*fault = (struct ab_json_fault){.at = at, .what = what};
	return NULL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

unsigned
ab_json_utf8_bytes(const char *p, const char *end)
{
	const size_t left = (size_t)(end - p);
	const unsigned lead = (unsigned char)p[0];

	if (lead < 0xC2 || lead > 0xF4 || left < 2 || !is_continuation(p[1]))
		return 0;
	if (lead < 0xE0)
		return 2;
	if (left < 3 || !is_continuation(p[2]))
		return 0;
	const unsigned second = (unsigned char)p[1];
	if (lead < 0xF0) {
		const bool overlong = lead == 0xE0 && second < 0xA0;
		const bool surrogate = lead == 0xED && second > 0x9F;
		return overlong || surrogate ? 0 : 3;
	}
	if (left < 4 || !is_continuation(p[3]))
		return 0;
	const bool overlong = lead == 0xF0 && second < 0x90;
	const bool beyond = lead == 0xF4 && second > 0x8F;
	return overlong || beyond ? 0 : 4;
}

/* Past the escape whose backslash is at p. */
static const char *
scan_escape(const char *p, const char *end, struct ab_json_fault *fault)
{
	static const char what[] = "this is no valid escape";

	if (end - p < 2)
		return faulty(fault, end, "the string is not closed");
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 2;
	case 'u':
		break;
	default:
		return faulty(fault, p, what);
	}
	if (end - p < 6)
		return faulty(fault, p, what);
	for (unsigned i = 2; i < 6; i++) {
		if (hex_value(p[i]) < 0)
			return faulty(fault, p, what);
	}
	return p + 6;
}

/* Over whole blocks of plain bytes, then over single ones near the end of the text. */
static const char *
skip_plain(const char *p, const char *end)
{
	while (end - p >= AB_JSON_BLOCK) {
		const unsigned plain = ab_json_plain_bytes(p);
		p += plain;
		if (plain < AB_JSON_BLOCK)
			return p;
	}
	while (p < end && (unsigned char)*p >= ' ' && (unsigned char)*p < 0x80 && *p != '"' &&
	       *p != '\\')
		p++;
	return p;
}

const char *
ab_json_scan_string_rest(
    const char *p, const char *end, bool *escaped, struct ab_json_fault *fault)
{
	for (;;) {
		p = skip_plain(p, end);
		if (p == end)
			return faulty(fault, end, "the string is not closed");
		if (*p == '"')
			return p;
		if (*p == '\\') {
			*escaped = true;
			p = scan_escape(p, end, fault);
			if (p == NULL)
				return NULL;
		} else if ((unsigned char)*p < ' ') {
			return faulty(fault, p, "a control character must be escaped");
		} else {
			while (p < end && (unsigned char)*p >= 0x80) {
				const unsigned bytes = ab_json_utf8_bytes(p, end);
				if (bytes == 0)
					return faulty(fault, p, "this is not valid UTF-8");
				p += bytes;
			}
		}
	}
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (end - p >= AB_JSON_BLOCK) {
		const unsigned digits = ab_json_digit_bytes(p);
		p += digits;
		if (digits < AB_JSON_BLOCK)
			return p;
	}
	while (p < end && is_digit(*p))
		p++;
	return p;
}

const char *
ab_json_scan_number(const char *p, const char *end, struct ab_json_fault *fault)
{
	static const char what[] = "a digit was expected";

	if (*p == '-')
		p++;
	if (p == end || !is_digit(*p))
		return faulty(fault, p, what);
	if (*p == '0') {
		p++;
		if (p < end && is_digit(*p))
			return faulty(fault, p, "a number must not begin with 0");
	} else {
		p = skip_digits(p, end);
	}
	if (p < end && *p == '.') {
		const char *fraction = p + 1;
		p = skip_digits(fraction, end);
		if (p == fraction)
			return faulty(fault, p, what);
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		const char *exponent = p;
		p = skip_digits(exponent, end);
		if (p == exponent)
			return faulty(fault, p, what);
	}
	return p;
}

/* The four hexadecimal digits at p. */
static uint32_t
hex_unit(const char *p)
{
	uint32_t unit = 0;

	for (unsigned i = 0; i < 4; i++)
		unit = unit << 4 | (uint32_t)hex_value(p[i]);
	return unit;
}

static const char *
decode_unicode_escape(const char *p, const char *end, uint32_t *character)
{
	const uint32_t first = hex_unit(p + 2);

	p += 6;
	*character = first;
	if (first < 0xD800 || first > 0xDBFF || end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return p;
	const uint32_t second = hex_unit(p + 2);
	if (second < 0xDC00 || second > 0xDFFF)
		return p;
	*character = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
	return p + 6;
}

static const char *
decode_escape(const char *p, const char *end, uint32_t *character)
{
	switch (p[1]) {
	case 'b':
		*character = '\b';
		break;
	case 'f':
		*character = '\f';
		break;
	case 'n':
		*character = '\n';
		break;
	case 'r':
		*character = '\r';
		break;
	case 't':
		*character = '\t';
		break;
	case 'u':
		return decode_unicode_escape(p, end, character);
	default:
		*character = (unsigned char)p[1];
		break;
	}
	return p + 2;
}

const char *
ab_json_decode(const char *p, const char *end, uint32_t *character)
{
	const unsigned lead = (unsigned char)p[0];

	if (lead == '\\')
		return decode_escape(p, end, character);
	if (lead < 0x80) {
		*character = lead;
		return p + 1;
	}
	const unsigned bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
	uint32_t bits = lead & (0x7FU >> bytes);
	for (unsigned i = 1; i < bytes; i++)
		bits = bits << 6 | ((unsigned char)p[i] & 0x3FU);
	*character = bits;
	return p + bytes;
}

unsigned
ab_json_encode_utf8(char bytes[4], uint32_t character)
{
	if (character < 0x80) {
		bytes[0] = (char)character;
		return 1;
	}
	const unsigned count = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	for (unsigned i = count - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (character & 0x3F));
		character >>= 6;
	}
	bytes[0] = (char)(((0xF00U >> count) & 0xFF) | character);
	return count;
}
