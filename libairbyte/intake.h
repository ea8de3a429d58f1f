/*
 * intake.h: lines of the input to records, states and streams of a running sync.
 */
#ifndef AB_INTAKE_H
#define AB_INTAKE_H

#include "flow.h"

/* Takes the lines at hand, as long as there is room for what they hold. */
void ab_intake_take(struct ab_sync *sync);

/* Reads once from the input, which may wait for it, and takes what came; after a failure what came
 * is dropped. */
void ab_intake_fill(struct ab_sync *sync);

/* A line of the input cannot be taken for this cause: nothing after it is, and the run will fail
 * once what came before it is delivered. */
void ab_intake_refuse(struct ab_sync *sync, uint64_t line, const struct ab_error *cause);

#endif
