#include "fixture.h"

#define FIND(offset)                                                                               \
	"securable get 'find':{'where':{'type':'dataset'},"                                        \
	"'attributes':['id','name','rows','created_at'],"                                          \
	"'include':[{'model':'Tag','attributes':['id','tag']}],"                                   \
	"'order':[['created_at','desc']],'limit':200,'offset':" offset "}}"
#define DATASET(id, rows, created, tags)                                                           \
	"{'id':'" id "','name':{'en':'Airbyte - users'},'rows':" rows ",'created_at':'" created    \
	"','tags':[" tags "]}"
#define PAGE(datasets) "{'count':9,'rows':[" datasets "]}"
#define TAG(text) "{'id':'X','tag':'" text "'}"
#define EARLY "2024-02-19T21:44:14.684Z"
#define LATE "2024-02-19T21:44:15.000Z"

#define FIND_COLUMNS(id)                                                                           \
	"securable get 'find':{'where':{'type':'dataset','id':'" id "'},'attributes':['id'],"      \
	"'include':[{'model':'Column','attributes':['id','source_name','order','type',"            \
	"'subtype']}]}}"
#define COLUMNS_OF(id, list) "{'count':1,'rows':[{'id':'" id "','columns':" list "}]}"

static const char make[] = "{'id':'T','created_at':'" EARLY "'}";

/* --- in a begin --- */

/* A begin of a stream that has a tag, but no dataset; the first page is next. */
static void
open_begin(struct fixture *f, bool overwrite)
{
	static const struct turn turns[] = {
	    {LUZMO_LOOK, "securable get", 200, NONE},
	    {LUZMO_TAG_FIND, "tag get", 200, TAG_THERE},
	};

	fixture_open(f,
	    "'typed_columns':false,'flush_interval':1000,'overwrite_when':'first_batch'",
	    overwrite);
	fixture_exchange(f, AB_BEGIN, false);
	for (size_t i = 0; i < COUNT(turns); i++)
		assert_int_equal(fixture_turn(f, &turns[i], 0), AB_NEXT);
	assert_int_equal(f->x.step, LUZMO_NAMESAKES);
}

/* What the first page of an account holds; there is no second. Returns the verdict: AB_NEXT if the
 * columns of a dataset are next. */
static enum ab_verdict
read_page(struct fixture *f, const char *page)
{
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
	assert_string_equal(fixture_asked(f), FIND("0"));
	enum ab_verdict verdict = fixture_answer(f, 200, page);
	if (verdict == AB_NEXT && f->x.step == LUZMO_NAMESAKES) {
		assert_int_equal(fixture_ask(f, 0), AB_SEND);
		verdict = fixture_answer(f, 200, NONE);
	}
	if (verdict == AB_NEXT)
		assert_int_equal(f->x.step, LUZMO_NAMESAKE);
	return verdict;
}

/* A begin that adopts dataset O of this page, which has these columns. */
static void
adopt(struct fixture *f, bool overwrite, const char *page, const char *columns)
{
	const struct turn look = {LUZMO_NAMESAKE, FIND_COLUMNS("O"), 200, columns};

	open_begin(f, overwrite);
	assert_int_equal(read_page(f, page), AB_NEXT);
	assert_string_equal(fixture_luzmo_stream(f)->dataset, "");
	assert_int_equal(fixture_turn(f, &look, 0), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(f)->dataset, "O");
	assert_string_equal(fixture_luzmo_stream(f)->tag_id, "T");
	assert_true(fixture_luzmo_stream(f)->ours);
	assert_true(fixture_luzmo_stream(f)->replacing);
	assert_true(fixture_luzmo_stream(f)->untyped);
	assert_false(fixture_luzmo_stream(f)->linked);
	/* Nothing of it was ever acknowledged. */
	assert_false(f->stream.hold);
	assert_int_equal(fixture_notes(f), 0);
}

static void
an_orphan_is_adopted_and_replaced(void **unused)
{
	static const struct turn batch[] = {
	    {LUZMO_PUSH,
		"data create 'properties':{'type':'replace','securable_id':'O',"
		"'options':{'header':['id','name'],'update_metadata':false},"
		"'data':[[1,'a'],[2,'a']]}}",
		200, "{}"},
	    {LUZMO_TAG_LINK, "tag associate 'id':'T','resource':{'role':'Securables','id':'O'}}",
		200, "{}"},
	};

	(void)unused;
	for (int overwrite = 0; overwrite <= 1; overwrite++) {
		struct fixture f;
		adopt(&f, overwrite != 0, PAGE(DATASET("O", "1000", EARLY, "")),
		    COLUMNS_OF("O", COLUMNS));
		fixture_batch(&f, 2);
		assert_int_equal(fixture_converse(&f, batch, COUNT(batch)), AB_DONE);
		assert_true(fixture_luzmo_stream(&f)->linked);
		assert_true(fixture_luzmo_stream(&f)->written);
		assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 2);
		assert_false(f.stream.emptied);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
rows_stand_in_the_order_of_an_orphans_columns(void **unused)
{
	static const struct {
		const char *columns;
		const char *push; /* from its header on */
	} cases[] = {
	    {"[{'source_name':'id','order':1},{'source_name':'name','order':0}]",
		"['name','id'],'update_metadata':false},'data':[['a',1],['a',2]]}}"},
	    {"[{'source_name':'name','order':0}]",
		"['name','id'],'update_metadata':true},'data':[['a',1],['a',2]]}}"},
	    /* It is replaced: what the catalog does not have goes. */
	    {"[{'source_name':'name','order':0},{'source_name':'gone','order':1},"
	     "{'source_name':'id','order':2}]",
		"['name','id'],'update_metadata':true},'data':[['a',1],['a',2]]}}"},
	    {"[]", "['id','name'],'update_metadata':true},'data':[[1,'a'],[2,'a']]}}"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		char columns[512];
		char push[512];
		snprintf(columns, sizeof(columns), "{'rows':[{'id':'O','columns':%s}]}",
		    cases[i].columns);
		snprintf(push, sizeof(push),
		    "data create 'properties':{'type':'replace','securable_id':'O',"
		    "'options':{'header':%s",
		    cases[i].push);
		adopt(&f, false, PAGE(DATASET("O", "7", EARLY, "")), columns);
		fixture_batch(&f, 2);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_string_equal(fixture_asked(&f), push);
		fixture_close(&f);
	}
}

static void
replace_data_on_an_orphan_comes_off(void **unused)
{
	static const struct turn batch[] = {
	    {LUZMO_PUSH, "data create 'properties':{'type':'replace','securable_id':'O',", 200,
		"{}"},
	    {LUZMO_TAG_LINK, "tag associate 'id':'T',", 200, "{}"},
	    {LUZMO_TAG_OFF, "tag dissociate 'id':'X','resource':{'role':'Securables','id':'O'}}",
		200, "{}"},
	};
	struct fixture f;

	(void)unused;
	adopt(&f, false, PAGE(DATASET("O", "0", EARLY, TAG("finance") ",7," TAG(REPLACE))),
	    COLUMNS_OF("O", COLUMNS));
	assert_string_equal(fixture_luzmo_stream(&f)->off_id, "X");
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, batch, COUNT(batch)), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->off_id, "");
	fixture_close(&f);
}

static void
tags_that_are_not_ours_do_not_matter(void **unused)
{
	struct fixture f;

	(void)unused;
	adopt(&f, false, PAGE(DATASET("O", "0", EARLY, TAG("finance") ",7,{},null")),
	    COLUMNS_OF("O", COLUMNS));
	assert_string_equal(fixture_luzmo_stream(&f)->off_id, "");
	fixture_close(&f);
}

static void
an_orphan_without_records_stays_as_it_is(void **unused)
{
	(void)unused;
	for (int i = 0; i < 4; i++) {
		struct fixture f;
		adopt(&f, i % 2 != 0, PAGE(DATASET("O", "7", EARLY, TAG(REPLACE))),
		    COLUMNS_OF("O", COLUMNS));
		fixture_exchange(&f, AB_END, i / 2 != 0);
		assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
what_may_be_somebody_elses_is_left_alone(void **unused)
{
	static const struct {
		const char *page;
		const char *note; /* how it begins; NULL: none */
	} cases[] = {
	    {PAGE(""), NULL},
	    /* Tagged, or called otherwise. */
	    {PAGE(DATASET("O", "1", EARLY, TAG(OURS))), NULL},
	    {PAGE(DATASET("O", "1", EARLY, TAG("[AIRBYTE - DO NOT DELETE] - x"))), NULL},
	    {PAGE("{'id':'O','name':'Airbyte - users','rows':1,'tags':[]}"), NULL},
	    {PAGE("{'id':'O','name':{'en':'airbyte - users'},'rows':1,'tags':[]}"), NULL},
	    {PAGE("{'id':'O','name':{'nl':'Airbyte - users'},'rows':1,'tags':[]}"), NULL},
	    {PAGE("{'id':'O','name':{'en':7},'rows':1,'tags':[]}"), NULL},
	    {PAGE("7,null,[],{}"), NULL},
	    /* More rows than a push, nobody knows how many, or two of them. */
	    {PAGE(DATASET("O", "10001", EARLY, "")), "1 dataset is called "},
	    {PAGE(DATASET("O", "null", EARLY, "")), "1 dataset is called "},
	    {PAGE(DATASET("O", "'1'", EARLY, TAG(REPLACE))), "1 dataset is called "},
	    {PAGE(DATASET("O", "1", LATE, TAG(REPLACE)) "," DATASET("P", "1", EARLY, "")),
		"2 datasets are called "},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		open_begin(&f, true);
		assert_int_equal(read_page(&f, cases[i].page), AB_DONE);
		const struct luzmo_stream *stream = fixture_luzmo_stream(&f);
		assert_string_equal(stream->dataset, "");
		assert_string_equal(stream->off_id, "");
		assert_false(stream->replacing);
		assert_false(stream->ours);
		assert_int_equal(stream->after, cases[i].note != NULL);
		assert_int_equal(fixture_notes(&f), cases[i].note != NULL);
		if (cases[i].note != NULL) {
			expect_contains(f.stream.notes->text, cases[i].note);
			expect_contains(f.stream.notes->text,
			    "called \"Airbyte - users\" without a tag: it is not known to be this "
			    "stream's, so a new one is made");
		}
		fixture_batch(&f, 2);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		expect_contains(fixture_asked(&f), "data create 'properties':{'type':'create',");
		fixture_close(&f);
	}
}

/* The tag is made first, so it cannot be half made by a run of ours. */
static void
one_that_is_older_than_the_tag_is_left_alone(void **unused)
{
	struct fixture f;

	(void)unused;
	open_begin(&f, true);
	assert_int_equal(
	    read_page(&f, PAGE(DATASET("O", "1", "2024-02-19T21:44:14.683Z", ""))), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
one_that_comes_twice_is_counted_once(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_NAMESAKES, FIND("0"), 200, PAGE("{}," DATASET("O", "7", EARLY, ""))},
	    /* Somebody made a dataset meanwhile, so that all others are one place further. */
	    {LUZMO_NAMESAKES, FIND("2"), 200, PAGE(DATASET("O", "7", EARLY, ""))},
	    {LUZMO_NAMESAKES, FIND("3"), 200, NONE},
	    {LUZMO_NAMESAKE, FIND_COLUMNS("O"), 200, COLUMNS_OF("O", COLUMNS)},
	};
	struct fixture f;

	(void)unused;
	open_begin(&f, false);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "O");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
one_that_hides_its_tags_is_unreadable(void **unused)
{
	static const char *const pages[] = {
	    PAGE("{'id':'O','name':{'en':'Airbyte - users'},'rows':1}"),
	    PAGE("{'id':'O','name':{'en':'Airbyte - users'},'rows':1,'tags':null}"),
	    PAGE("{'id':'O','name':{'en':'Airbyte - users'},'rows':1,'tags':'x'}"),
	    PAGE("{'id':'O','name':{'en':'Airbyte - users'},'rows':1,'tags':{}}"),
	    PAGE("{'id':7,'name':{'en':'Airbyte - users'},'rows':1,'created_at':'" LATE
		 "','tags':[]}"),
	    PAGE("{'id':'O','name':{'en':'Airbyte - users'},'rows':1,'created_at':'" LATE
		 "','tags':[{'tag':'" REPLACE "'}]}"),
	};
	const struct turn create = {LUZMO_PUSH, "data create", LOST, ""};
	struct fixture f;

	(void)unused;
	open_begin(&f, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect_unreadable(&f, pages, COUNT(pages));
	assert_int_equal(fixture_answer(&f, 200, NONE), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_turn(&f, &create, 0), AB_RETRY);
	assert_int_equal(f.x.step, LUZMO_NAMESAKES);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect_unreadable(&f, pages, COUNT(pages));
	fixture_close(&f);
}

static void
one_that_hides_its_columns_is_unreadable(void **unused)
{
	static const char *const replies[] = {
	    "{'rows':[{'id':'O'}]}",
	    "{'rows':[{'id':'O','columns':null}]}",
	    "{'rows':[{'id':'O','columns':{}}]}",
	    "{'rows':['O']}",
	};
	struct fixture f;

	(void)unused;
	open_begin(&f, false);
	assert_int_equal(read_page(&f, PAGE(DATASET("O", "7", EARLY, ""))), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_false(f.request.single);
	fixture_expect_plain_failures(&f);
	fixture_expect_unreadable(&f, replies, COUNT(replies));
	fixture_expect_gone(&f);
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "");
	assert_false(fixture_luzmo_stream(&f)->replacing);
	fixture_close(&f);
}

static void
all_pages_are_read(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_NAMESAKES, FIND("0"), 200, PAGE("{},{},{}")},
	    {LUZMO_NAMESAKES, FIND("3"), 503, ""},
	    {LUZMO_NAMESAKES, FIND("3"), 200, PAGE("{}," DATASET("O", "7", EARLY, ""))},
	    {LUZMO_NAMESAKES, FIND("5"), 200, NONE},
	    {LUZMO_NAMESAKE, FIND_COLUMNS("O"), 503, ""},
	    {LUZMO_NAMESAKE, FIND_COLUMNS("O"), 200, COLUMNS_OF("O", COLUMNS)},
	};
	struct fixture f;

	(void)unused;
	open_begin(&f, false);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "O");
	fixture_close(&f);
}

static void
pages_that_never_end_are_left_after_a_hundred(void **unused)
{
	struct fixture f;
	enum ab_verdict verdict = AB_NEXT;
	unsigned pages = 0;

	(void)unused;
	open_begin(&f, false);
	for (; verdict == AB_NEXT; pages++) {
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_int_equal(f.x.step, LUZMO_NAMESAKES);
		verdict = fixture_answer(&f, 200, PAGE("{}"));
	}
	assert_int_equal(verdict, AB_DONE);
	assert_int_equal(pages, 100);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.step, LUZMO_PUSH);
	fixture_close(&f);
}

static void
a_page_fails_or_is_asked_for_again(void **unused)
{
	struct fixture f;

	(void)unused;
	open_begin(&f, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_false(f.request.single);
	fixture_expect_plain_failures(&f);
	fixture_close(&f);
}

/* --- in a batch --- */

/* A stream without a dataset or a tag, and a batch of two rows. */
static void
open_new(struct fixture *f)
{
	fixture_open(f, "'typed_columns':false,'flush_interval':1000", false);
	fixture_begin_new(f);
	fixture_batch(f, 2);
}

/* Whether a create whose reply was lost left what is on the page behind. */
struct lost_create {
	const char *page;
	const char *next; /* the request after the look, or NULL: the rows arrived */
};

static void
expect_lost_create(const struct lost_create *lost)
{
	const struct turn start[] = {
	    {LUZMO_TAG_MAKE, "tag create", 200, make},
	    {LUZMO_PUSH, "data create 'properties':{'type':'create',", LOST, ""},
	};
	struct fixture f;

	open_new(&f);
	for (size_t i = 0; i < COUNT(start); i++)
		assert_int_equal(
		    fixture_turn(&f, &start[i], 0), start[i].status == LOST ? AB_RETRY : AB_NEXT);
	assert_int_equal(f.x.step, LUZMO_NAMESAKES);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_answer(&f, 200, lost->page), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	const enum ab_verdict verdict = fixture_answer(&f, 200, NONE);
	if (verdict == AB_WAIT) { /* none yet: a second look */
		assert_int_equal(f.x.wait_ms, 5000);
		assert_int_equal(fixture_answer(&f, 200, lost->page), AB_NEXT);
		assert_int_equal(fixture_answer(&f, 200, NONE), AB_NEXT);
	} else {
		assert_int_equal(verdict, AB_NEXT);
	}
	if (lost->next == NULL) {
		assert_int_equal(f.x.step, LUZMO_TAG_LINK);
		assert_string_equal(fixture_luzmo_stream(&f)->dataset, "NEW");
		assert_true(fixture_luzmo_stream(&f)->written);
		assert_true(fixture_luzmo_stream(&f)->ours);
		/* It is counted once more in the end. */
		assert_true(fixture_luzmo_stream(&f)->doubtful);
	} else {
		assert_int_equal(f.x.step, LUZMO_PUSH);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		expect_contains(fixture_asked(&f), lost->next);
	}
	fixture_close(&f);
}

static void
a_lost_create_is_looked_for(void **unused)
{
	static const struct lost_create cases[] = {
	    {PAGE(DATASET("NEW", "2", LATE, "")), NULL},
	    {PAGE(DATASET("NEW", "2", EARLY, "")), NULL},
	    /* There, but without its rows as yet, or somebody else's. */
	    {PAGE(DATASET("NEW", "0", LATE, "")), "'type':'replace','securable_id':'NEW',"},
	    {PAGE(DATASET("NEW", "null", LATE, "")), "'type':'replace','securable_id':'NEW',"},
	    {PAGE(DATASET("NEW", "3", LATE, "")), "'type':'replace','securable_id':'NEW',"},
	    /* Not there; what is older than its tag, or has one, is not it. */
	    {PAGE("{}"), "'type':'create',"},
	    {PAGE(DATASET("OLD", "2", "2024-02-19T21:44:14.683Z", "")), "'type':'create',"},
	    {PAGE(DATASET("OLD", "2", LATE, TAG(OURS))), "'type':'create',"},
	    {PAGE("{'id':'OLD','name':{'en':'Airbyte - users'},'rows':2,'tags':[]}"),
		"'type':'create',"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect_lost_create(&cases[i]);
}

/* There was none when the run began, and its tag was there: any is this run's. */
static void
any_is_young_where_there_was_none(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_PUSH, "data create 'properties':{'type':'create',", LOST, ""},
	    {LUZMO_NAMESAKES, FIND("0"), 200,
		PAGE("{'id':'NEW','name':{'en':'Airbyte - users'},'rows':2,'tags':[]}")},
	    {LUZMO_NAMESAKES, FIND("1"), 200, NONE},
	    {LUZMO_TAG_LINK, "tag associate 'id':'T','resource':{'role':'Securables','id':'NEW'}}",
		200, "{}"},
	};
	/* Nor does the tag say how old it is. */
	static const struct turn begin[] = {
	    {LUZMO_LOOK, "securable get", 200, NONE},
	    {LUZMO_TAG_FIND, "tag get", 200, "{'rows':[{'id':'T','tag':'" OURS "'}]}"},
	    {LUZMO_NAMESAKES, FIND("0"), 200, NONE},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "'typed_columns':false", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, begin, COUNT(begin)), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

/* The begin had no reason to look for others, and the new tag does not say how old it is. */
static void
none_is_young_where_nobody_looked(void **unused)
{
	static const char old[] = PAGE(DATASET("OLD", "2", EARLY, ""));
	static const struct turn turns[] = {
	    {LUZMO_TAG_MAKE, "tag create", 200, "{'id':'T'}"},
	    {LUZMO_PUSH, "data create 'properties':{'type':'create',", LOST, ""},
	    {LUZMO_NAMESAKES, FIND("0"), 200, old},
	    {LUZMO_NAMESAKES, FIND("1"), 200, NONE},
	    {LUZMO_NAMESAKES, FIND("0"), 200, old},
	    {LUZMO_NAMESAKES, FIND("1"), 200, NONE},
	    {LUZMO_PUSH, "data create 'properties':{'type':'create',", 200,
		"{'rows':[{'id':'D','rows':2}]}"},
	    {LUZMO_TAG_LINK, "tag associate 'id':'T','resource':{'role':'Securables','id':'D'}}",
		200, "{}"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "'typed_columns':false", false);
	fixture_begin_new(&f);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	fixture_close(&f);
}

static void
namesakes_known_before_a_create_are_not_it(void **unused)
{
	static const char old[] = PAGE(DATASET("OLD", "50000", EARLY, ""));
	static const struct turn turns[] = {
	    {LUZMO_PUSH, "data create 'properties':{'type':'create',", 504, ""},
	    {LUZMO_NAMESAKES, FIND("0"), 200, old},
	    {LUZMO_NAMESAKES, FIND("1"), 200, NONE},
	    {LUZMO_NAMESAKES, FIND("0"), 200,
		PAGE(DATASET("NEW", "2", LATE, "") "," DATASET("OLD", "50000", EARLY, ""))},
	    {LUZMO_NAMESAKES, FIND("2"), 200, NONE},
	    {LUZMO_TAG_LINK, "tag associate 'id':'T','resource':{'role':'Securables','id':'NEW'}}",
		200, "{}"},
	};
	struct fixture f;

	(void)unused;
	open_begin(&f, false);
	assert_int_equal(read_page(&f, old), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	expect_contains(f.stream.notes->text, "1 dataset is called \"Airbyte - users\"");
	fixture_close(&f);
}

static void
two_creates_that_both_arrived_are_told(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_MAKE, "tag create", 200, make},
	    {LUZMO_PUSH, "data create", LOST, ""},
	    {LUZMO_NAMESAKES, FIND("0"), 200, NONE},
	    {LUZMO_NAMESAKES, FIND("0"), 200, NONE},
	    {LUZMO_PUSH, "data create", LOST, ""},
	    {LUZMO_NAMESAKES, FIND("0"), 200,
		PAGE(DATASET("SECOND", "2", LATE, "") "," DATASET("FIRST", "2", EARLY, ""))},
	    {LUZMO_NAMESAKES, FIND("2"), 200, NONE},
	    {LUZMO_TAG_LINK,
		"tag associate 'id':'T','resource':{'role':'Securables','id':'SECOND'}}", 200,
		"{}"},
	};
	struct fixture f;

	(void)unused;
	open_new(&f);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	assert_string_equal(f.stream.notes->text,
	    "pushes whose replies were lost made 2 datasets called \"Airbyte - users\": the newest "
	    "is used, the others can be deleted");
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_orphan_is_adopted_and_replaced),
	    cmocka_unit_test(rows_stand_in_the_order_of_an_orphans_columns),
	    cmocka_unit_test(replace_data_on_an_orphan_comes_off),
	    cmocka_unit_test(tags_that_are_not_ours_do_not_matter),
	    cmocka_unit_test(an_orphan_without_records_stays_as_it_is),
	    cmocka_unit_test(what_may_be_somebody_elses_is_left_alone),
	    cmocka_unit_test(one_that_is_older_than_the_tag_is_left_alone),
	    cmocka_unit_test(one_that_comes_twice_is_counted_once),
	    cmocka_unit_test(one_that_hides_its_tags_is_unreadable),
	    cmocka_unit_test(one_that_hides_its_columns_is_unreadable),
	    cmocka_unit_test(all_pages_are_read),
	    cmocka_unit_test(pages_that_never_end_are_left_after_a_hundred),
	    cmocka_unit_test(a_page_fails_or_is_asked_for_again),
	    cmocka_unit_test(a_lost_create_is_looked_for),
	    cmocka_unit_test(any_is_young_where_there_was_none),
	    cmocka_unit_test(none_is_young_where_nobody_looked),
	    cmocka_unit_test(namesakes_known_before_a_create_are_not_it),
	    cmocka_unit_test(two_creates_that_both_arrived_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
