#include "fifo.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

enum { FIRST_ITEMS = 8, KEEP_ITEMS = 1024 };

void
ab_fifo_init(struct ab_fifo *fifo, size_t item_bytes, size_t *bytes)
{
	*fifo = (struct ab_fifo){.item_bytes = item_bytes};
	fifo->bytes = bytes;
}

void
ab_fifo_release(struct ab_fifo *fifo)
{
	free(fifo->items);
	*fifo->bytes -= fifo->cap * fifo->item_bytes;
	ab_fifo_init(fifo, fifo->item_bytes, fifo->bytes);
}

void *
ab_fifo_push(struct ab_fifo *fifo)
{
	const size_t count = ab_fifo_count(fifo);

	if (fifo->end == fifo->cap && fifo->head > fifo->cap / 2) {
		memmove(fifo->items, ab_fifo_at(fifo, 0), count * fifo->item_bytes);
		fifo->head = 0;
		fifo->end = count;
	} else if (fifo->end == fifo->cap) {
		const size_t cap = fifo->cap > 0 ? fifo->cap + fifo->cap / 2 : FIRST_ITEMS;
		fifo->items = ab_realloc(fifo->items, cap * fifo->item_bytes);
		*fifo->bytes += (cap - fifo->cap) * fifo->item_bytes;
		fifo->cap = cap;
	}
	fifo->end++;
	return ab_fifo_at(fifo, count);
}

void
ab_fifo_pop(struct ab_fifo *fifo)
{
	assert(fifo->head < fifo->end);
	if (++fifo->head < fifo->end)
		return;
	fifo->head = fifo->end = 0;
	if (fifo->cap > KEEP_ITEMS)
		ab_fifo_release(fifo);
}

size_t
ab_fifo_find(const struct ab_fifo *fifo, uint64_t least)
{
	size_t low = 0;
	size_t high = ab_fifo_count(fifo);

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const uint64_t *value = ab_fifo_at(fifo, middle);
		if (*value < least)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
