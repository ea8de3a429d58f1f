/*
 * singer_message.h: the dialect of a Singer stream: a line as one message.
 *
 * Rules: the Singer specification 0.3.0 (singer-io/getting-started, docs/SPEC.md), and
 * singer-python's messages.py for `version` and ACTIVATE_VERSION. Types are compared without regard
 * to case. A RECORD becomes an AB_MESSAGE_RECORD whose emitted_at is time_extracted, its `version`
 * is not looked at; a STATE one of all streams, whose text is that of `value`; a SCHEMA one with
 * its whole line in raw, for singer_schema.h. BATCH, which says that records lie in files, is
 * refused: ignoring it would lose them.
 */
#ifndef AB_SINGER_MESSAGE_H
#define AB_SINGER_MESSAGE_H

#include "message.h"

/* Its parse fails on what is not valid JSON (a RECORD may hold NaN and infinities, see json.h), is
 * no object, has no type, lacks what its type requires, or is a BATCH. */
extern const struct ab_dialect ab_singer_dialect;

#endif
