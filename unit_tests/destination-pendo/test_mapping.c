#include "fixture.h"

static const struct pendo_mapping *
only(const struct fixture *f)
{
	assert_int_equal(fixture_pendo(f)->mappings.count, 1);
	return &fixture_pendo(f)->mappings.list[0];
}

static void
a_stream_has_kind_id_and_fields(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(fixture_open_raw(&f,
			     "'streams':[{'stream':'users','namespace':'crm','kind':'account',"
			     "'id_field':'uuid','field_mappings':[{'source':'a','target':'plan'},"
			     "{'source':'a','target':'other'}]}]"),
	    0);
	const struct pendo_mapping *mapping = only(&f);
	assert_string_equal(mapping->stream, "users");
	assert_string_equal(mapping->namespace, "crm");
	assert_true(mapping->has_kind);
	assert_int_equal(mapping->kind, PENDO_ACCOUNT);
	assert_string_equal(mapping->id_field, "uuid");
	assert_int_equal(mapping->count, 2);
	assert_string_equal(mapping->renames[1].target, "other");
	assert_false(mapping->by_name);
	fixture_close(&f);
}

static void
all_but_the_stream_may_be_absent(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(
	    fixture_open_raw(&f, "'streams':[{'stream':'users','kind':null,'field_mappings':[]}]"),
	    0);
	const struct pendo_mapping *mapping = only(&f);
	assert_false(mapping->has_kind);
	assert_null(mapping->id_field);
	assert_null(mapping->namespace);
	assert_int_equal(mapping->count, 0);
	fixture_close(&f);
}

static void
an_empty_text_is_as_good_as_none(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(
	    fixture_open_raw(&f, "'streams':[{'stream':'users','namespace':'','kind':'',"
				 "'id_field':'','field_mappings':[]}]"),
	    0);
	const struct pendo_mapping *mapping = only(&f);
	assert_false(mapping->has_kind);
	assert_null(mapping->id_field);
	assert_null(mapping->namespace);
	fixture_close(&f);
	assert_int_equal(fixture_open_raw(&f, "'users':{'primary_key':''}"), 0);
	assert_null(only(&f)->id_field);
	fixture_close(&f);
}

static void
the_order_of_mappings_says_nothing(void **state)
{
	static const char *const orders[] = {
	    "{'source':'u','target':'visitorId'},{'source':'a','target':'accountId'}",
	    "{'source':'a','target':'accountId'},{'source':'u','target':'visitorId'}"};
	char extra[200];
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		snprintf(extra, sizeof(extra), "'streams':[{'stream':'crm','field_mappings':[%s]}]",
		    orders[i]);
		assert_int_equal(fixture_open_raw(&f, extra), 0);
		assert_false(only(&f)->has_kind);
		assert_null(only(&f)->id_field);
		assert_string_equal(pendo_mapping_source(only(&f), "visitorId"), "u");
		assert_string_equal(pendo_mapping_source(only(&f), "accountId"), "a");
		assert_null(pendo_mapping_source(only(&f), "plan"));
		fixture_close(&f);
	}
}

static void
the_singer_targets_form_is_understood(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(
	    fixture_open_raw(&f, "'visitors':{'primary_key':'visitorId','field_mappings':"
				 "{'visitorId':'user_id','plan':'plan_name'}}"),
	    0);
	const struct pendo_mapping *mapping = only(&f);
	assert_string_equal(mapping->stream, "visitors");
	assert_string_equal(mapping->id_field, "user_id");
	assert_true(mapping->has_kind);
	assert_int_equal(mapping->kind, PENDO_VISITOR);
	assert_int_equal(mapping->count, 2);
	assert_string_equal(mapping->renames[0].target, "visitorId");
	assert_string_equal(mapping->renames[1].source, "plan_name");
	assert_string_equal(mapping->renames[1].target, "plan");
	assert_true(mapping->by_name);
	fixture_close(&f);
	assert_int_equal(fixture_open_raw(&f, "'visitors':{'primary_key':'uuid'}"), 0);
	assert_string_equal(only(&f)->id_field, "uuid");
	fixture_close(&f);
}

static void
what_is_wrong_names_the_stream(void **state)
{
	static const struct {
		const char *extra, *message;
	} cases[] = {
	    {"'streams':[{'kind':'visitor'}]", "streams: each needs the name of a stream"},
	    {"'streams':[{'stream':7}]", "streams: stream must be a text"},
	    {"'streams':[{'stream':'u','kind':'page'}]",
		"streams: u: kind must be visitor or account"},
	    {"'streams':[{'stream':''}]", "streams: each needs the name of a stream"},
	    {"'streams':[{'stream':'u','id_field':7}]", "streams: u: id_field must be a text"},
	    {"'streams':[{'stream':'u','field_mappings':[{'source':'','target':'t'}]}]",
		"streams: u: each of field_mappings needs a source and a target"},
	    {"'streams':[{'stream':'u','namespace':7}]", "streams: u: namespace must be a text"},
	    {"'streams':[{'stream':'u','field_mappings':{}}]",
		"streams: u: field_mappings must be a list"},
	    {"'streams':[{'stream':'u','field_mappings':[{'source':'a'}]}]",
		"streams: u: each of field_mappings needs a source and a target"},
	    {"'streams':[{'stream':'u','field_mappings':['a']}]",
		"streams: u: each of field_mappings needs a source and a target"},
	    {"'streams':[{'stream':'u','field_mappings':[{'source':'a','target':'t'},"
	     "{'source':'b','target':'t'}]}]",
		"streams: u: two fields are mapped to t"},
	    {"'streams':[{'stream':'u','field_mappings':[{'source':'a','target':'visitorId'},"
	     "{'source':'b','target':'visitorId'}]}]",
		"streams: u: two fields are mapped to visitorId"},
	    {"'streams':[{'stream':'u','kind':'visitor','id_field':'pk','field_mappings':"
	     "[{'source':'uuid','target':'visitorId'}]}]",
		"streams: u: two fields are the id: pk, and uuid, which is mapped to visitorId"},
	    {"'streams':[{'stream':'u','field_mappings':[{'source':'_sdc_batched_at',"
	     "'target':'t'}]}]",
		"streams: u: _sdc_batched_at is a field of the source's own, which is never sent"},
	    {"'streams':[{'stream':'u'},{'stream':'u'}]",
		"streams: u stands twice in the configuration"},
	    {"'streams':[{'stream':'u'}],'u':{}", "streams: u stands twice in the configuration"},
	    {"'streams':[{'stream':'u'},{'stream':'u','namespace':'n'},"
	     "{'stream':'u','namespace':'n'}]",
		"streams: n.u stands twice in the configuration"},
	    {"'streams':[{'stream':'u','namespace':'n','kind':'page'}]",
		"streams: n.u: kind must be visitor or account"},
	    {"'u':{'primary_key':1}", "u: primary_key must be a text"},
	    {"'u':{'field_mappings':[]}", "u: field_mappings must be an object"},
	    {"'u':{'field_mappings':{'plan':1}}", "u: field_mappings: plan must be a text"},
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

static void
a_namespace_is_any_unless_it_is_named(void **state)
{
	struct ab_stream stream = {.name = "users"};
	struct fixture f;

	(void)state;
	assert_int_equal(fixture_open_raw(&f,
			     "'streams':[{'stream':'users'},{'stream':'users','namespace':'crm'}]"),
	    0);
	const struct pendo_mappings *mappings = &fixture_pendo(&f)->mappings;
	assert_ptr_equal(pendo_mappings_find(mappings, &stream), &mappings->list[0]);
	stream.namespace = "erp";
	assert_ptr_equal(pendo_mappings_find(mappings, &stream), &mappings->list[0]);
	stream.namespace = "crm";
	assert_ptr_equal(pendo_mappings_find(mappings, &stream), &mappings->list[1]);
	stream.name = "user";
	assert_null(pendo_mappings_find(mappings, &stream));
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stream_has_kind_id_and_fields),
	    cmocka_unit_test(all_but_the_stream_may_be_absent),
	    cmocka_unit_test(an_empty_text_is_as_good_as_none),
	    cmocka_unit_test(the_order_of_mappings_says_nothing),
	    cmocka_unit_test(the_singer_targets_form_is_understood),
	    cmocka_unit_test(what_is_wrong_names_the_stream),
	    cmocka_unit_test(a_namespace_is_any_unless_it_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
