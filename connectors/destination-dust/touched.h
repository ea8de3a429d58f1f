/*
 * touched.h: the ids of documents that this run wrote or deleted.
 *
 * The list of documents may lag, so what it says about these is not to be relied upon. A set of
 * fixed size: it never forgets an id, and takes few others for one of its own (one in 1,800
 * after 100,000 ids, one in 22 after a million). Such a document is written although it did not
 * change, which costs a request and harms nothing.
 */
#ifndef DUST_TOUCHED_H
#define DUST_TOUCHED_H

#include <stdbool.h>
#include <stddef.h>

/* Two of these stand for an id: 1 MiB in all. */
#define DUST_TOUCHED_BITS ((size_t)8 << 20)

/* All zeroes is an empty set. */
struct dust_touched {
	unsigned char *bits; /* NULL until the first id */
};

void dust_touched_release(struct dust_touched *touched);
void dust_touched_add(struct dust_touched *touched, const char *id, size_t len);
bool dust_touched_has(const struct dust_touched *touched, const char *id, size_t len);

#endif
