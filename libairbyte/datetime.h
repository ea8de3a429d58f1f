/*
 * datetime.h: dates and date-times as text.
 */
#ifndef AB_DATETIME_H
#define AB_DATETIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A date (2024-02-29) or date-time (RFC 3339, a space or T before the time, seconds and their
 * fraction optional, a comma or a point before the fraction, a space before the zone allowed, zone
 * Z, +hh:mm, +hhmm, +hh or none for UTC) to milliseconds since 1970, rounded down. White space and
 * controls around it are ignored. Returns false, and leaves *ms alone, if the text is anything
 * else.
 */
bool ab_datetime_parse(const char *text, size_t len, int64_t *ms);

#endif
