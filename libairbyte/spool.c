/*
 * In the file a batch is a struct header and then one zstd frame of its entries, keys, records,
 * reasons and body. The header is written last, when the length of the frame is known. What a batch
 * has put aside follows it as another.
 */
#include "spool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h> /* crc32 */
#include <zstd.h>

#include "alloc.h"
#include "catalog.h"
#include "tempfile.h"

enum { CHUNK_BYTES = 128 << 10, PLACES_FIRST = 8, PARTS = 5 };

struct header {
	uint64_t first;
	uint64_t last;
	uint64_t count;
	int64_t opened_ms;
	uint64_t body_limit;
	uint64_t keys_len;
	uint64_t records_len;
	uint64_t reasons_len;
	uint64_t body_len;
	uint64_t stored; /* bytes of the frame that follows */
	uint64_t older;  /* batches behind that, which belong to this one: 0 or 1 */
	uint32_t stored_crc;
	uint32_t crc; /* of the header up to here */
};

/* Of the batches of one stream: where their headers are. */
struct places {
	uint64_t *headers;
	size_t taken;
	size_t count;
	size_t cap;
};

struct ab_spool {
	struct ab_tempfile file;
	struct places *places; /* by stream */
	size_t streams;
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	unsigned char *chunk;
	ZSTD_outBuffer out; /* to chunk */
	ZSTD_inBuffer in;   /* from chunk */
};

/* A piece of memory that is written or filled. */
struct part {
	void *data;
	size_t len;
};

struct ab_spool *
ab_spool_new(void)
{
	struct ab_spool *spool = ab_calloc(1, sizeof(*spool));

	ab_tempfile_init(&spool->file);
	return spool;
}

void
ab_spool_free(struct ab_spool *spool)
{
	if (spool == NULL)
		return;
	for (size_t i = 0; i < spool->streams; i++)
		free(spool->places[i].headers);
	ZSTD_freeCCtx(spool->compressor);
	ZSTD_freeDCtx(spool->decompressor);
	free(spool->chunk);
	free(spool->places);
	ab_tempfile_release(&spool->file);
	free(spool);
}

/* Those of a stream; made, with those before it, if they are not there yet. */
static struct places *
places_of(struct ab_spool *spool, const struct ab_stream *stream)
{
	if (stream->index >= spool->streams) {
		const size_t streams = (stream->index + 1) * 2;
		spool->places = ab_realloc(spool->places, streams * sizeof(spool->places[0]));
		for (size_t i = spool->streams; i < streams; i++)
			spool->places[i] = (struct places){.count = 0};
		spool->streams = streams;
	}
	return &spool->places[stream->index];
}

static uint32_t
header_crc(const struct header *header)
{
	return (uint32_t)crc32(0, (const unsigned char *)header, offsetof(struct header, crc));
}

static void
parts_of(const struct ab_batch *batch, struct part parts[PARTS])
{
	parts[0] = (struct part){batch->entries, batch->count * sizeof(batch->entries[0])};
	parts[1] = (struct part){batch->keys.data, batch->keys.len};
	parts[2] = (struct part){batch->records.data, batch->records.len};
	parts[3] = (struct part){batch->reasons.data, batch->reasons.len};
	parts[4] = (struct part){batch->body.data, batch->body.len};
}

/* --- putting --- */

/* A larger window gains nothing on JSON rows and costs memory. */
static void
ready_to_compress(struct ab_spool *spool)
{
	if (spool->chunk == NULL)
		spool->chunk = ab_malloc(CHUNK_BYTES);
	if (spool->compressor == NULL) {
		spool->compressor = ab_alloc_check(ZSTD_createCCtx());
		ZSTD_CCtx_setParameter(spool->compressor, ZSTD_c_compressionLevel, 1);
		ZSTD_CCtx_setParameter(spool->compressor, ZSTD_c_windowLog, 18);
	}
	ZSTD_CCtx_reset(spool->compressor, ZSTD_reset_session_only);
	spool->out = (ZSTD_outBuffer){.dst = spool->chunk, .size = CHUNK_BYTES};
}

/* Appends what is in the chunk to the frame that begins at `at`. */
static int
flush_chunk(struct ab_spool *spool, uint64_t at, struct header *header, struct ab_error *err)
{
	const size_t len = spool->out.pos;

	if (ab_tempfile_write(&spool->file, spool->chunk, len, at + header->stored, err) != 0)
		return -1;
	header->stored_crc = (uint32_t)crc32(header->stored_crc, spool->chunk, (uInt)len);
	header->stored += len;
	spool->out.pos = 0;
	return 0;
}

static int
compress_part(struct ab_spool *spool, struct part part, bool last, uint64_t at,
    struct header *header, struct ab_error *err)
{
	const ZSTD_EndDirective mode = last ? ZSTD_e_end : ZSTD_e_continue;
	ZSTD_inBuffer in = {.src = part.data, .size = part.len};
	size_t rc = 0;

	do {
		rc = ZSTD_compressStream2(spool->compressor, &spool->out, &in, mode);
		if (ZSTD_isError(rc))
			return ab_fail(err, AB_SYSTEM_ERROR, "cannot compress held records: %s",
			    ZSTD_getErrorName(rc));
		if (spool->out.pos == spool->out.size && flush_chunk(spool, at, header, err) != 0)
			return -1;
	} while (in.pos < in.size || (last && rc > 0));
	return last ? flush_chunk(spool, at, header, err) : 0;
}

static int
store(struct ab_spool *spool, const struct ab_batch *batch, uint64_t at, struct ab_error *err)
{
	struct part parts[PARTS];
	struct header header = {
	    .first = batch->first,
	    .last = batch->last,
	    .count = batch->count,
	    .opened_ms = batch->opened_ms,
	    .body_limit = batch->body.limit,
	    .keys_len = batch->keys.len,
	    .records_len = batch->records.len,
	    .reasons_len = batch->reasons.len,
	    .body_len = batch->body.len,
	    .older = batch->older != NULL,
	};

	ready_to_compress(spool);
	parts_of(batch, parts);
	for (size_t i = 0; i < PARTS; i++) {
		if (compress_part(
			spool, parts[i], i == PARTS - 1, at + sizeof(header), &header, err) != 0)
			return -1;
	}
	header.crc = header_crc(&header);
	return ab_tempfile_write(&spool->file, &header, sizeof(header), at, err);
}

int
ab_spool_put(struct ab_spool *spool, struct ab_batch *batch, struct ab_error *err)
{
	struct places *places = places_of(spool, batch->stream);
	const uint64_t at = spool->file.end;
	int rc = store(spool, batch, at, err);

	if (rc == 0 && batch->older != NULL)
		rc = store(spool, batch->older, spool->file.end, err);
	ab_batch_free(batch);
	if (rc != 0)
		return -1;
	if (places->count == places->cap) {
		places->cap = places->cap > 0 ? places->cap * 2 : PLACES_FIRST;
		places->headers =
		    ab_realloc(places->headers, places->cap * sizeof(places->headers[0]));
	}
	places->headers[places->count++] = at;
	return 0;
}

/* --- taking --- */

static int
fail_damaged(const struct ab_spool *spool, struct ab_error *err)
{
	return ab_fail(err, AB_SYSTEM_ERROR,
	    "what was read back from a temporary file in %s is not what was written",
	    spool->file.directory);
}

static void
ready_to_decompress(struct ab_spool *spool)
{
	if (spool->decompressor == NULL)
		spool->decompressor = ab_alloc_check(ZSTD_createDCtx());
	ZSTD_DCtx_reset(spool->decompressor, ZSTD_reset_session_only);
	spool->in = (ZSTD_inBuffer){.src = spool->chunk};
}

/* What is left of the frame of the batch being read. */
struct rest {
	uint64_t at;
	uint64_t len;
	uint32_t crc; /* of what was read */
};

static int
read_chunk(struct ab_spool *spool, struct rest *rest, struct ab_error *err)
{
	const size_t len = rest->len < CHUNK_BYTES ? (size_t)rest->len : CHUNK_BYTES;

	if (len == 0)
		return fail_damaged(spool, err);
	if (ab_tempfile_read(&spool->file, spool->chunk, len, rest->at, err) != 0)
		return -1;
	rest->crc = (uint32_t)crc32(rest->crc, spool->chunk, (uInt)len);
	rest->at += len;
	rest->len -= len;
	spool->in = (ZSTD_inBuffer){.src = spool->chunk, .size = len};
	return 0;
}

static int
decompress_part(struct ab_spool *spool, struct part part, struct rest *rest, struct ab_error *err)
{
	ZSTD_outBuffer out = {.dst = part.data, .size = part.len};

	while (out.pos < out.size) {
		const size_t before = out.pos;
		const size_t rc = ZSTD_decompressStream(spool->decompressor, &out, &spool->in);
		/* 0: the frame ended, though more was stored. */
		if (ZSTD_isError(rc) || (rc == 0 && out.pos < out.size))
			return fail_damaged(spool, err);
		if (out.pos == before && spool->in.pos == spool->in.size &&
		    read_chunk(spool, rest, err) != 0)
			return -1;
	}
	return 0;
}

static void
fill(struct ab_buf *buf, uint64_t len)
{
	char *at = ab_buf_reserve(buf, (size_t)len);

	assert(at != NULL);
	at[len] = '\0';
	buf->len = (size_t)len;
}

/* A batch of the sizes the header gives; its bytes are still to be filled in. */
static struct ab_batch *
new_batch(struct ab_stream *stream, const struct header *header)
{
	struct ab_batch *batch =
	    ab_batch_new(stream, (size_t)header->body_limit, header->opened_ms);

	batch->first = header->first;
	batch->last = header->last;
	batch->count = batch->cap = (size_t)header->count;
	batch->entries = ab_malloc(batch->cap * sizeof(batch->entries[0]));
	fill(&batch->keys, header->keys_len);
	fill(&batch->records, header->records_len);
	fill(&batch->reasons, header->reasons_len);
	fill(&batch->body, header->body_len);
	return batch;
}

/* The checksum covers all that was stored, the end of the frame included. */
static int
check_rest(struct ab_spool *spool, struct rest *rest, uint32_t crc, struct ab_error *err)
{
	while (rest->len > 0) {
		if (read_chunk(spool, rest, err) != 0)
			return -1;
	}
	return rest->crc == crc ? 0 : fail_damaged(spool, err);
}

/* *older_at receives where the batch is that belongs to this one; 0: there is none. */
static int
load(struct ab_spool *spool, struct ab_stream *stream, uint64_t at, struct ab_batch **batch,
    uint64_t *older_at, struct ab_error *err)
{
	struct header header;
	struct part parts[PARTS];

	if (ab_tempfile_read(&spool->file, &header, sizeof(header), at, err) != 0)
		return -1;
	if (header.crc != header_crc(&header))
		return fail_damaged(spool, err);
	ready_to_decompress(spool);
	struct ab_batch *loaded = new_batch(stream, &header);
	struct rest rest = {.at = at + sizeof(header), .len = header.stored};
	parts_of(loaded, parts);
	for (size_t i = 0; i < PARTS; i++) {
		if (decompress_part(spool, parts[i], &rest, err) != 0)
			goto fail;
	}
	if (check_rest(spool, &rest, header.stored_crc, err) != 0)
		goto fail;
	*older_at = header.older > 0 ? rest.at : 0;
	*batch = loaded;
	return 0;
fail:
	ab_batch_free(loaded);
	return -1;
}

/* Reads a batch with what it has put aside. */
static int
load_whole(struct ab_spool *spool, struct ab_stream *stream, uint64_t at, struct ab_batch **batch,
    struct ab_error *err)
{
	struct ab_batch *loaded = NULL;
	uint64_t older_at = 0;
	uint64_t none = 0;

	if (load(spool, stream, at, &loaded, &older_at, err) != 0)
		return -1;
	if (older_at > 0 && load(spool, stream, older_at, &loaded->older, &none, err) != 0) {
		ab_batch_free(loaded);
		return -1;
	}
	ab_batch_index(loaded);
	*batch = loaded;
	return 0;
}

int
ab_spool_take(
    struct ab_spool *spool, struct ab_stream *stream, struct ab_batch **batch, struct ab_error *err)
{
	struct places *places = places_of(spool, stream);

	if (places->taken == places->count) {
		*batch = NULL;
		return 0;
	}
	if (load_whole(spool, stream, places->headers[places->taken], batch, err) != 0)
		return -1;
	if (++places->taken == places->count) {
		free(places->headers);
		*places = (struct places){.count = 0};
	}
	return 0;
}

size_t
ab_spool_waiting(const struct ab_spool *spool, const struct ab_stream *stream)
{
	if (stream->index >= spool->streams)
		return 0;
	const struct places *places = &spool->places[stream->index];
	return places->count - places->taken;
}
