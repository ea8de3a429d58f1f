/*
 * namesakes.h: the step NAMESAKES: datasets that are called as ours would be and have no tag of
 * ours: a push created one, and its reply was lost, or its run died before the tag was on it.
 *
 * In a begin: exactly one, not older than the tag, with no more rows than a push, is adopted:
 * NAMESAKE asks for its columns, and the first push replaces what is in it. In a batch, after a
 * create whose reply was lost: the newest that came to be since is adopted; if it has the rows of
 * the batch the push arrived, else it is replaced; if there is none, also a little later, it is
 * created again.
 */
#ifndef LUZMO_NAMESAKES_H
#define LUZMO_NAMESAKES_H

#include "luzmo.h"

/* For the steps NAMESAKES and NAMESAKE. */
enum ab_ask luzmo_namesakes_request(
    const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict luzmo_namesakes_response(const struct luzmo *luzmo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

#endif
