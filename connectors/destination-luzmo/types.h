/*
 * types.h: columns that a push made get the types of the source's schema.
 *
 * COLUMNS asks what Luzmo made of them, TYPES changes those that are to be different, one item for
 * each. A type can be changed at any time, with effect on all data, so a change that Luzmo refuses
 * costs a warning and no data. Columns that were there before are left alone: their type may be a
 * user's choice.
 */
#ifndef LUZMO_TYPES_H
#define LUZMO_TYPES_H

#include "luzmo.h"

/* For the steps COLUMNS and TYPES. */
enum ab_ask luzmo_types_request(
    const struct luzmo *luzmo, struct ab_exchange *x, struct ab_request *out);
enum ab_verdict luzmo_types_response(const struct luzmo *luzmo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

#endif
