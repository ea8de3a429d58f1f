#include "fixture.h"

static void
hosts_are_read_as_users_write_them(void **unused)
{
	static const struct {
		const char *extra;
		const char *host;
	} cases[] = {
	    {"", "https://api.luzmo.com"},
	    {"'api_host':null", "https://api.luzmo.com"},
	    {"'api_host':'https://api.us.luzmo.com/'", "https://api.us.luzmo.com"},
	    {"'api_host':'api.us.luzmo.com'", "https://api.us.luzmo.com"},
	    {"'api_host':'https://api.luzmo.com/0.1.0'", "https://api.luzmo.com"},
	    {"'api_host':'https://api.luzmo.com/0.1.0/'", "https://api.luzmo.com"},
	    {"'api_host':'https://api.acme.luzmo.com//'", "https://api.acme.luzmo.com"},
	    {"'api_host':'http://127.0.0.1:8080'", "http://127.0.0.1:8080"},
	};
	struct fixture f;

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(fixture_open_raw(&f, cases[i].extra), 0);
		assert_string_equal(fixture_luzmo(&f)->api_host, cases[i].host);
		fixture_close(&f);
	}
}

static void
what_cannot_be_right_is_refused_by_its_field(void **unused)
{
	static const struct {
		const char *extra;
		const char *field;
	} cases[] = {
	    {"'api_host':'ftp://api.luzmo.com'", "api_host"},
	    {"'api_host':'https://'", "api_host"},
	    {"'api_host':''", "api_host"},
	    {"'api_host':'https://api.luzmo.com?secret'", "api_host"},
	    {"'api_host':'https://me:secret@api.luzmo.com'", "api_host"},
	    {"'api_key':''", "api_key"},
	    {"'api_key':'secret '", "api_key"},
	    {"'api_key':'secret\\n'", "api_key"},
	    {"'api_token':''", "api_token"},
	    {"'api_token':'secr\xC3\xA9t'", "api_token"},
	};
	struct fixture f;

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(fixture_open_raw(&f, cases[i].extra), -1);
		assert_null(f.self);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		expect_contains(f.err.message, cases[i].field);
		assert_null(strstr(f.err.message, "secr"));
		fixture_close(&f);
	}
}

static void
credentials_are_escaped_and_of_1024_bytes_at_most(void **unused)
{
	char token[1026];
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, "'api_key':'a\\\"b'"), 0);
	assert_string_equal(fixture_luzmo(&f)->credentials,
	    "\"key\":\"a\\\"b\",\"token\":\"T\",\"version\":\"0.1.0\",");
	luzmo_destination.close(f.self);
	for (size_t len = 1024; len <= 1025; len++) {
		memset(token, '"', len);
		token[len] = '\0';
		cJSON_ReplaceItemInObject(
		    f.config.document, "api_token", cJSON_CreateString(token));
		f.self = NULL;
		const int rc = luzmo_destination.open(&f.self, &f.limits, &f.config, &f.err);
		assert_int_equal(rc, len <= 1024 ? 0 : -1);
		if (rc == 0) {
			const char *tail = strstr(fixture_luzmo(&f)->credentials, "\",\"version");
			assert_non_null(tail);
			assert_string_equal(tail, "\",\"version\":\"0.1.0\",");
			luzmo_destination.close(f.self);
		}
	}
	expect_contains(f.err.message, "api_token");
	assert_null(f.self);
	fixture_close(&f);
}

static void
choices_have_their_defaults(void **unused)
{
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	assert_false(fixture_luzmo(&f)->first_batch);
	assert_true(fixture_luzmo(&f)->typed_columns);
	fixture_close(&f);
	assert_int_equal(
	    fixture_open_raw(&f, "'overwrite_when':'first_batch','typed_columns':false"), 0);
	assert_true(fixture_luzmo(&f)->first_batch);
	assert_false(fixture_luzmo(&f)->typed_columns);
	fixture_close(&f);
}

static void
limits_are_those_of_the_api(void **unused)
{
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	assert_int_equal(f.limits.batch_records, 10000);
	assert_int_equal(f.limits.batch_bytes, 8 << 20);
	assert_int_equal(f.limits.record_bytes, 64 << 20);
	assert_int_equal(f.limits.order, AB_ORDER_STREAM);
	assert_int_equal(f.limits.rate.requests, 10);
	assert_int_equal(f.limits.rate.per_ms, 1000);
	assert_int_equal(f.limits.rate.burst, 200);
	assert_int_equal(f.limits.retry.delays, 6);
	assert_int_equal(f.limits.retry.delays_ms[0], 1000);
	assert_int_equal(f.limits.retry.delays_ms[5], 1200000);
	fixture_close(&f);
	assert_int_equal(fixture_open_raw(&f, "'flush_interval':17"), 0);
	assert_int_equal(f.limits.batch_records, 17);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_are_read_as_users_write_them),
	    cmocka_unit_test(what_cannot_be_right_is_refused_by_its_field),
	    cmocka_unit_test(credentials_are_escaped_and_of_1024_bytes_at_most),
	    cmocka_unit_test(choices_have_their_defaults),
	    cmocka_unit_test(limits_are_those_of_the_api),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
