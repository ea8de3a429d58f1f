/*
 * row.h: pure: a record as an item of a bulk call, `{"visitorId":"42","values":{"plan":"pro"}},`.
 *
 * A record is rejected, and never sent, if
 *   - it has no id: the id is any text, number or boolean, sent as a text
 *   - its id holds half of a surrogate pair or a NUL: what Pendo answers about it could not be
 *     read, or be taken for an answer about another
 *   - it stands for a deletion (_ab_cdc_deleted_at or _sdc_deleted_at is not null). Pendo can
 *     delete nothing here, and to take such a record for an update would bring back what is gone.
 *     As rejected it is counted, named, and kept in the reject file: nothing is lost silently
 *   - a value does not fit the type of its field
 *   - it alone is larger than a call may be, batch_bytes
 *   - it has a field that Pendo lacks, and on_unmapped_field says so: one that is mapped to such a
 *     field, or, where fields go by their names, one whose name Pendo does not know. One whose
 *     place another is mapped to is left out on purpose
 *
 * The id is the ordering key: of several records with one id in a batch the last is sent. But a
 * record leaves alone what it does not name, also what is null where nulls are omitted, so an
 * earlier one may set what the last does not. Where that could be (the last lacks a field that any
 * record of the batch has) it asks for the next batch: both are sent, one after the other. Records
 * that have the same fields, as those of most streams do, share a batch.
 */
#ifndef PENDO_ROW_H
#define PENDO_ROW_H

#include "pendo.h"

enum ab_taken pendo_row_put(const struct pendo *pendo, struct ab_batch *batch,
    const struct ab_record *record, struct ab_error *err);

#endif
