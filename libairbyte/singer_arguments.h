/*
 * singer_arguments.h: the command line of a Singer target.
 */
#ifndef AB_SINGER_ARGUMENTS_H
#define AB_SINGER_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "destination.h"
#include "error.h"

enum ab_singer_task { AB_SINGER_LOAD, AB_SINGER_TEST, AB_SINGER_ABOUT };

/* Numbers are 0 where they are not given, request_delay is -1. */
struct ab_singer_arguments {
	enum ab_singer_task task;
	const char *config;
	size_t batch_records;
	size_t batch_bytes;
	double request_delay; /* seconds */
	unsigned attempts;
	bool verbose;
	bool quiet;
};

/*
 * Reads the command line; name is the program's. Returns -1 to go on, else the exit code: 0 after
 * --help and --version, whose text is printed, 2 for what is wrong, after a sentence on stderr.
 */
int ab_singer_arguments_read(struct ab_singer_arguments *arguments, int argc, char *argv[],
    const char *name, const char *version);

/* Puts what was given into the field of the configuration of the same name, where the destination's
 * specification has one: checked with it, and bounded by what it allows. */
void ab_singer_arguments_configure(
    const struct ab_singer_arguments *arguments, struct ab_config *config);

/* Applies what has no such field to the limits that the destination set; none is exceeded: a batch
 * only becomes smaller, a pause longer. */
void ab_singer_arguments_limit(const struct ab_singer_arguments *arguments,
    const struct ab_config *config, struct ab_limits *limits);

#endif
