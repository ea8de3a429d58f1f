/*
 * settings.h: the configuration, and what Luzmo's limits ask of the library.
 */
#ifndef LUZMO_SETTINGS_H
#define LUZMO_SETTINGS_H

#include "luzmo.h"

/* On failure what was filled is for luzmo_settings_release all the same. */
AB_MUST_CHECK int luzmo_settings_read(
    struct luzmo *luzmo, const struct ab_config *config, struct ab_error *err);
void luzmo_settings_release(struct luzmo *luzmo);

void luzmo_settings_limits(const struct luzmo *luzmo, struct ab_limits *limits);

#endif
