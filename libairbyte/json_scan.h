/*
 * json_scan.h: finding the end of one string or number, and decoding one character.
 *
 * Shared by the reader and the writer of JSON; nobody else needs it. All functions read from p up to
 * but never at end. The first block of a string is looked at inline, as most keys and values end in
 * it; the rest is a call.
 */
#ifndef AB_JSON_SCAN_H
#define AB_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* What is wrong with a text, and the first byte that shows it. */
struct ab_json_fault {
	const char *at;
	const char *what;
};

/* Bytes that the two functions below look at: all of them must be readable. */
#define AB_JSON_BLOCK 16

#if defined(__SSE2__)

/* How many bytes at p come before the first quote, backslash, control or byte beyond ASCII. */
static inline unsigned
ab_json_plain_bytes(const char *p)
{
	const __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
	/* As signed bytes, what lies beyond ASCII is below a space too. */
	const __m128i below = _mm_cmplt_epi8(block, _mm_set1_epi8(' '));
	const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
	const __m128i slash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
	const __m128i special = _mm_or_si128(below, _mm_or_si128(quote, slash));

	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(special) | 1U << AB_JSON_BLOCK);
}

/* How many bytes at p come before the first that is no digit. */
static inline unsigned
ab_json_digit_bytes(const char *p)
{
	const __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i other = _mm_or_si128(_mm_cmplt_epi8(block, _mm_set1_epi8('0')),
	    _mm_cmpgt_epi8(block, _mm_set1_epi8('9')));

	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(other) | 1U << AB_JSON_BLOCK);
}

#elif defined(__aarch64__)

/* The index of the first byte that is not zero; each byte becomes four bits. */
static inline unsigned
ab_json_first_set(uint8x16_t bytes)
{
	const uint8x8_t halves = vshrn_n_u16(vreinterpretq_u16_u8(bytes), 4);
	const uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(halves), 0);

	return bits == 0 ? AB_JSON_BLOCK : (unsigned)__builtin_ctzll(bits) / 4;
}

static inline unsigned
ab_json_plain_bytes(const char *p)
{
	const uint8x16_t block = vld1q_u8((const uint8_t *)p);
	const int8x16_t as_signed = vreinterpretq_s8_u8(block);
	const uint8x16_t below = vcltq_s8(as_signed, vdupq_n_s8(' '));
	const uint8x16_t quote = vceqq_u8(block, vdupq_n_u8('"'));
	const uint8x16_t slash = vceqq_u8(block, vdupq_n_u8('\\'));

	return ab_json_first_set(vorrq_u8(below, vorrq_u8(quote, slash)));
}

static inline unsigned
ab_json_digit_bytes(const char *p)
{
	const uint8x16_t value = vsubq_u8(vld1q_u8((const uint8_t *)p), vdupq_n_u8('0'));

	return ab_json_first_set(vcgtq_u8(value, vdupq_n_u8(9)));
}

#else

#define AB_JSON_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Which of eight bytes are below limit (at most 0x80) or beyond ASCII: their top bit is set. A borrow
 * can only mark a byte after one that is rightly marked, and only the first counts. */
static inline uint64_t
ab_json_below(uint64_t word, unsigned limit)
{
	return ((word - AB_JSON_EACH(limit)) | word) & AB_JSON_EACH(0x80);
}

/* Eight bytes, the first one lowest. */
static inline uint64_t
ab_json_word(const char *p)
{
	uint64_t word = 0;

	for (unsigned i = 0; i < 8; i++)
		word |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return word;
}

static inline uint64_t
ab_json_special_bits(uint64_t word)
{
	return ab_json_below(word, ' ') | ab_json_below(word ^ AB_JSON_EACH('"'), 1) |
	       ab_json_below(word ^ AB_JSON_EACH('\\'), 1);
}

static inline unsigned
ab_json_plain_bytes(const char *p)
{
	unsigned at = 0;

	for (; at < AB_JSON_BLOCK; at += 8) {
		const uint64_t bits = ab_json_special_bits(ab_json_word(p + at));
		if (bits != 0)
			return at + (unsigned)__builtin_ctzll(bits) / 8;
	}
	return at;
}

static inline unsigned
ab_json_digit_bytes(const char *p)
{
	unsigned at = 0;

	while (at < AB_JSON_BLOCK && p[at] >= '0' && p[at] <= '9')
		at++;
	return at;
}

#endif

/* The rest of ab_json_scan_string. */
const char *ab_json_scan_string_rest(
    const char *p, const char *end, bool *escaped, struct ab_json_fault *fault);

/* From the byte after the opening quote to the closing quote, which is returned; NULL if there is
 * none or if what comes before it is not valid. Sets *escaped if a backslash was met. */
static inline const char *
ab_json_scan_string(const char *p, const char *end, bool *escaped, struct ab_json_fault *fault)
{
	if (end - p >= AB_JSON_BLOCK) {
		p += ab_json_plain_bytes(p);
		if (p < end && *p == '"')
			return p;
	}
	return ab_json_scan_string_rest(p, end, escaped, fault);
}

/* From the first byte of a number to the byte after it; NULL if it breaks the grammar. */
const char *ab_json_scan_number(const char *p, const char *end, struct ab_json_fault *fault);

/* Bytes of the UTF-8 sequence at p, 2 to 4; 0 if there is no valid one beyond ASCII. */
unsigned ab_json_utf8_bytes(const char *p, const char *end);

/* The character at p in the inside of a valid JSON string, escaped or not, and past it. A lone
 * surrogate is returned as it is. */
const char *ab_json_decode(const char *p, const char *end, uint32_t *character);

/* Writes a character as UTF-8 and returns the number of bytes, 1 to 4. */
unsigned ab_json_encode_utf8(char bytes[4], uint32_t character);

#endif
