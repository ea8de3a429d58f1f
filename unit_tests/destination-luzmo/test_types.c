#include "count.h"
#include "fixture.h"

#define FIND                                                                                       \
	"securable get 'find':{'where':{'type':'dataset','id':'D'},'attributes':['id'],"           \
	"'include':[{'model':'Column','attributes':['id','source_name','order','type',"            \
	"'subtype']}]}}"
#define COLUMNS_ARE(list) "{'rows':[{'id':'D','columns':[" list "]}]}"
#define COLUMN(id, name, type, subtype)                                                            \
	"{'id':'" id "','source_name':'" name "','type':'" type "','subtype':" subtype "}"
#define WRONG                                                                                      \
	COLUMNS_ARE(                                                                               \
	    COLUMN("C1", "id", "hierarchy", "null") "," COLUMN("C2", "name", "numeric", "null"))
#define UPDATE(id, type, subtype)                                                                  \
	"column update 'id':'" id "','properties':{'type':'" type "','subtype':" subtype "}}"

static const struct turn create = {
    LUZMO_PUSH, "data create", 200, "{'rows':[{'id':'D','rows':2}]}"};

/* A push that makes the dataset, of a stream whose tag is known; the columns are next. */
static void
open_created(struct fixture *f, const char *schema)
{
	assert_int_equal(fixture_open_raw(f, ""), 0);
	fixture_stream(f, "users", "", fixture_translate(schema, '\'', '"'));
	fixture_start(f);
	fixture_begin_with_tag(f);
	fixture_batch(f, 2);
	assert_int_equal(fixture_turn(f, &create, 0), AB_NEXT);
	assert_int_equal(f->x.step, LUZMO_COLUMNS);
}

static void
guesses_that_differ_from_the_schema_are_changed(void **unused)
{
	static const char schema[] =
	    "{'properties':{'id':{'type':'integer'},'name':{'type':'string'},"
	    "'day':{'type':'string','format':'date'},"
	    "'at':{'type':'string','format':'date-time'}}}";
	enum { ID, NAME, DAY, AT, OTHER };
	static const char *const right[] = {
	    COLUMN("C1", "id", "numeric", "null"),
	    COLUMN("C2", "name", "hierarchy", "null"),
	    COLUMN("C3", "day", "datetime", "'date'"),
	    COLUMN("C4", "at", "datetime", "null"),
	};
	static const struct {
		unsigned instead; /* of which of these */
		const char *column;
		const char *update; /* NULL: none */
	} cases[] = {
	    {ID, COLUMN("C", "id", "numeric", "null"), NULL},
	    {ID, COLUMN("C", "id", "numeric", "'currency'"), NULL},
	    {ID, COLUMN("C", "id", "hierarchy", "null"), UPDATE("C", "numeric", "null")},
	    {ID, COLUMN("C", "id", "datetime", "'date'"), UPDATE("C", "numeric", "null")},
	    {NAME, COLUMN("C", "name", "hierarchy", "null"), NULL},
	    {NAME, COLUMN("C", "name", "numeric", "null"), UPDATE("C", "hierarchy", "null")},
	    {DAY, COLUMN("C", "day", "datetime", "'date'"), NULL},
	    {DAY, COLUMN("C", "day", "datetime", "null"), UPDATE("C", "datetime", "'date'")},
	    {DAY, COLUMN("C", "day", "hierarchy", "null"), UPDATE("C", "datetime", "'date'")},
	    {AT, COLUMN("C", "at", "datetime", "null"), NULL},
	    {AT, COLUMN("C", "at", "datetime", "'datetime'"), NULL},
	    {AT, COLUMN("C", "at", "datetime", "'date'"), UPDATE("C", "datetime", "null")},
	    /* Without a type it cannot be right. */
	    {ID, "{'id':'C','source_name':'id'}", UPDATE("C", "numeric", "null")},
	    /* Not ours, or of no use. */
	    {OTHER, COLUMN("C", "other", "numeric", "null"), NULL},
	    {OTHER, "{'id':'C','type':'hierarchy'}", NULL},
	    {OTHER, "{'id':'C','source_name':7,'type':'hierarchy'}", NULL},
	    {ID, "{'id':7,'source_name':'id','type':'hierarchy'}", NULL},
	    {ID, "{'id':'" LONG_ID "','source_name':'id','type':'hierarchy'}", NULL},
	    {OTHER, "7,null,'id',[]", NULL},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		char reply[1024] = "{'rows':[{'id':'D','columns':[";
		for (unsigned k = ID; k < OTHER; k++)
			snprintf(reply + strlen(reply), sizeof(reply) - strlen(reply), "%s,",
			    k != cases[i].instead ? right[k] : "{}");
		snprintf(reply + strlen(reply), sizeof(reply) - strlen(reply), "%s]}]}",
		    cases[i].column);
		open_created(&f, schema);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_string_equal(fixture_asked(&f), FIND);
		assert_int_equal(fixture_answer(&f, 200, reply), AB_NEXT);
		if (cases[i].update == NULL) {
			assert_int_equal(f.x.step, LUZMO_TAG_LINK);
		} else {
			assert_int_equal(f.x.step, LUZMO_TYPES);
			assert_int_equal(fixture_ask(&f, 0), AB_SEND);
			assert_int_equal(f.x.items, 1);
			assert_string_equal(fixture_asked(&f), cases[i].update);
		}
		fixture_close(&f);
	}
}

static void
each_column_is_a_request_of_its_own(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_COLUMNS, FIND, 200, WRONG},
	    {LUZMO_TYPES, UPDATE("C1", "numeric", "null"), 200, "{'id':'C1'}"},
	    {LUZMO_TYPES, UPDATE("C2", "hierarchy", "null"), 503, ""},
	    {LUZMO_TYPES, UPDATE("C2", "hierarchy", "null"), 204, ""},
	    {LUZMO_TAG_LINK, "tag associate", 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	open_created(&f, SCHEMA);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 0);
	assert_false(fixture_luzmo_stream(&f)->untyped);
	/* The next push has no new columns. */
	fixture_batch(&f, 2);
	const struct turn next = {LUZMO_PUSH, "data create", 200, "{}"};
	assert_int_equal(fixture_converse(&f, &next, 1), AB_DONE);
	fixture_close(&f);
}

static void
a_type_that_is_refused_costs_a_warning(void **unused)
{
	static const int statuses[] = {400, 401, 403, 404, 413};

	(void)unused;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		const struct turn turns[] = {
		    {LUZMO_COLUMNS, FIND, 200, WRONG},
		    {LUZMO_TYPES, UPDATE("C1", "numeric", "null"), statuses[i],
			"{'message':'No such type'}"},
		    {LUZMO_TYPES, UPDATE("C2", "hierarchy", "null"), 200, "{}"},
		    {LUZMO_TAG_LINK, "tag associate", 200, "{}"},
		};
		struct fixture f;
		open_created(&f, SCHEMA);
		assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
		assert_int_equal(fixture_notes(&f), 1);
		expect_contains(f.stream.notes->text,
		    "a column keeps the type that Luzmo guessed: Luzmo refused the type of a "
		    "column of stream users: No such type (HTTP 4");
		fixture_close(&f);
	}
}

static void
a_type_is_tried_again_and_an_odd_answer_costs_a_warning(void **unused)
{
	static const int again[] = {LOST, UNSENT, 429, 500, 502, 503, 504};
	struct fixture f;

	(void)unused;
	open_created(&f, SCHEMA);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_answer(&f, 200, WRONG), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.items, 2);
	assert_false(f.request.single);
	for (size_t i = 0; i < COUNT(again); i++) {
		assert_int_equal(fixture_answer(&f, again[i], "<html>"), AB_RETRY);
		assert_int_equal(f.x.step, LUZMO_TYPES);
	}
	assert_int_equal(fixture_answer(&f, 200, "<html>"), AB_NEXT);
	assert_int_equal(fixture_notes(&f), 1);
	expect_contains(f.stream.notes->text, "keeps the type that Luzmo guessed");
	fixture_close(&f);
}

static void
a_look_up_fails_or_is_tried_again(void **unused)
{
	static const char *const replies[] = {"{'rows':[{'id':'D'}]}",
	    "{'rows':[{'id':'D','columns':null}]}", "{'rows':[{'id':'D','columns':{}}]}",
	    "{'rows':['D']}"};
	struct fixture f;

	(void)unused;
	open_created(&f, SCHEMA);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect_plain_failures(&f);
	fixture_expect_unreadable(&f, replies, COUNT(replies));
	assert_true(fixture_luzmo_stream(&f)->untyped);
	fixture_close(&f);
}

static void
a_dataset_of_this_run_that_lags_is_waited_for(void **unused)
{
	static const struct turn late[] = {
	    {LUZMO_COLUMNS, FIND, 200, NONE},
	    {LUZMO_COLUMNS, FIND, 200, NONE},
	    {LUZMO_COLUMNS, FIND, 200, NONE},
	    {LUZMO_COLUMNS, FIND, 200, WRONG},
	    {LUZMO_TYPES, UPDATE("C1", "numeric", "null"), 200, "{}"},
	    {LUZMO_TYPES, UPDATE("C2", "hierarchy", "null"), 200, "{}"},
	    {LUZMO_TAG_LINK, "tag associate", 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	open_created(&f, SCHEMA);
	assert_int_equal(fixture_converse(&f, late, COUNT(late)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
one_that_does_not_come_was_deleted(void **unused)
{
	struct fixture f;

	(void)unused;
	open_created(&f, SCHEMA);
	for (int look = 1; look < LUZMO_LOOKS_LONG; look++) {
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_int_equal(fixture_answer(&f, 200, NONE), AB_WAIT);
		assert_int_equal(f.x.wait_ms, 5000);
		assert_string_equal(f.err.message, "new datasets are not to be seen yet");
	}
	fixture_expect_gone(&f);
	fixture_close(&f);
}

static void
columns_that_were_there_keep_their_types(void **unused)
{
	static const struct turn begin[] = {
	    {LUZMO_LOOK, "securable get", 200,
		"{'rows':[{'id':'D','columns':[{'source_name':'id','order':0}]}]}"},
	    {LUZMO_TAGS, "securable get", 200, TAGGED},
	};
	static const struct turn batch[] = {
	    {LUZMO_PUSH, "data create", 200, "{}"},
	    {LUZMO_COLUMNS, FIND, 200, WRONG},
	    {LUZMO_TYPES, UPDATE("C2", "hierarchy", "null"), 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, begin, COUNT(begin)), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, batch, COUNT(batch)), AB_DONE);
	fixture_close(&f);
}

static void
columns_that_lag_are_looked_for_once_more(void **unused)
{
	static const char *const early[] = {
	    COLUMNS_ARE(""),
	    COLUMNS_ARE(COLUMN("C1", "id", "hierarchy", "null")),
	    COLUMNS_ARE(COLUMN("C1", "id", "hierarchy", "null") ",{}"),
	    COLUMNS_ARE("{'id':'X','source_name':'x'},{'id':'Y','source_name':'y'}"),
	};
	static const struct turn late[] = {
	    {LUZMO_COLUMNS, FIND, 200, WRONG},
	    {LUZMO_TYPES, UPDATE("C1", "numeric", "null"), 200, "{}"},
	    {LUZMO_TYPES, UPDATE("C2", "hierarchy", "null"), 200, "{}"},
	    {LUZMO_TAG_LINK, "tag associate", 200, "{}"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(early); i++) {
		struct fixture f;
		open_created(&f, SCHEMA);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_int_equal(fixture_answer(&f, 200, early[i]), AB_WAIT);
		assert_int_equal(f.x.wait_ms, 5000);
		assert_int_equal(f.x.step, LUZMO_COLUMNS);
		assert_int_equal(f.err.kind, AB_TRANSIENT_ERROR);
		assert_string_equal(f.err.message, "the columns of a push are not to be seen yet");
		assert_true(fixture_luzmo_stream(&f)->untyped);
		assert_int_equal(fixture_converse(&f, late, COUNT(late)), AB_DONE);
		assert_false(fixture_luzmo_stream(&f)->untyped);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
columns_that_do_not_come_keep_nobody(void **unused)
{
	static const char half[] = COLUMNS_ARE(COLUMN("C2", "name", "numeric", "null"));
	static const struct turn some[] = {
	    {LUZMO_COLUMNS, FIND, 200, half},
	    {LUZMO_COLUMNS, FIND, 200, half},
	    {LUZMO_TYPES, UPDATE("C2", "hierarchy", "null"), 200, "{}"},
	    {LUZMO_TAG_LINK, "tag associate", 200, "{}"},
	};
	static const struct turn none[] = {
	    {LUZMO_COLUMNS, FIND, 200, COLUMNS_ARE("")},
	    {LUZMO_COLUMNS, FIND, 200, COLUMNS_ARE("")},
	    {LUZMO_TAG_LINK, "tag associate", 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	open_created(&f, SCHEMA);
	assert_int_equal(fixture_converse(&f, some, COUNT(some)), AB_DONE);
	assert_false(fixture_luzmo_stream(&f)->untyped);
	fixture_close(&f);
	open_created(&f, SCHEMA);
	assert_int_equal(fixture_converse(&f, none, COUNT(none)), AB_DONE);
	assert_false(fixture_luzmo_stream(&f)->untyped);
	fixture_close(&f);
}

static void
looks_for_rows_leave_the_one_for_columns(void **unused)
{
	static const struct turn begin[] = {
	    {LUZMO_LOOK, "securable get", 200,
		"{'rows':[{'id':'D','rows':5,'columns':[{'source_name':'id','order':0}]}]}"},
	    {LUZMO_TAGS, "securable get", 200, TAGGED},
	};
	static const struct turn batch[] = {
	    {LUZMO_PUSH, "data create", LOST, ""},
	    {LUZMO_COUNT, "securable get", 200, "{'rows':[{'id':'D','rows':5}]}"},
	    {LUZMO_COUNT, "securable get", 200, "{'rows':[{'id':'D','rows':7}]}"},
	    {LUZMO_COLUMNS, FIND, 200, COLUMNS_ARE("")},
	    {LUZMO_COLUMNS, FIND, 200, WRONG},
	    {LUZMO_TYPES, UPDATE("C2", "hierarchy", "null"), 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, begin, COUNT(begin)), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, batch, COUNT(batch)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

/* The run that made it may have died before it gave them their types. */
static void
an_adopted_dataset_gets_all_its_types(void **unused)
{
	static const struct turn begin[] = {
	    {LUZMO_LOOK, "securable get", 200, NONE},
	    {LUZMO_TAG_FIND, "tag get", 200, TAG_THERE},
	    {LUZMO_NAMESAKES, "securable get", 200,
		"{'rows':[{'id':'D','name':{'en':'Airbyte - users'},'rows':7,'tags':[]}]}"},
	    {LUZMO_NAMESAKES, "securable get", 200, NONE},
	    {LUZMO_NAMESAKE, FIND, 200, WRONG},
	};
	static const struct turn batch[] = {
	    {LUZMO_PUSH, "data create 'properties':{'type':'replace',", 200, "{}"},
	    {LUZMO_COLUMNS, FIND, 200, COLUMNS_ARE(COLUMN("C1", "id", "hierarchy", "null"))},
	    {LUZMO_COLUMNS, FIND, 200, WRONG},
	    {LUZMO_TYPES, UPDATE("C1", "numeric", "null"), 200, "{}"},
	    {LUZMO_TYPES, UPDATE("C2", "hierarchy", "null"), 200, "{}"},
	    {LUZMO_TAG_LINK, "tag associate", 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, begin, COUNT(begin)), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, batch, COUNT(batch)), AB_DONE);
	assert_false(fixture_luzmo_stream(&f)->untyped);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(guesses_that_differ_from_the_schema_are_changed),
	    cmocka_unit_test(each_column_is_a_request_of_its_own),
	    cmocka_unit_test(a_type_that_is_refused_costs_a_warning),
	    cmocka_unit_test(a_type_is_tried_again_and_an_odd_answer_costs_a_warning),
	    cmocka_unit_test(a_look_up_fails_or_is_tried_again),
	    cmocka_unit_test(a_dataset_of_this_run_that_lags_is_waited_for),
	    cmocka_unit_test(one_that_does_not_come_was_deleted),
	    cmocka_unit_test(columns_that_were_there_keep_their_types),
	    cmocka_unit_test(columns_that_lag_are_looked_for_once_more),
	    cmocka_unit_test(columns_that_do_not_come_keep_nobody),
	    cmocka_unit_test(looks_for_rows_leave_the_one_for_columns),
	    cmocka_unit_test(an_adopted_dataset_gets_all_its_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
