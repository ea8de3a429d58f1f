/*
 * reject.h: records the service cannot take: counted, reported, and kept in a file if one is named.
 *
 * The file gets one JSON line per record: {"stream","namespace","record","reason","data"}, where
 * data is the record as it came, but NaN and infinities are strings ("NaN"). The file is appended
 * to, and on disk before any state that counts a record of it leaves.
 */
#ifndef AB_REJECT_H
#define AB_REJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog.h"
#include "error.h"
#include "json.h"

struct ab_reject;

/* path NULL or "": no file. */
AB_MUST_CHECK int ab_reject_open(struct ab_reject **reject, const char *path, struct ab_error *err);
void ab_reject_close(struct ab_reject *reject);

/* Whether raw records are needed. */
bool ab_reject_wants_records(const struct ab_reject *reject);

/* Reports one record: the first few of a run as WARN lines, all of them in the file. */
AB_MUST_CHECK int ab_reject_record(struct ab_reject *reject, const struct ab_stream *stream,
    uint64_t ordinal, const char *reason, struct ab_view record, struct ab_error *err);

/* Waits until all lines are on disk; cheap when there is nothing new. Once a line could not be kept
 * it fails for ever: no state may leave any more. */
AB_MUST_CHECK int ab_reject_sync(struct ab_reject *reject, struct ab_error *err);

#endif
