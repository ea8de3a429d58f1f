#include "fixture.h"
#include "tags.h"

#define FIND "tag get 'find':{'where':{'tag':'" OURS "'},'attributes':['id','tag','created_at']}}"
#define FIND_REPLACE                                                                               \
	"tag get 'find':{'where':{'tag':'" REPLACE "'},'attributes':['id','tag','created_at']}}"
#define MAKE "tag create 'properties':{'tag':'" OURS "'}}"
#define LINK "tag associate 'id':'T','resource':{'role':'Securables','id':'D'}}"
#define MARK "tag associate 'id':'R','resource':{'role':'Securables','id':'D'}}"
#define OFF "tag dissociate 'id':'R','resource':{'role':'Securables','id':'D'}}"
#define FIND_TAGS                                                                                  \
	"securable get 'find':{'where':{'type':'dataset','id':'D'},'attributes':['id'],"           \
	"'include':[{'model':'Tag','attributes':['id','tag']}]}}"
#define TAGS(list) "{'rows':[{'id':'D','tags':[" list "]}]}"
#define OUR_TAG "{'id':'T','tag':'" OURS "','created_at':'2024-02-19T21:44:14.684Z'}"
#define REPLACE_TAG "{'id':'R','tag':'" REPLACE "'}"
#define CREATED "{'rows':[{'id':'D','rows':2}]}"

/* The first batch of a stream without a dataset. */
static void
open_new(struct fixture *f)
{
	fixture_open(f, "'typed_columns':false", false);
	fixture_begin_new(f);
	fixture_batch(f, 2);
}

/* The end of an overwrite without records. */
static void
open_end(struct fixture *f, const char *tags, bool complete)
{
	fixture_open(f, "", true);
	fixture_begin(f, tags);
	fixture_exchange(f, AB_END, complete);
}

static enum ab_verdict
converse_new(const struct turn *turns, size_t count, struct fixture *f)
{
	open_new(f);
	return fixture_converse(f, turns, count);
}

static void
a_tag_is_made_before_the_dataset_and_put_on_it_after(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_MAKE, MAKE, 200, OUR_TAG},
	    {LUZMO_PUSH, "data create", 200, CREATED},
	    {LUZMO_TAG_LINK, LINK, 200, OUR_TAG},
	};
	struct fixture f;

	(void)unused;
	assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->tag_id, "T");
	assert_string_equal(fixture_luzmo_stream(&f)->since, "2024-02-19T21:44:14.684Z");
	assert_true(fixture_luzmo_stream(&f)->linked);
	assert_false(f.request.single);
	fixture_close(&f);
}

static void
a_tag_that_was_made_and_lost_is_found(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_MAKE, MAKE, LOST, ""},
	    {LUZMO_TAG_FIND, FIND, 200, "{'rows':[" OUR_TAG "]}"},
	    {LUZMO_PUSH, "data create", 200, CREATED},
	    {LUZMO_TAG_LINK, LINK, 204, ""},
	};
	struct fixture f;

	(void)unused;
	assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->tag_id, "T");
	assert_string_equal(fixture_luzmo_stream(&f)->since, "2024-02-19T21:44:14.684Z");
	assert_true(fixture_luzmo_stream(&f)->linked);
	fixture_close(&f);
}

static void
one_that_was_lost_and_not_made_is_made_again(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_MAKE, MAKE, LOST, ""},
	    {LUZMO_TAG_FIND, FIND, 200, NONE},
	    {LUZMO_TAG_MAKE, MAKE, 200, OUR_TAG},
	    {LUZMO_PUSH, "data create", 200, CREATED},
	    {LUZMO_TAG_LINK, LINK, 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_DONE);
	assert_true(fixture_luzmo_stream(&f)->linked);
	fixture_close(&f);
}

/* No look tells more than these. */
static void
a_key_that_may_not_is_told_at_once(void **unused)
{
	static const int statuses[] = {401, 403};

	(void)unused;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		const struct turn turns[] = {
		    {LUZMO_TAG_MAKE, MAKE, statuses[i], "{'message':'Not for you'}"},
		    {LUZMO_TAG_MAKE, MAKE, 200, OUR_TAG},
		    {LUZMO_PUSH, "data create", 200, CREATED},
		    {LUZMO_TAG_LINK, LINK, statuses[i], "{'message':'Not for you'}"},
		};
		const struct turn off[] = {
		    {LUZMO_PUSH, "data create", 200, "{}"},
		    {LUZMO_TAG_OFF, OFF, statuses[i], "{'message':'Not for you'}"},
		};
		struct fixture f;
		assert_int_equal(converse_new(turns, 1, &f), AB_FAILED);
		expect_contains(f.err.message,
		    "Luzmo refused the making of a tag of stream users: Not for you (HTTP 40");
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		fixture_close(&f);
		assert_int_equal(converse_new(turns + 1, COUNT(turns) - 1, &f), AB_FAILED);
		expect_contains(f.err.message,
		    "Luzmo refused a tag on the dataset of stream users: Not for you (HTTP 40");
		assert_false(fixture_luzmo_stream(&f)->linked);
		fixture_close(&f);
		fixture_open(&f, "", true);
		fixture_begin(&f, TAGGED_REPLACE);
		fixture_batch(&f, 2);
		assert_int_equal(fixture_converse(&f, off, COUNT(off)), AB_FAILED);
		expect_contains(f.err.message,
		    "Luzmo refused the removal of a tag of stream users: Not for you (HTTP 40");
		assert_string_equal(fixture_luzmo_stream(&f)->off_id, "R");
		fixture_close(&f);
	}
}

static void
a_tag_that_is_refused_may_be_anothers(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_MAKE, MAKE, 400, "{'message':'Tag exists'}"},
	    {LUZMO_TAG_FIND, FIND, 503, ""},
	    {LUZMO_TAG_FIND, FIND, 200, "{'rows':[" OUR_TAG "]}"},
	    {LUZMO_PUSH, "data create", 200, CREATED},
	    {LUZMO_TAG_LINK, LINK, 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_DONE);
	fixture_close(&f);
}

static void
a_refusal_that_was_right_is_told(void **unused)
{
	static const int statuses[] = {400, 404, 413};

	(void)unused;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		const struct turn turns[] = {
		    {LUZMO_TAG_MAKE, MAKE, statuses[i], "{'message':'Not for you'}"},
		    {LUZMO_TAG_FIND, FIND, 200, "{'rows':[{'id':'T','tag':'other'}]}"},
		    {LUZMO_TAG_FIND, FIND, 200, "{'rows':[{'id':'T','tag':'other'}]}"},
		};
		struct fixture f;
		assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_FAILED);
		expect_contains(f.err.message,
		    "Luzmo refused the making of a tag of stream users: Not for you (HTTP 4");
		fixture_close(&f);
	}
}

static void
a_tag_is_looked_for_before_it_is_made_again(void **unused)
{
	static const int statuses[] = {LOST, UNSENT, 429, 500, 502, 503, 504};

	(void)unused;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		struct fixture f;
		open_new(&f);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_true(f.request.single);
		assert_int_equal(fixture_answer(&f, statuses[i], "<html>"), AB_RETRY);
		assert_int_equal(f.x.step, LUZMO_TAG_FIND);
		fixture_close(&f);
	}
}

static void
the_answer_to_a_make_must_be_luzmos(void **unused)
{
	static const char *const pages[] = {"<html>", "{'id'", "", "[]", "7"};
	struct fixture f;

	(void)unused;
	open_new(&f);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.step, LUZMO_TAG_MAKE);
	fixture_expect_unreadable(&f, pages, COUNT(pages));
	assert_int_equal(fixture_answer(&f, 204, ""), AB_FAILED);
	fixture_close(&f);
}

static void
a_tag_that_was_made_without_an_id_is_looked_for_once(void **unused)
{
	static const char *const replies[] = {
	    "{}", "{'id':7}", "{'id':''}", "{'id':'" LONG_ID "'}"};

	(void)unused;
	for (size_t i = 0; i < COUNT(replies); i++) {
		const struct turn turns[] = {
		    {LUZMO_TAG_MAKE, MAKE, 200, replies[i]},
		    {LUZMO_TAG_FIND, FIND, 200, NONE},
		    {LUZMO_TAG_FIND, FIND, 200, NONE},
		};
		const struct turn found[] = {
		    {LUZMO_TAG_MAKE, MAKE, 200, replies[i]},
		    {LUZMO_TAG_FIND, FIND, 200, "{'rows':[" OUR_TAG "]}"},
		    {LUZMO_PUSH, "data create", 200, CREATED},
		    {LUZMO_TAG_LINK, LINK, 200, "{}"},
		};
		struct fixture f;
		assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_FAILED);
		assert_int_equal(f.err.kind, AB_SYSTEM_ERROR);
		expect_contains(f.err.message, "to the making of a tag of stream users is not");
		fixture_close(&f);
		assert_int_equal(converse_new(found, COUNT(found), &f), AB_DONE);
		assert_string_equal(fixture_luzmo_stream(&f)->tag_id, "T");
		fixture_close(&f);
	}
}

static void
expect_look_up(struct fixture *f)
{
	static const char *const odd[] = {"{'rows':[{'id':7,'tag':'" OURS "'}]}",
	    "{'rows':[{'tag':'" OURS "'}]}", "{'rows':[{'id':'" LONG_ID "','tag':'" OURS "'}]}"};

	assert_int_equal(fixture_ask(f, 0), AB_SEND);
	assert_int_equal(f->x.step, LUZMO_TAG_FIND);
	assert_false(f->request.single);
	fixture_expect_plain_failures(f);
	fixture_expect_unreadable(f, odd, COUNT(odd));
}

static void
a_look_up_fails_or_is_tried_again(void **unused)
{
	const struct turn begin = {LUZMO_LOOK, "securable get", 200, NONE};
	const struct turn batch = {LUZMO_TAG_MAKE, MAKE, LOST, ""};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_turn(&f, &begin, 0), AB_NEXT);
	expect_look_up(&f);
	assert_int_equal(fixture_answer(&f, 200, NONE), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_turn(&f, &batch, 0), AB_RETRY);
	expect_look_up(&f);
	fixture_close(&f);
}

static void
a_tag_that_is_on_already_is_as_good(void **unused)
{
	static const int statuses[] = {400, 404, 413};

	(void)unused;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		const struct turn turns[] = {
		    {LUZMO_TAG_MAKE, MAKE, 200, OUR_TAG},
		    {LUZMO_PUSH, "data create", 200, CREATED},
		    {LUZMO_TAG_LINK, LINK, LOST, ""},
		    {LUZMO_TAG_LINK, LINK, statuses[i], REFUSED},
		    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG)},
		};
		struct fixture f;
		assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_DONE);
		assert_true(fixture_luzmo_stream(&f)->linked);
		fixture_close(&f);
	}
}

static void
a_tag_that_cannot_be_put_on_fails(void **unused)
{
	static const char *const replies[] = {TAGS(""), TAGS(REPLACE_TAG), NONE,
	    "{'rows':[{'id':'D'}]}", "{'rows':[{'id':'D','tags':'x'}]}"};

	(void)unused;
	for (size_t i = 0; i < COUNT(replies); i++) {
		const struct turn turns[] = {
		    {LUZMO_TAG_MAKE, MAKE, 200, OUR_TAG},
		    {LUZMO_PUSH, "data create", 200, CREATED},
		    {LUZMO_TAG_LINK, LINK, 404, "{'message':'Not there'}"},
		    {LUZMO_TAGS, FIND_TAGS, 503, ""},
		    {LUZMO_TAGS, FIND_TAGS, 200, replies[i]},
		    {LUZMO_TAGS, FIND_TAGS, 200, replies[i]},
		};
		struct fixture f;
		assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_FAILED);
		assert_string_equal(f.err.message,
		    "Luzmo refused a tag on the dataset of stream users: Not there (HTTP 404)");
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		assert_false(fixture_luzmo_stream(&f)->linked);
		fixture_close(&f);
	}
}

static void
a_refusal_is_looked_at_again_five_seconds_later(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_MAKE, MAKE, 409, REFUSED},
	    {LUZMO_TAG_FIND, FIND, 200, NONE},
	    {LUZMO_TAG_FIND, FIND, 200, "{'rows':[" OUR_TAG "]}"},
	    {LUZMO_PUSH, "data create", 200, CREATED},
	    {LUZMO_TAG_LINK, LINK, 400, REFUSED},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS("")},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG)},
	};
	struct fixture f;

	(void)unused;
	assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_DONE);
	assert_true(fixture_luzmo_stream(&f)->linked);
	assert_int_equal(f.x.wait_ms, 5000);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
replace_data_comes_off_after_a_replace(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_PUSH, "data create 'properties':{'type':'replace',", 200, "{}"},
	    {LUZMO_TAG_OFF, OFF, 504, ""},
	    {LUZMO_TAG_OFF, OFF, 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_begin(&f, TAGGED_REPLACE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->off_id, "");
	assert_string_equal(fixture_luzmo(&f)->off_id, "R");
	/* It was no overwrite: what is gone was to be gone. */
	assert_false(f.stream.emptied);
	fixture_batch(&f, 2);
	const struct turn second = {
	    LUZMO_PUSH, "data create 'properties':{'type':'append',", 200, "{}"};
	assert_int_equal(fixture_converse(&f, &second, 1), AB_DONE);
	fixture_close(&f);
}

static void
one_that_is_off_already_is_as_good(void **unused)
{
	static const struct {
		const char *tags;
		enum ab_verdict verdict;
	} cases[] = {
	    {TAGS(OUR_TAG), AB_DONE},
	    {TAGS(OUR_TAG "," REPLACE_TAG), AB_FAILED},
	    {"{'rows':[{'id':'D','tags':7}]}", AB_FAILED},
	    {NONE, AB_FAILED},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct turn turns[] = {
		    {LUZMO_PUSH, "data create", 200, "{}"},
		    {LUZMO_TAG_OFF, OFF, 404, "{'message':'Not there'}"},
		    {LUZMO_TAGS, FIND_TAGS, 200, cases[i].tags},
		    {LUZMO_TAGS, FIND_TAGS, 200, cases[i].tags},
		};
		const bool off = cases[i].verdict == AB_DONE;
		struct fixture f;
		fixture_open(&f, "", true);
		fixture_begin(&f, TAGGED_REPLACE);
		fixture_batch(&f, 2);
		assert_int_equal(fixture_converse(&f, turns, COUNT(turns) - off), cases[i].verdict);
		assert_string_equal(fixture_luzmo_stream(&f)->off_id, off ? "" : "R");
		if (!off)
			assert_string_equal(f.err.message,
			    "Luzmo refused the removal of a tag of stream users: Not there (HTTP "
			    "404)");
		fixture_close(&f);
	}
}

static void
an_association_must_be_answered_by_luzmo(void **unused)
{
	static const char *const pages[] = {"<html>", ""};
	struct fixture f;

	(void)unused;
	open_end(&f, TAGGED, true);
	snprintf(fixture_luzmo(&f)->off_id, LUZMO_ID_MAX, "R");
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.step, LUZMO_TAG_LINK);
	fixture_expect_unreadable(&f, pages, COUNT(pages));
	fixture_close(&f);
}

static void
an_overwrite_without_records_marks_the_dataset(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_FIND, FIND_REPLACE, 200, NONE},
	    {LUZMO_TAG_MAKE, "tag create 'properties':{'tag':'" REPLACE "'}}", 200, REPLACE_TAG},
	    {LUZMO_TAG_LINK, MARK, 200, "{}"},
	};
	static const struct turn found[] = {
	    {LUZMO_TAG_FIND, FIND_REPLACE, 200, "{'rows':[" REPLACE_TAG "]}"},
	    {LUZMO_TAG_LINK, MARK, 400, REFUSED},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG "," REPLACE_TAG)},
	};
	static const struct turn refused[] = {
	    {LUZMO_TAG_FIND, FIND_REPLACE, 200, "{'rows':[" REPLACE_TAG "]}"},
	    {LUZMO_TAG_LINK, MARK, 400, REFUSED},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG)},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG)},
	};
	struct fixture f;

	(void)unused;
	open_end(&f, TAGGED, true);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->off_id, "R");
	assert_string_equal(fixture_luzmo(&f)->off_id, "R");
	assert_int_equal(fixture_notes(&f), 1);
	assert_string_equal(f.stream.notes->text,
	    "no rows came: its dataset keeps its rows, and is tagged so that the next records "
	    "replace them");
	fixture_close(&f);
	open_end(&f, TAGGED, true);
	assert_int_equal(fixture_converse(&f, found, COUNT(found)), AB_DONE);
	fixture_close(&f);
	open_end(&f, TAGGED, true);
	assert_int_equal(fixture_converse(&f, refused, COUNT(refused)), AB_FAILED);
	assert_string_equal(fixture_luzmo_stream(&f)->off_id, "");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
ids_with_quotes_stay_texts(void **unused)
{
	struct fixture f;

	(void)unused;
	open_end(&f, TAGGED, true);
	snprintf(fixture_luzmo(&f)->off_id, LUZMO_ID_MAX, "a\"}\\");
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	expect_contains(f.body, ",\"id\":\"a\\\"}\\\\\",\"resource\":{");
	fixture_close(&f);
}

static void
a_tag_that_is_found_has_its_own_age(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_MAKE, MAKE, LOST, ""},
	    {LUZMO_TAG_FIND, FIND, 200,
		"{'rows':[{'id':'X','tag':'USERS','created_at':'2030-01-01T00:00:00.000Z'}," OUR_TAG
		"]}"},
	    {LUZMO_PUSH, "data create", 200, CREATED},
	    {LUZMO_TAG_LINK, LINK, 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	assert_int_equal(converse_new(turns, COUNT(turns), &f), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->since, "2024-02-19T21:44:14.684Z");
	fixture_close(&f);
}

/* --- generations --- */

#define OLDER_TAG "{'id':'G4','tag':'" GENERATION("4") "'}"
#define GENERATION_TAG "{'id':'G5','tag':'" GENERATION("5") "'}"
#define FIND_GENERATION                                                                            \
	"tag get 'find':{'where':{'tag':'" GENERATION(                                             \
	    "5") "'},'attributes':['id','tag','created_at']}}"
#define MAKE_GENERATION "tag create 'properties':{'tag':'" GENERATION("5") "'}}"
#define LINK_GENERATION "tag associate 'id':'G5','resource':{'role':'Securables','id':'D'}}"
#define OLDER_OFF "tag dissociate 'id':'G4','resource':{'role':'Securables','id':'D'}}"
#define FOUND_GENERATION "{'rows':[" GENERATION_TAG "]}"

/* The end of a truncate refresh whose rows were replaced; tags: of the dataset before. */
static void
open_refresh_end(struct fixture *f, const char *tags)
{
	static const struct turn push = {
	    LUZMO_PUSH, "data create 'properties':{'type':'replace',", 200, "{}"};

	fixture_open_refresh(f, "");
	fixture_begin(f, tags);
	fixture_batch(f, 2);
	assert_int_equal(fixture_converse(f, &push, 1), AB_DONE);
	fixture_exchange(f, AB_END, true);
}

static void
a_dataset_is_marked_when_its_rows_are_replaced(void **unused)
{
	static const struct turn made[] = {
	    {LUZMO_TAG_FIND, FIND_GENERATION, 200, NONE},
	    {LUZMO_TAG_MAKE, MAKE_GENERATION, 200, GENERATION_TAG},
	    {LUZMO_TAG_LINK, LINK_GENERATION, 200, "{}"},
	};
	static const struct turn found[] = {
	    {LUZMO_TAG_OFF, OLDER_OFF, 200, "{}"},
	    {LUZMO_TAG_FIND, FIND_GENERATION, 200, FOUND_GENERATION},
	    {LUZMO_TAG_LINK, LINK_GENERATION, 400, REFUSED},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG "," GENERATION_TAG)},
	};
	static const struct turn lost[] = {
	    {LUZMO_TAG_OFF, OLDER_OFF, LOST, ""},
	    {LUZMO_TAG_OFF, OLDER_OFF, 404, REFUSED},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG)},
	    {LUZMO_TAG_FIND, FIND_GENERATION, 200, NONE},
	    {LUZMO_TAG_MAKE, MAKE_GENERATION, LOST, ""},
	    {LUZMO_TAG_FIND, FIND_GENERATION, 200, FOUND_GENERATION},
	    {LUZMO_TAG_LINK, LINK_GENERATION, 204, ""},
	};
	static const struct {
		const char *tags;
		const struct turn *turns;
		size_t count;
	} cases[] = {
	    {TAGS(OUR_TAG), made, COUNT(made)},
	    {TAGS(OUR_TAG "," OLDER_TAG), found, COUNT(found)},
	    {TAGS(OLDER_TAG "," OUR_TAG), lost, COUNT(lost)},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		open_refresh_end(&f, cases[i].tags);
		assert_int_equal(fixture_converse(&f, cases[i].turns, cases[i].count), AB_DONE);
		assert_string_equal(fixture_luzmo_stream(&f)->older_id, "");
		assert_string_equal(fixture_luzmo_stream(&f)->off_id, "");
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
a_dataset_that_cannot_be_marked_fails(void **unused)
{
	static const struct turn off[] = {
	    {LUZMO_TAG_OFF, OLDER_OFF, 404, "{'message':'Not there'}"},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG "," OLDER_TAG)},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG "," OLDER_TAG)},
	};
	/* The refusal that counts is the last one. */
	static const struct turn made[] = {
	    {LUZMO_TAG_OFF, OLDER_OFF, 404, "{'message':'Not there'}"},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG)},
	    {LUZMO_TAG_FIND, FIND_GENERATION, 200, NONE},
	    {LUZMO_TAG_MAKE, MAKE_GENERATION, 400, "{'message':'No more'}"},
	    {LUZMO_TAG_FIND, FIND_GENERATION, 200, NONE},
	    {LUZMO_TAG_FIND, FIND_GENERATION, 200, NONE},
	};
	static const struct turn linked[] = {
	    {LUZMO_TAG_OFF, OLDER_OFF, 200, "{}"},
	    {LUZMO_TAG_FIND, FIND_GENERATION, 200, FOUND_GENERATION},
	    {LUZMO_TAG_LINK, LINK_GENERATION, 404, "{'message':'No such'}"},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG)},
	    {LUZMO_TAGS, FIND_TAGS, 200, TAGS(OUR_TAG)},
	};
	static const struct {
		const struct turn *turns;
		size_t count;
		const char *message;
	} cases[] = {
	    {off, COUNT(off), "the removal of a tag of stream users: Not there"},
	    {made, COUNT(made), "the making of a tag of stream users: No more"},
	    {linked, COUNT(linked), "a tag on the dataset of stream users: No such"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		open_refresh_end(&f, TAGS(OUR_TAG "," OLDER_TAG));
		assert_int_equal(fixture_converse(&f, cases[i].turns, cases[i].count), AB_FAILED);
		expect_contains(f.err.message, cases[i].message);
		fixture_close(&f);
	}
}

static void
a_refresh_without_records_is_no_generation(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_FIND, FIND_REPLACE, 200, "{'rows':[" REPLACE_TAG "]}"},
	    {LUZMO_TAG_LINK, MARK, 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	fixture_open_refresh(&f, "");
	fixture_begin(&f, TAGS(OUR_TAG "," OLDER_TAG));
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

static void
rows_are_counted_before_they_are_a_generation(void **unused)
{
	static const struct turn pushes[] = {
	    {LUZMO_PUSH, "data create", LOST, ""},
	    {LUZMO_PUSH, "data create", 200, "{}"},
	};
	static const char *const counts[] = {"2", "null", "1"};

	(void)unused;
	for (size_t i = 0; i < COUNT(counts); i++) {
		const enum ab_verdict verdict = i < 2 ? AB_NEXT : AB_FAILED;
		struct fixture f;
		char reply[100];
		fixture_open_refresh(&f, "");
		fixture_begin(&f, TAGGED);
		fixture_batch(&f, 2);
		assert_int_equal(fixture_converse(&f, pushes, COUNT(pushes)), AB_DONE);
		fixture_exchange(&f, AB_END, true);
		snprintf(reply, sizeof(reply), "{'rows':[{'id':'D','rows':%s}]}", counts[i]);
		enum ab_verdict last = AB_WAIT;
		while (last == AB_WAIT) {
			assert_int_equal(fixture_ask(&f, 0), AB_SEND);
			assert_int_equal(f.x.step, LUZMO_COUNT);
			last = fixture_answer(&f, 200, reply);
		}
		assert_int_equal(last, verdict);
		assert_int_equal(f.x.step, i < 2 ? LUZMO_TAG_FIND : LUZMO_COUNT);
		fixture_close(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tag_that_is_found_has_its_own_age),
	    cmocka_unit_test(a_tag_is_made_before_the_dataset_and_put_on_it_after),
	    cmocka_unit_test(a_tag_that_was_made_and_lost_is_found),
	    cmocka_unit_test(one_that_was_lost_and_not_made_is_made_again),
	    cmocka_unit_test(a_key_that_may_not_is_told_at_once),
	    cmocka_unit_test(a_tag_that_is_refused_may_be_anothers),
	    cmocka_unit_test(a_refusal_that_was_right_is_told),
	    cmocka_unit_test(a_refusal_is_looked_at_again_five_seconds_later),
	    cmocka_unit_test(a_tag_is_looked_for_before_it_is_made_again),
	    cmocka_unit_test(the_answer_to_a_make_must_be_luzmos),
	    cmocka_unit_test(a_tag_that_was_made_without_an_id_is_looked_for_once),
	    cmocka_unit_test(a_look_up_fails_or_is_tried_again),
	    cmocka_unit_test(a_tag_that_is_on_already_is_as_good),
	    cmocka_unit_test(a_tag_that_cannot_be_put_on_fails),
	    cmocka_unit_test(replace_data_comes_off_after_a_replace),
	    cmocka_unit_test(one_that_is_off_already_is_as_good),
	    cmocka_unit_test(an_association_must_be_answered_by_luzmo),
	    cmocka_unit_test(an_overwrite_without_records_marks_the_dataset),
	    cmocka_unit_test(ids_with_quotes_stay_texts),
	    cmocka_unit_test(a_dataset_is_marked_when_its_rows_are_replaced),
	    cmocka_unit_test(a_dataset_that_cannot_be_marked_fails),
	    cmocka_unit_test(a_refresh_without_records_is_no_generation),
	    cmocka_unit_test(rows_are_counted_before_they_are_a_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
