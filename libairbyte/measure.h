/*
 * measure.h: metrics of a Singer target; nothing in the other protocol.
 */
#ifndef AB_MEASURE_H
#define AB_MEASURE_H

#include "flow.h"

void ab_measure_start(struct ab_sync *sync);

/* Writes what is due. */
void ab_measure(struct ab_sync *sync);

/* When something is due next; INT64_MAX: nothing will be. */
int64_t ab_measure_deadline(const struct ab_sync *sync);

/* Writes the last counts. */
void ab_measure_end(struct ab_sync *sync);

#endif
