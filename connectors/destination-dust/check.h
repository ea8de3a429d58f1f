/*
 * check.h: `check`: which field of the configuration is wrong, and whether we may write.
 */
#ifndef DUST_CHECK_H
#define DUST_CHECK_H

#include "dust.h"

enum ab_ask dust_check_request(
    struct dust *dust, struct ab_exchange *x, struct ab_request *out, struct ab_error *err);
enum ab_verdict dust_check_response(
    struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err);

#endif
