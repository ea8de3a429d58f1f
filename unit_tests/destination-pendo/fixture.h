/*
 * fixture.h: the fixture of a connector, opened as Pendo's. JSON is written with ' for " here, to
 * be read more easily.
 */
#ifndef PENDO_FIXTURE_H
#define PENDO_FIXTURE_H

#include "../libairbyte/connector_fixture.h"
#include "interface.h"
#include "pendo.h"

#define KEY "cded0000-5a7b-4c1d-9e2f-6b8a01c3d4e5.us"
#define SCHEMA                                                                                     \
	"{'auto':{},'agent':{},'custom':{'plan':{'Type':'string'},'seats':{'Type':'integer'},"     \
	"'score':{'Type':'float'},'active':{'Type':'boolean'},'since':{'Type':'time'},"            \
	"'tags':{'Type':'list'},'other':{'Type':''},'gone':{'Type':'string','isDeleted':true}},"   \
	"'sample':[]}"

/* The text with ' turned into "; lent until the call after the next three. */
static inline const char *
quoted(const char *text)
{
	static char texts[4][1 << 14];
	static unsigned turn;
	char *copy = texts[turn++ % 4];

	assert_true(strlen(text) < sizeof(texts[0]));
	snprintf(copy, sizeof(texts[0]), "%s", text);
	for (char *p = copy; *p != '\0'; p++)
		*p = *p == '\'' ? '"' : *p;
	return copy;
}

static inline struct pendo *
fixture_pendo(const struct fixture *f)
{
	return f->self;
}

static inline struct pendo_stream *
fixture_pendo_stream(const struct fixture *f)
{
	return f->stream.self;
}

/* Merges extra (JSON object members, "" for none) into a complete configuration. */
static inline int
fixture_open_raw(struct fixture *f, const char *extra)
{
	char members[1024];

	snprintf(members, sizeof(members), "%s", quoted(extra));
	return fixture_configure(f, &pendo_destination, members, "\"integration_key\":\"" KEY "\"");
}

static inline void
fixture_open_named(struct fixture *f, const char *extra, const char *name, const char *keys)
{
	assert_int_equal(fixture_open_raw(f, extra), 0);
	fixture_stream(f, name, keys, "{}");
	fixture_start(f);
}

static inline enum ab_verdict
fixture_answer(struct fixture *f, int status, const char *reply)
{
	return fixture_reply(f, status, quoted(reply));
}

/* The stream "visitors" with the key id, begun: Pendo has the fields of SCHEMA. */
static inline void
fixture_open(struct fixture *f, const char *extra)
{
	fixture_open_named(f, extra, "visitors", "id");
	fixture_exchange(f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
	assert_int_equal(fixture_answer(f, 200, SCHEMA), AB_DONE);
}

static inline enum ab_taken
fixture_take(struct fixture *f, const char *data)
{
	f->err.message[0] = '\0';
	const enum ab_taken taken = fixture_append(f, quoted(data));
	if (taken != AB_TAKEN)
		ab_batch_rollback(f->batch);
	return taken;
}

/* The batch's rows, " as '; lent until the call after the next three. */
static inline const char *
fixture_rows(const struct fixture *f)
{
	static char text[1 << 14];

	snprintf(text, sizeof(text), "%s", f->batch->body.data);
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '"' ? '\'' : *p;
	return text;
}

/* Begins the delivery of a batch with so many ids from first on. */
static inline void
fixture_deliver_from(struct fixture *f, unsigned first, unsigned rows)
{
	ab_batch_free(f->batch);
	f->batch = ab_batch_new(&f->stream, 1 << 20, 0);
	for (unsigned i = 0; i < rows; i++) {
		char record[64];
		snprintf(record, sizeof(record), "{'id':%u,'plan':'p'}", first + i);
		assert_int_equal(fixture_take(f, record), AB_TAKEN);
	}
	ab_batch_seal(f->batch);
	fixture_exchange(f, AB_BATCH, false);
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
}

/* The same, from 1 on. */
static inline void
fixture_deliver(struct fixture *f, unsigned rows)
{
	fixture_deliver_from(f, 1, rows);
}

/* What the end of the stream tells about. */
static inline const char *
fixture_told(struct fixture *f)
{
	fixture_exchange(f, AB_END, true);
	assert_int_equal(fixture_ask(f, 0), AB_SKIP);
	return f->stream.notes != NULL ? f->stream.notes->text : "";
}

#endif
