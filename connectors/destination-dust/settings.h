/*
 * settings.h: the configuration as the connector needs it: addresses, paths, limits.
 */
#ifndef DUST_SETTINGS_H
#define DUST_SETTINGS_H

#include "dust.h"

/* Fills what struct dust has of the configuration, whose strings must outlive it. */
AB_MUST_CHECK int dust_settings_read(
    struct dust *dust, const struct ab_config *config, struct ab_error *err);

/* Also after a read that failed. */
void dust_settings_release(struct dust *dust);

/* What the API dictates. */
void dust_settings_limits(
    const struct dust *dust, const struct ab_config *config, struct ab_limits *limits);

#endif
