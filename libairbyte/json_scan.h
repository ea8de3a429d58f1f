/*
 * json_scan.h: finding the end of a string or a number.
 *
 * Shared by the files of json.h and json_write.h; nobody else needs it. Text is read from p on but
 * never at end. What most keys and values need is inline, the rest is a call.
 *
 * A byte is plain if it is ASCII and stands for itself in a string. A stretch is clean if it can
 * stand in a string as it is: plain bytes and valid UTF-8.
 */
#ifndef AB_JSON_SCAN_H
#define AB_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* Bytes that ab_json_scan_plain looks at: all of them must be readable. */
#define AB_JSON_BLOCK 16

/* What is wrong with a text, and the first byte that shows it. */
struct ab_json_fault {
	const char *at;
	const char *what;
};

static inline bool ab_json_scan_is_plain(char byte);

/* How many bytes of the block at p come before the first that is not plain, at most all of them. */
static inline unsigned ab_json_scan_plain(const char *p);

/* The end of the clean stretch at p: a quote, a backslash, a control, bad UTF-8, or end. */
const char *ab_json_scan_clean(const char *p, const char *end);

/* From the byte after the opening quote to the closing quote, which is returned; NULL if there is
 * none or if what comes before it is not valid. Sets *escaped if a backslash was met. */
static inline const char *ab_json_scan_string(
    const char *p, const char *end, bool *escaped, struct ab_json_fault *fault);

/* Whether the string that begins at p, after its opening quote, surely ends after len bytes, all of
 * them plain. */
static inline bool ab_json_scan_ends_at(const char *p, const char *end, uint32_t len);

/* From the first byte of a number to the byte after it; NULL if it breaks the grammar. */
static inline const char *ab_json_scan_number(
    const char *p, const char *end, struct ab_json_fault *fault);

/* The same without a fast path. */
const char *ab_json_scan_any_string(
    const char *p, const char *end, bool *escaped, struct ab_json_fault *fault);
const char *ab_json_scan_any_number(const char *p, const char *end, struct ab_json_fault *fault);

/* The length of the NaN, Infinity or -Infinity at p; 0 if there is none. */
size_t ab_json_scan_nonfinite(const char *p, const char *end);

/* The character at p in the inside of a valid string, escaped or not; returns what follows. A lone
 * surrogate is given as it is. */
const char *ab_json_scan_character(const char *p, const char *end, uint32_t *character);

static inline bool
ab_json_scan_is_plain(char byte)
{
	return (signed char)byte >= ' ' && byte != '"' && byte != '\\';
}

#if defined(__SSE2__)

static inline __m128i
ab_json_scan_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline unsigned
ab_json_scan_bits(__m128i bytes)
{
	return (unsigned)_mm_movemask_epi8(bytes);
}

static inline __m128i
ab_json_scan_quotes(__m128i block)
{
	return _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
}

/* The bytes that are not plain, but for quotes. */
static inline __m128i
ab_json_scan_others(__m128i block)
{
	/* As signed bytes, those beyond ASCII are below a space too. */
	const __m128i below = _mm_cmplt_epi8(block, _mm_set1_epi8(' '));
	const __m128i slash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));

	return _mm_or_si128(below, slash);
}

/* A bit for each byte of the block at p that is not plain. */
static inline unsigned
ab_json_scan_special(const char *p)
{
	const __m128i block = ab_json_scan_load(p);

	return ab_json_scan_bits(
	    _mm_or_si128(ab_json_scan_others(block), ab_json_scan_quotes(block)));
}

static inline unsigned
ab_json_scan_plain(const char *p)
{
	return (unsigned)__builtin_ctz(ab_json_scan_special(p) | 1U << AB_JSON_BLOCK);
}

#elif defined(__aarch64__)

static inline unsigned
ab_json_scan_plain(const char *p)
{
	const uint8x16_t block = vld1q_u8((const uint8_t *)p);
	const uint8x16_t below = vcltq_s8(vreinterpretq_s8_u8(block), vdupq_n_s8(' '));
	const uint8x16_t quote = vceqq_u8(block, vdupq_n_u8('"'));
	const uint8x16_t slash = vceqq_u8(block, vdupq_n_u8('\\'));
	const uint8x16_t special = vorrq_u8(below, vorrq_u8(quote, slash));
	/* Four bits of each byte. */
	const uint8x8_t narrow = vshrn_n_u16(vreinterpretq_u16_u8(special), 4);
	const uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(narrow), 0);

	return bits != 0 ? (unsigned)__builtin_ctzll(bits) / 4 : AB_JSON_BLOCK;
}

#else

#define AB_JSON_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Marks, by its top bit, each of eight bytes that is below limit or beyond ASCII. A borrow can mark
 * more, but only above a byte that is marked rightly, and only the lowest counts. */
static inline uint64_t
ab_json_scan_below(uint64_t word, unsigned limit)
{
	return ((word - AB_JSON_EACH(limit)) | word) & AB_JSON_EACH(0x80);
}

static inline unsigned
ab_json_scan_plain(const char *p)
{
	for (unsigned at = 0; at < AB_JSON_BLOCK; at += 8) {
		uint64_t word = 0;
		for (unsigned i = 0; i < 8; i++)
			word |= (uint64_t)(unsigned char)p[at + i] << (8 * i);
		const uint64_t special = ab_json_scan_below(word, ' ') |
					 ab_json_scan_below(word ^ AB_JSON_EACH('"'), 1) |
					 ab_json_scan_below(word ^ AB_JSON_EACH('\\'), 1);
		if (special != 0)
			return at + (unsigned)__builtin_ctzll(special) / 8;
	}
	return AB_JSON_BLOCK;
}

#endif

static inline const char *
ab_json_scan_string(const char *p, const char *end, bool *escaped, struct ab_json_fault *fault)
{
#if defined(__SSE2__)
	if (end - p >= AB_JSON_BLOCK) {
		const __m128i block = ab_json_scan_load(p);
		const unsigned quotes = ab_json_scan_bits(ab_json_scan_quotes(block));
		const unsigned before = quotes ^ (quotes - 1);
		/* The next token waits for the place of the quote, not for this test. */
		if (quotes != 0 && (ab_json_scan_bits(ab_json_scan_others(block)) & before) == 0)
			return p + __builtin_ctz(quotes);
	}
#endif
	return ab_json_scan_any_string(p, end, escaped, fault);
}

static inline bool
ab_json_scan_ends_at(const char *p, const char *end, uint32_t len)
{
#if defined(__SSE2__)
	if (end - p >= AB_JSON_BLOCK && len < AB_JSON_BLOCK) {
		const unsigned special = ab_json_scan_special(p);
		return p[len] == '"' && (special & ((1U << len) - 1)) == 0;
	}
#else
	(void)p;
	(void)end;
	(void)len;
#endif
	return false;
}

static inline const char *
ab_json_scan_number(const char *p, const char *end, struct ab_json_fault *fault)
{
#if defined(__SSE2__)
	if (end - p >= AB_JSON_BLOCK) {
		const __m128i block = ab_json_scan_load(p);
		const __m128i other = _mm_or_si128(_mm_cmplt_epi8(block, _mm_set1_epi8('0')),
		    _mm_cmpgt_epi8(block, _mm_set1_epi8('9')));
		/* A bit for each byte that is no digit; the first could only be the sign. */
		unsigned bits = ab_json_scan_bits(other) & ~1U;
		const unsigned sign = *p == '-';
		if ((bits & (bits - 1)) != 0) {
			const unsigned whole = (unsigned)__builtin_ctz(bits);
			bool valid = whole == sign + 1 || (whole > sign && p[sign] != '0');
			const char *after = p + whole;
			if (*after == '.') {
				bits &= bits - 1;
				after = p + __builtin_ctz(bits);
				valid = valid && after > p + whole + 1;
			}
			if (valid && (*after | 0x20) != 'e')
				return after;
		}
	}
#endif
	return ab_json_scan_any_number(p, end, fault);
}

#endif
