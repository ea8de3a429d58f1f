/*
 * fifo.h: items of one size in one growing array: added at the end, taken from the front, seen
 * anywhere.
 *
 * Its memory counts where its owner says, who may have several; there is no other limit than the
 * one the owner puts on that count.
 */
#ifndef AB_FIFO_H
#define AB_FIFO_H

#include <stddef.h>
#include <stdint.h>

struct ab_fifo {
	char *items;
	size_t item_bytes;
	size_t head;
	size_t end;
	size_t cap;
	size_t *bytes; /* the owner's count */
};

/* *bytes must outlive the fifo, which adds to it what it occupies, and takes off what it frees. */
void ab_fifo_init(struct ab_fifo *fifo, size_t item_bytes, size_t *bytes);
void ab_fifo_release(struct ab_fifo *fifo);

static inline size_t
ab_fifo_count(const struct ab_fifo *fifo)
{
	return fifo->end - fifo->head;
}

/* Item i of ab_fifo_count, from 0, the oldest; until the next push or pop. */
static inline void *
ab_fifo_at(const struct ab_fifo *fifo, size_t i)
{
	return fifo->items + (fifo->head + i) * fifo->item_bytes;
}

/* One more item at the end, for the caller to fill; until the next push or pop. */
void *ab_fifo_push(struct ab_fifo *fifo);

/* Takes the oldest away; there must be one. */
void ab_fifo_pop(struct ab_fifo *fifo);

/* For items that begin with a uint64_t, ascending: the first in which it is at least so much, or
 * ab_fifo_count if there is none. */
size_t ab_fifo_find(const struct ab_fifo *fifo, uint64_t least);

#endif
