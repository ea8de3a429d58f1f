#include "done.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

enum { FIRST_RANGES = 8 };

struct ab_done_range {
	uint64_t first;
	uint64_t last;
};

void
ab_done_init(struct ab_done *done, size_t *bytes)
{
	*done = (struct ab_done){.run = 0};
	done->bytes = bytes;
}

void
ab_done_release(struct ab_done *done)
{
	free(done->ranges);
	*done->bytes -= done->cap * sizeof(done->ranges[0]);
	ab_done_init(done, done->bytes);
}

/* The number of ranges that end before ordinal - 1: neither touching it nor beyond. */
static size_t
ranges_before(const struct ab_done *done, uint64_t ordinal)
{
	size_t low = 0;
	size_t high = done->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (done->ranges[middle].last + 1 < ordinal)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Puts a range into the list in place of those it touches, which it takes in. */
static void
add_range(struct ab_done *done, struct ab_done_range range)
{
	const size_t from = ranges_before(done, range.first);
	size_t to = from;

	for (; to < done->count && done->ranges[to].first <= range.last + 1; to++) {
		if (done->ranges[to].first < range.first)
			range.first = done->ranges[to].first;
		if (done->ranges[to].last > range.last)
			range.last = done->ranges[to].last;
	}
	if (done->count == done->cap) {
		const size_t cap = done->cap > 0 ? done->cap * 2 : FIRST_RANGES;
		done->ranges = ab_realloc(done->ranges, cap * sizeof(range));
		*done->bytes += (cap - done->cap) * sizeof(range);
		done->cap = cap;
	}
	memmove(&done->ranges[from + 1], &done->ranges[to], (done->count - to) * sizeof(range));
	done->ranges[from] = range;
	done->count = done->count - (to - from) + 1;
}

bool
ab_done_add(struct ab_done *done, uint64_t first, uint64_t last)
{
	assert(first > 0);
	if (last < first || last <= done->run)
		return false;
	add_range(done, (struct ab_done_range){first, last});
	if (done->ranges[0].first > done->run + 1)
		return false;
	done->run = done->ranges[0].last;
	done->count--;
	memmove(&done->ranges[0], &done->ranges[1], done->count * sizeof(done->ranges[0]));
	return true;
}
