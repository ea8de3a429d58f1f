#include "fixture.h"

#define OLD "[AIRBYTE - DO NOT DELETE] - orders"
#define NEW "[AIRBYTE - DO NOT DELETE] - crmorders"
#define FIND_TAGGED(tag)                                                                           \
	"securable get 'find':{'where':{'type':'dataset'},'attributes':['id','name','rows'],"      \
	"'include':[{'model':'Tag','where':{'tag':'" tag "'},'attributes':['id','tag'],"           \
	"'jointype':'inner'},{'model':'Column','attributes':['id','source_name','order']}]}}"
#define FIND_TAGS                                                                                  \
	"securable get 'find':{'where':{'type':'dataset','id':'D'},'attributes':['id'],"           \
	"'include':[{'model':'Tag','attributes':['id','tag']}]}}"
#define TAGS(list) "{'count':1,'rows':[{'id':'D','tags':[" list "]}]}"
#define FIND_TAG(tag)                                                                              \
	"tag get 'find':{'where':{'tag':'" tag "'},'attributes':['id','tag','created_at']}}"

/* A stream crm.orders, whose dataset may be one that the Python connector made. */
static void
open_namespaced(struct fixture *f, bool overwrite)
{
	assert_int_equal(fixture_open_raw(f, ""), 0);
	fixture_stream(f, "orders", "", fixture_translate(SCHEMA, '\'', '"'));
	f->stream.namespace = "crm";
	f->stream.overwrite = overwrite;
	fixture_start(f);
	fixture_exchange(f, AB_BEGIN, false);
}

static void
expect_header(const struct fixture *f, const char *wanted)
{
	struct ab_buf header;

	ab_buf_init(&header, 1 << 16);
	luzmo_columns_header(&fixture_luzmo_stream(f)->columns, &header);
	assert_string_equal(fixture_translate(header.data, '"', '\''), wanted);
	ab_buf_release(&header);
}

/* A begin made nothing, and left all to the first batch. */
static void
expect_no_dataset(const struct fixture *f)
{
	const struct luzmo_stream *stream = fixture_luzmo_stream(f);

	assert_string_equal(stream->dataset, "");
	assert_string_equal(stream->off_id, "");
	assert_false(stream->linked);
	assert_false(stream->replacing);
	assert_false(stream->ours);
	assert_true(stream->untyped);
	assert_true(stream->columns.changed);
	/* There is nothing that could be lost. */
	assert_false(f->stream.hold);
	expect_header(f, "['id','name']");
}

static void
a_dataset_is_found_by_its_tag(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(OURS), 200, FOUND},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGGED},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	const struct luzmo_stream *stream = fixture_luzmo_stream(&f);
	assert_string_equal(stream->dataset, "D");
	assert_string_equal(stream->off_id, "");
	assert_true(stream->linked);
	assert_false(stream->replacing);
	assert_false(stream->ours);
	assert_false(stream->untyped);
	assert_false(stream->columns.changed);
	assert_int_equal(stream->tally.rows, 100);
	assert_false(f.stream.hold);
	assert_int_equal(fixture_notes(&f), 0);
	expect_header(&f, "['id','name']");
	fixture_close(&f);
}

static void
a_stream_without_a_dataset_makes_none_yet(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(OURS), 200, NONE},
	    {LUZMO_TAG_FIND, FIND_TAG(OURS), 200, NONE},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", true);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	expect_no_dataset(&f);
	assert_string_equal(fixture_luzmo_stream(&f)->tag_id, "");
	assert_true(fixture_luzmo_stream(&f)->tally.rows < 0);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
a_tag_without_a_dataset_is_kept_for_the_first_batch(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(OURS), 200, NONE},
	    {LUZMO_TAG_FIND, FIND_TAG(OURS), 200, TAG_THERE},
	    {LUZMO_NAMESAKES, "securable get 'find':{'where':{'type':'dataset'},", 200, NONE},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", true);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	expect_no_dataset(&f);
	assert_string_equal(fixture_luzmo_stream(&f)->tag_id, "T");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
an_overwrite_replaces_and_waits_for_the_end(void **unused)
{
	static const struct {
		const char *extra;
		bool overwrite;
		const char *tags;
		bool replacing, hold;
	} cases[] = {
	    {"", false, TAGGED, false, false},
	    {"", false, TAGGED_REPLACE, true, false},
	    {"", true, TAGGED, true, true},
	    {"", true, TAGGED_REPLACE, true, true},
	    {"'overwrite_when':'first_batch'", true, TAGGED, true, false},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, cases[i].extra, cases[i].overwrite);
		fixture_begin(&f, cases[i].tags);
		const struct luzmo_stream *stream = fixture_luzmo_stream(&f);
		const char *id = strcmp(cases[i].tags, TAGGED) == 0 ? "" : "R";
		assert_int_equal(stream->replacing, cases[i].replacing);
		assert_int_equal(f.stream.hold, cases[i].hold);
		assert_string_equal(stream->off_id, id);
		assert_string_equal(fixture_luzmo(&f)->off_id, id);
		fixture_close(&f);
	}
}

static void
columns_stand_in_luzmos_order(void **unused)
{
	static const struct {
		bool overwrite;
		const char *columns;
		const char *header;
		bool changed, made; /* changed may mean dropped only */
	} cases[] = {
	    {false, "{'source_name':'name','order':0},{'source_name':'id','order':1}",
		"['name','id']", false, false},
	    {false, "{'source_name':'id','order':2},{'source_name':'name','order':1}",
		"['name','id']", false, false},
	    /* Equal, or not there: as they come, these last. */
	    {false, "{'source_name':'name'},{'source_name':'x'},{'source_name':'id','order':7}",
		"['id','name','x']", false, false},
	    {false, "{'source_name':'name','order':1},{'source_name':'id','order':1}",
		"['name','id']", false, false},
	    /* Derived columns have no source, and what is not a column is none. */
	    {false,
		"{'source_name':'id','order':0},{'order':1},{'source_name':null},7,"
		"{'source_name':8,'order':2},{'source_name':'name','order':3}",
		"['id','name']", false, false},
	    {false, "{'source_name':'id','order':0}", "['id','name']", true, true},
	    {false, "", "['id','name']", true, true},
	    {false, "{'source_name':'gone','order':0},{'source_name':'id','order':1}",
		"['gone','id','name']", true, true},
	    {true, "{'source_name':'gone','order':0},{'source_name':'id','order':1}",
		"['id','name']", true, true},
	    {true,
		"{'source_name':'gone','order':0},{'source_name':'id','order':1},"
		"{'source_name':'name','order':2}",
		"['id','name']", true, false},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		char reply[512];
		fixture_open(&f, "", cases[i].overwrite);
		fixture_exchange(&f, AB_BEGIN, false);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		snprintf(reply, sizeof(reply), "{'rows':[{'id':'D','rows':1,'columns':[%s]}]}",
		    cases[i].columns);
		assert_int_equal(fixture_answer(&f, 200, reply), AB_NEXT);
		expect_header(&f, cases[i].header);
		assert_int_equal(fixture_luzmo_stream(&f)->columns.changed, cases[i].changed);
		assert_int_equal(fixture_luzmo_stream(&f)->untyped, cases[i].made);
		fixture_close(&f);
	}
}

static void
several_datasets_with_one_tag_are_refused(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(
	    fixture_answer(&f, 200, "{'count':2,'rows':[{'id':'D'},{'id':'E'}]}"), AB_FAILED);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	assert_string_equal(f.err.message,
	    "several datasets have the tag " OURS " of stream users; take it off all but one");
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "");
	fixture_close(&f);
}

static void
a_dataset_of_the_python_connector_is_taken_over(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(NEW), 200, NONE},
	    {LUZMO_LOOK_OLD, FIND_TAGGED(OLD), 200, FOUND},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS("{'id':'O','tag':'" OLD "'}")},
	    {LUZMO_TAG_FIND, FIND_TAG(NEW), 200, NONE},
	    {LUZMO_TAG_MAKE, "tag create 'properties':{'tag':'" NEW "'}}", 200, "{'id':'N'}"},
	    {LUZMO_TAG_LINK, "tag associate 'id':'N','resource':{'role':'Securables','id':'D'}}",
		200, "{}"},
	};
	struct fixture f;

	(void)unused;
	open_namespaced(&f, true);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "D");
	assert_true(fixture_luzmo_stream(&f)->linked);
	assert_true(fixture_luzmo_stream(&f)->replacing);
	assert_true(f.stream.hold);
	assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 100);
	assert_int_equal(fixture_notes(&f), 1);
	expect_contains(f.stream.notes->text, "it takes over the dataset with the tag " OLD);
	fixture_close(&f);
}

/* Whether the tag is made, and put on it, although that was refused. */
static void
a_refused_take_over_is_looked_at_again(void **unused)
{
	static const struct {
		const char *tags;
		enum ab_verdict verdict;
	} cases[] = {
	    {TAGS("{'id':'O','tag':'" OLD "'},{'id':'N','tag':'" NEW "'}"), AB_DONE},
	    {TAGS("{'id':'O','tag':'" OLD "'}"), AB_FAILED},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct turn turns[] = {
		    {LUZMO_LOOK, FIND_TAGGED(NEW), 200, NONE},
		    {LUZMO_LOOK_OLD, FIND_TAGGED(OLD), 200, FOUND},
		    {LUZMO_TAGS, FIND_TAGS, 200, TAGS("{'id':'O','tag':'" OLD "'}")},
		    {LUZMO_TAG_FIND, FIND_TAG(NEW), 200, NONE},
		    {LUZMO_TAG_MAKE, "tag create", 400, REFUSED},
		    {LUZMO_TAG_FIND, FIND_TAG(NEW), 200, "{'rows':[{'id':'N','tag':'" NEW "'}]}"},
		    {LUZMO_TAG_LINK, "tag associate 'id':'N',", 400, "{'message':'Not again'}"},
		    {LUZMO_TAGS, FIND_TAGS, 200, cases[i].tags},
		    {LUZMO_TAGS, FIND_TAGS, 200, cases[i].tags},
		};
		const bool linked = cases[i].verdict == AB_DONE;
		struct fixture f;
		open_namespaced(&f, true);
		assert_int_equal(
		    fixture_converse(&f, turns, COUNT(turns) - linked), cases[i].verdict);
		assert_int_equal(fixture_luzmo_stream(&f)->linked, linked);
		if (!linked)
			assert_string_equal(f.err.message,
			    "Luzmo refused a tag on the dataset of stream crm.orders: Not again "
			    "(HTTP 400)");
		fixture_close(&f);
	}
}

static void
a_stream_that_neither_tag_finds_has_no_dataset(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(NEW), 200, NONE},
	    {LUZMO_LOOK_OLD, FIND_TAGGED(OLD), 200, NONE},
	    {LUZMO_TAG_FIND, FIND_TAG(NEW), 200, NONE},
	};
	struct fixture f;

	(void)unused;
	open_namespaced(&f, true);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	expect_no_dataset(&f);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
one_that_another_stream_took_is_not(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(NEW), 200, NONE},
	    {LUZMO_LOOK_OLD, FIND_TAGGED(OLD), 200,
		"{'rows':[{'id':'D','rows':5,'columns':[{'source_name':'x','order':0},"
		"{'source_name':'name','order':1},{'source_name':'id','order':2}]}]}"},
	    {LUZMO_TAGS, FIND_TAGS, 200,
		TAGS("{'id':'O','tag':'" OLD "'},{'id':'R','tag':'" REPLACE "'},"
		     "{'id':'X','tag':'[AIRBYTE - DO NOT DELETE] - shoporders'}")},
	    {LUZMO_TAG_FIND, FIND_TAG(NEW), 200, NONE},
	};

	(void)unused;
	for (int overwrite = 0; overwrite <= 1; overwrite++) {
		struct fixture f;
		open_namespaced(&f, overwrite != 0);
		assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
		/* Nor are its marks and columns. */
		expect_no_dataset(&f);
		assert_int_equal(fixture_notes(&f), 1);
		expect_contains(f.stream.notes->text, "gets a dataset of its own");
		fixture_close(&f);
	}
}

static void
one_that_has_not_the_tag_it_was_found_by_is_refused(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(OURS), 200, FOUND},
	    {LUZMO_TAGS, FIND_TAGS, 200,
		TAGS("{'id':'T','tag':'[AIRBYTE - DO NOT DELETE] - Users'}")},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_FAILED);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	expect_contains(
	    f.err.message, "dataset D was found for stream users, but has not the tag " OURS);
	fixture_close(&f);
}

static void
two_streams_with_one_dataset_are_refused(void **unused)
{
	static const char both[] = TAGS("{'id':'N','tag':'" NEW "'},{'id':'O','tag':'" OLD "'}");
	static const struct turn turns[] = {
	    {LUZMO_LOOK, "securable get", 200, FOUND}, {LUZMO_TAGS, FIND_TAGS, 200, both}};
	struct ab_stream streams[] = {
	    {.name = "orders", .namespace = "crm"}, {.index = 1, .name = "orders"}};
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	assert_int_equal(fixture_tell(&f, streams, 2), 0);
	for (size_t i = 0; i < 2; i++) {
		fixture_exchange(&f, AB_BEGIN, false);
		f.x.stream = &streams[i];
		assert_int_equal(
		    fixture_converse(&f, turns, COUNT(turns)), i == 0 ? AB_DONE : AB_FAILED);
	}
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	assert_string_equal(f.err.message,
	    "stream orders has the same dataset (D) as another stream of the catalog, since both "
	    "tags are on it: " OLD " and " NEW "; take one off");
	free(streams[0].notes);
	fixture_forget(&f, streams, 2);
	fixture_close(&f);
}

static void
a_dataset_with_another_streams_tag_is_warned_of(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_begin(&f, TAGS("{'id':'T','tag':'" OURS "'},{'id':'X','tag':'mine'},"
			       "{'id':'Y','tag':'[AIRBYTE - DO NOT DELETE] - other'}"));
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "D");
	assert_int_equal(fixture_notes(&f), 1);
	expect_contains(f.stream.notes->text, "has the tag of another stream too");
	fixture_close(&f);
}

static void
look_ups_fail_or_are_tried_again(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(NEW), 200, NONE},
	    {LUZMO_LOOK_OLD, FIND_TAGGED(OLD), 200, FOUND},
	};
	struct fixture f;

	(void)unused;
	open_namespaced(&f, false);
	for (size_t i = 0; i < COUNT(turns); i++) {
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		fixture_expect_plain_failures(&f);
		assert_int_equal(fixture_turn(&f, &turns[i], 0), AB_NEXT);
	}
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.step, LUZMO_TAGS);
	fixture_expect_plain_failures(&f);
	fixture_close(&f);
}

static void
a_dataset_of_another_shape_is_unreadable(void **unused)
{
	static const char *const looks[] = {
	    "{'rows':[{'rows':1,'columns':[]}]}",
	    "{'rows':[{'id':7,'columns':[]}]}",
	    "{'rows':[{'id':'','columns':[]}]}",
	    ("{'rows':[{'id':'" LONG_ID "','columns':[]}]}"),
	    "{'rows':[{'id':'D','rows':1}]}",
	    "{'rows':[{'id':'D','columns':null}]}",
	    "{'rows':[{'id':'D','columns':{}}]}",
	    "{'rows':[7]}",
	};
	static const char *const tags[] = {
	    "{'rows':[{'id':'D'}]}",
	    "{'rows':[{'id':'D','tags':null}]}",
	    "{'rows':[{'id':'D','tags':'x'}]}",
	    "{'rows':[{'id':'D','tags':{}}]}",
	    "{'rows':['D']}",
	    TAGS("{'id':'T','tag':'" OURS "'},{'id':7,'tag':'" REPLACE "'}"),
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", true);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect_unreadable(&f, looks, COUNT(looks));
	assert_int_equal(fixture_answer(&f, 200, FOUND), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect_unreadable(&f, tags, COUNT(tags));
	fixture_expect_gone(&f);
	assert_false(fixture_luzmo_stream(&f)->replacing);
	fixture_close(&f);
}

static void
a_row_count_that_is_none_is_not_known(void **unused)
{
	static const char *const counts[] = {"null", "'7'", "-1", "1e300", "[]"};
	struct fixture f;

	(void)unused;
	for (size_t i = 0; i < COUNT(counts); i++) {
		char reply[200];
		fixture_open(&f, "", false);
		fixture_exchange(&f, AB_BEGIN, false);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		snprintf(reply, sizeof(reply),
		    "{'rows':[{'id':'D','rows':%s,'columns':" COLUMNS "}]}", counts[i]);
		assert_int_equal(fixture_answer(&f, 200, reply), AB_NEXT);
		assert_true(fixture_luzmo_stream(&f)->tally.rows < 0);
		fixture_close(&f);
	}
}

/* --- generations --- */

#define WIDER                                                                                      \
	"{'count':1,'rows':[{'id':'D','rows':100,'columns':[{'id':'C1','source_name':'id','order'" \
	":0},{'id':'C2','source_name':'gone','order':1}]}]}"
#define OUR_TAG "{'id':'T','tag':'" OURS "'}"
#define GENERATION_TAG(number) "{'id':'G" number "','tag':'" GENERATION(number) "'}"

static void
a_dataset_that_holds_the_generation_is_added_to(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(OURS), 200, WIDER},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG "," GENERATION_TAG("5"))},
	    {LUZMO_LOOK, FIND_TAGGED(OURS), 200, WIDER},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG "," GENERATION_TAG("5"))},
	};

	(void)unused;
	for (int first_batch = 0; first_batch <= 1; first_batch++) {
		struct fixture f;
		fixture_open_refresh(&f, first_batch != 0 ? "'overwrite_when':'first_batch'" : "");
		fixture_exchange(&f, AB_BEGIN, false);
		assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
		assert_false(f.stream.overwrite);
		assert_false(f.stream.hold);
		assert_false(fixture_luzmo_stream(&f)->replacing);
		assert_true(fixture_luzmo_stream(&f)->linked);
		assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 100);
		assert_int_equal(fixture_notes(&f), 0);
		/* What is appended to it has all columns. */
		expect_header(&f, "['id','gone','name']");
		fixture_exchange(&f, AB_END, true);
		assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
		fixture_close(&f);
	}
}

static void
any_other_dataset_is_replaced(void **unused)
{
	static const struct {
		const char *tags;
		const char *older_id;
	} cases[] = {
	    {TAGS(OUR_TAG), ""},
	    {TAGS(OUR_TAG "," GENERATION_TAG("4")), "G4"},
	    {TAGS(GENERATION_TAG("50") "," OUR_TAG), "G50"},
	    /* It is tagged to be replaced, whatever it holds. */
	    {TAGS(OUR_TAG "," GENERATION_TAG("5") ",{'id':'R','tag':'" REPLACE "'}"), ""},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct turn turns[] = {
		    {LUZMO_LOOK, FIND_TAGGED(OURS), 200, WIDER},
		    {LUZMO_TAGS, FIND_TAGS, 200, cases[i].tags},
		};
		struct fixture f;
		fixture_open_refresh(&f, "");
		fixture_exchange(&f, AB_BEGIN, false);
		assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
		assert_true(f.stream.overwrite && f.stream.hold);
		assert_true(fixture_luzmo_stream(&f)->replacing);
		assert_string_equal(fixture_luzmo_stream(&f)->older_id, cases[i].older_id);
		assert_int_equal(fixture_notes(&f), 0);
		expect_header(&f, "['id','name']");
		fixture_close(&f);
	}
}

static void
who_cannot_be_resumed_does_not_look_at_generations(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", true);
	f.stream.generation_id = 5;
	f.stream.sync_id = 7;
	fixture_begin(&f, TAGS(OUR_TAG "," GENERATION_TAG("5")));
	assert_true(f.stream.overwrite && f.stream.hold);
	assert_true(fixture_luzmo_stream(&f)->replacing);
	assert_string_equal(fixture_luzmo_stream(&f)->older_id, "");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
a_generation_is_not_the_tag_of_another_stream(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, FIND_TAGGED(NEW), 200, NONE},
	    {LUZMO_LOOK_OLD, FIND_TAGGED(OLD), 200, FOUND},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS("{'id':'O','tag':'" OLD "'}," GENERATION_TAG("5"))},
	    {LUZMO_TAG_FIND, FIND_TAG(NEW), 200, "{'rows':[{'id':'N','tag':'" NEW "'}]}"},
	    {LUZMO_TAG_LINK, "tag associate 'id':'N',", 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	open_namespaced(&f, true);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "D");
	assert_false(fixture_luzmo_stream(&f)->tally.shared);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_dataset_is_found_by_its_tag),
	    cmocka_unit_test(a_stream_without_a_dataset_makes_none_yet),
	    cmocka_unit_test(a_tag_without_a_dataset_is_kept_for_the_first_batch),
	    cmocka_unit_test(an_overwrite_replaces_and_waits_for_the_end),
	    cmocka_unit_test(columns_stand_in_luzmos_order),
	    cmocka_unit_test(several_datasets_with_one_tag_are_refused),
	    cmocka_unit_test(a_dataset_of_the_python_connector_is_taken_over),
	    cmocka_unit_test(a_refused_take_over_is_looked_at_again),
	    cmocka_unit_test(a_stream_that_neither_tag_finds_has_no_dataset),
	    cmocka_unit_test(one_that_another_stream_took_is_not),
	    cmocka_unit_test(one_that_has_not_the_tag_it_was_found_by_is_refused),
	    cmocka_unit_test(two_streams_with_one_dataset_are_refused),
	    cmocka_unit_test(a_dataset_with_another_streams_tag_is_warned_of),
	    cmocka_unit_test(look_ups_fail_or_are_tried_again),
	    cmocka_unit_test(a_dataset_of_another_shape_is_unreadable),
	    cmocka_unit_test(a_row_count_that_is_none_is_not_known),
	    cmocka_unit_test(a_dataset_that_holds_the_generation_is_added_to),
	    cmocka_unit_test(any_other_dataset_is_replaced),
	    cmocka_unit_test(who_cannot_be_resumed_does_not_look_at_generations),
	    cmocka_unit_test(a_generation_is_not_the_tag_of_another_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
