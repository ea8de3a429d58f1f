/*
 * interrupt.h: a signal that asks for the end of a running sync, and makes it a failure.
 */
#ifndef AB_INTERRUPT_H
#define AB_INTERRUPT_H

#include "flow.h"

/* From now on the first signal is kept (process.h). */
void ab_interrupt_start(struct ab_sync *sync);

/* Begins the end if a signal came, and gives up what is in flight once its time is over. */
void ab_interrupt_heed(struct ab_sync *sync);

bool ab_interrupt_came(const struct ab_sync *sync);

#endif
