/*
 * slug.h: pure: names as Dust keeps them.
 *
 * Dust admits column names of [a-z0-9_] only, and reads a table's header with a rule of its own
 * that changes many of them once more. A name that the rule leaves alone is sent, so that what is
 * sent is what is stored.
 */
#ifndef DUST_SLUG_H
#define DUST_SLUG_H

#include <stddef.h>

#include "buf.h"

/* Longest column name and table name made here, in bytes; a longer one is cut. Dust takes columns
 * of up to 1024 bytes. */
#define DUST_COLUMN_MAX 1000
#define DUST_TABLE_MAX 100

/*
 * Appends the column name of a field (UTF-8): Dust's rule applied until it changes nothing more.
 * NFKD, accents dropped, `_` between a lower-case letter and a capital or digit, lower case,
 * trimmed, all that is not [a-z0-9_] and runs of `_` to one `_`. Nothing is appended for a name of
 * blanks only.
 */
void dust_slug(struct ab_buf *out, const char *bytes, size_t len);

/* Appends the name of a table: NFKD, accents dropped, lower case, all that is not [a-z0-9_] and
 * runs of `_` to one `_`. */
void dust_slug_table(struct ab_buf *out, const char *bytes, size_t len);

/*
 * Makes a name different from others: what stands in `name` from start on, cut to max bytes in all,
 * gets `_` and eight decimal digits of the SHA-256 of seed and attempt. Digits, because the rule
 * above puts a `_` between a letter and a digit, and a name that ends in `_12345678` it leaves
 * alone.
 */
void dust_slug_suffix(struct ab_buf *name, size_t start, size_t max, const char *seed,
    size_t seed_len, unsigned attempt);

#endif
