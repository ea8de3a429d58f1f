#include "fixture.h"

static void
a_record_becomes_an_item_of_the_call(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(fixture_take(&f, "{'plan':'pro','id':'v1','seats':3,'since':'2024-02-29','"
					  "tags':['a'],'other':{'x':1}}"),
	    AB_TAKEN);
	assert_string_equal(fixture_rows(&f),
	    "{'visitorId':'v1','values':{'plan':'pro','seats':3,"
	    "'since':'2024-02-29T00:00:00.000Z','tags':['a'],'other':{'x':1}}},");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
an_id_is_any_scalar_and_sent_as_a_text(void **state)
{
	static const struct {
		const char *id, *sent; /* NULL: rejected */
	} cases[] = {
	    {"'a\\u00e9\\ud83d\\ude00\\u0022'", "'a\\u00e9\\ud83d\\ude00\\u0022'"},
	    {"'\ufffd'", "'\ufffd'"},
	    {"12345678901234567890", "'12345678901234567890'"},
	    {"1.50", "'1.50'"},
	    {"true", "'true'"},
	    {"' '", "' '"},
	    {"''", NULL},
	    {"null", NULL},
	    {"NaN", NULL},
	    {"['a']", NULL},
	    {"{}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		char text[200];
		fixture_open(&f, "");
		snprintf(text, sizeof(text), "{'id':%s}", cases[i].id);
		const enum ab_taken taken = fixture_take(&f, text);
		assert_int_equal(taken, cases[i].sent != NULL ? AB_TAKEN : AB_REJECTED);
		if (cases[i].sent != NULL) {
			snprintf(
			    text, sizeof(text), "{'visitorId':%s,'values':{}},", cases[i].sent);
			assert_string_equal(fixture_rows(&f), text);
		} else {
			expect_contains(f.err.message, "its id is no id");
		}
		fixture_close(&f);
	}
}

static void
an_id_that_no_answer_can_name_is_rejected(void **state)
{
	static const struct {
		const char *id, *message, *told;
	} cases[] = {
	    {"a\\ud800", "its id holds half of a surrogate pair, which is no character",
		"ids: a\ufffd"},
	    {"\\udc00\\ud83d", "its id holds half of a surrogate pair, which is no character",
		"ids: \ufffd\ufffd"},
	    {"a\\u0000b", "its id holds a NUL, and Pendo's answers do not tell such ids apart",
		"ids: \"a\\u0000b\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		char text[200];
		fixture_open(&f, "");
		snprintf(text, sizeof(text), "{'id':'%s','plan':'p'}", cases[i].id);
		assert_int_equal(fixture_take(&f, text), AB_REJECTED);
		assert_string_equal(f.err.message, cases[i].message);
		expect_contains(fixture_told(&f), cases[i].told);
		fixture_close(&f);
	}
}

static void
a_record_without_its_id_is_rejected(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(fixture_take(&f, "{'plan':'pro'}"), AB_REJECTED);
	assert_string_equal(fixture_told(&f),
	    "1 record was not written: its id is no id: that is a text, not an empty one, a number "
	    "or a boolean, of at most 65536 bytes");
	fixture_close(&f);
}

static void
an_id_too_long_for_a_key_is_rejected(void **state)
{
	static char text[AB_BATCH_KEY_MAX + 32];
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	const int len = snprintf(text, sizeof(text), "{\"id\":\"");
	memset(text + len, 'x', AB_BATCH_KEY_MAX + 1);
	memcpy(text + len + AB_BATCH_KEY_MAX + 1, "\"}", 3);
	assert_int_equal(fixture_append(&f, text), AB_REJECTED);
	fixture_close(&f);
}

static void
mapped_fields_go_where_they_are_mapped_and_no_others(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'streams':[{'stream':'visitors','id_field':'uuid','field_mappings':["
			 "{'source':'tier','target':'plan'},{'source':'tier','target':'other'},"
			 "{'source':'n','target':'seats'}]}]");
	assert_int_equal(
	    fixture_take(&f, "{'uuid':7,'n':1,'tier':'gold','plan':'x','id':9}"), AB_TAKEN);
	assert_string_equal(fixture_rows(&f),
	    "{'visitorId':'7','values':{'plan':'gold','other':'gold','seats':1}},");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
the_id_of_the_other_kind_goes_into_a_field_of_that_name(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open_named(&f,
	    "'streams':[{'stream':'visitors','field_mappings':[{'source':'acc','target':"
	    "'accountId'},{'source':'id','target':'visitorId'}]}]",
	    "visitors", "key");
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_answer(&f, 200,
			     "{'custom':{'accountId':{'Type':'string'},'plan':{'Type':'string'}}}"),
	    AB_DONE);
	assert_int_equal(fixture_take(&f, "{'id':'v','acc':'a','plan':'p'}"), AB_TAKEN);
	assert_string_equal(fixture_rows(&f), "{'visitorId':'v','values':{'accountId':'a'}},");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
where_only_the_id_is_mapped_the_others_keep_their_names(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'streams':[{'stream':'visitors','field_mappings':["
			 "{'source':'uuid','target':'visitorId'}]}]");
	assert_int_equal(fixture_take(&f, "{'uuid':'v','plan':'p'}"), AB_TAKEN);
	assert_string_equal(fixture_rows(&f), "{'visitorId':'v','values':{'plan':'p'}},");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
what_a_mapping_leaves_out_is_left_out_on_purpose(void **state)
{
	static const char *const policies[] = {"ignore", "reject", "fail"};

	(void)state;
	for (size_t i = 0; i < COUNT(policies); i++) {
		struct fixture f;
		char extra[200];
		snprintf(extra, sizeof(extra),
		    "'on_unmapped_field':'%s','streams':[{'stream':'visitors',"
		    "'field_mappings':[{'source':'tier','target':'plan'}]}]",
		    policies[i]);
		fixture_open(&f, extra);
		assert_int_equal(
		    fixture_take(&f, "{'id':1,'tier':'gold','seats':2,'new':'x','gone':'y'}"),
		    AB_TAKEN);
		assert_string_equal(
		    fixture_rows(&f), "{'visitorId':'1','values':{'plan':'gold'}},");
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
in_the_singer_targets_form_the_others_keep_their_names(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'visitors':{'primary_key':'visitorId','field_mappings':{'plan':'tier'}}");
	assert_int_equal(fixture_take(&f, "{'visitorId':'v','tier':'gold','seats':2}"), AB_TAKEN);
	assert_string_equal(
	    fixture_rows(&f), "{'visitorId':'v','values':{'plan':'gold','seats':2}},");
	fixture_close(&f);
}

static void
fields_that_are_not_mapped_count_where_they_keep_their_names(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'on_unmapped_field':'reject','visitors':{'primary_key':'visitorId',"
			 "'field_mappings':{'plan':'tier'}}");
	assert_int_equal(fixture_take(&f, "{'visitorId':'v','tier':'gold','new':2}"), AB_REJECTED);
	expect_contains(f.err.message, "in Pendo: new");
	fixture_close(&f);
}

static void
a_field_whose_place_another_takes_is_left_out_on_purpose(void **state)
{
	static const char *const forms[] = {
	    "'visitors':{'primary_key':'visitorId','field_mappings':"
	    "{'plan':'tier','visitorId':'uuid'}}",
	    "'visitors':{'field_mappings':{'visitorId':'uuid','plan':'tier'}}"};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct fixture f;
		char extra[200];
		snprintf(extra, sizeof(extra), "'on_unmapped_field':'reject',%s", forms[i]);
		fixture_open(&f, extra);
		assert_int_equal(fixture_take(&f, "{'uuid':'v','visitorId':'x','tier':'a','plan':"
						  "'b','seats':1}"),
		    AB_TAKEN);
		assert_string_equal(
		    fixture_rows(&f), "{'visitorId':'v','values':{'plan':'a','seats':1}},");
		assert_int_equal(fixture_take(&f, "{'uuid':'w','pl\\u0061n':'b'}"), AB_TAKEN);
		assert_int_equal(fixture_take(&f, "{'uuid':'v','new':'b'}"), AB_REJECTED);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
fields_that_pendo_lacks_are_left_out_rejected_or_fatal(void **state)
{
	static const struct {
		const char *extra;
		enum ab_taken taken;
		const char *words;
	} cases[] = {
	    {"", AB_TAKEN, "new is the first"},
	    {"'on_unmapped_field':'ignore'", AB_TAKEN, "new is the first"},
	    {"'on_unmapped_field':'reject'", AB_REJECTED,
		"it has a field without a visitor field of the group custom in Pendo: new"},
	    {"'on_unmapped_field':'fail'", AB_BROKEN,
		"stream visitors has a field without a visitor field of the group custom in Pendo: "
		"new; make it under Settings, Data mappings, or name in field_mappings what is to "
		"be sent"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, cases[i].extra);
		assert_int_equal(fixture_take(&f, "{'id':1,'new':'x','plan':'p'}"), cases[i].taken);
		if (cases[i].taken == AB_TAKEN) {
			assert_string_equal(
			    fixture_rows(&f), "{'visitorId':'1','values':{'plan':'p'}},");
			expect_contains(f.stream.notes->text, cases[i].words);
		} else {
			expect_contains(f.err.message, cases[i].words);
		}
		fixture_close(&f);
	}
}

static void
a_field_mapped_to_none_of_pendos_is_unmapped(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'on_unmapped_field':'reject','streams':[{'stream':'visitors',"
			 "'field_mappings':[{'source':'a','target':'plan'},"
			 "{'source':'b','target':'nope'}]}]");
	assert_int_equal(fixture_take(&f, "{'id':1,'a':'x','b':'y'}"), AB_REJECTED);
	expect_contains(f.err.message, "in Pendo: b");
	assert_int_equal(fixture_take(&f, "{'id':1,'a':'x','b':null}"), AB_TAKEN);
	assert_string_equal(fixture_rows(&f), "{'visitorId':'1','values':{'plan':'x'}},");
	fixture_close(&f);
}

static void
a_mapped_field_that_pendo_lacks_is_told_once_and_at_the_start(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'streams':[{'stream':'visitors','field_mappings':["
			 "{'source':'a','target':'plan'},{'source':'b','target':'nope'}]}]");
	assert_int_equal(fixture_notes(&f), 1);
	assert_int_equal(fixture_take(&f, "{'id':1,'a':'x','b':'y'}"), AB_TAKEN);
	assert_string_equal(fixture_rows(&f), "{'visitorId':'1','values':{'plan':'x'}},");
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

static void
what_is_deleted_in_pendo_is_as_good_as_unknown(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'on_unmapped_field':'reject'");
	assert_int_equal(fixture_take(&f, "{'id':1,'gone':'x'}"), AB_REJECTED);
	expect_contains(f.err.message, "gone");
	fixture_close(&f);
}

static void
metadata_and_nulls_are_no_unmapped_fields(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'on_unmapped_field':'fail'");
	assert_int_equal(fixture_take(&f, "{'id':1,'_sdc_batched_at':'x','_airbyte_raw_id':'y',"
					  "'_ab_cdc_lsn':5,'new':null,'_sdc_deleted_at':null,"
					  "'_ab_cdc_deleted_at':null}"),
	    AB_TAKEN);
	assert_string_equal(fixture_rows(&f), "{'visitorId':'1','values':{}},");
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
a_value_that_does_not_fit_rejects_its_record(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'p'}"), AB_TAKEN);
	assert_int_equal(fixture_take(&f, "{'id':2,'plan':'p','since':'canary'}"), AB_REJECTED);
	assert_string_equal(f.err.message, "the value for the field \"since\" is not a date-time");
	assert_int_equal(fixture_take(&f, "{'id':3,'seats':1.5}"), AB_REJECTED);
	assert_string_equal(
	    f.err.message, "the value for the field \"seats\" is not an integer of 64 bits");
	/* Nothing of them is left behind. */
	assert_int_equal(fixture_take(&f, "{'id':4}"), AB_TAKEN);
	assert_string_equal(fixture_rows(&f),
	    "{'visitorId':'1','values':{'plan':'p'}},{'visitorId':'4','values':{}},");
	expect_contains(fixture_told(&f), "is not an integer of 64 bits; ids: 3");
	fixture_close(&f);
}

static void
a_record_that_no_call_can_hold_is_rejected(void **state)
{
	static const char wide[] = "{'id':9,'plan':'a text that takes more than its share'}";
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	f.batch->body.limit = 60;
	assert_int_equal(fixture_take(&f, wide), AB_REJECTED);
	assert_string_equal(f.err.message, "it is larger than the 60 bytes of batch_bytes");
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'p'}"), AB_TAKEN);
	expect_contains(fixture_told(&f), "it is larger than the 60 bytes of batch_bytes; ids: 9");
	fixture_close(&f);
}

static void
a_record_that_does_not_fit_behind_others_is_the_librarys_to_move(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'p'}"), AB_TAKEN);
	f.batch->body.limit = f.batch->body.len + 10;
	const struct ab_record record = fixture_record(&f, quoted("{'id':2,'plan':'p'}"));
	assert_int_equal(pendo_destination.append(f.self, f.batch, &record, &f.err), AB_TAKEN);
	assert_true(f.batch->body.overflowed);
	assert_string_equal(fixture_told(&f), "");
	fixture_close(&f);
}

static void
nulls_are_omitted_sent_or_emptied(void **state)
{
	static const struct {
		const char *extra, *rows;
	} cases[] = {
	    {"", "{'visitorId':'1','values':{'other':''}},"},
	    {"'null_values':'null'",
		"{'visitorId':'1','values':{'plan':null,'seats':null,'other':''}},"},
	    {"'null_values':'empty'",
		"{'visitorId':'1','values':{'plan':'','seats':'','other':''}},"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, cases[i].extra);
		assert_int_equal(
		    fixture_take(&f, "{'id':1,'plan':null,'seats':'','other':''}"), AB_TAKEN);
		assert_string_equal(fixture_rows(&f), cases[i].rows);
		fixture_close(&f);
	}
}

static void
deletions_are_rejected_and_named(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(
	    fixture_take(&f, "{'id':'v9','plan':'p','_ab_cdc_deleted_at':'2024-01-01'}"),
	    AB_REJECTED);
	assert_string_equal(f.err.message, "it is a deletion, and Pendo can delete nothing");
	expect_contains(fixture_told(&f), "ids: v9");
	fixture_close(&f);
}

static void
the_last_of_several_records_of_an_id_is_sent(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'a'}"), AB_TAKEN);
	assert_int_equal(fixture_take(&f, "{'id':2,'plan':'b'}"), AB_TAKEN);
	assert_int_equal(fixture_take(&f, "{'id':'1','plan':'c','seats':1}"), AB_TAKEN);
	ab_batch_seal(f.batch);
	assert_string_equal(fixture_rows(&f), "{'visitorId':'2','values':{'plan':'b'}},"
					      "{'visitorId':'1','values':{'plan':'c','seats':1}},");
	fixture_close(&f);
}

static void
no_record_takes_values_away_from_an_earlier_one(void **state)
{
	static const struct {
		const char *extra, *first, *second;
		enum ab_taken taken;
	} cases[] = {
	    /* what is omitted keeps the value that the first sets */
	    {"", "{'id':1,'plan':'a','seats':1}", "{'id':1,'plan':'b','seats':null}",
		AB_NEXT_BATCH},
	    {"", "{'id':1,'plan':'a','seats':1}", "{'id':1,'seats':2}", AB_NEXT_BATCH},
	    {"", "{'id':1,'plan':'a'}", "{'id':1}", AB_NEXT_BATCH},
	    {"'null_values':'null'", "{'id':1,'plan':'a'}", "{'id':1}", AB_NEXT_BATCH},
	    /* a null that is sent takes its place */
	    {"'null_values':'null'", "{'id':1,'plan':'a','seats':1}",
		"{'id':1,'plan':'b','seats':null}", AB_TAKEN},
	    {"'null_values':'empty'", "{'id':1,'plan':'a'}", "{'id':1,'plan':null}", AB_TAKEN},
	    {"", "{'id':1,'plan':null}", "{'id':1,'plan':null}", AB_TAKEN},
	    /* of another id they are no business */
	    {"", "{'id':1,'plan':'a','seats':1}", "{'id':2,'plan':'b'}", AB_TAKEN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, cases[i].extra);
		assert_int_equal(fixture_take(&f, cases[i].first), AB_TAKEN);
		if (fixture_take(&f, cases[i].second) != cases[i].taken)
			fail_msg("%s after %s", cases[i].second, cases[i].first);
		fixture_close(&f);
	}
}

static void
what_any_record_of_the_batch_has_counts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'a','seats':1}"), AB_TAKEN);
	assert_int_equal(fixture_take(&f, "{'id':2,'plan':'b'}"), AB_TAKEN);
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'c'}"), AB_NEXT_BATCH);
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'c','seats':2,'score':1}"), AB_TAKEN);
	fixture_close(&f);
}

static void
a_fresh_batch_asks_nothing_of_the_one_before(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'a','seats':1}"), AB_TAKEN);
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'b'}"), AB_NEXT_BATCH);
	ab_batch_free(f.batch);
	f.batch = ab_batch_new(&f.stream, 1 << 20, 0);
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'b'}"), AB_TAKEN);
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'c'}"), AB_TAKEN);
	fixture_close(&f);
}

static void
of_a_repeated_field_the_last_counts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(fixture_take(&f, "{'id':1,'plan':'a','pl\\u0061n':'b','id':2}"), AB_TAKEN);
	assert_string_equal(fixture_rows(&f), "{'visitorId':'2','values':{'plan':'b'}},");
	/* And nothing of it counts for the next. */
	assert_int_equal(fixture_take(&f, "{'id':3}"), AB_TAKEN);
	expect_contains(fixture_rows(&f), "{'visitorId':'3','values':{}},");
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_becomes_an_item_of_the_call),
	    cmocka_unit_test(an_id_is_any_scalar_and_sent_as_a_text),
	    cmocka_unit_test(an_id_that_no_answer_can_name_is_rejected),
	    cmocka_unit_test(a_record_without_its_id_is_rejected),
	    cmocka_unit_test(an_id_too_long_for_a_key_is_rejected),
	    cmocka_unit_test(mapped_fields_go_where_they_are_mapped_and_no_others),
	    cmocka_unit_test(the_id_of_the_other_kind_goes_into_a_field_of_that_name),
	    cmocka_unit_test(where_only_the_id_is_mapped_the_others_keep_their_names),
	    cmocka_unit_test(what_a_mapping_leaves_out_is_left_out_on_purpose),
	    cmocka_unit_test(in_the_singer_targets_form_the_others_keep_their_names),
	    cmocka_unit_test(fields_that_are_not_mapped_count_where_they_keep_their_names),
	    cmocka_unit_test(a_field_whose_place_another_takes_is_left_out_on_purpose),
	    cmocka_unit_test(fields_that_pendo_lacks_are_left_out_rejected_or_fatal),
	    cmocka_unit_test(a_field_mapped_to_none_of_pendos_is_unmapped),
	    cmocka_unit_test(a_mapped_field_that_pendo_lacks_is_told_once_and_at_the_start),
	    cmocka_unit_test(what_is_deleted_in_pendo_is_as_good_as_unknown),
	    cmocka_unit_test(metadata_and_nulls_are_no_unmapped_fields),
	    cmocka_unit_test(a_value_that_does_not_fit_rejects_its_record),
	    cmocka_unit_test(a_record_that_no_call_can_hold_is_rejected),
	    cmocka_unit_test(a_record_that_does_not_fit_behind_others_is_the_librarys_to_move),
	    cmocka_unit_test(nulls_are_omitted_sent_or_emptied),
	    cmocka_unit_test(deletions_are_rejected_and_named),
	    cmocka_unit_test(the_last_of_several_records_of_an_id_is_sent),
	    cmocka_unit_test(no_record_takes_values_away_from_an_earlier_one),
	    cmocka_unit_test(what_any_record_of_the_batch_has_counts),
	    cmocka_unit_test(a_fresh_batch_asks_nothing_of_the_one_before),
	    cmocka_unit_test(of_a_repeated_field_the_last_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
