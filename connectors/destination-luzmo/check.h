/*
 * check.h: does Luzmo know the key and the token? Stores nothing.
 */
#ifndef LUZMO_CHECK_H
#define LUZMO_CHECK_H

#include "luzmo.h"

enum ab_ask luzmo_check_request(const struct luzmo *luzmo, struct ab_request *out);
enum ab_verdict luzmo_check_response(const struct luzmo *luzmo, const struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

#endif
