/*
 * settle.h: what the end of an exchange means for its stream, its batch and the ledger. Decided
 * here and nowhere else.
 */
#ifndef AB_SETTLE_H
#define AB_SETTLE_H

#include "flow.h"

/* Takes the exchanges that ended, and frees their batches, or puts them back into their queues;
 * returns whether there was one. The first that failed is the run's failure. */
bool ab_settle(struct ab_sync *sync);

/* Counts a record as rejected and reports it; record is its text, empty if it was not kept. */
void ab_settle_reject(struct ab_sync *sync, struct ab_flow *flow, uint64_t ordinal,
    const char *reason, struct ab_view record);

#endif
