/*
 * datetime.h: dates and date-times as text, in the Gregorian calendar, also before it was made.
 */
#ifndef AB_DATETIME_H
#define AB_DATETIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * A date (2024-02-29) or date-time (RFC 3339, a space or T before the time, seconds and their
 * fraction optional, a comma or a point before the fraction, a space before the zone allowed, zone
 * Z, +hh:mm, +hhmm, +hh or none for UTC) to milliseconds since 1970, rounded down. White space and
 * controls around it are ignored. Returns false, and leaves *ms alone, if the text is anything
 * else.
 */
bool ab_datetime_parse(const char *text, size_t len, int64_t *ms);

#define AB_DATETIME_BYTES 24

/*
 * Appends a moment in milliseconds since 1970 as "2024-02-29T12:34:56.789Z": always
 * AB_DATETIME_BYTES bytes. Returns false, and adds nothing, if its year is not one of 0000 to 9999.
 */
bool ab_datetime_put(struct ab_buf *out, int64_t ms);

#endif
