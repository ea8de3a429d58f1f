/*
 * connector_fixture.h: an opened connector with one stream, its records, and what it asks of its
 * service. A connector's tests include it by way of their own fixture.h, which adds the service's
 * configuration and words.
 */
#ifndef AB_CONNECTOR_FIXTURE_H
#define AB_CONNECTOR_FIXTURE_H

#include "testing.h"

#include <cjson/cJSON.h>

#include "alloc.h"
#include "destination.h"
#include "request.h"
#include "streams.h"

struct fixture {
	const struct ab_destination *destination;
	void *self; /* the connector's state */
	struct ab_config config;
	cJSON *spec;
	struct ab_limits limits;
	struct ab_stream stream;
	struct ab_path keys[4];
	char *parts[4][4];
	cJSON *schema;
	struct ab_batch *batch;
	struct ab_json json;
	struct ab_exchange x;
	struct ab_request request;
	struct ab_error err;
	char body[1 << 16]; /* of the last request */
};

/* Opens a connector; extra and members are JSON object members, of which the first of a name
 * counts, and extra may be "". Returns what its open() does. */
static inline int
fixture_configure(struct fixture *f, const struct ab_destination *destination, const char *extra,
    const char *members)
{
	char text[2048];

	*f = (struct fixture){.destination = destination};
	snprintf(text, sizeof(text), "{%s%s%s}", extra, extra[0] != '\0' ? "," : "", members);
	f->spec = cJSON_Parse((const char *)destination->spec);
	f->config.document = cJSON_Parse(text);
	f->config.spec = f->spec;
	assert_non_null(f->spec);
	assert_non_null(f->config.document);
	ab_json_init(&f->json);
	ab_request_init(&f->request);
	return destination->open(&f->self, &f->limits, &f->config, &f->err);
}

/* keys: primary key paths, a comma between them, "" for none; schema: a JSON text. */
static inline void
fixture_stream(struct fixture *f, const char *name, const char *keys, const char *schema)
{
	static char copy[256];
	char *rest = copy;

	f->schema = cJSON_Parse(schema);
	assert_non_null(f->schema);
	f->stream.name = name;
	f->stream.schema = f->schema;
	f->stream.primary_key = f->keys;
	snprintf(copy, sizeof(copy), "%s", keys);
	for (char *key = strtok_r(rest, ",", &rest); key != NULL;
	     key = strtok_r(NULL, ",", &rest)) {
		struct ab_path *path = &f->keys[f->stream.primary_keys];
		char *inner = key;
		path->parts = f->parts[f->stream.primary_keys++];
		for (char *part = strtok_r(inner, "/", &inner); part != NULL;
		     part = strtok_r(NULL, "/", &inner))
			path->parts[path->count++] = part;
	}
}

/* Tells the connector some streams; those that are not f->stream are for fixture_forget. */
static inline int
fixture_tell(struct fixture *f, struct ab_stream *streams, size_t count)
{
	return ab_streams_open(f->destination, f->self, streams, count, &f->err);
}

static inline void
fixture_forget(struct fixture *f, struct ab_stream *streams, size_t count)
{
	ab_streams_close(f->destination, f->self, streams, count);
}

/* Tells the connector its stream, and begins a batch. */
static inline void
fixture_start(struct fixture *f)
{
	assert_int_equal(fixture_tell(f, &f->stream, 1), 0);
	f->batch = ab_batch_new(&f->stream, 1 << 20, 0);
}

static inline void
fixture_close(struct fixture *f)
{
	fixture_forget(f, &f->stream, 1);
	f->destination->close(f->self);
	for (struct ab_note *note = f->stream.notes; note != NULL;) {
		struct ab_note *next = note->next;
		free(note);
		note = next;
	}
	ab_batch_free(f->batch);
	ab_json_release(&f->json);
	ab_request_release(&f->request);
	free(f->x.scratch);
	ab_buf_release(&f->x.answer);
	cJSON_Delete(f->schema);
	cJSON_Delete(f->config.document);
	cJSON_Delete(f->spec);
}

static inline struct ab_record
fixture_record(struct fixture *f, const char *data)
{
	assert_int_equal(ab_json_parse(&f->json, data, strlen(data), 1, &f->err), 0);
	return (struct ab_record){
	    .ordinal = f->batch != NULL ? f->batch->count + 1 : 1,
	    .emitted_at_ms = 1700000000123,
	    .json = &f->json,
	    .raw = {data, strlen(data)},
	    .deleted = ab_json_get_present(&f->json, 0, "_ab_cdc_deleted_at") != 0,
	};
}

static inline enum ab_taken
fixture_append(struct fixture *f, const char *data)
{
	const struct ab_record record = fixture_record(f, data);
	const enum ab_taken taken = f->destination->append(f->self, f->batch, &record, &f->err);

	if (taken == AB_TAKEN)
		ab_batch_commit(f->batch, record.ordinal, (struct ab_view){.data = NULL});
	return taken;
}

/* Begins an exchange as the library does. */
static inline void
fixture_exchange(struct fixture *f, enum ab_phase phase, bool complete)
{
	free(f->x.scratch);
	ab_buf_release(&f->x.answer);
	f->x = (struct ab_exchange){
	    .phase = phase,
	    .stream = phase == AB_CHECK || phase == AB_DISCOVER ? NULL : &f->stream,
	    .batch = phase == AB_BATCH ? f->batch : NULL,
	    .complete = complete,
	    .items = 1,
	};
	ab_buf_init(&f->x.answer, 1 << 16);
}

/* Asks for the request of an item; f->body becomes its body. */
static inline enum ab_ask
fixture_ask(struct fixture *f, unsigned item)
{
	struct ab_request *out = &f->request;

	ab_request_reset(out);
	f->x.item = item;
	const enum ab_ask ask = f->destination->request(f->self, &f->x, out, &f->err);
	const char *middle = out->to > out->from ? f->batch->body.data + out->from : "";
	snprintf(f->body, sizeof(f->body), "%s%.*s%s", out->head.data, (int)(out->to - out->from),
	    middle, out->tail.data);
	return ask;
}

static inline enum ab_verdict
fixture_reply_as(struct fixture *f, int status, const char *type, const char *body)
{
	struct ab_reply reply = {
	    .status = status, .retry_after_ms = -1, .body = body, .len = strlen(body)};

	snprintf(reply.type, sizeof(reply.type), "%s", type);
	f->err = (struct ab_error){.kind = AB_SYSTEM_ERROR};
	return f->destination->response(f->self, &f->x, &reply, &f->err);
}

static inline enum ab_verdict
fixture_reply(struct fixture *f, int status, const char *body)
{
	return fixture_reply_as(f, status, "application/json", body);
}

static inline enum ab_verdict
fixture_lose(struct fixture *f)
{
	struct ab_reply reply = {
	    .sent = true, .retry_after_ms = -1, .body = "", .loss = "connection reset"};

	f->err = (struct ab_error){.kind = AB_SYSTEM_ERROR};
	return f->destination->response(f->self, &f->x, &reply, &f->err);
}

static inline unsigned
fixture_notes(const struct fixture *f)
{
	unsigned count = 0;

	for (const struct ab_note *note = f->stream.notes; note != NULL; note = note->next)
		count++;
	return count;
}

static inline void
expect_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

#endif
