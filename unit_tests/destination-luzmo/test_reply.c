#include "fixture.h"
#include "reply.h"

static struct ab_reply
reply_of(int status, const char *type, const char *body)
{
	struct ab_reply reply = {
	    .status = status, .retry_after_ms = -1, .body = body, .len = strlen(body)};

	snprintf(reply.type, sizeof(reply.type), "%s", type);
	return reply;
}

static void
expect_words(int status, const char *body, const char *words)
{
	const char *json = fixture_translate(body, '\'', '"');
	const struct ab_reply reply = reply_of(status, "application/json", json);
	struct ab_buf text;

	ab_buf_init(&text, 1000);
	luzmo_refusal_describe(&text, &reply);
	assert_string_equal(text.data, words);
	ab_buf_release(&text);
}

static void
errors_are_described_in_luzmos_words(void **unused)
{
	(void)unused;
	expect_words(
	    400, "{'type':{'code':400},'message':'Bad Request'}", "Bad Request (HTTP 400)");
	expect_words(401, "{'type':{'code':401,'description':'Unauthorized'},'code':401}",
	    "Unauthorized (HTTP 401)");
	expect_words(403, "{'type':{'description':'x'},'message':' a\\nb '} \n", "a b (HTTP 403)");
	expect_words(500, "{'type':7,'message':''}", "");
	expect_words(500, "{'type':{'description':''},'message':[]}", "");
	expect_words(500, "", "");
	expect_words(500, "<html>", "");
	expect_words(500, "[[[[", "");
	expect_words(500, "{'message':'m'}}", "");
}

static void
validations_follow_the_status(void **unused)
{
	(void)unused;
	expect_words(400,
	    "{'message':'Bad "
	    "Request','validation':{'name':['a','b'],'rows':'c','x':[],'y':7,'z':{}}}",
	    "Bad Request (HTTP 400) [name: a; rows: c]");
	expect_words(400,
	    "{'message':'m','validation':{'a':'1','b':'2','c':'3','d':'4','e':'5','f':'6'}}",
	    "m (HTTP 400) [a: 1; b: 2; c: 3; d: 4; e: 5]");
	expect_words(400, "{'message':'m','validation':['x',['y']]}", "m (HTTP 400)");
	expect_words(400, "{'message':'m','validation':'x'}", "m (HTTP 400)");
}

static void
long_words_leave_the_status_in_place(void **unused)
{
	char body[8000] = "{\"message\":\"No";
	struct fixture f;

	(void)unused;
	memset(body + strlen(body), 'o', 400);
	snprintf(body + strlen(body), 100, "\",\"validation\":{");
	for (int i = 0; i < 6; i++) {
		snprintf(body + strlen(body), 100, "%s\"field%d\":\"", i > 0 ? "," : "", i);
		memset(body + strlen(body), 'x', 500);
		snprintf(body + strlen(body), 100, "\"");
	}
	snprintf(body + strlen(body), 100, "}}");
	const struct ab_reply reply = reply_of(400, "application/json", body);
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BATCH, false);
	assert_int_equal(luzmo_judge_change(f.self, &f.x, &reply, "it", &f.err), AB_FAILED);
	expect_contains(f.err.message, "ooo (HTTP 400) [field0: xxx");
	expect_contains(f.err.message, "; field1: xxx");
	fixture_close(&f);
}

static void
refusals_and_losses_are_told_in_a_sentence(void **unused)
{
	static const struct {
		int status;
		const char *reply;
		const char *message;
	} cases[] = {
	    {403, "{'message':'No.'}", "Luzmo refused it of stream users: No. (HTTP 403)"},
	    {502, "<html>",
		"Luzmo refused it of stream users: an answer that is not Luzmo's (HTTP 502, "
		"text/html)"},
	    {200, "<html>",
		"the answer from https://api.luzmo.com to it of stream users is not what Luzmo "
		"sends; check api_host"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BATCH, false);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *body = fixture_translate(cases[i].reply, '\'', '"');
		const char *type = body[0] == '<' ? "text/html" : "application/json";
		const struct ab_reply reply = reply_of(cases[i].status, type, body);
		luzmo_judge_change(f.self, &f.x, &reply, "it", &f.err);
		assert_string_equal(f.err.message, cases[i].message);
	}
	struct ab_reply lost = reply_of(0, "", "");
	snprintf(lost.loss, sizeof(lost.loss), "gone");
	assert_int_equal(luzmo_judge_change(f.self, &f.x, &lost, "it", &f.err), AB_RETRY);
	assert_string_equal(
	    f.err.message, "it of stream users got no answer from https://api.luzmo.com: gone");
	lost.untrusted = true;
	assert_int_equal(luzmo_judge_change(f.self, &f.x, &lost, "it", &f.err), AB_FAILED);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	fixture_close(&f);
}

static void
a_change_needs_no_words(void **unused)
{
	const struct ab_reply nothing = reply_of(204, "", "");
	const struct ab_reply page = reply_of(200, "text/html", "<html>");
	const struct ab_reply fine = reply_of(200, "application/json", "{}");
	cJSON *document = NULL;
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BATCH, false);
	assert_int_equal(luzmo_judge_change(f.self, &f.x, &nothing, "it", &f.err), AB_DONE);
	assert_int_equal(luzmo_judge_change(f.self, &f.x, &fine, "it", &f.err), AB_DONE);
	assert_int_equal(luzmo_judge_change(f.self, &f.x, &page, "it", &f.err), AB_FAILED);
	assert_int_equal(
	    luzmo_judge_object(f.self, &f.x, &nothing, "it", &document, &f.err), AB_FAILED);
	fixture_close(&f);
}

static void
some_replies_leave_open_what_was_done(void **unused)
{
	static const int open[] = {408, 500, 502, 503, 504, 524};
	static const int settled[] = {200, 204, 400, 401, 403, 404, 413, 425, 429};
	const struct ab_reply lost = {.sent = true};
	const struct ab_reply unsent = {.sent = false};

	(void)unused;
	assert_true(luzmo_is_ambiguous(&lost));
	assert_false(luzmo_is_ambiguous(&unsent));
	for (size_t i = 0; i < COUNT(open); i++)
		assert_true(luzmo_is_ambiguous(&(struct ab_reply){.status = open[i]}));
	for (size_t i = 0; i < COUNT(settled); i++)
		assert_false(luzmo_is_ambiguous(&(struct ab_reply){.status = settled[i]}));
}

static void
ids_are_texts_of_63_bytes_at_most(void **unused)
{
	static const char digits[] =
	    "0123456789012345678901234567890123456789012345678901234567890123";
	char id[LUZMO_ID_MAX + 1] = "before";
	cJSON *list = cJSON_CreateArray();

	(void)unused;
	cJSON_AddItemToArray(list, cJSON_CreateNumber(7));
	cJSON_AddItemToArray(list, cJSON_CreateNull());
	cJSON_AddItemToArray(list, cJSON_CreateString(""));
	cJSON_AddItemToArray(list, cJSON_CreateString(digits));
	cJSON_AddItemToArray(list, cJSON_CreateString(digits + 1));
	assert_false(luzmo_id_copy(id, NULL));
	for (int i = 0; i < 4; i++)
		assert_false(luzmo_id_copy(id, cJSON_GetArrayItem(list, i)));
	assert_string_equal(id, "before");
	assert_true(luzmo_id_copy(id, cJSON_GetArrayItem(list, 4)));
	assert_string_equal(id, digits + 1);
	cJSON_Delete(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_are_described_in_luzmos_words),
	    cmocka_unit_test(validations_follow_the_status),
	    cmocka_unit_test(long_words_leave_the_status_in_place),
	    cmocka_unit_test(refusals_and_losses_are_told_in_a_sentence),
	    cmocka_unit_test(a_change_needs_no_words),
	    cmocka_unit_test(some_replies_leave_open_what_was_done),
	    cmocka_unit_test(ids_are_texts_of_63_bytes_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
