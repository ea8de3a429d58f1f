/*
 * rows.h: pure: a record as a row of a table, `{"row_id":"42","value":{...}},`.
 *
 * What Dust keeps as it is, is copied as it came, as long a piece at a time as possible: strings,
 * small numbers, booleans, null. Dust reads JSON numbers as doubles, so those that would lose
 * digits are sent as strings, which it reads as exact integers where they are. NaN and infinities
 * become strings, objects and lists their JSON text.
 */
#ifndef DUST_ROWS_H
#define DUST_ROWS_H

#include <stdbool.h>

#include "buf.h"
#include "columns.h"
#include "dust.h"

/* Whether a double holds the number: not beyond 2^53, at most 17 significant digits, no underflow.
 */
bool dust_number_fits(const char *text, size_t len);

/* Appends the row with a comma after it. Returns true if characters that Dust cannot store were
 * replaced by U+FFFD. */
bool dust_row_put(struct ab_buf *out, struct dust_columns *columns, const struct ab_record *record,
    struct ab_view row_id);

#endif
