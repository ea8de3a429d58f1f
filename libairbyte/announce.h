/*
 * announce.h: streams that are announced in the input, anew or changed, and what goes with that.
 */
#ifndef AB_ANNOUNCE_H
#define AB_ANNOUNCE_H

#include "flow.h"

/* Takes a SCHEMA. The stream may be begun, and input be taken again, only later. */
AB_MUST_CHECK int ab_announce_stream(
    struct ab_sync *sync, const struct ab_message *message, struct ab_error *err);

/* A stream has ended as it was, for a SCHEMA that changes it: whether it is not through yet, as it
 * begins anew, or is to end once more because the connector refused the change. */
bool ab_announce_change(struct ab_sync *sync, struct ab_flow *flow);

/* Refuses a record without one of its stream's keys; warns of deletions that cannot be. */
AB_MUST_CHECK int ab_announce_check(struct ab_sync *sync, const struct ab_flow *flow,
    const struct ab_message *message, struct ab_error *err);

/* Say once what becomes of such messages. */
void ab_announce_version(struct ab_sync *sync);
void ab_announce_unknown(struct ab_sync *sync, const struct ab_message *message);

#endif
