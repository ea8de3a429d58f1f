/*
 * settings.h: the configuration, and what Pendo's limits ask of the library.
 */
#ifndef PENDO_SETTINGS_H
#define PENDO_SETTINGS_H

#include "pendo.h"

/* Also fills the limits. On failure what was filled is for pendo_settings_release all the same. */
AB_MUST_CHECK int pendo_settings_read(struct pendo *pendo, struct ab_limits *limits,
    const struct ab_config *config, struct ab_error *err);
void pendo_settings_release(struct pendo *pendo);

#endif
