/*
 * In the file a batch is a struct header and then one zlib stream of its entries, keys, records,
 * reasons and body. The header is written last, when the length of the stream is known.
 */
#include "spool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

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
	uint64_t stored; /* bytes of the stream that follows */
	uint32_t stored_crc;
	uint32_t crc; /* of the header up to here */
};

/* The batches of one stream: where their headers are. */
struct queue {
	uint64_t *places;
	size_t taken;
	size_t count;
	size_t cap;
};

struct ab_spool {
	struct ab_tempfile file;
	struct queue *queues;
	size_t streams;
	uint64_t bytes;
	z_stream deflate;
	z_stream inflate;
	bool deflate_ready;
	bool inflate_ready;
	unsigned char *chunk;
};

/* A piece of memory that is written or filled. */
struct part {
	void *data;
	size_t len;
};

struct ab_spool *
ab_spool_new(size_t streams)
{
	struct ab_spool *spool = ab_calloc(1, sizeof(*spool));

	ab_tempfile_init(&spool->file);
	spool->queues = ab_calloc(streams, sizeof(spool->queues[0]));
	spool->streams = streams;
	return spool;
}

void
ab_spool_free(struct ab_spool *spool)
{
	if (spool == NULL)
		return;
	for (size_t i = 0; i < spool->streams; i++)
		free(spool->queues[i].places);
	if (spool->deflate_ready)
		deflateEnd(&spool->deflate);
	if (spool->inflate_ready)
		inflateEnd(&spool->inflate);
	free(spool->chunk);
	free(spool->queues);
	ab_tempfile_release(&spool->file);
	free(spool);
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

static uInt
piece(size_t len)
{
	const size_t most = (size_t)1 << 30;

	return (uInt)(len < most ? len : most);
}

/* --- putting --- */

/* Level 1, as Z_HUFFMAN_ONLY, Z_RLE and Z_FIXED compress JSON rows less and are no faster. Raw, as
 * the checksum is our own. */
static int
ready_to_deflate(struct ab_spool *spool, struct ab_error *err)
{
	if (spool->chunk == NULL)
		spool->chunk = ab_malloc(CHUNK_BYTES);
	if (spool->deflate_ready)
		deflateReset(&spool->deflate);
	else if (deflateInit2(&spool->deflate, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return ab_fail(err, AB_SYSTEM_ERROR, "cannot start zlib: %s", zlibVersion());
	spool->deflate_ready = true;
	spool->deflate.next_out = spool->chunk;
	spool->deflate.avail_out = CHUNK_BYTES;
	return 0;
}

/* Appends what is in the chunk to the stream that begins at `at`. */
static int
flush_chunk(struct ab_spool *spool, uint64_t at, struct header *header, struct ab_error *err)
{
	const uInt len = CHUNK_BYTES - spool->deflate.avail_out;

	if (ab_tempfile_write(&spool->file, spool->chunk, len, at + header->stored, err) != 0)
		return -1;
	header->stored_crc = (uint32_t)crc32(header->stored_crc, spool->chunk, len);
	header->stored += len;
	spool->deflate.next_out = spool->chunk;
	spool->deflate.avail_out = CHUNK_BYTES;
	return 0;
}

static int
deflate_part(struct ab_spool *spool, struct part part, bool last, uint64_t at,
    struct header *header, struct ab_error *err)
{
	z_stream *z = &spool->deflate;
	int rc = Z_OK;

	z->next_in = part.data;
	do {
		z->avail_in = piece(part.len);
		part.len -= z->avail_in;
		const int flush = last && part.len == 0 ? Z_FINISH : Z_NO_FLUSH;
		do {
			rc = deflate(z, flush);
			assert(rc != Z_STREAM_ERROR);
			if (z->avail_out == 0 && flush_chunk(spool, at, header, err) != 0)
				return -1;
		} while (z->avail_in > 0 || (flush == Z_FINISH && rc != Z_STREAM_END));
	} while (part.len > 0);
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
	};

	if (ready_to_deflate(spool, err) != 0)
		return -1;
	parts_of(batch, parts);
	for (size_t i = 0; i < PARTS; i++) {
		if (deflate_part(
			spool, parts[i], i == PARTS - 1, at + sizeof(header), &header, err) != 0)
			return -1;
		spool->bytes += parts[i].len;
	}
	header.crc = header_crc(&header);
	return ab_tempfile_write(&spool->file, &header, sizeof(header), at, err);
}

int
ab_spool_put(struct ab_spool *spool, struct ab_batch *batch, struct ab_error *err)
{
	struct queue *queue = &spool->queues[batch->stream->index];
	const uint64_t at = spool->file.end;
	const int rc = store(spool, batch, at, err);

	ab_batch_free(batch);
	if (rc != 0)
		return -1;
	if (queue->count == queue->cap) {
		queue->cap = queue->cap > 0 ? queue->cap * 2 : PLACES_FIRST;
		queue->places = ab_realloc(queue->places, queue->cap * sizeof(queue->places[0]));
	}
	queue->places[queue->count++] = at;
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

static int
ready_to_inflate(struct ab_spool *spool, struct ab_error *err)
{
	if (spool->inflate_ready)
		inflateReset(&spool->inflate);
	else if (inflateInit2(&spool->inflate, -15) != Z_OK)
		return ab_fail(err, AB_SYSTEM_ERROR, "cannot start zlib: %s", zlibVersion());
	spool->inflate_ready = true;
	spool->inflate.avail_in = 0;
	return 0;
}

/* What is left of the stream of the batch being read. */
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
	spool->inflate.next_in = spool->chunk;
	spool->inflate.avail_in = (uInt)len;
	return 0;
}

static int
inflate_part(struct ab_spool *spool, struct part part, struct rest *rest, struct ab_error *err)
{
	z_stream *z = &spool->inflate;

	z->next_out = part.data;
	while (part.len > 0) {
		if (z->avail_in == 0 && read_chunk(spool, rest, err) != 0)
			return -1;
		const uInt room = piece(part.len);
		z->avail_out = room;
		const int rc = inflate(z, Z_NO_FLUSH);
		part.len -= room - z->avail_out;
		if (rc != Z_OK && !(rc == Z_STREAM_END && part.len == 0))
			return fail_damaged(spool, err);
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

/* The checksum covers all that was stored, the end of the zlib stream included. */
static int
check_rest(struct ab_spool *spool, struct rest *rest, uint32_t crc, struct ab_error *err)
{
	while (rest->len > 0) {
		if (read_chunk(spool, rest, err) != 0)
			return -1;
	}
	return rest->crc == crc ? 0 : fail_damaged(spool, err);
}

static int
load(struct ab_spool *spool, struct ab_stream *stream, uint64_t at, struct ab_batch **batch,
    struct ab_error *err)
{
	struct header header;
	struct part parts[PARTS];

	if (ab_tempfile_read(&spool->file, &header, sizeof(header), at, err) != 0)
		return -1;
	if (header.crc != header_crc(&header))
		return fail_damaged(spool, err);
	if (ready_to_inflate(spool, err) != 0)
		return -1;
	struct ab_batch *loaded = new_batch(stream, &header);
	struct rest rest = {.at = at + sizeof(header), .len = header.stored};
	parts_of(loaded, parts);
	for (size_t i = 0; i < PARTS; i++) {
		if (inflate_part(spool, parts[i], &rest, err) != 0)
			goto fail;
	}
	if (check_rest(spool, &rest, header.stored_crc, err) != 0)
		goto fail;
	ab_batch_index(loaded);
	*batch = loaded;
	return 0;
fail:
	ab_batch_free(loaded);
	return -1;
}

int
ab_spool_take(
    struct ab_spool *spool, struct ab_stream *stream, struct ab_batch **batch, struct ab_error *err)
{
	struct queue *queue = &spool->queues[stream->index];

	if (queue->taken == queue->count) {
		*batch = NULL;
		return 0;
	}
	if (load(spool, stream, queue->places[queue->taken], batch, err) != 0)
		return -1;
	if (++queue->taken == queue->count) {
		free(queue->places);
		*queue = (struct queue){.count = 0};
	}
	return 0;
}

size_t
ab_spool_waiting(const struct ab_spool *spool, const struct ab_stream *stream)
{
	const struct queue *queue = &spool->queues[stream->index];

	return queue->count - queue->taken;
}

uint64_t
ab_spool_bytes(const struct ab_spool *spool)
{
	return spool->bytes;
}
