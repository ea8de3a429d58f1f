/*
 * value.h: pure: a value of a record as Pendo's type wants it.
 *
 *   text      texts as they are spelt; numbers and booleans as their text; lists and objects as
 *             their compact JSON
 *   boolean   true, false; 1, 0, also as texts; the texts "true" and "false" in any case, "t", "f"
 *   integer   a whole number of 64 bits, however it is spelt (1000, 1000.0, 1e3), also as a text;
 *             written with its digits only
 *   float     a number, digit for digit, also as a text
 *   time      RFC 3339 in UTC with milliseconds, from all that ab_datetime_parse reads
 *   list      a list as it is
 *   anything  as it is
 *
 * Numbers never go through a floating-point number. Bare NaN and infinities, which JSON lacks, are
 * texts. What a type does not take is found out here, since Pendo may refuse a whole call for it.
 */
#ifndef PENDO_VALUE_H
#define PENDO_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "kinds.h"

/* Appends a value that pendo_value_is_null is false for. False, with anything appended, if the type
 * does not take it. room is scratch. */
bool pendo_value_put(struct ab_buf *out, enum pendo_type type, const struct ab_json *json,
    uint32_t node, struct ab_buf *room);

/* A null, or an empty text where the type is none: so sources without nulls write it. */
bool pendo_value_is_null(enum pendo_type type, const struct ab_json *json, uint32_t node);

#endif
