/*
 * utf8.h: one character of UTF-8 at a time (RFC 3629: no overlong form, no surrogate, nothing
 * beyond U+10FFFF).
 */
#ifndef AB_UTF8_H
#define AB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AB_UTF8_REPLACEMENT 0xFFFD

/* Whether it is half of a pair of UTF-16, and no character. */
static inline bool
ab_utf8_is_surrogate(uint32_t character)
{
	return character >= 0xD800 && character <= 0xDFFF;
}

/* Bytes of the sequence at p, 2 to 4, read up to but not at end; 0 if there is no valid one beyond
 * ASCII. */
unsigned ab_utf8_bytes(const char *p, const char *end);

/* The character of a valid sequence of so many bytes. */
uint32_t ab_utf8_decode(const char *p, unsigned bytes);

/* Writes a character, which may be ASCII, and returns the number of bytes, 1 to 4. */
unsigned ab_utf8_encode(char bytes[4], uint32_t character);

/* Makes len bytes fit to be shown in one line, length for length: controls (of ASCII, and U+0080 to
 * U+009F) and what Unicode takes for the end of a line become blanks, bytes that are no UTF-8
 * question marks. */
void ab_utf8_print(char *text, size_t len);

#endif
