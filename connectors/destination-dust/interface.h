/*
 * interface.h: the connector as the library sees it: which part answers which call.
 */
#ifndef DUST_INTERFACE_H
#define DUST_INTERFACE_H

#include "destination.h"

/* main.c hands it to the library. */
extern const struct ab_destination dust_destination;

#endif
