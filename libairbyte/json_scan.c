#include "json_scan.h"

#include <string.h>

#include "utf8.h"

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

#if defined(__SSE2__)

#define BYTES(value) _mm_set1_epi8((char)(value))
/* Each byte of block replaced by the one that comes count bytes before it. */
#define BEFORE(block, previous, count)                                                             \
	_mm_or_si128(                                                                              \
	    _mm_slli_si128(block, count), _mm_srli_si128(previous, AB_JSON_BLOCK - (count)))

/* A bit for each byte of block that breaks UTF-8, given the block before it. A sequence that is
 * open at the end shows in the next block. */
static inline unsigned
utf8_faults(__m128i block, __m128i previous)
{
	const __m128i before = BEFORE(block, previous, 1);
	/* Not zero where one to three bytes back stands a lead of so many bytes. */
	const __m128i lead = _mm_or_si128(_mm_subs_epu8(before, BYTES(0xBF)),
	    _mm_or_si128(_mm_subs_epu8(BEFORE(block, previous, 2), BYTES(0xDF)),
		_mm_subs_epu8(BEFORE(block, previous, 3), BYTES(0xEF))));
	const __m128i no_lead = _mm_cmpeq_epi8(lead, _mm_setzero_si128());
	const __m128i continuation = _mm_cmplt_epi8(block, BYTES(0xC0));
	const __m128i misplaced = _mm_cmpeq_epi8(continuation, no_lead);
	/* The first of each pair is about overlong forms; then surrogates and what is beyond
	 * U+10FFFF. */
	const __m128i never =
	    _mm_or_si128(_mm_cmpeq_epi8(_mm_and_si128(block, BYTES(0xFE)), BYTES(0xC0)),
		_mm_and_si128(_mm_cmpgt_epi8(block, BYTES(0xF4)), block));
	const __m128i three = _mm_or_si128(
	    _mm_and_si128(_mm_cmpeq_epi8(before, BYTES(0xE0)), _mm_cmplt_epi8(block, BYTES(0xA0))),
	    _mm_and_si128(_mm_cmpeq_epi8(before, BYTES(0xED)), _mm_cmpgt_epi8(block, BYTES(0x9F))));
	const __m128i four = _mm_or_si128(
	    _mm_and_si128(_mm_cmpeq_epi8(before, BYTES(0xF0)), _mm_cmplt_epi8(block, BYTES(0x90))),
	    _mm_and_si128(_mm_cmpeq_epi8(before, BYTES(0xF4)), _mm_cmpgt_epi8(block, BYTES(0x8F))));

	return ab_json_scan_bits(
	    _mm_or_si128(_mm_or_si128(misplaced, never), _mm_or_si128(three, four)));
}

/* Over blocks of plain bytes, to the first byte that is not plain or to the last few. Four blocks
 * in one step, as the end of a string cannot be foreseen and each step is a guess. */
static const char *
skip_plain_blocks(const char *p, const char *end)
{
	const ptrdiff_t step = (ptrdiff_t)4 * AB_JSON_BLOCK;

	for (; end - p >= step; p += step) {
		const uint64_t first = ab_json_scan_special(p) | ab_json_scan_special(p + 16) << 16;
		const uint64_t second = ab_json_scan_special(p + 32) | ab_json_scan_special(p + 48)
									   << 16;
		const uint64_t bits = first | second << 32;
		if (bits != 0)
			return p + __builtin_ctzll(bits);
	}
	for (; end - p >= AB_JSON_BLOCK; p += AB_JSON_BLOCK) {
		const unsigned plain = ab_json_scan_plain(p);
		if (plain < AB_JSON_BLOCK)
			return p + plain;
	}
	return p;
}

/* Over valid blocks from p on, to the first byte that ends a clean stretch, or to the start of a
 * sequence in the block where it could not tell. */
static const char *
skip_clean_blocks(const char *p, const char *end)
{
	const char *start = p;
	__m128i previous = _mm_setzero_si128();

	while (end - p >= AB_JSON_BLOCK) {
		const __m128i block = ab_json_scan_load(p);
		const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, BYTES(0x1F)), block);
		const __m128i quote = _mm_cmpeq_epi8(block, BYTES('"'));
		const __m128i slash = _mm_cmpeq_epi8(block, BYTES('\\'));
		const unsigned stops =
		    ab_json_scan_bits(_mm_or_si128(control, _mm_or_si128(quote, slash)));
		const unsigned faults = utf8_faults(block, previous);
		/* Faults beyond the first stop do not count; the stop itself may show one. */
		const unsigned seen = stops ^ (stops - 1);
		if ((faults & seen) != 0)
			break;
		if (stops != 0)
			return p + __builtin_ctz(stops);
		previous = block;
		p += AB_JSON_BLOCK;
	}
	for (unsigned i = 0; i < 3 && p > start && ((unsigned char)p[-1] & 0xC0) == 0x80; i++)
		p--;
	return p > start && (unsigned char)p[-1] >= 0xC0 ? p - 1 : p;
}

#else

static const char *
skip_plain_blocks(const char *p, const char *end)
{
	for (; end - p >= AB_JSON_BLOCK; p += AB_JSON_BLOCK) {
		const unsigned plain = ab_json_scan_plain(p);
		if (plain < AB_JSON_BLOCK)
			return p + plain;
	}
	return p;
}

static const char *
skip_clean_blocks(const char *p, const char *end)
{
	(void)end;
	return p;
}

#endif

const char *
ab_json_scan_clean(const char *p, const char *end)
{
	p = skip_plain_blocks(p, end);
	if (p < end && (unsigned char)*p >= 0x80)
		p = skip_clean_blocks(p, end);
	while (p < end && (unsigned char)*p >= ' ' && *p != '"' && *p != '\\') {
		const unsigned bytes = (unsigned char)*p < 0x80 ? 1 : ab_utf8_bytes(p, end);
		if (bytes == 0)
			break;
		p += bytes;
	}
	return p;
}

const char *
ab_json_scan_any_string(const char *p, const char *end, bool *escaped, struct ab_json_fault *fault)
{
	for (;;) {
		p = ab_json_scan_clean(p, end);
		if (p == end)
			return faulty(fault, end, "the string is not closed");
		if (*p == '"')
			return p;
		if (*p != '\\')
			return faulty(fault, p,
			    (unsigned char)*p < ' ' ? "a control character must be escaped"
						    : "this is not valid UTF-8");
		*escaped = true;
		p = scan_escape(p, end, fault);
		if (p == NULL)
			return NULL;
	}
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

const char *
ab_json_scan_any_number(const char *p, const char *end, struct ab_json_fault *fault)
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

size_t
ab_json_scan_nonfinite(const char *p, const char *end)
{
	static const char *const names[] = {"NaN", "Infinity", "-Infinity"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const size_t len = strlen(names[i]);
		if ((size_t)(end - p) >= len && memcmp(p, names[i], len) == 0)
			return len;
	}
	return 0;
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
ab_json_scan_character(const char *p, const char *end, uint32_t *character)
{
	if (*p == '\\')
		return decode_escape(p, end, character);
	const unsigned bytes = (unsigned char)*p < 0x80 ? 1 : ab_utf8_bytes(p, end);
	*character = bytes == 1 ? (unsigned char)*p : ab_utf8_decode(p, bytes);
	return p + bytes;
}
