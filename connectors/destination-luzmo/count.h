/*
 * count.h: the step COUNT: what a dataset's row count says about pushes whose replies were lost.
 *
 * In a batch, after such an append: did it arrive? If the count does not say so, it is looked at
 * once more a little later, since reads may lag behind writes; then the rows are sent again. At the
 * end of a stream that had such pushes, also replaces: do the rows add up? Luzmo may have carried
 * one out late. An overwrite whose rows do not add up fails, so that it is done again.
 */
#ifndef LUZMO_COUNT_H
#define LUZMO_COUNT_H

#include "luzmo.h"

enum ab_ask luzmo_count_request(
    const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict luzmo_count_response(const struct luzmo *luzmo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

/* Looks before something is given up, some seconds apart: reads may lag behind writes. */
enum luzmo_looks {
	LUZMO_LOOKS = 2,      /* for what a push did; those who know Luzmo wait so long */
	LUZMO_LOOKS_LONG = 4, /* where a mistake would lose rows or fail the run */
};

/* What was written (rows, a dataset, columns, tags; what calls it) is not to be seen: AB_WAIT to
 * look again later, or AB_DONE after so many looks. */
enum ab_verdict luzmo_look_later(
    struct ab_exchange *x, enum luzmo_looks most, const char *what, struct ab_error *err);

#endif
