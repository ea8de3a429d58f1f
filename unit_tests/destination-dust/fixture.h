/*
 * fixture.h: an opened connector with one stream, its records, and what it asks of Dust.
 */
#ifndef DUST_FIXTURE_H
#define DUST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "dust.h"
#include "interface.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fixture {
	struct ab_config config;
	cJSON *spec;
	struct ab_limits limits;
	struct dust *dust;
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

/* Merges extra (JSON object members, "" for none) into a complete configuration. */
static inline int
fixture_open_raw(struct fixture *f, const char *extra)
{
	char text[2048];
	void *self = NULL;

	*f = (struct fixture){0};
	snprintf(text, sizeof(text),
	    "{%s%s\"api_key\":\"sk-0123\",\"workspace_id\":\"W1\",\"space_id\":\"vlt_1\","
	    "\"data_source_id\":\"dts_1\"}",
	    extra, extra[0] != '\0' ? "," : "");
	f->spec = cJSON_Parse((const char *)dust_destination.spec);
	f->config.document = cJSON_Parse(text);
	f->config.spec = f->spec;
	assert_non_null(f->spec);
	assert_non_null(f->config.document);
	ab_json_init(&f->json);
	ab_buf_init(&f->request.url, 1 << 16);
	ab_buf_init(&f->request.headers, 1 << 16);
	ab_buf_init(&f->request.head, 1 << 16);
	ab_buf_init(&f->request.tail, 1 << 16);
	const int rc = dust_destination.open(&self, &f->limits, &f->config, &f->err);
	f->dust = self;
	return rc;
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

/* Tells the connector its streams, and begins a batch. */
static inline void
fixture_start(struct fixture *f)
{
	assert_int_equal(dust_destination.streams(f->dust, &f->stream, 1, &f->err), 0);
	f->batch = ab_batch_new(&f->stream, 1 << 20, 0);
}

static inline void
fixture_open(struct fixture *f, const char *extra, const char *keys)
{
	assert_int_equal(fixture_open_raw(f, extra), 0);
	fixture_stream(f, "users", keys, "{}");
	fixture_start(f);
}

static inline void
fixture_close(struct fixture *f)
{
	dust_destination.close(f->dust);
	for (struct ab_note *note = f->stream.notes; note != NULL;) {
		struct ab_note *next = note->next;
		free(note);
		note = next;
	}
	ab_batch_free(f->batch);
	ab_json_release(&f->json);
	ab_buf_release(&f->request.url);
	ab_buf_release(&f->request.headers);
	ab_buf_release(&f->request.head);
	ab_buf_release(&f->request.tail);
	free(f->x.scratch);
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
	};
}

static inline enum ab_taken
fixture_append(struct fixture *f, const char *data)
{
	const struct ab_record record = fixture_record(f, data);
	const enum ab_taken taken = dust_destination.append(f->dust, f->batch, &record, &f->err);

	if (taken == AB_TAKEN)
		ab_batch_commit(f->batch, record.ordinal, (struct ab_view){.data = NULL});
	return taken;
}

/* The key of entry i, NUL-terminated. */
static inline const char *
fixture_key(const struct fixture *f, size_t i)
{
	static char copy[256];
	const struct ab_view key = ab_batch_entry_key(f->batch, i);

	assert_true(key.len < sizeof(copy));
	memcpy(copy, key.data, key.len);
	copy[key.len] = '\0';
	return copy;
}

/* Begins an exchange as the library does. */
static inline void
fixture_exchange(struct fixture *f, enum ab_phase phase, bool complete)
{
	free(f->x.scratch);
	f->x = (struct ab_exchange){
	    .phase = phase,
	    .stream = phase == AB_CHECK ? NULL : &f->stream,
	    .batch = phase == AB_BATCH ? f->batch : NULL,
	    .complete = complete,
	    .items = 1,
	};
}

/* Asks for the request of an item; f->body becomes its body. */
static inline enum ab_ask
fixture_ask(struct fixture *f, unsigned item)
{
	struct ab_request *out = &f->request;

	ab_buf_reset(&out->url);
	ab_buf_reset(&out->headers);
	ab_buf_reset(&out->head);
	ab_buf_reset(&out->tail);
	out->from = out->to = 0;
	out->metered = out->single = false;
	f->x.item = item;
	const enum ab_ask ask = dust_destination.request(f->dust, &f->x, out, &f->err);
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
	return dust_destination.response(f->dust, &f->x, &reply, &f->err);
}

static inline enum ab_verdict
fixture_reply(struct fixture *f, int status, const char *body)
{
	return fixture_reply_as(f, status, "application/json", body);
}

/* An error as Dust words it. */
static inline enum ab_verdict
fixture_refuse(struct fixture *f, int status, const char *type, const char *message)
{
	char body[1024];

	snprintf(
	    body, sizeof(body), "{\"error\":{\"type\":\"%s\",\"message\":\"%s\"}}", type, message);
	return fixture_reply(f, status, body);
}

static inline enum ab_verdict
fixture_lose(struct fixture *f)
{
	struct ab_reply reply = {
	    .sent = true, .retry_after_ms = -1, .body = "", .loss = "connection reset"};

	f->err = (struct ab_error){.kind = AB_SYSTEM_ERROR};
	return dust_destination.response(f->dust, &f->x, &reply, &f->err);
}

#define FIXTURE_URL "https://dust.tt/api/v1/w/W1/spaces/vlt_1/data_sources/dts_1/"

static inline void
fixture_expect(struct fixture *f, enum ab_method method, const char *place, const char *body)
{
	const size_t base = strlen(FIXTURE_URL);

	assert_int_equal(f->request.method, method);
	assert_memory_equal(f->request.url.data, FIXTURE_URL, base);
	assert_string_equal(f->request.url.data + base, place);
	assert_string_equal(f->body, body);
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
