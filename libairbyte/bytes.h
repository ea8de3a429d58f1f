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

/* Whether the first and the last count of len bytes are the same, which may overlap; count is 4 or
 * 8, and a constant where it is called, so that each copy is one instruction. */
static inline bool
ab_bytes_same_ends(const char *a, const char *b, size_t len, size_t count)
{
	uint64_t x[2] = {0};
	uint64_t y[2] = {0};

	memcpy(&x[0], a, count);
	memcpy(&x[1], a + len - count, count);
	memcpy(&y[0], b, count);
	memcpy(&y[1], b + len - count, count);
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
		return ab_bytes_same_ends(a, b, len, 4);
	if (len <= 16)
		return ab_bytes_same_ends(a, b, len, 8);
	return memcmp(a, b, len) == 0;
}

#endif
