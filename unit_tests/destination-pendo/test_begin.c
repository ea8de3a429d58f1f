#include "fixture.h"

static int
streams(struct fixture *f)
{
	return fixture_tell(f, &f->stream, 1);
}

static void
a_stream_is_of_the_kind_and_id_that_are_said(void **state)
{
	static const struct {
		const char *extra, *name, *keys, *object;
		enum pendo_kind kind;
		const char *id;
	} cases[] = {
	    {"", "crm_accounts", "uuid", NULL, PENDO_ACCOUNT, "uuid"},
	    {"'streams':[{'stream':'users','kind':'visitor'}]", "users", "id", NULL, PENDO_VISITOR,
		"id"},
	    {"'streams':[{'stream':'account','kind':'visitor','id_field':'v'}]", "account", "",
		NULL, PENDO_VISITOR, "v"},
	    {"", "visitors", "accountId", "account", PENDO_ACCOUNT, "accountId"},
	    {"'visitors':{'primary_key':'a'}", "visitors", "x,y", NULL, PENDO_VISITOR, "a"},
	    {"'visitors':{'primary_key':'accountId'}", "visitors", "x", NULL, PENDO_ACCOUNT,
		"accountId"},
	    {"'crm':{'primary_key':'u','field_mappings':{'visitorId':'u'}}", "crm", "", NULL,
		PENDO_VISITOR, "u"},
	    {"'crm':{'primary_key':'visitorId','field_mappings':{'visitorId':'u'}}", "crm", "",
		NULL, PENDO_VISITOR, "u"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		assert_int_equal(fixture_open_raw(&f, cases[i].extra), 0);
		fixture_stream(&f, cases[i].name, cases[i].keys, "{}");
		f.stream.object_name = cases[i].object;
		assert_int_equal(streams(&f), 0);
		assert_int_equal(fixture_pendo_stream(&f)->kind, cases[i].kind);
		assert_string_equal(fixture_pendo_stream(&f)->id_field, cases[i].id);
		fixture_close(&f);
	}
}

#define MAP(source, target) "{'source':'" source "','target':'" target "'}"

/* The stream's name and what stands in its settings beside that. */
#define SETTINGS(name, more) "'streams':[{'stream':'" name "'," more "}]"

static void
a_mapping_says_the_kind_only_where_nothing_else_does(void **state)
{
	static const struct {
		const char *extra, *name, *object;
		enum pendo_kind kind;
		const char *id;
	} cases[] = {
	    {SETTINGS("crm", "'field_mappings':[" MAP("a", "accountId") "]"), "crm", NULL,
		PENDO_ACCOUNT, "a"},
	    {SETTINGS("visitors",
		 "'field_mappings':[" MAP("a", "accountId") "," MAP("u", "visitorId") "]"),
		"visitors", NULL, PENDO_VISITOR, "u"},
	    {SETTINGS("visitors",
		 "'field_mappings':[" MAP("u", "visitorId") "," MAP("a", "accountId") "]"),
		"visitors", NULL, PENDO_VISITOR, "u"},
	    {SETTINGS("visitors", "'id_field':'u','field_mappings':[" MAP("a", "accountId") "]"),
		"visitors", NULL, PENDO_VISITOR, "u"},
	    {SETTINGS("visitors", "'kind':'account','field_mappings':[" MAP(
				      "u", "visitorId") "," MAP("a", "accountId") "]"),
		"visitors", NULL, PENDO_ACCOUNT, "a"},
	    {SETTINGS("crm", "'kind':'visitor','field_mappings':[" MAP("a", "accountId") "]"),
		"crm", NULL, PENDO_VISITOR, "key"},
	    {SETTINGS(
		 "crm", "'field_mappings':[" MAP("a", "accountId") "," MAP("u", "visitorId") "]"),
		"crm", "visitor", PENDO_VISITOR, "u"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		assert_int_equal(fixture_open_raw(&f, cases[i].extra), 0);
		fixture_stream(&f, cases[i].name, "key", "{}");
		f.stream.object_name = cases[i].object;
		assert_int_equal(streams(&f), 0);
		assert_int_equal(fixture_pendo_stream(&f)->kind, cases[i].kind);
		assert_string_equal(fixture_pendo_stream(&f)->id_field, cases[i].id);
		fixture_close(&f);
	}
}

static unsigned
key_space_of(const char *name)
{
	struct fixture f;

	assert_int_equal(fixture_open_raw(&f, ""), 0);
	fixture_stream(&f, name, "id", "{}");
	assert_int_equal(streams(&f), 0);
	const unsigned key_space = f.stream.key_space;
	fixture_close(&f);
	return key_space;
}

static void
streams_of_one_kind_write_the_same_objects(void **state)
{
	(void)state;
	assert_int_not_equal(key_space_of("visitors"), 0);
	assert_int_not_equal(key_space_of("accounts"), 0);
	assert_int_equal(key_space_of("visitors"), key_space_of("crm_visitors"));
	assert_int_not_equal(key_space_of("visitors"), key_space_of("accounts"));
}

static void
a_stream_that_says_too_little_is_refused(void **state)
{
	static const struct {
		const char *extra, *name, *keys, *object, *message;
	} cases[] = {
	    {"", "users", "id", NULL,
		"stream users: its name says neither visitor nor account; set its kind in streams"},
	    {"", "visitors", "", NULL,
		"stream visitors: it has no primary key, and no id_field in streams: which field "
		"holds the id?"},
	    {"", "visitors", "a,b", NULL,
		"stream visitors: its primary key is more than one field; set id_field in streams"},
	    {"", "visitors", "a/b", NULL,
		"stream visitors: its primary key is more than one field; set id_field in streams"},
	    {"", "visitors", "id", "page",
		"stream visitors: its destination_object_name must be visitor or account"},
	    {"'streams':[{'stream':'visitors','kind':'visitor'}]", "visitors", "id", "account",
		"stream visitors: its destination_object_name is not the kind that the "
		"configuration has for it"},
	    {SETTINGS(
		 "crm", "'field_mappings':[" MAP("a", "accountId") "," MAP("u", "visitorId") "]"),
		"crm", "id", NULL,
		"stream crm: it is mapped to visitorId and to accountId, and its name says neither "
		"visitor nor account; set its kind in streams"},
	    {SETTINGS("visitors", "'field_mappings':[" MAP("a", "accountId") "]"), "visitors", "id",
		NULL,
		"stream visitors: it is of visitors, and what is mapped to accountId is the id of "
		"an account; set its kind in streams"},
	    {SETTINGS("accounts", "'field_mappings':[" MAP("u", "visitorId") "]"), "accounts", "id",
		NULL,
		"stream accounts: it is of accounts, and what is mapped to visitorId is the id of "
		"a visitor; set its kind in streams"},
	    {SETTINGS("crm", "'field_mappings':[" MAP("u", "visitorId") "]"), "crm", "id",
		"account",
		"stream crm: it is of accounts, and what is mapped to visitorId is the id of a "
		"visitor; set its kind in streams"},
	    {SETTINGS("crm", "'id_field':'pk','field_mappings':[" MAP("u", "visitorId") "]"), "crm",
		"id", NULL,
		"streams: crm: two fields are the id: pk, and u, which is mapped to visitorId"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		assert_int_equal(fixture_open_raw(&f, cases[i].extra), 0);
		fixture_stream(&f, cases[i].name, cases[i].keys, "{}");
		f.stream.object_name = cases[i].object;
		assert_int_equal(streams(&f), -1);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		assert_string_equal(f.err.message, cases[i].message);
		fixture_close(&f);
	}
}

#define MAPPED                                                                                     \
	"'streams':[{'stream':'accounts','field_mappings':[{'source':'a','target':'plan'},"        \
	"{'source':'b','target':'nope'},{'source':'c','target':'gone'}]}]"

static void
begin(struct fixture *f, const char *extra)
{
	fixture_open_named(f, extra, "accounts", "id");
	fixture_exchange(f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
	assert_string_equal(
	    f->request.url.data, "https://app.pendo.io/api/v1/metadata/schema/account");
}

static void
mapped_fields_that_pendo_lacks_are_named_at_the_start(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, MAPPED);
	assert_int_equal(fixture_answer(&f, 200, SCHEMA), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	assert_string_equal(f.stream.notes->text,
	    "it is mapped to account fields that Pendo does not have in the group custom: nope, "
	    "gone; make them under Settings, Data mappings");
	fixture_close(&f);
	begin(&f, MAPPED ",'on_unmapped_field':'fail'");
	assert_int_equal(fixture_answer(&f, 200, SCHEMA), AB_FAILED);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	expect_contains(f.err.message,
	    "stream accounts is mapped to account fields that Pendo does "
	    "not have in the group custom: nope, gone;");
	fixture_close(&f);
}

static void
a_stream_without_any_field_is_refused(void **state)
{
	static const char *const schemas[] = {"{'auto':{},'custom':{}}", "{'auto':{}}",
	    "{'auto':{},'custom':null}", "{'custom':{'id':{'Type':'string'}}}"};

	(void)state;
	for (size_t i = 0; i < COUNT(schemas); i++) {
		struct fixture f;
		begin(&f, "");
		assert_int_equal(fixture_answer(&f, 200, schemas[i]), AB_FAILED);
		assert_string_equal(f.err.message,
		    "stream accounts: Pendo has no account field of the group custom for any of "
		    "its "
		    "fields; make them under Settings, Data mappings");
		fixture_close(&f);
	}
}

static void
the_group_is_the_one_that_is_configured(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "'group':'agent'");
	assert_int_equal(
	    fixture_answer(&f, 200, "{'custom':{},'agent':{'role':{'Type':'list'}}}"), AB_DONE);
	assert_int_equal(fixture_take(&f, "{'id':1,'role':['a']}"), AB_TAKEN);
	fixture_exchange(&f, AB_BATCH, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_string_equal(
	    f.request.url.data, "https://app.pendo.io/api/v1/metadata/account/agent/value");
	assert_string_equal(f.body, quoted("[{'accountId':'1','values':{'role':['a']}}]"));
	fixture_close(&f);
}

static void
what_cannot_be_replaced_is_told(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open_named(&f, "", "visitors", "id");
	f.stream.overwrite = true;
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_answer(&f, 200, SCHEMA), AB_DONE);
	expect_contains(f.stream.notes->text, "cannot be removed");
	assert_false(f.stream.hold);
	fixture_close(&f);
}

static void
settings_of_a_stream_that_is_not_there_are_told(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'acounts':{'primary_key':'id'},'visitors':{'primary_key':'id'},"
			 "'streams':[{'stream':'visitors','namespace':'crm'}]");
	assert_string_equal(fixture_told(&f),
	    "the configuration has settings for streams that are not there: crm.visitors, acounts");
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stream_is_of_the_kind_and_id_that_are_said),
	    cmocka_unit_test(a_mapping_says_the_kind_only_where_nothing_else_does),
	    cmocka_unit_test(streams_of_one_kind_write_the_same_objects),
	    cmocka_unit_test(a_stream_that_says_too_little_is_refused),
	    cmocka_unit_test(mapped_fields_that_pendo_lacks_are_named_at_the_start),
	    cmocka_unit_test(a_stream_without_any_field_is_refused),
	    cmocka_unit_test(the_group_is_the_one_that_is_configured),
	    cmocka_unit_test(what_cannot_be_replaced_is_told),
	    cmocka_unit_test(settings_of_a_stream_that_is_not_there_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
