/*
 * key_space.h: streams that write the same objects (ab_stream.key_space): their sealed batches
 * stand in one queue, and are sealed in the order of the records of each key.
 */
#ifndef AB_KEY_SPACE_H
#define AB_KEY_SPACE_H

#include "flow.h"

/* A stream is begun, and nothing of it waits: where its batches are to wait. */
void ab_key_space_join(struct ab_sync *sync, struct ab_flow *flow);

/* Whether the record being appended to the open batch may be committed there. If not, the batch is
 * not empty, and is to be sealed; the record is for the next. */
bool ab_key_space_admits(struct ab_sync *sync, struct ab_flow *flow);

/* No batch of the queue is open, or its streams are not several any more: frees its index. */
void ab_key_space_forget(struct ab_sync *sync, struct ab_queue *queue);

/* Seals what has to be sealed before the open batch. */
void ab_key_space_seal_before(struct ab_sync *sync, const struct ab_flow *flow);

/* After all batches are gone. */
void ab_key_space_release(struct ab_sync *sync);

#endif
