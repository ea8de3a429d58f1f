#include "fixture.h"

static void
the_defaults_are_those_of_the_readme(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	const struct pendo *pendo = fixture_pendo(&f);
	assert_string_equal(pendo->base_url, "https://app.pendo.io");
	assert_string_equal(pendo->group, "custom");
	assert_false(pendo->create_missing);
	assert_int_equal(pendo->on_missing, PENDO_REJECT);
	assert_int_equal(pendo->on_unmapped_field, PENDO_IGNORE);
	assert_int_equal(pendo->nulls, PENDO_OMIT);
	assert_int_equal(f.limits.batch_records, 500);
	assert_int_equal(f.limits.batch_bytes, 5000000);
	assert_int_equal(f.limits.in_flight, 10);
	assert_int_equal(f.limits.order, AB_ORDER_KEY);
	assert_int_equal(f.limits.rate.requests, 0);
	assert_int_equal(f.limits.retry.delays, 4);
	assert_int_equal(f.limits.retry.delays_ms[3], 8000);
	fixture_close(&f);
}

static void
what_is_configured_counts(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(fixture_open_raw(&f,
			     "'group':'agent','create_missing':true,'on_missing':'fail',"
			     "'on_unmapped_field':'reject','null_values':'empty','batch_records':7,"
			     "'batch_bytes':1000,'request_delay':0.05,'attempts':9"),
	    0);
	const struct pendo *pendo = fixture_pendo(&f);
	assert_string_equal(pendo->group, "agent");
	assert_true(pendo->create_missing);
	assert_int_equal(pendo->on_missing, PENDO_FAIL);
	assert_int_equal(pendo->on_unmapped_field, PENDO_REJECT);
	assert_int_equal(pendo->nulls, PENDO_EMPTY);
	assert_int_equal(f.limits.batch_records, 7);
	assert_int_equal(f.limits.batch_bytes, 1000);
	assert_int_equal(f.limits.rate.requests, 10);
	assert_int_equal(f.limits.rate.per_ms, 50);
	assert_int_equal(f.limits.rate.burst, 0);
	assert_int_equal(f.limits.retry.delays, 8);
	assert_int_equal(f.limits.retry.delays_ms[7], 60000);
	fixture_close(&f);
}

static void
the_region_is_configured_or_the_keys(void **state)
{
	static const struct {
		const char *extra, *url, *advice;
	} cases[] = {
	    {"'region':'US'", "https://app.pendo.io", ""},
	    {"'region':'EU'", "https://app.eu.pendo.io",
		"; the key ends in .us: is the region US?"},
	    {"'region':'US1'", "https://us1.app.pendo.io",
		"; the key ends in .us: is the region US?"},
	    {"'region':'JPN','integration_key':'k.jpn'", "https://app.jpn.pendo.io", ""},
	    {"'integration_key':'k.au'", "https://app.au.pendo.io", ""},
	    {"'integration_key':'k.eu'", "https://app.eu.pendo.io", ""},
	    {"'integration_key':'k.us1'", "https://us1.app.pendo.io", ""},
	    {"'integration_key':'k.mars'", "https://app.pendo.io", ""},
	    {"'integration_key':'bare','region':'AU'", "https://app.au.pendo.io", ""},
	    {"'base_url':'http://127.0.0.1:8080/'", "http://127.0.0.1:8080", ""},
	    {"'base_url':'app.pendo.io/api/v1/','region':'EU'", "https://app.pendo.io",
		"; the key ends in .us: is the region US?"},
	    {"'base_url':''", "https://app.pendo.io", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		assert_int_equal(fixture_open_raw(&f, cases[i].extra), 0);
		assert_string_equal(fixture_pendo(&f)->base_url, cases[i].url);
		assert_string_equal(fixture_pendo(&f)->advice, cases[i].advice);
		fixture_close(&f);
	}
}

static void
what_is_wrong_is_named_and_never_quoted(void **state)
{
	static const struct {
		const char *extra, *message;
	} cases[] = {
	    {"'integration_key':'a b'",
		"integration_key must look like cded0000-0000-0000-0000-000000000000.us, without "
		"blanks or line ends"},
	    {"'base_url':'ftp://x'", "base_url must be a URL such as https://app.pendo.io"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		assert_int_equal(fixture_open_raw(&f, cases[i].extra), -1);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		assert_string_equal(f.err.message, cases[i].message);
		cJSON_Delete(f.config.document);
		cJSON_Delete(f.spec);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_defaults_are_those_of_the_readme),
	    cmocka_unit_test(what_is_configured_counts),
	    cmocka_unit_test(the_region_is_configured_or_the_keys),
	    cmocka_unit_test(what_is_wrong_is_named_and_never_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
