/*
 * interface.h: the Pendo connector as the library sees it.
 */
#ifndef PENDO_INTERFACE_H
#define PENDO_INTERFACE_H

#include "destination.h"

extern const struct ab_destination pendo_destination;

#endif
