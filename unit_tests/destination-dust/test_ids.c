#include <uthash.h>

#include "digest.h"
#include "fixture.h"

#define HEX32 "--0123456789abcdef0123456789abcdef"

/* The id of a record of the stream, as a document or a row; lives until the next call. */
static const char *
id_of(struct fixture *f, bool is_row, const char *data)
{
	const struct ab_record record = fixture_record(f, data);

	assert_int_equal(dust_id_of_record(f->self, &f->stream, is_row, &record, &f->err), 0);
	return fixture_dust(f)->id.text.data;
}

static bool
is_tagged(const char *id)
{
	const size_t len = strlen(id);

	return len >= 34 && memcmp(id + len - 34, "--", 2) == 0 &&
	       strspn(id + len - 32, "0123456789abcdef") == 32;
}

static void
plain_keys_give_plain_ids(void **unused)
{
	static const struct {
		const char *value;
		const char *id;
	} cases[] = {
	    {"42", "users-42"},
	    {"0", "users-0"},
	    {"-7", "users--7"},
	    {"9223372036854775807", "users-9223372036854775807"},
	    {"\"alice\"", "users-alice"},
	    {"\"_a1\"", "users-_a1"},
	    {"\"\\u0061lice\"", "users-alice"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	for (size_t i = 0; i < COUNT(cases); i++) {
		char data[100];
		snprintf(data, sizeof(data), "{\"id\":%s}", cases[i].value);
		assert_string_equal(id_of(&f, false, data), cases[i].id);
		assert_string_equal(id_of(&f, true, data), cases[i].id + strlen("users-"));
	}
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
all_other_keys_give_tagged_ids(void **unused)
{
	static const struct {
		const char *value;
		const char *readable;
	} cases[] = {
	    {"\"1\"", "users-1"},
	    {"1.0", "users-1_0"},
	    {"1e0", "users-1e0"},
	    {"-0", "users--0"},
	    {"12345678901234567890", "users-12345678901234567890"},
	    {"\"\"", "users-"},
	    {"\"a/b\"", "users-a_b"},
	    {"\"a-b\"", "users-a-b"},
	    {"\" a \"", "users-_a_"},
	    {"\"1a\"", "users-1a"},
	    {"\"\xE6\x97\xA5\xE6\x9C\xAC\"", "users-__"},
	    {"\"a\\nb\"", "users-a_b"},
	    {"true", "users-true"},
	    {"NaN", "users-NaN"},
	    {"-Infinity", "users--Infinity"},
	    {"\"-Infinity\"", "users--Infinity"},
	    {"null", "users-null"},
	    {"{\"a\":1}", "users-__a__1_"},
	    {"[1]", "users-_1_"},
	};
	struct fixture f;
	char seen[COUNT(cases)][DUST_ID_MAX + 1];

	(void)unused;
	fixture_open(&f, "", "id");
	for (size_t i = 0; i < COUNT(cases); i++) {
		char data[100];
		snprintf(data, sizeof(data), "{\"id\":%s}", cases[i].value);
		const char *id = id_of(&f, false, data);
		assert_true(is_tagged(id));
		assert_int_equal(strlen(id), strlen(cases[i].readable) + 34);
		assert_memory_equal(id, cases[i].readable, strlen(cases[i].readable));
		snprintf(seen[i], sizeof(seen[i]), "%s", id);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(seen[i], seen[j]);
	}
	fixture_close(&f);
}

static void
keys_may_have_several_parts_and_lie_deep(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id,m/id");
	assert_string_equal(
	    id_of(&f, false, "{\"m\":{\"x\":0,\"id\":\"b\"},\"id\":1}"), "users-1-b");
	assert_string_equal(id_of(&f, true, "{\"id\":-1,\"m\":{\"id\":-2}}"), "-1--2");
	/* A literal key with a dot is another field. */
	const char *id = id_of(&f, false, "{\"m.id\":\"b\",\"id\":1}");
	assert_memory_equal(id, "users-1-missing--", strlen("users-1-missing--"));
	fixture_close(&f);
}

static void
the_last_of_repeated_members_counts(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	assert_string_equal(id_of(&f, false, "{\"id\":1,\"id\":2}"), "users-2");
	fixture_close(&f);
}

static void
absent_key_parts_are_parts_of_their_own_with_one_warning(void **unused)
{
	struct fixture f;
	char missing[DUST_ID_MAX + 1];
	char null[DUST_ID_MAX + 1];

	(void)unused;
	fixture_open(&f, "", "id");
	snprintf(missing, sizeof(missing), "%s", id_of(&f, false, "{}"));
	snprintf(null, sizeof(null), "%s", id_of(&f, false, "{\"id\":null}"));
	assert_string_not_equal(missing, null);
	assert_string_not_equal(null, id_of(&f, false, "{\"id\":\"null\"}"));
	assert_string_not_equal(missing, id_of(&f, false, "{\"id\":\"missing\"}"));
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

static void
halves_of_surrogate_pairs_stay_different(void **unused)
{
	struct fixture f;
	char first[DUST_ID_MAX + 1];

	(void)unused;
	fixture_open(&f, "", "id");
	snprintf(first, sizeof(first), "%s", id_of(&f, false, "{\"id\":\"\\ud800\"}"));
	assert_string_not_equal(first, id_of(&f, false, "{\"id\":\"\\ud801\"}"));
	assert_string_not_equal(first, id_of(&f, false, "{\"id\":\"\xEF\xBF\xBD\"}"));
	/* A character is the same however it is spelt. */
	snprintf(first, sizeof(first), "%s", id_of(&f, false, "{\"id\":\"\\ud83d\\ude00\"}"));
	assert_string_equal(first, id_of(&f, false, "{\"id\":\"\xF0\x9F\x98\x80\"}"));
	fixture_close(&f);
}

static void
streams_and_namespaces_do_not_share_ids(void **unused)
{
	static const struct {
		const char *namespace;
		const char *name;
		const char *id;
	} streams[] = {
	    {NULL, "a", "\"1-2\""},
	    {NULL, "a-1", "2"},
	    {NULL, "a-1", "\"2\""},
	    {"n1", "a", "1"},
	    {"n2", "a", "1"},
	    {"", "a", "1"},
	    {NULL, "a", "1"},
	    {NULL, "n1-a", "1"},
	    {NULL, "\xC3\xA9", "1"},
	    {NULL, "\xC3\xA8", "1"},
	};
	struct fixture f;
	char seen[COUNT(streams)][DUST_ID_MAX + 1];

	(void)unused;
	fixture_open(&f, "", "id");
	for (size_t i = 0; i < COUNT(streams); i++) {
		char data[100];
		f.stream.name = streams[i].name;
		f.stream.namespace = streams[i].namespace;
		snprintf(data, sizeof(data), "{\"id\":%s}", streams[i].id);
		snprintf(seen[i], sizeof(seen[i]), "%s", id_of(&f, false, data));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(seen[i], seen[j]);
	}
	assert_string_equal(seen[6], "a-1");
	assert_memory_equal(seen[3], "n1-a-1--", 8);
	fixture_close(&f);
}

static void
long_ids_are_cut_and_tagged(void **unused)
{
	struct fixture f;
	char data[5000] = "{\"id\":\"";
	const size_t head = strlen(data);

	(void)unused;
	fixture_open(&f, "", "id");
	memset(data + head, 'x', 122);
	memcpy(data + head + 122, "\"}", 3);
	assert_int_equal(strlen(id_of(&f, false, data)), DUST_ID_PLAIN_MAX);
	assert_false(is_tagged(fixture_dust(&f)->id.text.data));
	memset(data + head, 'x', 123);
	memcpy(data + head + 123, "\"}", 3);
	assert_int_equal(strlen(id_of(&f, false, data)), DUST_ID_MAX);
	assert_true(is_tagged(fixture_dust(&f)->id.text.data));
	memset(data + head, 'x', 4000);
	memcpy(data + head + 4000, "\"}", 3);
	assert_int_equal(strlen(id_of(&f, false, data)), DUST_ID_MAX);
	fixture_close(&f);
}

static void
without_a_key_the_record_is_the_id(void **unused)
{
	static const char canonical[] = "{\"a\": 1, \"b\": \"x\"}";
	char hex[AB_DIGEST_HEX + 1];
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "");
	ab_digest_hex(canonical, strlen(canonical), hex);
	const char *id = id_of(&f, false, "{\"b\":\"x\",\"a\":1}");
	assert_int_equal(strlen(id), strlen("users-") + 16);
	assert_memory_equal(id, "users-", 6);
	assert_memory_equal(id + 6, hex, 16);
	id = id_of(&f, true, "{ \"a\" : 1, \"b\" : \"x\" }");
	assert_int_equal(strlen(id), 32);
	assert_memory_equal(id, hex, 32);
	f.stream.namespace = "n";
	id = id_of(&f, false, "{\"a\":1}");
	assert_true(is_tagged(id));
	assert_memory_equal(id, "n-users--", 9);
	fixture_close(&f);
}

/* A record {"a":" and so many x"}. */
static char *
large_record(size_t bytes)
{
	char *data = ab_malloc(bytes + 1);

	memset(data, 'x', bytes);
	memcpy(data, "{\"a\":\"", 6);
	memcpy(data + bytes - 2, "\"}", 3);
	return data; /* the caller's to free */
}

static void
a_large_record_without_a_key_is_told_by_its_text(void **unused)
{
	char *small = large_record(DUST_ID_RAW_MIN - 1);
	char *large = large_record(DUST_ID_RAW_MIN);
	char hex[AB_DIGEST_HEX + 1];
	char first[DUST_ID_MAX + 1];
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "");
	/* The canonical form has a blank after the colon. */
	ab_digest_hex(large, strlen(large), hex);
	assert_memory_not_equal(id_of(&f, true, large), hex, 32);
	snprintf(first, sizeof(first), "%s", id_of(&f, true, large));
	assert_int_equal(strlen(first), 32);
	assert_string_equal(id_of(&f, true, large), first);
	large[100] = 'y';
	assert_string_not_equal(id_of(&f, true, large), first);
	assert_memory_equal(id_of(&f, false, large), "users-", 6);
	assert_int_equal(strlen(fixture_dust(&f)->id.text.data), 6 + 16);
	f.stream.namespace = "n";
	assert_true(is_tagged(id_of(&f, false, large)));
	f.stream.namespace = NULL;
	snprintf(first, sizeof(first), "%s", id_of(&f, true, small));
	small[5] = ' ';
	small[6] = '"';
	assert_string_not_equal(id_of(&f, true, small), first);
	fixture_close(&f);
	free(small);
	free(large);
}

/* --- injectivity, by trying hard to break it --- */

struct seen {
	char id[DUST_ID_MAX + 1];
	char identity[400];
	UT_hash_handle hh;
};

static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* A JSON value that is made to be mistaken for another. */
static void
random_value(uint32_t *state, char *text, size_t size)
{
	static const char *const atoms[] = {"1", "-1", "2", "a", "b", "_", "-", "--", "1-2", "null",
	    "missing", "true", "a-b", "a--b", "0123456789abcdef0123456789abcdef", HEX32, "-" HEX32,
	    "x" HEX32, "1" HEX32, "1234567890123456789", "12345678901234567890",
	    "01234567890123456789012345678901", "a.b", "a b", "", "-0", "1e1", "1.0"};
	static const char *const naked[] = {"null", "true", "false", "1", "-1", "2", "1.0", "10",
	    "1e1", "-0", "1234567890123456789", "12345678901234567890", "[]", "[1]", "{}",
	    "01234567890123456789012345678901"};

	if (next_random(state) % 2 == 0) {
		/* The last one is no JSON number. */
		snprintf(text, size, "%s", naked[next_random(state) % (COUNT(naked) - 1)]);
		return;
	}
	snprintf(text, size, "\"%s%s\"", atoms[next_random(state) % COUNT(atoms)],
	    next_random(state) % 3 == 0 ? atoms[next_random(state) % COUNT(atoms)] : "");
}

static void
check_id(struct seen **all, const char *id, const char *identity)
{
	struct seen *known = NULL;

	assert_true(strlen(id) <= DUST_ID_MAX);
	assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-"),
	    strlen(id));
	HASH_FIND_STR(*all, id, known);
	if (known != NULL) {
		assert_string_equal(known->identity, identity);
		return;
	}
	known = ab_calloc(1, sizeof(*known));
	snprintf(known->id, sizeof(known->id), "%s", id);
	snprintf(known->identity, sizeof(known->identity), "%s", identity);
	HASH_ADD_STR(*all, id, known);
}

static void
two_keys_never_share_an_id(void **unused)
{
	static const char *const names[] = {"a", "a-1", "a_1", "users", "a--b", "x y", HEX32};
	static const char *const namespaces[] = {NULL, NULL, "", "a", "a-1"};
	struct seen *documents = NULL;
	struct seen *rows = NULL;
	struct seen *each = NULL;
	struct seen *next = NULL;
	uint32_t state = 7;
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "p,q,r");
	for (int round = 0; round < 200000; round++) {
		char values[3][120];
		char data[400];
		char identity[400];
		for (int i = 0; i < 3; i++)
			random_value(&state, values[i], sizeof(values[i]));
		f.stream.name = names[next_random(&state) % COUNT(names)];
		f.stream.namespace = namespaces[next_random(&state) % COUNT(namespaces)];
		f.stream.primary_keys = 1 + next_random(&state) % 3;
		snprintf(data, sizeof(data), "{\"p\":%s,\"q\":%s,\"r\":%s}", values[0], values[1],
		    values[2]);
		snprintf(identity, sizeof(identity), "%s|%s|%s|%s", values[0],
		    f.stream.primary_keys > 1 ? values[1] : "",
		    f.stream.primary_keys > 2 ? values[2] : "",
		    f.stream.primary_keys == 1   ? "1"
		    : f.stream.primary_keys == 2 ? "2"
						 : "3");
		check_id(&rows, id_of(&f, true, data), identity);
		snprintf(identity + strlen(identity), sizeof(identity) - strlen(identity), "|%s|%s",
		    f.stream.namespace != NULL ? f.stream.namespace : "none", f.stream.name);
		check_id(&documents, id_of(&f, false, data), identity);
	}
	assert_true(HASH_COUNT(documents) > 100000);
	HASH_ITER(hh, documents, each, next)
	{
		HASH_DEL(documents, each);
		free(each);
	}
	HASH_ITER(hh, rows, each, next)
	{
		HASH_DEL(rows, each);
		free(each);
	}
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_keys_give_plain_ids),
	    cmocka_unit_test(all_other_keys_give_tagged_ids),
	    cmocka_unit_test(keys_may_have_several_parts_and_lie_deep),
	    cmocka_unit_test(the_last_of_repeated_members_counts),
	    cmocka_unit_test(absent_key_parts_are_parts_of_their_own_with_one_warning),
	    cmocka_unit_test(halves_of_surrogate_pairs_stay_different),
	    cmocka_unit_test(streams_and_namespaces_do_not_share_ids),
	    cmocka_unit_test(long_ids_are_cut_and_tagged),
	    cmocka_unit_test(without_a_key_the_record_is_the_id),
	    cmocka_unit_test(a_large_record_without_a_key_is_told_by_its_text),
	    cmocka_unit_test(two_keys_never_share_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
