/*
 * known.h: a large set of ids, as 64-bit hashes: those that a sweep must leave alone.
 *
 * A sorted part without repetitions, then the latest ones as they came. The lowest bit of a hash
 * says that this copy was forgotten. An id is in the set if any copy of it was not: forgetting
 * marks all copies there are, adding makes a new one, so no order has to be remembered.
 */
#ifndef DUST_KNOWN_H
#define DUST_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The unsorted part is sorted in when it is longer than this and a quarter of the sorted part. */
#define DUST_KNOWN_TAIL 65536

/* All zeroes is an empty set. */
struct dust_known {
	uint64_t *hashes;
	size_t sorted; /* how many of them are the sorted part */
	size_t count;
	size_t cap; /* never more than the limit */
};

void dust_known_release(struct dust_known *known);

/* Returns false if there would be more than limit different ids. */
bool dust_known_add(struct dust_known *known, const char *id, size_t len, size_t limit);

void dust_known_forget(struct dust_known *known, const char *id, size_t len);

/* Sorts first, if ids were added. */
bool dust_known_has(struct dust_known *known, const char *id, size_t len);

#endif
