/*
 * run.h: a whole write of some lines, for tests of what happens in one. Its program has
 * fake_emit.h and fake_http.h too.
 */
#ifndef AB_RUN_H
#define AB_RUN_H

#include "sync.h"

/* Runs a write with a connector that has no self; what limits leaves open gets its default. options
 * are all but the input. Returns what ab_sync_write does; the catalog is released. */
static inline int
run_lines(const struct ab_destination *destination, struct ab_limits limits,
    struct ab_catalog *catalog, struct ab_sync_options options, const char *lines,
    struct ab_error *err)
{
	FILE *input = tmpfile();

	assert_non_null(input);
	assert_int_equal(fwrite(lines, 1, strlen(lines), input), strlen(lines));
	rewind(input);
	options.input = fileno(input);
	ab_sync_default_limits(&limits);
	const int rc = ab_sync_write(destination, NULL, &limits, catalog, &options, err);
	ab_catalog_release(catalog);
	fclose(input);
	return rc;
}

/* A response() without opinions of its own. */
static inline enum ab_verdict
run_verdict(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	(void)self;
	(void)x;
	return ab_verdict_of_status(in, err);
}

#endif
