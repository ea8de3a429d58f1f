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

/* So many at most are compared without a call. */
#define AB_BYTES_FEW ((size_t)32)

/* Whether count bytes are the same: 4, 8 or 16, a constant where it is called, so that each copy is
 * one instruction. */
static inline bool
ab_bytes_same_block(const char *a, const char *b, size_t count)
{
	uint64_t x[2] = {0};
	uint64_t y[2] = {0};

	memcpy(x, a, count);
	memcpy(y, b, count);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* The same of the first and of the last count of len bytes, which may overlap. */
static inline bool
ab_bytes_same_ends(const char *a, const char *b, size_t len, size_t count)
{
	return ab_bytes_same_block(a, b, count) &&
	       ab_bytes_same_block(a + len - count, b + len - count, count);
}

/* Whether len bytes are the same, at most AB_BYTES_FEW. */
static inline bool
ab_bytes_same_few(const char *a, const char *b, size_t len)
{
	if (len < 4)
		return len == 0 ||
		       (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
	if (len <= 8)
		return ab_bytes_same_ends(a, b, len, 4);
	if (len <= 16)
		return ab_bytes_same_ends(a, b, len, 8);
	return ab_bytes_same_ends(a, b, len, 16);
}

/* Whether len bytes are the same. */
static inline bool
ab_bytes_same(const char *a, const char *b, size_t len)
{
	return len <= AB_BYTES_FEW ? ab_bytes_same_few(a, b, len) : memcmp(a, b, len) == 0;
}

#endif
