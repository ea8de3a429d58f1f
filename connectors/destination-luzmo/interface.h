/*
 * interface.h: the Luzmo connector as the library sees it.
 */
#ifndef LUZMO_INTERFACE_H
#define LUZMO_INTERFACE_H

#include "destination.h"

extern const struct ab_destination luzmo_destination;

#endif
