/*
 * singer.h: the Singer front end: a destination called by the name of a target reads a Singer
 * stream from stdin, and prints the states that are safe.
 *
 * Each STATE leaves as the bare JSON of its value, one line, once every record before it is
 * accepted by the service or rejected for good; so the last line of the output is always a state to
 * resume from. A record of a stream with key_properties replaces the one with its key where the
 * destination supports append_dedup; else it is appended.
 */
#ifndef AB_SINGER_H
#define AB_SINGER_H

#include <stdbool.h>

#include "destination.h"

/* Streams of one run. */
#define AB_SINGER_STREAMS_MAX ((size_t)10000)

/* Whether a program of this path is a target: its name begins with "target-". NULL is none. */
bool ab_singer_is_target(const char *path);

/* main() of a target. Returns the exit code: 0 if every record and state is settled, 1 after a
 * CRITICAL line, 2 if the command line is wrong. */
int ab_singer_main(int argc, char *argv[], const struct ab_destination *destination);

#endif
