/*
 * ledger.h: which records are safe, and so which states may leave. The only place that lets a state
 * go.
 *
 * Each record of a stream has an ordinal, 1, 2, 3, ... A state remembers at its arrival how many
 * records its stream (GLOBAL, LEGACY and unknown streams: every stream) had received. It may leave
 * once the unbroken run of done records has reached that count for each of them, the streams
 * concerned are not withheld, and every earlier state of its scope has left. Scopes: each stream's
 * STREAM states; all others together. (Airbyte protocol, "State": returned in order, and only when
 * all before it is written.)
 *
 *   per stream, always: received >= done run >= what the last state that left stands for
 *
 * A state leaves with {"recordCount":N.0,"rejectedRecordCount":M.0} as its destinationStats
 * (state_text.h), where N + M records came since the previous state of the scope and M is left out
 * when it is 0. A bare state leaves without.
 *
 * What is kept of a state that waits is 48 bytes besides its text, and for a state of all streams
 * 16 more for each stream with records that came since the previous one and are not done.
 */
#ifndef AB_LEDGER_H
#define AB_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"
#include "state_text.h"

struct ab_ledger;

struct ab_ledger *ab_ledger_new(size_t streams);
void ab_ledger_free(struct ab_ledger *ledger);

/* One more stream, whose index is how many there were. */
void ab_ledger_add(struct ab_ledger *ledger);

/* A record of the stream arrived: its ordinal. */
uint64_t ab_ledger_record(struct ab_ledger *ledger, size_t stream);

/* The records first to last (inclusive; none if last < first) are durable, or rejected for good.
 * Ranges may come in any order and may overlap. */
void ab_ledger_done(struct ab_ledger *ledger, size_t stream, uint64_t first, uint64_t last);

/* One record was rejected: it is counted in the states that follow it, of its stream and of all
 * streams. Call it before the record is done; once per record. */
void ab_ledger_rejected(struct ab_ledger *ledger, size_t stream, uint64_t ordinal);
uint64_t ab_ledger_rejected_total(const struct ab_ledger *ledger, size_t stream);

/* While a stream is withheld, neither its states nor those of all streams leave. */
void ab_ledger_withhold(struct ab_ledger *ledger, size_t stream, bool withheld);

/* Scope of a state. */
#define AB_LEDGER_ALL ((size_t)-1)     /* GLOBAL or LEGACY */
#define AB_LEDGER_FOREIGN ((size_t)-2) /* a stream that is not in the catalog: counts are 0 */

/* A state arrived; the text is copied. *since receives how many records came since the previous
 * state of the scope (to compare with sourceStats.recordCount), 0 for AB_LEDGER_FOREIGN. Fails when
 * TMPDIR is full, or when what is kept of those that wait, without their texts, passes 16 MiB. */
AB_MUST_CHECK int ab_ledger_state(struct ab_ledger *ledger, size_t scope,
    const struct ab_state_text *text, uint64_t *since, struct ab_error *err);

/* Appends the next state that may leave to line (without newline) and forgets it: returns 1.
 * Returns 0 if there is none, -1 if its text could not be read back or line has no room. Costs next
 * to nothing when nothing changed since it last returned 0. */
AB_MUST_CHECK int ab_ledger_release(
    struct ab_ledger *ledger, struct ab_buf *line, struct ab_error *err);

/* States that arrived and did not leave, and their memory in bytes. */
size_t ab_ledger_waiting(const struct ab_ledger *ledger);
size_t ab_ledger_bytes(const struct ab_ledger *ledger);

#endif
