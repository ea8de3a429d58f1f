/*
 * queue.h: the batches of a running sync in the order in which they are to leave: those that are
 * open, by their first record, and those that are sealed, in the queue of their stream or key space
 * (struct ab_queue).
 *
 * A queue owns the batches in it. They count as memory (ab_flow_charge) wherever they are.
 */
#ifndef AB_QUEUE_H
#define AB_QUEUE_H

#include "flow.h"

/* The first record of an open batch is about to come; it is open no more. */
void ab_queue_open(struct ab_sync *sync, struct ab_batch *batch);
void ab_queue_close(struct ab_sync *sync, struct ab_batch *batch);

/* Appends a sealed batch to its queue, with the next sequence. */
void ab_queue_put(struct ab_sync *sync, struct ab_batch *batch);

/* Puts what was taken, or part of it, where its sequence says: before an equal one. */
void ab_queue_put_back(struct ab_sync *sync, struct ab_batch *batch);

/* Takes the first batch of a queue that has one; the caller's. */
struct ab_batch *ab_queue_take(struct ab_sync *sync, struct ab_queue *queue);

/* Frees the open batch of a stream, and all that its queue holds. */
void ab_queue_drop(struct ab_sync *sync, struct ab_flow *flow);

#endif
