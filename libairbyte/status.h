/*
 * status.h: which streams are complete, by their STREAM_STATUS messages.
 */
#ifndef AB_STATUS_H
#define AB_STATUS_H

#include "flow.h"

void ab_status_start(struct ab_sync *sync);
void ab_status_end(struct ab_sync *sync);

/* Takes a STREAM_STATUS; flow is that of its stream, NULL if the catalog lacks it. */
void ab_status_take(struct ab_sync *sync, struct ab_flow *flow, const struct ab_message *message);

/* Whether a stream is complete by what came until now. */
bool ab_status_complete(const struct ab_sync *sync, const struct ab_flow *flow);

#endif
