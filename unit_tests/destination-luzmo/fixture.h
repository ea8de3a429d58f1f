/*
 * fixture.h: the fixture of a connector, opened as Luzmo's, and conversations with a scripted
 * Luzmo. JSON is written with ' for " here, to be read more easily.
 */
#ifndef LUZMO_FIXTURE_H
#define LUZMO_FIXTURE_H

#include "../libairbyte/connector_fixture.h"
#include "interface.h"
#include "luzmo.h"

#define LOST 0    /* the reply never came */
#define UNSENT -1 /* nobody was reached */

#define OURS "[AIRBYTE - DO NOT DELETE] - users"
#define REPLACE "[AIRBYTE - DO NOT DELETE] - REPLACE DATA"
#define SCHEMA "{'properties':{'id':{'type':'integer'},'name':{'type':'string'}}}"
#define COLUMNS                                                                                    \
	"[{'id':'C1','source_name':'id','order':0},{'id':'C2','source_name':'name','order':1}]"
/* The dataset of the stream, with 100 rows. */
#define FOUND "{'count':1,'rows':[{'id':'D','rows':100,'columns':" COLUMNS "}]}"
/* One byte longer than an id may be. */
#define LONG_ID "0123456789012345678901234567890123456789012345678901234567890123"
#define NONE "{'count':0,'rows':[]}"
/* What a look-up of its tag finds. */
#define TAG_THERE                                                                                  \
	"{'count':1,'rows':[{'id':'T','tag':'" OURS "','created_at':'2024-02-19T21:44:14.684Z'}]}"
/* Its tags. */
#define TAGGED "{'count':1,'rows':[{'id':'D','tags':[{'id':'T','tag':'" OURS "'}]}]}"
#define TAGGED_REPLACE                                                                             \
	"{'count':1,'rows':[{'id':'D','tags':[{'id':'T','tag':'" OURS "'},"                        \
	"{'id':'R','tag':'" REPLACE "'}]}]}"
#define GENERATION(number) "[AIRBYTE - DO NOT DELETE] - GENERATION " number ".7"
#define REFUSED "{'type':{'code':400,'description':'Bad Request'},'code':400,'message':'No.'}"

/* One request of a scripted conversation, and what Luzmo says to it. */
struct turn {
	unsigned step;
	const char *asks; /* what fixture_asked() gives, or how it begins */
	int status;       /* LOST, UNSENT, or an HTTP status */
	const char *reply;
};

static inline struct luzmo *
fixture_luzmo(const struct fixture *f)
{
	return f->self;
}

static inline struct luzmo_stream *
fixture_luzmo_stream(const struct fixture *f)
{
	return f->stream.self;
}

/* The text with each from turned into to; lent until the call after the next. */
static inline const char *
fixture_translate(const char *text, char from, char to)
{
	static char texts[2][1 << 16];
	static unsigned turn;
	char *copy = texts[turn++ % 2];

	assert_true(strlen(text) < sizeof(texts[0]));
	snprintf(copy, sizeof(texts[0]), "%s", text);
	for (char *p = copy; *p != '\0'; p++)
		*p = *p == from ? to : *p;
	return copy;
}

/* Merges extra (JSON object members, "" for none) into a complete configuration. */
static inline int
fixture_open_raw(struct fixture *f, const char *extra)
{
	char members[1024];

	snprintf(members, sizeof(members), "%s", fixture_translate(extra, '\'', '"'));
	return fixture_configure(
	    f, &luzmo_destination, members, "\"api_key\":\"K\",\"api_token\":\"T\"");
}

/* The stream "users" with the columns id and name. */
static inline void
fixture_open(struct fixture *f, const char *extra, bool overwrite)
{
	assert_int_equal(fixture_open_raw(f, extra), 0);
	fixture_stream(f, "users", "", fixture_translate(SCHEMA, '\'', '"'));
	f->stream.overwrite = overwrite;
	fixture_start(f);
}

/* The same of a truncate refresh with generation 5. */
static inline void
fixture_open_refresh(struct fixture *f, const char *extra)
{
	assert_int_equal(fixture_open_raw(f, extra), 0);
	fixture_stream(f, "users", "", fixture_translate(SCHEMA, '\'', '"'));
	f->stream.overwrite = f->stream.resumable = true;
	f->stream.generation_id = 5;
	f->stream.sync_id = 7;
	fixture_start(f);
}

/* The last request: its resource, its action, and its body from there on, without the credentials:
 * "tag get 'find':{...}}". */
static inline const char *
fixture_asked(const struct fixture *f)
{
	static const char base[] = "https://api.luzmo.com/0.1.0/";
	static const char headers[] = "Content-Type: application/json\nAccept: application/json\n";
	char text[sizeof(f->body) + 100];
	char action[32];
	int len = 0;

	assert_int_equal(f->request.method, AB_POST);
	assert_true(f->request.metered);
	assert_string_equal(f->request.headers.data, headers);
	assert_memory_equal(f->request.url.data, base, strlen(base));
	assert_int_equal(sscanf(f->body, "{\"action\":\"%31[a-z]\",%n", action, &len), 1);
	static const char common[] = "\"key\":\"K\",\"token\":\"T\",\"version\":\"0.1.0\",";
	assert_memory_equal(f->body + len, common, strlen(common));
	snprintf(text, sizeof(text), "%s %s %s", f->request.url.data + strlen(base), action,
	    f->body + len + strlen(common));
	return fixture_translate(text, '"', '\'');
}

/* A reply, or the loss of one. A body that begins with < is HTML. */
static inline enum ab_verdict
fixture_answer(struct fixture *f, int status, const char *reply)
{
	const char *type = reply[0] == '<' ? "text/html" : "application/json";

	if (status == LOST)
		return fixture_lose(f);
	if (status != UNSENT)
		return fixture_reply_as(
		    f, status, reply[0] != '\0' ? type : "", fixture_translate(reply, '\'', '"'));
	const struct ab_reply refused = {
	    .retry_after_ms = -1, .body = "", .loss = "connection refused"};
	f->err = (struct ab_error){.kind = AB_SYSTEM_ERROR};
	return luzmo_destination.response(f->self, &f->x, &refused, &f->err);
}

/* Asks for an item, which must be what the turn says, and answers. */
static inline enum ab_verdict
fixture_turn(struct fixture *f, const struct turn *turn, unsigned item)
{
	assert_int_equal(fixture_ask(f, item), AB_SEND);
	const char *asked = fixture_asked(f);
	if (f->x.step != turn->step || strncmp(asked, turn->asks, strlen(turn->asks)) != 0)
		fail_msg(
		    "step %u asks %s\nnot step %u: %s", f->x.step, asked, turn->step, turn->asks);
	return fixture_answer(f, turn->status, turn->reply);
}

/*
 * Drives an exchange that was begun through all turns, as the library does, but without waiting,
 * and returns its last verdict. Fails if there are turns left, or too few.
 */
static inline enum ab_verdict
fixture_converse(struct fixture *f, const struct turn *turns, size_t count)
{
	size_t done = 0;
	bool again = true;

	for (unsigned next = f->x.step; again;) {
		again = false;
		f->x.step = next;
		f->x.items = 1;
		for (unsigned item = 0; item < f->x.items;) {
			assert_true(done < count);
			const unsigned step = turns[done].step;
			const enum ab_verdict verdict = fixture_turn(f, &turns[done++], item);
			next = f->x.step;
			/* Only a retry may move the step of an item that is not done. */
			if (verdict != AB_RETRY)
				f->x.step = step;
			if (verdict == AB_RETRY || verdict == AB_WAIT)
				continue;
			item++;
			again = again || verdict == AB_NEXT;
			if (verdict == AB_SPLIT || verdict == AB_FAILED) {
				assert_int_equal(done, count);
				return verdict;
			}
		}
	}
	assert_int_equal(done, count);
	return AB_DONE;
}

/* A begin that finds the dataset: 100 rows, both columns, these tags. */
static inline void
fixture_begin(struct fixture *f, const char *tags)
{
	const struct turn turns[] = {
	    {LUZMO_LOOK, "securable get", 200, FOUND},
	    {LUZMO_TAGS, "securable get", 200, tags},
	};

	fixture_exchange(f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(f, turns, COUNT(turns)), AB_DONE);
}

/* A begin that finds nothing. */
static inline void
fixture_begin_new(struct fixture *f)
{
	const struct turn turns[] = {
	    {LUZMO_LOOK, "securable get", 200, NONE},
	    {LUZMO_TAG_FIND, "tag get", 200, NONE},
	};

	fixture_exchange(f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(f, turns, COUNT(turns)), AB_DONE);
}

/* A begin that finds the stream's tag, on nothing: the first batch starts with its push. */
static inline void
fixture_begin_with_tag(struct fixture *f)
{
	const struct turn turns[] = {
	    {LUZMO_LOOK, "securable get", 200, NONE},
	    {LUZMO_TAG_FIND, "tag get", 200, TAG_THERE},
	    {LUZMO_NAMESAKES, "securable get", 200, NONE},
	};

	fixture_exchange(f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(f, turns, COUNT(turns)), AB_DONE);
}

/* Fills the batch with so many rows, [1,"a"] and so on, and begins its delivery. */
static inline void
fixture_batch(struct fixture *f, unsigned rows)
{
	ab_batch_free(f->batch);
	f->batch = ab_batch_new(&f->stream, 1 << 20, 0);
	for (unsigned i = 1; i <= rows; i++) {
		char record[64];
		snprintf(record, sizeof(record), "{\"id\":%u,\"name\":\"a\"}", i);
		assert_int_equal(fixture_append(f, record), AB_TAKEN);
	}
	ab_batch_seal(f->batch);
	fixture_exchange(f, AB_BATCH, false);
}

/* The exchange is at a step whose every failure is either final or means to ask again, and neither
 * leaves a trace. */
static inline void
fixture_expect_plain_failures(struct fixture *f)
{
	static const struct {
		int status;
		const char *reply;
		enum ab_verdict verdict;
		enum ab_failure kind;
	} cases[] = {
	    {400, REFUSED, AB_FAILED, AB_CONFIG_ERROR},
	    {401, REFUSED, AB_FAILED, AB_CONFIG_ERROR},
	    {403, REFUSED, AB_FAILED, AB_CONFIG_ERROR},
	    {404, REFUSED, AB_FAILED, AB_CONFIG_ERROR},
	    {413, "<html>", AB_FAILED, AB_SYSTEM_ERROR},
	    {429, REFUSED, AB_RETRY, AB_TRANSIENT_ERROR},
	    {500, REFUSED, AB_RETRY, AB_TRANSIENT_ERROR},
	    {502, "<html>", AB_RETRY, AB_TRANSIENT_ERROR},
	    {503, "", AB_RETRY, AB_TRANSIENT_ERROR},
	    {504, "<html>", AB_RETRY, AB_TRANSIENT_ERROR},
	    {LOST, "", AB_RETRY, AB_TRANSIENT_ERROR},
	    {UNSENT, "", AB_RETRY, AB_TRANSIENT_ERROR},
	    {200, "<html>", AB_FAILED, AB_SYSTEM_ERROR},
	    {200, "{'rows':[", AB_FAILED, AB_SYSTEM_ERROR},
	    {200, "[]", AB_FAILED, AB_SYSTEM_ERROR},
	    {200, "{'count':1}", AB_FAILED, AB_SYSTEM_ERROR},
	    {200, "{'rows':{}}", AB_FAILED, AB_SYSTEM_ERROR},
	    {204, "", AB_FAILED, AB_SYSTEM_ERROR},
	};
	struct luzmo_stream before;
	const unsigned step = f->x.step;

	memcpy(&before, f->stream.self, sizeof(before));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const enum ab_verdict verdict = fixture_answer(f, cases[i].status, cases[i].reply);
		if (verdict != cases[i].verdict || f->err.kind != cases[i].kind)
			fail_msg("%d %s: verdict %d, kind %d", cases[i].status, cases[i].reply,
			    (int)verdict, (int)f->err.kind);
		assert_int_equal(f->x.step, step);
		assert_memory_equal(&before, f->stream.self, sizeof(before));
		expect_contains(f->err.message, " of stream ");
	}
}

/* Each of these 200s is not what Luzmo sends. */
static inline void
fixture_expect_unreadable(struct fixture *f, const char *const replies[], size_t count)
{
	const unsigned step = f->x.step;

	for (size_t i = 0; i < count; i++) {
		if (fixture_answer(f, 200, replies[i]) != AB_FAILED)
			fail_msg("%s is taken for an answer", replies[i]);
		assert_int_equal(f->err.kind, AB_SYSTEM_ERROR);
		expect_contains(f->err.message, "is not what Luzmo sends; check api_host");
		f->x.step = step;
	}
}

/* The exchange is at a step that asks for a dataset which was there before. */
static inline void
fixture_expect_gone(struct fixture *f)
{
	assert_int_equal(fixture_answer(f, 200, NONE), AB_FAILED);
	assert_int_equal(f->err.kind, AB_CONFIG_ERROR);
	expect_contains(f->err.message, "is not there any more: it was deleted during the run");
}

#endif
