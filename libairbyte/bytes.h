/*
 * bytes.h: comparing a few bytes.
 *
 * Names of fields are a few bytes, and every record has dozens of them: there a call costs more
 * than the comparison.
 */
#ifndef AB_BYTES_H
#define AB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Whether the first and the last four of at least four bytes are the same. */
static inline bool
ab_bytes_same_ends4(const char *a, const char *b, size_t len)
{
	uint32_t x[2];
	uint32_t y[2];

	memcpy(&x[0], a, 4);
	memcpy(&x[1], a + len - 4, 4);
	memcpy(&y[0], b, 4);
	memcpy(&y[1], b + len - 4, 4);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* The same of eight. */
static inline bool
ab_bytes_same_ends8(const char *a, const char *b, size_t len)
{
	uint64_t x[2];
	uint64_t y[2];

	memcpy(&x[0], a, 8);
	memcpy(&x[1], a + len - 8, 8);
	memcpy(&y[0], b, 8);
	memcpy(&y[1], b + len - 8, 8);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* Whether len bytes are the same. */
static inline bool
ab_bytes_same(const char *a, const char *b, size_t len)
{
	if (len < 4)
		return len == 0 ||
		       (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
	if (len <= 8)
		return ab_bytes_same_ends4(a, b, len);
	if (len <= 16)
		return ab_bytes_same_ends8(a, b, len);
	return memcmp(a, b, len) == 0;
}

#endif
