/*
 * deliver.h: which exchange of a running sync starts next.
 */
#ifndef AB_DELIVER_H
#define AB_DELIVER_H

#include "flow.h"

/* Starts the begins, batches and ends that may start; of batches those that were sealed first, up
 * to limits.in_flight. A stream of which all has come is sealed, read back from the spool, and
 * ended; after a failure every stream that was begun is ended as not complete. */
void ab_deliver(struct ab_sync *sync);

#endif
