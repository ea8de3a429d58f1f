/*
 * digits.h: a whole number in decimal, for what is written once per record: printf would cost more
 * than all else that is done for it.
 */
#ifndef AB_DIGITS_H
#define AB_DIGITS_H

#include <stdint.h>

/* Of the longest. */
#define AB_DIGITS_MAX 20

/* Writes the digits before end, without a NUL, and returns the first. */
static inline char *
ab_digits(char *end, uint64_t value)
{
	do {
		*--end = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return end;
}

#endif
