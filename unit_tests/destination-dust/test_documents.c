#include "document.h"
#include "fixture.h"

enum { LOOKUP, UPSERT, LIST, DELETE };

/* A batch of users 1 to count, sealed, and its exchange. */
static void
begin_batch(struct fixture *f, unsigned count)
{
	for (unsigned i = 1; i <= count; i++) {
		char data[100];
		snprintf(data, sizeof(data), "{\"id\":%u}", i);
		assert_int_equal(fixture_append(f, data), AB_TAKEN);
	}
	ab_batch_seal(f->batch);
	fixture_exchange(f, AB_BATCH, false);
}

/* One document of a list; hash_of: the entry whose hash it carries, -1 for none. */
static void
put_listed(struct fixture *f, char *list, size_t size, const char *id, int hash_of, const char *tag)
{
	const size_t len = strlen(list);
	const char *hash =
	    hash_of < 0 ? "" : f->batch->body.data + ab_batch_start(f->batch, (size_t)hash_of);

	snprintf(list + len, size - len,
	    "%s{\"document_id\":\"%s\",\"tags\":[\"x:y\",\"%s\",\"airbyte:hash:%.32s\"]}",
	    len > 0 ? "," : "", id, tag, hash);
}

static enum ab_verdict
reply_list(struct fixture *f, const char *list)
{
	char body[8192];

	snprintf(body, sizeof(body), "{\"documents\":[%s],\"total\":0}", list);
	return fixture_reply(f, 200, body);
}

static void
unchanged_documents_are_looked_up_and_skipped(void **unused)
{
	char list[2000] = "";
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	begin_batch(&f, 4);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_GET,
	    "documents?limit=4&document_ids=users-1&document_ids=users-2&document_ids=users-3"
	    "&document_ids=users-4",
	    "");
	assert_int_equal(f.x.items, 1);
	assert_false(f.request.metered);
	put_listed(&f, list, sizeof(list), "users-1", 0, "airbyte:stream:users");
	put_listed(&f, list, sizeof(list), "users-2", 0, "airbyte:stream:users");
	put_listed(&f, list, sizeof(list), "users-3", 2, "airbyte:stream:other");
	put_listed(&f, list, sizeof(list), "users-9", 0, "airbyte:stream:users");
	assert_int_equal(reply_list(&f, list), AB_NEXT);
	assert_int_equal(f.x.step, UPSERT);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
	assert_int_equal(f.x.items, 4);
	for (unsigned i = 1; i < 4; i++)
		assert_int_equal(fixture_ask(&f, i), AB_SEND);
	fixture_close(&f);
}

/* The list may lag: what it says about a document that the run has touched is not believed. */
static void
what_this_run_wrote_or_deleted_is_never_skipped(void **unused)
{
	static const char *const before[] = {
	    "{\"id\":1,\"v\":1}", "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\"}", "{\"id\":7}"};

	(void)unused;
	for (size_t i = 0; i < COUNT(before); i++) {
		char list[400] = "";
		struct fixture f;
		fixture_open(&f, "", "id");
		assert_int_equal(fixture_append(&f, before[i]), AB_TAKEN);
		begin_batch(&f, 0);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		if (f.x.step == LOOKUP) {
			assert_int_equal(reply_list(&f, ""), AB_NEXT);
			assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		}
		ab_batch_free(f.batch);
		f.batch = ab_batch_new(&f.stream, 1 << 20, 0);
		begin_batch(&f, 1);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		put_listed(&f, list, sizeof(list), "users-1", 0, "airbyte:stream:users");
		assert_int_equal(reply_list(&f, list), AB_NEXT);
		assert_int_equal(fixture_ask(&f, 0), i < 2 ? AB_SEND : AB_SKIP);
		fixture_close(&f);
	}
}

static void
an_upsert_is_metered_and_carries_the_body(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"skip_unchanged\":false", "id");
	begin_batch(&f, 2);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.step, UPSERT);
	assert_int_equal(fixture_ask(&f, 1), AB_SEND);
	assert_int_equal(f.request.method, AB_POST);
	assert_true(f.request.metered);
	expect_contains(f.request.url.data, "/documents/users-2");
	expect_contains(f.request.headers.data, "Authorization: Bearer sk-0123\n");
	expect_contains(f.request.headers.data, "Content-Type: application/json\n");
	assert_memory_equal(f.body, "{\"title\":\"users-2\",", 19);
	assert_int_equal(f.body[strlen(f.body) - 1], '}');
	assert_int_equal(fixture_reply(&f, 200, "{\"document\":{},\"data_source\":{}}"), AB_DONE);
	fixture_close(&f);
}

static void
deletions_delete_and_are_not_metered(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	assert_int_equal(
	    fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"2024-01-01\"}"), AB_TAKEN);
	begin_batch(&f, 0);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.step, UPSERT);
	fixture_expect(&f, AB_DELETE, "documents/users-1", "");
	assert_false(f.request.metered);
	assert_null(strstr(f.request.headers.data, "Content-Type"));
	assert_int_equal(
	    fixture_reply(&f, 200, "{\"document\":{\"document_id\":\"users-1\"}}"), AB_DONE);
	fixture_close(&f);
}

static void
within_a_batch_the_last_word_on_a_key_counts(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":2,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":2,\"_ab_cdc_deleted_at\":null}"), AB_TAKEN);
	begin_batch(&f, 0);
	assert_int_equal(f.batch->count, 2);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_GET, "documents?limit=1&document_ids=users-2", "");
	assert_int_equal(reply_list(&f, ""), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.request.method, AB_DELETE);
	assert_int_equal(fixture_ask(&f, 1), AB_SEND);
	assert_int_equal(f.request.method, AB_POST);
	fixture_close(&f);
}

static void
without_a_key_a_deletion_is_kept_as_a_record(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"skip_unchanged\":false", "");
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	begin_batch(&f, 0);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.request.method, AB_POST);
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

static void
many_ids_are_looked_up_in_several_requests(void **unused)
{
	struct fixture f;
	unsigned ids = 0;

	(void)unused;
	fixture_open(&f, "", "id");
	for (unsigned i = 0; i < 100; i++) {
		char data[200];
		/* Every third one is a deletion; keys of 100 characters make long queries. */
		snprintf(data, sizeof(data), "{\"id\":\"%c%099u\"%s}", 'k', i,
		    i % 3 == 0 ? ",\"_ab_cdc_deleted_at\":1" : "");
		assert_int_equal(fixture_append(&f, data), AB_TAKEN);
	}
	begin_batch(&f, 0);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	const unsigned items = f.x.items;
	assert_true(items > 1);
	for (unsigned i = 0; i < items; i++) {
		unsigned here = 0;
		assert_int_equal(fixture_ask(&f, i), AB_SEND);
		assert_true(f.request.url.len < 4200);
		for (const char *p = f.request.url.data; (p = strstr(p, "&document_ids=")) != NULL;
		     p++)
			here++;
		char limit[40];
		snprintf(limit, sizeof(limit), "?limit=%u&", here);
		expect_contains(f.request.url.data, limit);
		ids += here;
		f.x.step = LOOKUP;
		assert_int_equal(reply_list(&f, ""), AB_NEXT);
		f.x.step = LOOKUP;
	}
	assert_int_equal(ids, 66);
	fixture_close(&f);
}

static void
a_look_up_that_fails_is_not_taken_for_an_answer(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	begin_batch(&f, 1);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_refuse(&f, 400, "data_source_error",
			     "There was an error retrieving the data source documents."),
	    AB_RETRY);
	assert_int_equal(f.err.kind, AB_TRANSIENT_ERROR);
	assert_int_equal(fixture_refuse(&f, 400, "invalid_request_error", "bad"), AB_FAILED);
	assert_int_equal(fixture_reply(&f, 200, "{}"), AB_FAILED);
	assert_int_equal(fixture_reply(&f, 200, "{\"documents\":[]} x"), AB_FAILED);
	assert_int_equal(fixture_reply_as(&f, 200, "text/html", "<html>"), AB_FAILED);
	expect_contains(f.err.message, "not what Dust sends");
	assert_int_equal(f.x.step, LOOKUP);
	fixture_close(&f);
}

static void
each_reply_to_an_upsert_has_its_verdict(void **unused)
{
	static const struct {
		int status;
		const char *type;
		const char *message;
		enum ab_verdict verdict;
		enum ab_failure kind; /* unless AB_DONE */
	} cases[] = {
	    {400, "invalid_request_error", "Malformed JSON in request body", AB_FAILED,
		AB_CONFIG_ERROR},
	    {401, "invalid_api_key_error", "The API key provided is invalid or disabled.",
		AB_FAILED, AB_CONFIG_ERROR},
	    {403, "data_source_auth_error",
		"You cannot upsert a document on a managed data source.", AB_FAILED,
		AB_CONFIG_ERROR},
	    {403, "workspace_quota_error", "You've exceeded your plan limit (2 used / 1 allowed)",
		AB_FAILED, AB_CONFIG_ERROR},
	    {404, "data_source_not_found", "The data source you requested was not found.",
		AB_FAILED, AB_CONFIG_ERROR},
	    {408, "", "", AB_RETRY, AB_TRANSIENT_ERROR},
	    {429, "rate_limit_error",
		"You have reached the maximum number of 120 upserts per minute.", AB_WAIT,
		AB_TRANSIENT_ERROR},
	    {500, "internal_server_error", "There was an error upserting the document.", AB_RETRY,
		AB_TRANSIENT_ERROR},
	    {502, "", "", AB_RETRY, AB_TRANSIENT_ERROR},
	    {503, "service_unavailable", "Service is currently unavailable. [x]", AB_RETRY,
		AB_TRANSIENT_ERROR},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"skip_unchanged\":false", "id");
	begin_batch(&f, 1);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    fixture_refuse(&f, cases[i].status, cases[i].type, cases[i].message),
		    cases[i].verdict);
		assert_int_equal(f.err.kind, cases[i].kind);
		expect_contains(f.err.message, cases[i].message);
		expect_contains(f.err.message, "a document of stream users");
	}
	assert_int_equal(fixture_lose(&f), AB_RETRY);
	assert_string_equal(f.err.message,
	    "a document of stream users got no answer from https://dust.tt: connection reset");
	assert_false(f.batch->entries[0].rejected);
	fixture_close(&f);
}

static void
a_429_is_waited_out(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"skip_unchanged\":false", "id");
	begin_batch(&f, 1);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_refuse(&f, 429, "rate_limit_error", "slow"), AB_WAIT);
	assert_int_equal(f.x.wait_ms, 5000);
	assert_int_equal(f.limits.rate.requests, 120);
	assert_int_equal(f.limits.rate.per_ms, 60000);
	fixture_close(&f);
}

static void
a_document_that_dust_will_never_take_is_a_rejected_record(void **unused)
{
	static const struct {
		int status;
		const char *type;
		const char *message;
	} cases[] = {
	    {403, "data_source_quota_error",
		"Data sources document upload size is limited to 2MB on your current plan."},
	    {413, "", ""},
	    {400, "invalid_request_error",
		"Invalid request body, `source_url` if provided must be a valid URL."},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, "\"skip_unchanged\":false", "id");
		begin_batch(&f, 2);
		assert_int_equal(fixture_ask(&f, 1), AB_SEND);
		assert_int_equal(
		    fixture_refuse(&f, cases[i].status, cases[i].type, cases[i].message), AB_DONE);
		assert_false(f.batch->entries[0].rejected);
		assert_true(f.batch->entries[1].rejected);
		expect_contains(ab_batch_reason(f.batch, 1), cases[i].message);
		fixture_close(&f);
	}
}

static void
nothing_is_asked_at_the_begin_and_the_end_of_an_append(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
	assert_int_equal(f.limits.order, AB_ORDER_KEY);
	fixture_close(&f);
}

/* --- overwrite --- */

static void
open_overwrite(struct fixture *f, const char *extra)
{
	assert_int_equal(fixture_open_raw(f, extra), 0);
	fixture_stream(f, "users", "id", "{}");
	f->stream.overwrite = true;
	fixture_start(f);
}

static void
an_overwrite_deletes_what_it_did_not_write_again(void **unused)
{
	char list[4000] = "";
	struct fixture f;

	(void)unused;
	open_overwrite(&f, "");
	begin_batch(&f, 2);
	put_listed(&f, list, sizeof(list), "users-1", 0, "airbyte:stream:users");
	put_listed(&f, list, sizeof(list), "users-7", -1, "airbyte:stream:users");
	put_listed(&f, list, sizeof(list), "other-1", -1, "airbyte:stream:other");
	put_listed(&f, list, sizeof(list), "by hand", -1, "title:x");
	put_listed(&f, list, sizeof(list), "old/8", -1, "airbyte:stream:users");
	put_listed(
	    &f, list, sizeof(list), "n-1", -1, "airbyte:stream:users\",\"airbyte:namespace:n");
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_GET, "documents?limit=100&offset=0", "");
	assert_int_equal(reply_list(&f, list), AB_NEXT);
	assert_int_equal(f.x.step, LIST);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_GET, "documents?limit=100&offset=6", "");
	assert_int_equal(reply_list(&f, ""), AB_NEXT);
	assert_int_equal(f.x.step, DELETE);

	f.x.items = 1;
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_DELETE, "documents/users-7", "");
	assert_int_equal(f.x.items, 2);
	assert_int_equal(fixture_reply(&f, 200, "{\"document\":{}}"), AB_NEXT);
	f.x.step = DELETE;
	assert_int_equal(fixture_ask(&f, 1), AB_SEND);
	fixture_expect(&f, AB_DELETE, "documents/old%2F8", "");
	assert_int_equal(fixture_reply(&f, 200, "{\"document\":{}}"), AB_NEXT);
	assert_int_equal(f.x.step, LIST);

	/* The list lags: what was deleted is still there, and is not deleted again. */
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_GET, "documents?limit=100&offset=0", "");
	assert_int_equal(reply_list(&f, list), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, ""), AB_DONE);
	fixture_close(&f);
}

static void
a_deletion_in_an_overwrite_waits_for_its_end(void **unused)
{
	char list[4000] = "";
	struct fixture f;

	(void)unused;
	open_overwrite(&f, "\"skip_unchanged\":false");
	assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":2,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":3,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":3}"), AB_TAKEN);
	begin_batch(&f, 0);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
	assert_int_equal(f.x.items, 3);
	assert_int_equal(fixture_ask(&f, 1), AB_SKIP);
	assert_int_equal(fixture_ask(&f, 2), AB_SEND);
	expect_contains(f.request.url.data, "users-3");
	for (int i = 1; i <= 3; i++) {
		char id[16];
		snprintf(id, sizeof(id), "users-%d", i);
		put_listed(&f, list, sizeof(list), id, -1, "airbyte:stream:users");
	}
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, list), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, ""), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.items, 2);
	fixture_expect(&f, AB_DELETE, "documents/users-1", "");
	assert_int_equal(fixture_ask(&f, 1), AB_SEND);
	fixture_expect(&f, AB_DELETE, "documents/users-2", "");
	fixture_close(&f);
}

static void
with_first_batch_a_deletion_is_sent(void **unused)
{
	struct fixture f;

	(void)unused;
	open_overwrite(&f, "\"overwrite_when\":\"first_batch\"");
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	begin_batch(&f, 0);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, ""), AB_NEXT);
	assert_int_equal(f.x.step, UPSERT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_DELETE, "documents/users-1", "");
	fixture_close(&f);
}

static void
an_overwrite_that_did_not_end_well_deletes_nothing(void **unused)
{
	struct fixture f;

	(void)unused;
	open_overwrite(&f, "");
	begin_batch(&f, 2);
	fixture_exchange(&f, AB_END, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
	fixture_close(&f);
}

static void
an_overwrite_without_records_empties(void **unused)
{
	char list[400] = "";
	struct fixture f;

	(void)unused;
	open_overwrite(&f, "");
	put_listed(&f, list, sizeof(list), "users-1", -1, "airbyte:stream:users");
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, list), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, ""), AB_NEXT);
	assert_int_equal(f.x.step, DELETE);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_DELETE, "documents/users-1", "");
	fixture_close(&f);
}

static void
what_an_attempt_wrote_stays_when_it_is_resumed(void **unused)
{
	char list[4000] = "";
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	fixture_stream(&f, "users", "id", "{}");
	f.stream.overwrite = f.stream.resumable = true;
	f.stream.generation_id = 3;
	f.stream.sync_id = 7;
	fixture_start(&f);
	put_listed(&f, list, sizeof(list), "users-1", -1,
	    "airbyte:stream:users\",\"airbyte:generation:3.7");
	put_listed(&f, list, sizeof(list), "users-2", -1,
	    "airbyte:stream:users\",\"airbyte:generation:2.7");
	put_listed(&f, list, sizeof(list), "users-3", -1, "airbyte:stream:users");
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, list), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, ""), AB_NEXT);
	assert_int_equal(f.x.step, DELETE);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.items, 2);
	fixture_expect(&f, AB_DELETE, "documents/users-2", "");
	fixture_close(&f);
}

static void
a_deletion_in_an_overwrite_that_can_be_resumed_is_sent(void **unused)
{
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	fixture_stream(&f, "users", "id", "{}");
	f.stream.overwrite = f.stream.resumable = true;
	fixture_start(&f);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	begin_batch(&f, 0);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_DELETE, "documents/users-1", "");
	fixture_close(&f);
}

static void
a_list_read_while_others_deleted_is_read_again(void **unused)
{
	struct fixture f;

	(void)unused;
	open_overwrite(&f, "");
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_dust(&f)->deletions++;
	assert_int_equal(reply_list(&f, ""), AB_NEXT);
	assert_int_equal(f.x.step, LIST);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, ""), AB_DONE);
	fixture_close(&f);
}

static void
a_list_that_never_ends_is_given_up(void **unused)
{
	struct fixture f;
	enum ab_ask ask = AB_SEND;
	int rounds = 0;

	(void)unused;
	open_overwrite(&f, "");
	fixture_exchange(&f, AB_END, true);
	for (; ask == AB_SEND && rounds < 5000; rounds++) {
		ask = fixture_ask(&f, 0);
		fixture_dust(&f)->deletions++;
		if (ask == AB_SEND)
			assert_int_equal(reply_list(&f, ""), AB_NEXT);
	}
	assert_int_equal(ask, AB_REFUSE);
	expect_contains(f.err.message, "did not come to rest");
	fixture_close(&f);
}

static void
with_first_batch_old_data_goes_before_the_first_upsert(void **unused)
{
	char list[400] = "";
	struct fixture f;

	(void)unused;
	open_overwrite(&f, "\"overwrite_when\":\"first_batch\"");
	assert_int_equal(f.limits.order, AB_ORDER_STREAM);
	begin_batch(&f, 1);
	put_listed(&f, list, sizeof(list), "users-1", 0, "airbyte:stream:users");
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_GET, "documents?limit=100&offset=0", "");
	assert_int_equal(reply_list(&f, list), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, ""), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_DELETE, "documents/users-1", "");
	assert_int_equal(fixture_reply(&f, 200, "{\"document\":{}}"), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(reply_list(&f, ""), AB_NEXT);
	assert_int_equal(f.x.step, UPSERT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.request.method, AB_POST);

	/* The next batch neither sweeps nor believes the list; the end has nothing to do. */
	fixture_exchange(&f, AB_BATCH, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.step, UPSERT);
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
	fixture_close(&f);
}

static void
with_first_batch_a_stream_without_records_is_emptied_at_its_end(void **unused)
{
	struct fixture f;

	(void)unused;
	open_overwrite(&f, "\"overwrite_when\":\"first_batch\"");
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_GET, "documents?limit=100&offset=0", "");
	assert_int_equal(reply_list(&f, ""), AB_DONE);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unchanged_documents_are_looked_up_and_skipped),
	    cmocka_unit_test(what_this_run_wrote_or_deleted_is_never_skipped),
	    cmocka_unit_test(an_upsert_is_metered_and_carries_the_body),
	    cmocka_unit_test(deletions_delete_and_are_not_metered),
	    cmocka_unit_test(within_a_batch_the_last_word_on_a_key_counts),
	    cmocka_unit_test(without_a_key_a_deletion_is_kept_as_a_record),
	    cmocka_unit_test(many_ids_are_looked_up_in_several_requests),
	    cmocka_unit_test(a_look_up_that_fails_is_not_taken_for_an_answer),
	    cmocka_unit_test(each_reply_to_an_upsert_has_its_verdict),
	    cmocka_unit_test(a_429_is_waited_out),
	    cmocka_unit_test(a_document_that_dust_will_never_take_is_a_rejected_record),
	    cmocka_unit_test(nothing_is_asked_at_the_begin_and_the_end_of_an_append),
	    cmocka_unit_test(an_overwrite_deletes_what_it_did_not_write_again),
	    cmocka_unit_test(a_deletion_in_an_overwrite_waits_for_its_end),
	    cmocka_unit_test(with_first_batch_a_deletion_is_sent),
	    cmocka_unit_test(an_overwrite_that_did_not_end_well_deletes_nothing),
	    cmocka_unit_test(an_overwrite_without_records_empties),
	    cmocka_unit_test(what_an_attempt_wrote_stays_when_it_is_resumed),
	    cmocka_unit_test(a_deletion_in_an_overwrite_that_can_be_resumed_is_sent),
	    cmocka_unit_test(a_list_read_while_others_deleted_is_read_again),
	    cmocka_unit_test(a_list_that_never_ends_is_given_up),
	    cmocka_unit_test(with_first_batch_old_data_goes_before_the_first_upsert),
	    cmocka_unit_test(with_first_batch_a_stream_without_records_is_emptied_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
