/*
 * done.h: which records of a stream are done, by their ordinals: an unbroken run from the first,
 * and ranges beyond it.
 *
 * What waits for a gap to be filled is one range for each run of records that touch, however many
 * calls told of them.
 */
#ifndef AB_DONE_H
#define AB_DONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ab_done_range;

struct ab_done {
	uint64_t run;                 /* the records 1 to run are done; 0: the first is not */
	struct ab_done_range *ranges; /* beyond it, ascending, neither touching nor overlapping */
	size_t count;
	size_t cap;
	size_t *bytes; /* the owner's count */
};

/* *bytes must outlive it; the memory of the ranges is added to it. */
void ab_done_init(struct ab_done *done, size_t *bytes);
void ab_done_release(struct ab_done *done);

/* The records first (1 at least) to last are done; there are none if last < first. Ranges may come
 * in any order and may overlap. Returns whether the run is longer now. */
bool ab_done_add(struct ab_done *done, uint64_t first, uint64_t last);

#endif
