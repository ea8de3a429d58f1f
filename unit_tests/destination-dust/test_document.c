#include "digest.h"
#include "document.h"
#include "fixture.h"

/* The body of the upsert of one record, without the digits of its hash; they go to hash. */
static const char *
body_of(struct fixture *f, const char *data, char hash[DUST_HASH_HEX + 1])
{
	static char copy[1 << 16];

	ab_batch_free(f->batch);
	f->batch = ab_batch_new(&f->stream, 1 << 20, 0);
	assert_int_equal(fixture_append(f, data), AB_TAKEN);
	const char *body = f->batch->body.data;
	if (hash != NULL) {
		memcpy(hash, body, DUST_HASH_HEX);
		hash[DUST_HASH_HEX] = '\0';
	}
	snprintf(copy, sizeof(copy), "%s", body + DUST_HASH_HEX);
	char *digits = strstr(copy, DUST_TAG_HASH);
	assert_non_null(digits);
	digits += strlen(DUST_TAG_HASH);
	assert_memory_equal(digits, body, DUST_HASH_HEX);
	memmove(digits, digits + DUST_HASH_HEX, strlen(digits + DUST_HASH_HEX) + 1);
	return copy;
}

/* The value of a member of the last body, printed. */
static const char *
member_of(struct fixture *f, const char *data, const char *name)
{
	static char printed[1 << 15];
	cJSON *body = cJSON_Parse(body_of(f, data, NULL));

	assert_non_null(body);
	printed[0] = '\0';
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(body, name);
	if (member != NULL)
		assert_true(cJSON_PrintPreallocated(
		    (cJSON *)(uintptr_t)member, printed, sizeof(printed), 0));
	cJSON_Delete(body);
	return printed;
}

static void
by_default_a_document_is_the_record_as_json(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	assert_string_equal(
	    body_of(&f, "{\"id\": 42, \"name\":\"Al \\\"x\\\"\",\"n\":9007199254740993}", NULL),
	    "{\"title\":\"Al \\\"x\\\"\",\"text\":\"{\\\"id\\\": 42, \\\"name\\\":\\\"Al "
	    "\\\\\\\"x\\\\\\\"\\\",\\\"n\\\":9007199254740993}\",\"mime_type\":\"application/"
	    "json\","
	    "\"tags\":[\"airbyte:stream:users\",\"airbyte:hash:\"],\"light_document_output\":true,"
	    "\"async\":false,\"timestamp\":1700000000123}");
	fixture_close(&f);
}

static void
a_namespace_is_a_tag(void **unused)
{
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	fixture_stream(&f, "us\"ers", "id", "{}");
	f.stream.namespace = "cr\\m";
	fixture_start(&f);
	assert_string_equal(member_of(&f, "{\"id\":1}", "tags"),
	    "[\"airbyte:stream:us\\\"ers\",\"airbyte:namespace:cr\\\\m\",\"airbyte:hash:\"]");
	fixture_close(&f);
}

static void
a_generation_is_a_tag_and_part_of_the_hash(void **unused)
{
	char hashes[3][DUST_HASH_HEX + 1];

	(void)unused;
	for (int64_t generation = 0; generation < 3; generation++) {
		struct fixture f;
		assert_int_equal(fixture_open_raw(&f, ""), 0);
		fixture_stream(&f, "users", "id", "{}");
		f.stream.overwrite = true;
		f.stream.generation_id = generation;
		f.stream.sync_id = 7;
		f.stream.resumable = generation > 0;
		fixture_start(&f);
		const char *body = body_of(&f, "{\"id\":1}", hashes[generation]);
		if (generation == 1)
			expect_contains(body,
			    "[\"airbyte:stream:users\",\"airbyte:generation:1.7\","
			    "\"airbyte:hash:\"]");
		if (generation == 0)
			expect_contains(body, "[\"airbyte:stream:users\",\"airbyte:hash:\"]");
		fixture_close(&f);
	}
	assert_string_not_equal(hashes[0], hashes[1]);
	assert_string_not_equal(hashes[1], hashes[2]);
}

static void
one_text_field_is_the_text_alone(void **unused)
{
	static const struct {
		const char *data;
		const char *text;
	} cases[] = {
	    {"{\"body\":\"a\\nb \\u00e9\"}", "\"a\\nb \xC3\xA9\""},
	    {"{\"body\":12345678901234567890}", "\"12345678901234567890\""},
	    {"{\"body\":{\"a\":[1]}}", "\"{\\\"a\\\":[1]}\""},
	    {"{\"body\":NaN}", "\"NaN\""},
	    {"{\"body\":null}", "\"\""},
	    {"{}", "\"\""},
	    {"{\"body\":\"\\u0000\\ud800\"}", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"text_fields\":[\"body\"]", "id");
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(member_of(&f, cases[i].data, "text"), cases[i].text);
		assert_string_equal(member_of(&f, cases[i].data, "mime_type"), "\"text/plain\"");
	}
	assert_int_equal(fixture_notes(&f), 2); /* the keys are missing too */
	fixture_close(&f);
}

static void
several_text_fields_are_named_paragraphs(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"text_fields\":[\"subject\",\"a.b\",\"body\"]", "id");
	assert_string_equal(
	    member_of(&f, "{\"id\":1,\"body\":\"B\",\"subject\":\"S\",\"a\":{\"b\":true}}", "text"),
	    "\"subject: S\\n\\na.b: true\\n\\nbody: B\"");
	assert_string_equal(
	    member_of(&f, "{\"id\":1,\"body\":\"B\",\"subject\":null}", "text"), "\"body: B\"");
	assert_string_equal(member_of(&f, "{\"id\":1}", "text"), "\"\"");
	fixture_close(&f);
}

static void
the_title_is_the_first_usual_field_with_a_value(void **unused)
{
	static const struct {
		const char *data;
		const char *title;
	} cases[] = {
	    {"{\"id\":1,\"label\":\"l\",\"title\":\"t\"}", "\"t\""},
	    {"{\"id\":1,\"title\":\"  \",\"name\":null,\"subject\":\"s\"}", "\"s\""},
	    {"{\"id\":1,\"title\":[],\"headline\":7}", "\"7\""},
	    {"{\"id\":1,\"title\":-Infinity}", "\"-Infinity\""},
	    {"{\"id\":1,\"title\":\" a\\nb\\t\"}", "\"a b\""},
	    {"{\"id\":1}", "\"users-1\""},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(member_of(&f, cases[i].data, "title"), cases[i].title);
	fixture_close(&f);
	fixture_open(&f, "\"title_field\":\"a.b\"", "id");
	assert_string_equal(
	    member_of(&f, "{\"id\":1,\"title\":\"t\",\"a\":{\"b\":\"x\"}}", "title"), "\"x\"");
	assert_string_equal(member_of(&f, "{\"id\":1,\"title\":\"t\"}", "title"), "\"t\"");
	fixture_close(&f);
}

static void
a_long_title_is_cut_in_dusts_units(void **unused)
{
	char data[4000] = "{\"id\":1,\"title\":\"";
	const size_t head = strlen(data);
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	for (int i = 0; i < 300; i++)
		memcpy(data + head + 4 * i, "\xF0\x9F\x98\x80", 4);
	memcpy(data + head + 1200, "\"}", 3);
	assert_int_equal(strlen(member_of(&f, data, "title")), 256 * 4 + 2);
	memset(data + head, 'x', 600);
	memcpy(data + head + 600, "\"}", 3);
	assert_int_equal(strlen(member_of(&f, data, "title")), 512 + 2);
	fixture_close(&f);
}

static void
tag_fields_become_tags(void **unused)
{
	static const struct {
		const char *data;
		const char *tags;
	} cases[] = {
	    {"{\"id\":1,\"status\":\"op\\\"en\",\"n\":{\"x\":true}}",
		",\"status:op\\\"en\",\"n.x:true\"]"},
	    {"{\"id\":1,\"status\":[\"a\",1,null,\"\",[2],\"b\"]}",
		",\"status:a\",\"status:1\",\"status:b\"]"},
	    {"{\"id\":1,\"status\":{\"a\":1},\"n\":null}", "]"},
	    {"{\"id\":1,\"status\":[NaN],\"n\":{\"x\":Infinity}}",
		",\"status:NaN\",\"n.x:Infinity\"]"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"tag_fields\":[\"status\",\"n.x\"]", "id");
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *tags = member_of(&f, cases[i].data, "tags");
		static const char ours[] = "[\"airbyte:stream:users\",\"airbyte:hash:\"";
		assert_memory_equal(tags, ours, strlen(ours));
		assert_string_equal(tags + strlen(ours), cases[i].tags);
	}
	fixture_close(&f);
}

static void
tags_are_cut_and_lists_too(void **unused)
{
	char data[4000] = "{\"id\":1,\"t\":\"";
	size_t len = strlen(data);
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"tag_fields\":[\"t\"]", "id");
	memset(data + len, 'x', 1000);
	memcpy(data + len + 1000, "\"}", 3);
	const char *tag = strstr(member_of(&f, data, "tags"), "\"t:");
	assert_non_null(tag);
	assert_int_equal(strlen(tag), strlen("\"t:\"]") + 256);
	snprintf(data, sizeof(data), "{\"id\":1,\"t\":[0");
	for (int i = 1; i < 150; i++)
		snprintf(data + strlen(data), sizeof(data) - strlen(data), ",%d", i);
	snprintf(data + strlen(data), sizeof(data) - strlen(data), "]}");
	const char *tags = member_of(&f, data, "tags");
	expect_contains(tags, "\"t:99\"");
	assert_null(strstr(tags, "\"t:100\""));
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

static void
no_field_can_forge_our_tags(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"tag_fields\":[\"airbyte\",\"airbyte:stream\",\"__DUST_X\"]", "id");
	assert_int_equal(fixture_notes(&f), 1);
	assert_string_equal(
	    member_of(&f,
		"{\"id\":1,\"airbyte\":\"hash:x\",\"airbyte:stream\":\"b\",\"__DUST_X\":1}",
		"tags"),
	    "[\"airbyte:stream:users\",\"airbyte:hash:\"]");
	fixture_close(&f);
}

static void
only_good_urls_are_sent(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"source_url_field\":\"url\"", "id");
	assert_string_equal(member_of(&f, "{\"id\":1,\"url\":\"https://a.b/c?d\"}", "source_url"),
	    "\"https://a.b/c?d\"");
	assert_string_equal(member_of(&f, "{\"id\":1,\"url\":null}", "source_url"), "");
	assert_string_equal(member_of(&f, "{\"id\":1}", "source_url"), "");
	assert_int_equal(fixture_notes(&f), 0);
	assert_string_equal(
	    member_of(&f, "{\"id\":1,\"url\":\"https://a.b//c\"}", "source_url"), "");
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

static void
the_timestamp_is_the_records_own_if_it_has_one(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "\"timestamp_field\":\"m.at\"", "id");
	assert_string_equal(member_of(&f, "{\"id\":1,\"m\":{\"at\":\"2024-02-29\"}}", "timestamp"),
	    "1709164800000");
	assert_string_equal(member_of(&f, "{\"id\":1,\"m\":{\"at\":17}}", "timestamp"), "17");
	assert_string_equal(member_of(&f, "{\"id\":1}", "timestamp"), "1700000000123");
	assert_int_equal(fixture_notes(&f), 0);
	assert_string_equal(
	    member_of(&f, "{\"id\":1,\"m\":{\"at\":\"soon\"}}", "timestamp"), "1700000000123");
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

static void
a_cursor_that_is_a_date_is_the_timestamp(void **unused)
{
	static const char *const schemas[] = {
	    "{\"properties\":{\"at\":{\"type\":\"string\",\"format\":\"date-time\"}}}",
	    "{\"properties\":{\"at\":{\"type\":\"string\"}}}"};
	static const char *const expected[] = {"1704067200000", "1700000000123"};
	char part[] = "at";
	char *parts[] = {part};

	(void)unused;
	for (size_t i = 0; i < COUNT(schemas); i++) {
		struct fixture f;
		assert_int_equal(fixture_open_raw(&f, ""), 0);
		fixture_stream(&f, "users", "id", schemas[i]);
		f.stream.cursor = (struct ab_path){parts, 1};
		fixture_start(&f);
		assert_string_equal(
		    member_of(&f, "{\"id\":1,\"at\":\"2024-01-01T00:00:00Z\"}", "timestamp"),
		    expected[i]);
		fixture_close(&f);
	}
}

static void
the_hash_covers_content_and_not_the_time_of_the_read(void **unused)
{
	struct fixture f;
	char first[DUST_HASH_HEX + 1];
	char second[DUST_HASH_HEX + 1];
	struct ab_record record;

	(void)unused;
	fixture_open(&f, "\"timestamp_field\":\"at\"", "id");
	body_of(&f, "{\"id\":1}", first);
	body_of(&f, "{\"id\":1,\"at\":null}", second);
	assert_string_not_equal(first, second); /* the text differs */
	body_of(&f, "{\"id\":1,\"at\":5}", first);
	body_of(&f, "{\"id\":1,\"at\":5}", second);
	assert_string_equal(first, second);

	body_of(&f, "{\"id\":1}", first);
	record = fixture_record(&f, "{\"id\":1}");
	record.emitted_at_ms += 1000;
	ab_buf_reset(&f.batch->body);
	assert_int_equal(dust_destination.append(f.self, f.batch, &record, &f.err), AB_TAKEN);
	assert_memory_equal(f.batch->body.data, first, DUST_HASH_HEX);
	expect_contains(f.batch->body.data, "\"timestamp\":1700000001123}");
	fixture_close(&f);

	/* One text field: the timestamp alone differs. */
	fixture_open(&f, "\"timestamp_field\":\"at\",\"text_fields\":[\"id\"]", "id");
	body_of(&f, "{\"id\":1,\"at\":5}", first);
	body_of(&f, "{\"id\":1,\"at\":6}", second);
	assert_string_not_equal(first, second);
	fixture_close(&f);
}

static void
a_body_that_does_not_fit_overflows(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	for (size_t limit = 0; limit < 300; limit += 7) {
		ab_batch_free(f.batch);
		f.batch = ab_batch_new(&f.stream, limit, 0);
		const struct ab_record record = fixture_record(&f, "{\"id\":1,\"a\":\"b\"}");
		assert_int_equal(
		    dust_destination.append(f.self, f.batch, &record, &f.err), AB_TAKEN);
		assert_true(f.batch->body.len <= limit);
	}
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(by_default_a_document_is_the_record_as_json),
	    cmocka_unit_test(a_namespace_is_a_tag),
	    cmocka_unit_test(a_generation_is_a_tag_and_part_of_the_hash),
	    cmocka_unit_test(one_text_field_is_the_text_alone),
	    cmocka_unit_test(several_text_fields_are_named_paragraphs),
	    cmocka_unit_test(the_title_is_the_first_usual_field_with_a_value),
	    cmocka_unit_test(a_long_title_is_cut_in_dusts_units),
	    cmocka_unit_test(tag_fields_become_tags),
	    cmocka_unit_test(tags_are_cut_and_lists_too),
	    cmocka_unit_test(no_field_can_forge_our_tags),
	    cmocka_unit_test(only_good_urls_are_sent),
	    cmocka_unit_test(the_timestamp_is_the_records_own_if_it_has_one),
	    cmocka_unit_test(a_cursor_that_is_a_date_is_the_timestamp),
	    cmocka_unit_test(the_hash_covers_content_and_not_the_time_of_the_read),
	    cmocka_unit_test(a_body_that_does_not_fit_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
