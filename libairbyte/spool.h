/*
 * spool.h: sealed batches on disk until their stream ended well.
 *
 * One unlinked file per run in TMPDIR (else /tmp), each batch compressed on its own (zstd, checked
 * by a crc32), read back in the order it was put for its stream. Nothing is left behind however the
 * process ends. Batches that come back are equal to those that went in, byte for byte, with what
 * they have put aside.
 */
#ifndef AB_SPOOL_H
#define AB_SPOOL_H

#include <stdint.h>

#include "batch.h"
#include "error.h"

struct ab_spool;

/* The file is made at the first put. */
struct ab_spool *ab_spool_new(void);
void ab_spool_free(struct ab_spool *spool);

/* Stores a sealed batch and frees it. A full disk is an AB_SYSTEM_ERROR that names the directory
 * and how much it took; the batch is freed all the same. */
AB_MUST_CHECK int ab_spool_put(
    struct ab_spool *spool, struct ab_batch *batch, struct ab_error *err);

/* The next batch of the stream, the caller's; *batch is NULL when there is none left. */
AB_MUST_CHECK int ab_spool_take(struct ab_spool *spool, struct ab_stream *stream,
    struct ab_batch **batch, struct ab_error *err);

/* Batches of this stream that were put and not taken yet. */
size_t ab_spool_waiting(const struct ab_spool *spool, const struct ab_stream *stream);

#endif
