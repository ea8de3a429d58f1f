/*
 * tempfile.h: an unlinked file in TMPDIR (else /tmp), written and read at offsets.
 *
 * It has no name, so nothing is left behind however the process ends.
 */
#ifndef AB_TEMPFILE_H
#define AB_TEMPFILE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct ab_tempfile {
	int fd;          /* -1 until the first write */
	char *directory; /* for messages */
	uint64_t end;    /* after the last byte ever written */
};

void ab_tempfile_init(struct ab_tempfile *file);
void ab_tempfile_release(struct ab_tempfile *file);

/* Writes all len bytes at an offset; the first call makes the file. A full disk is an
 * AB_SYSTEM_ERROR that names the directory and how much it took before. */
AB_MUST_CHECK int ab_tempfile_write(
    struct ab_tempfile *file, const void *bytes, size_t len, uint64_t offset, struct ab_error *err);

/* Reads all len bytes at an offset; fewer there are an error. */
AB_MUST_CHECK int ab_tempfile_read(
    const struct ab_tempfile *file, void *bytes, size_t len, uint64_t offset, struct ab_error *err);

#endif
