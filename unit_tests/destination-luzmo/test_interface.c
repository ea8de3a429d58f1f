/* Whole runs of one stream: what is asked of Luzmo, from the first look-up to the end. */
#include "fixture.h"

#define FIND_TAG "tag get 'find':{'where':{'tag':'" OURS "'}"
#define MAKE_TAG "tag create 'properties':{'tag':'" OURS "'}}"
#define MADE_TAG "{'id':'T','tag':'" OURS "','created_at':'2024-02-19T21:44:14.684Z'}"
#define LINK "tag associate 'id':'T','resource':{'role':'Securables','id':'D'}}"
#define CREATE "data create 'properties':{'type':'create','options':{"
#define REPLACE_ROWS "data create 'properties':{'type':'replace','securable_id':'D',"
#define APPEND_ROWS "data create 'properties':{'type':'append','securable_id':'D',"
#define HAS(rows) "{'rows':[{'id':'D','rows':" rows "}]}"
#define TYPED                                                                                      \
	"{'rows':[{'id':'D','columns':[{'id':'C1','source_name':'id','type':'numeric'},"           \
	"{'id':'C2','source_name':'name','type':'hierarchy'}]}]}"
#define ORPHAN                                                                                     \
	"{'rows':[{'id':'D','name':{'en':'Airbyte - users'},'rows':2,"                             \
	"'created_at':'2024-02-19T21:44:15.000Z','tags':[]}]}"

static const struct turn begin_new[] = {
    {LUZMO_LOOK, "securable get", 200, NONE},
    {LUZMO_TAG_FIND, FIND_TAG, 200, NONE},
};
static const struct turn begin_orphan[] = {
    {LUZMO_LOOK, "securable get", 200, NONE},
    {LUZMO_TAG_FIND, FIND_TAG, 200, "{'rows':[" MADE_TAG "]}"},
    {LUZMO_NAMESAKES, "securable get", 200, ORPHAN},
    {LUZMO_NAMESAKES, "securable get", 200, NONE},
    {LUZMO_NAMESAKE, "securable get", 200, TYPED},
};

static void
begin(struct fixture *f, const struct turn *turns, size_t count)
{
	fixture_exchange(f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(f, turns, count), AB_DONE);
}

static void
deliver(struct fixture *f, const struct turn *turns, size_t count)
{
	fixture_batch(f, 2);
	assert_int_equal(fixture_converse(f, turns, count), AB_DONE);
}

/* The end asks for nothing. */
static void
expect_quiet_end(struct fixture *f, bool complete)
{
	fixture_exchange(f, AB_END, complete);
	assert_int_equal(fixture_ask(f, 0), AB_SKIP);
	assert_int_equal(fixture_notes(f), 0);
}

/* The end looks at the row count, since a reply was lost, and is content. */
static void
expect_counted_end(struct fixture *f, const struct turn *turns, size_t count)
{
	fixture_exchange(f, AB_END, true);
	assert_int_equal(fixture_converse(f, turns, count), AB_DONE);
	assert_int_equal(fixture_notes(f), 0);
}

static void
a_new_dataset_is_made_by_the_first_batch(void **unused)
{
	static const struct turn first[] = {
	    {LUZMO_TAG_MAKE, MAKE_TAG, 200, MADE_TAG},
	    {LUZMO_PUSH, CREATE, 200, HAS("2")},
	    {LUZMO_COLUMNS, "securable get", 200, TYPED},
	    {LUZMO_TAG_LINK, LINK, 200, "{}"},
	};
	static const struct turn second[] = {{LUZMO_PUSH, APPEND_ROWS, 200, HAS("4")}};

	(void)unused;
	for (int overwrite = 0; overwrite <= 1; overwrite++) {
		struct fixture f;
		fixture_open(&f, "", overwrite != 0);
		begin(&f, begin_new, COUNT(begin_new));
		deliver(&f, first, COUNT(first));
		deliver(&f, second, COUNT(second));
		expect_quiet_end(&f, true);
		fixture_close(&f);
	}
}

static void
a_known_dataset_takes_one_request_for_a_batch(void **unused)
{
	static const struct turn first[] = {{LUZMO_PUSH, APPEND_ROWS, 200, HAS("102")}};
	static const struct turn second[] = {{LUZMO_PUSH, APPEND_ROWS, 200, HAS("104")}};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_begin(&f, TAGGED);
	deliver(&f, first, 1);
	deliver(&f, second, 1);
	expect_quiet_end(&f, true);
	fixture_close(&f);
}

static void
a_dataset_marked_for_replacement_is_replaced_in_any_mode(void **unused)
{
	static const struct turn first[] = {
	    {LUZMO_PUSH, REPLACE_ROWS, 200, HAS("2")},
	    {LUZMO_TAG_OFF, "tag dissociate 'id':'R',", 200, "{}"},
	};
	static const struct turn second[] = {{LUZMO_PUSH, APPEND_ROWS, 200, HAS("4")}};

	(void)unused;
	for (int overwrite = 0; overwrite <= 1; overwrite++) {
		struct fixture f;
		fixture_open(&f, "", overwrite != 0);
		fixture_begin(&f, TAGGED_REPLACE);
		deliver(&f, first, COUNT(first));
		deliver(&f, second, 1);
		expect_quiet_end(&f, true);
		fixture_close(&f);
	}
}

static void
a_reset_marks_the_dataset_at_its_end(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_FIND, "tag get 'find':{'where':{'tag':'" REPLACE "'}", 200,
		"{'rows':[{'id':'R','tag':'" REPLACE "'}]}"},
	    {LUZMO_TAG_LINK, "tag associate 'id':'R','resource':{'role':'Securables','id':'D'}}",
		200, "{}"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", true);
	fixture_begin(&f, TAGGED);
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

/* Also if there was one, whose reply was lost before it was refused. */
static void
an_overwrite_whose_rows_are_all_refused_marks_the_dataset(void **unused)
{
	static const struct turn batch[] = {
	    {LUZMO_PUSH, "data create", LOST, ""},
	    {LUZMO_PUSH, "data create", 413, ""},
	};
	static const struct turn end[] = {
	    {LUZMO_TAG_FIND, "tag get", 200, "{'rows':[{'id':'R','tag':'" REPLACE "'}]}"},
	    {LUZMO_TAG_LINK, "tag associate 'id':'R'", 200, "{}"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", true);
	fixture_begin(&f, TAGGED);
	fixture_batch(&f, 1);
	assert_int_equal(fixture_converse(&f, batch, COUNT(batch)), AB_DONE);
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_converse(&f, end, COUNT(end)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

static void
an_end_without_need_asks_for_nothing(void **unused)
{
	static const struct {
		bool overwrite, complete;
		const char *tags; /* NULL: there is no dataset */
	} cases[] = {
	    {false, true, TAGGED},
	    {true, false, TAGGED},
	    {true, true, TAGGED_REPLACE},
	    {true, true, NULL},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, "", cases[i].overwrite);
		if (cases[i].tags != NULL)
			fixture_begin(&f, cases[i].tags);
		else
			begin(&f, begin_new, COUNT(begin_new));
		expect_quiet_end(&f, cases[i].complete);
		fixture_close(&f);
	}
}

static void
an_orphan_of_an_earlier_run_is_adopted(void **unused)
{
	static const struct turn first[] = {
	    {LUZMO_PUSH, REPLACE_ROWS, 200, HAS("2")},
	    {LUZMO_COLUMNS, "securable get", 200, TYPED},
	    {LUZMO_TAG_LINK, LINK, 200, "{}"},
	};
	static const struct turn second[] = {{LUZMO_PUSH, APPEND_ROWS, 200, HAS("4")}};

	(void)unused;
	for (int overwrite = 0; overwrite <= 1; overwrite++) {
		struct fixture f;
		fixture_open(&f, "", overwrite != 0);
		begin(&f, begin_orphan, COUNT(begin_orphan));
		deliver(&f, first, COUNT(first));
		deliver(&f, second, COUNT(second));
		expect_quiet_end(&f, true);
		fixture_close(&f);
	}
}

static void
an_orphan_is_not_touched_if_no_records_come(void **unused)
{
	(void)unused;
	for (int overwrite = 0; overwrite <= 1; overwrite++) {
		struct fixture f;
		fixture_open(&f, "", overwrite != 0);
		begin(&f, begin_orphan, COUNT(begin_orphan));
		expect_quiet_end(&f, true);
		fixture_close(&f);
	}
}

static void
a_create_whose_reply_was_lost_is_made_once(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_TAG_MAKE, MAKE_TAG, 200, MADE_TAG},
	    {LUZMO_PUSH, CREATE, LOST, ""},
	    {LUZMO_NAMESAKES, "securable get", 200, ORPHAN},
	    {LUZMO_NAMESAKES, "securable get", 200, NONE},
	    {LUZMO_COLUMNS, "securable get", 200, TYPED},
	    {LUZMO_TAG_LINK, LINK, 200, "{}"},
	};
	static const struct turn second[] = {
	    {LUZMO_PUSH, APPEND_ROWS, LOST, ""},
	    {LUZMO_COUNT, "securable get", 200, HAS("4")},
	};
	static const struct turn end[] = {{LUZMO_COUNT, "securable get", 200, HAS("4")},
	    {LUZMO_COUNT, "securable get", 200, HAS("4")}};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", true);
	begin(&f, begin_new, COUNT(begin_new));
	deliver(&f, turns, COUNT(turns));
	deliver(&f, second, COUNT(second));
	expect_counted_end(&f, end, COUNT(end));
	fixture_close(&f);
}

static void
a_create_that_was_halved_goes_on_with_its_halves(void **unused)
{
	static const struct turn whole[] = {
	    {LUZMO_TAG_MAKE, MAKE_TAG, 200, MADE_TAG},
	    {LUZMO_PUSH, CREATE, 504, ""},
	    {LUZMO_NAMESAKES, "securable get", 200, NONE},
	    {LUZMO_NAMESAKES, "securable get", 200, NONE},
	    {LUZMO_PUSH, CREATE, 413, "<html>"},
	};
	static const struct turn half[] = {
	    {LUZMO_PUSH, CREATE, 200, HAS("1")},
	    {LUZMO_COLUMNS, "securable get", 200, TYPED},
	    {LUZMO_TAG_LINK, LINK, 200, "{}"},
	};
	static const struct turn other[] = {{LUZMO_PUSH, APPEND_ROWS, 200, HAS("2")}};
	static const struct turn end[] = {{LUZMO_COUNT, "securable get", 200, HAS("2")},
	    {LUZMO_COUNT, "securable get", 200, HAS("2")}};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	begin(&f, begin_new, COUNT(begin_new));
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, whole, COUNT(whole)), AB_SPLIT);
	struct ab_batch *second = ab_batch_split(f.batch);
	fixture_exchange(&f, AB_BATCH, false);
	assert_int_equal(fixture_converse(&f, half, COUNT(half)), AB_DONE);
	ab_batch_free(f.batch);
	f.batch = second;
	fixture_exchange(&f, AB_BATCH, false);
	assert_int_equal(fixture_converse(&f, other, COUNT(other)), AB_DONE);
	expect_counted_end(&f, end, COUNT(end));
	fixture_close(&f);
}

/* A begin, a batch, and the run ends after so many replies. */
static void
leave_after(size_t left, const struct turn *first, size_t firsts, const struct turn *second)
{
	struct fixture f;

	fixture_open(&f, "", true);
	fixture_exchange(&f, AB_BEGIN, false);
	for (size_t i = 0; i < left; i++) {
		const struct turn *turn = i < firsts ? &first[i] : &second[i - firsts];
		if (i == firsts)
			fixture_batch(&f, 2);
		assert_int_equal(fixture_turn(&f, turn, 0), i + 1 == firsts ? AB_DONE : AB_NEXT);
	}
	expect_quiet_end(&f, false);
	fixture_close(&f);
}

static void
an_exchange_may_be_left_at_any_step(void **unused)
{
	static const struct turn create[] = {
	    {LUZMO_TAG_MAKE, MAKE_TAG, 400, REFUSED},
	    {LUZMO_TAG_FIND, FIND_TAG, 200, "{'rows':[" MADE_TAG "]}"},
	    {LUZMO_PUSH, CREATE, 200, HAS("2")},
	    {LUZMO_COLUMNS, "securable get", 200, TYPED},
	    {LUZMO_TAG_LINK, LINK, 400, REFUSED},
	};
	static const struct turn replace[] = {
	    {LUZMO_PUSH, REPLACE_ROWS, 200, HAS("2")},
	    {LUZMO_COLUMNS, "securable get", 200, TYPED},
	    {LUZMO_TAG_LINK, LINK, 400, REFUSED},
	};

	(void)unused;
	for (size_t left = 0; left <= COUNT(begin_new) + COUNT(create); left++)
		leave_after(left, begin_new, COUNT(begin_new), create);
	for (size_t left = 0; left <= COUNT(begin_orphan) + COUNT(replace); left++)
		leave_after(left, begin_orphan, COUNT(begin_orphan), replace);
}

static void
a_stream_without_fields_is_refused(void **unused)
{
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	fixture_stream(&f, "users", "", "{}");
	fixture_start(&f);
	assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_BROKEN);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	expect_contains(f.err.message, "stream users has no fields in its schema");
	fixture_close(&f);
}

static void
fields_the_catalog_lacks_are_left_out_with_a_warning(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	assert_int_equal(fixture_append(&f, "{\"name\":\"a\",\"id\":1}"), AB_TAKEN);
	assert_int_equal(fixture_notes(&f), 0);
	assert_int_equal(fixture_append(&f, "{\"id\":2,\"more\":3}"), AB_TAKEN);
	assert_string_equal(f.batch->body.data, "[1,\"a\"],[2,null],");
	assert_int_equal(fixture_notes(&f), 1);
	expect_contains(f.stream.notes->text, "they are left out");
	fixture_close(&f);
}

static void
a_stream_that_comes_again_begins_anew_beside_the_others(void **unused)
{
	struct ab_stream more = {.index = 1, .name = "orders"};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	assert_int_equal(fixture_tell(&f, &more, 1), 0);
	cJSON *schema = cJSON_Parse("{\"properties\":{\"id\":{},\"name\":{},\"age\":{}}}");
	f.stream.schema = schema;
	assert_int_equal(fixture_tell(&f, &f.stream, 1), 0);
	const struct luzmo_stream *stream = fixture_luzmo_stream(&f);
	assert_ptr_not_equal(more.self, stream);
	assert_int_equal(stream->columns.declared, 3);
	assert_string_equal(stream->tag, OURS);
	assert_int_equal(stream->tally.rows, -1);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.step, LUZMO_LOOK);
	fixture_forget(&f, &more, 1);
	fixture_close(&f);
	cJSON_Delete(schema);
}

/* Tells the connector of the stream again; its schema may be another. Nothing is asked for then. */
static struct luzmo_stream *
come_again(struct fixture *f)
{
	assert_int_equal(fixture_tell(f, &f->stream, 1), 0);
	fixture_exchange(f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(f, 0), AB_SKIP);
	return f->stream.self;
}

/* A look might miss what was just written. */
static void
one_that_comes_again_keeps_its_dataset(void **unused)
{
	const struct turn push = {LUZMO_PUSH,
	    "data create 'properties':{'type':'replace','securable_id':'D',"
	    "'options':{'header':['id','name','age'],'update_metadata':true},",
	    504, ""};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_begin(&f, TAGGED_REPLACE);
	struct luzmo_stream *stream = fixture_luzmo_stream(&f);
	stream->doubtful = true;
	stream->alone = true;
	strcpy(stream->tag_id, "T");
	strcpy(stream->since, "2026-01-01");
	cJSON *schema = cJSON_Parse("{\"properties\":{\"age\":{},\"name\":{}}}");
	f.stream.schema = schema;
	stream = come_again(&f);
	assert_string_equal(stream->dataset, "D");
	assert_string_equal(stream->tag_id, "T");
	assert_string_equal(stream->since, "2026-01-01");
	assert_true(stream->linked && stream->doubtful && stream->alone && !stream->ours);
	assert_int_equal(stream->tally.rows, 100);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_turn(&f, &push, 0), AB_RETRY);
	fixture_close(&f);
	cJSON_Delete(schema);
}

/* What is pushed stands in the order of the dataset, whatever the order of the new schema. */
static void
columns_that_were_pushed_keep_their_places_in_a_new_schema(void **unused)
{
	static const char *const schemas[] = {"{\"properties\":{\"id\":{},\"name\":{},\"age\":{}}}",
	    "{\"properties\":{\"city\":{},\"age\":{},\"id\":{}}}"};
	cJSON *documents[] = {cJSON_Parse(schemas[0]), cJSON_Parse(schemas[1])};
	struct fixture f;
	struct ab_buf header;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_begin(&f, TAGGED);
	f.stream.schema = documents[0];
	struct luzmo_stream *stream = come_again(&f);
	luzmo_columns_pushed(&stream->columns);
	stream->untyped = false;
	f.stream.schema = documents[1];
	stream = come_again(&f);
	ab_buf_init(&header, 1000);
	luzmo_columns_header(&stream->columns, &header);
	assert_string_equal(header.data, "[\"id\",\"name\",\"age\",\"city\"]");
	assert_true(stream->untyped && stream->columns.changed);
	assert_true(stream->columns.list[3].is_new && !stream->columns.list[2].is_new);
	ab_buf_release(&header);
	fixture_close(&f);
	cJSON_Delete(documents[0]);
	cJSON_Delete(documents[1]);
}

/* It holds rows that an earlier run did not acknowledge: they are in the records to come. */
static void
a_half_made_dataset_is_replaced_also_if_the_schema_changes_first(void **unused)
{
	const struct turn push = {
	    LUZMO_PUSH, "data create 'properties':{'type':'replace',", 504, ""};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	begin(&f, begin_orphan, COUNT(begin_orphan));
	const struct luzmo_stream *stream = come_again(&f);
	assert_true(stream->replacing && stream->ours && stream->untyped);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_turn(&f, &push, 0), AB_RETRY);
	fixture_close(&f);
}

static void
streams_with_one_tag_are_refused_before_they_begin(void **unused)
{
	struct ab_stream streams[] = {
	    {.name = "c", .namespace = "ab"}, {.index = 1, .name = "bc", .namespace = "a"}};
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	assert_int_equal(fixture_tell(&f, streams, 2), -1);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	fixture_close(&f);
	luzmo_destination.close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_dataset_is_made_by_the_first_batch),
	    cmocka_unit_test(a_known_dataset_takes_one_request_for_a_batch),
	    cmocka_unit_test(a_dataset_marked_for_replacement_is_replaced_in_any_mode),
	    cmocka_unit_test(a_reset_marks_the_dataset_at_its_end),
	    cmocka_unit_test(an_overwrite_whose_rows_are_all_refused_marks_the_dataset),
	    cmocka_unit_test(an_end_without_need_asks_for_nothing),
	    cmocka_unit_test(an_orphan_of_an_earlier_run_is_adopted),
	    cmocka_unit_test(an_orphan_is_not_touched_if_no_records_come),
	    cmocka_unit_test(a_create_whose_reply_was_lost_is_made_once),
	    cmocka_unit_test(a_create_that_was_halved_goes_on_with_its_halves),
	    cmocka_unit_test(an_exchange_may_be_left_at_any_step),
	    cmocka_unit_test(a_stream_without_fields_is_refused),
	    cmocka_unit_test(fields_the_catalog_lacks_are_left_out_with_a_warning),
	    cmocka_unit_test(a_stream_that_comes_again_begins_anew_beside_the_others),
	    cmocka_unit_test(one_that_comes_again_keeps_its_dataset),
	    cmocka_unit_test(columns_that_were_pushed_keep_their_places_in_a_new_schema),
	    cmocka_unit_test(a_half_made_dataset_is_replaced_also_if_the_schema_changes_first),
	    cmocka_unit_test(streams_with_one_tag_are_refused_before_they_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
