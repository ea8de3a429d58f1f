/*
 * seal.h: when an open batch is complete.
 *
 * A batch that is sealed belongs to its queue, or to the spool if its stream is held; without
 * records it is freed. If the spool cannot take it the run fails.
 */
#ifndef AB_SEAL_H
#define AB_SEAL_H

#include "flow.h"

/* Seals the open batch of a stream, if there is one, after what has to be sealed before it; and
 * alone. */
void ab_seal(struct ab_sync *sync, struct ab_flow *flow);
void ab_seal_one(struct ab_sync *sync, struct ab_flow *flow);

/* Seals the largest open batches while the open ones hold half of the memory. */
void ab_seal_largest(struct ab_sync *sync);

/* Seals what is due by age (30 s by AB_TIME_SCALE, at least 1 s), in the order in which it was
 * opened. */
void ab_seal_due(struct ab_sync *sync);

/* When the next open batch is due; INT64_MAX: none is. */
int64_t ab_seal_deadline(const struct ab_sync *sync);

#endif
