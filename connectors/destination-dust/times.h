/*
 * times.h: pure: a document's timestamp.
 */
#ifndef DUST_TIMES_H
#define DUST_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog.h"
#include "fields.h"

/*
 * What to send for a moment. Dust takes numbers below 1e10 for seconds, and a negative one for
 * "now": early moments are sent in seconds, those before 1970 as 0.
 */
int64_t dust_time_send(int64_t ms);

/*
 * The value of a field as what to send: a text that ab_datetime_parse reads, or an integer, which
 * Dust reads as seconds or milliseconds by its size. Returns false if it is neither.
 */
bool dust_time_of_field(struct dust_field field, struct ab_buf *room, int64_t *value);

/* Whether the stream's schema says that the field at this path is a date or a date-time. */
bool dust_time_declared(const struct cJSON *schema, const struct ab_path *path);

#endif
