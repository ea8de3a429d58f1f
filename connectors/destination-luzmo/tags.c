#include "tags.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "count.h"
#include "finds.h"
#include "json_write.h"
#include "push.h"
#include "reply.h"
#include "tag_list.h"

/* --- the tag of an exchange --- */

/* Whether an end is about a generation, and not about REPLACE DATA. */
static bool
is_of_generation(const struct ab_exchange *x)
{
	const struct luzmo_stream *stream = x->stream->self;

	return x->phase == AB_END && stream->written;
}

static const char *
tag_of(const struct ab_exchange *x)
{
	const struct luzmo_stream *stream = x->stream->self;

	if (is_of_generation(x))
		return stream->generation_tag;
	return x->phase == AB_END ? LUZMO_TAG_REPLACE : stream->tag;
}

static char *
id_place(struct luzmo *luzmo, const struct ab_exchange *x)
{
	struct luzmo_stream *stream = x->stream->self;

	if (is_of_generation(x))
		return stream->generation_id;
	return x->phase == AB_END ? luzmo->off_id : stream->tag_id;
}

/* The id of the tag to be taken off. */
static char *
off_id_of(const struct ab_exchange *x)
{
	struct luzmo_stream *stream = x->stream->self;

	return is_of_generation(x) ? stream->older_id : stream->off_id;
}

/* --- requests --- */

static void
request_association(struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;
	const bool off = x->step == LUZMO_TAG_OFF;

	luzmo_request_start(luzmo, out, "tag", off ? "dissociate" : "associate");
	ab_buf_add_text(&out->head, "\"id\":");
	ab_json_put_text(&out->head, off ? off_id_of(x) : id_place(luzmo, x));
	ab_buf_add_text(&out->head, ",\"resource\":{\"role\":\"Securables\",\"id\":");
	ab_json_put_text(&out->head, stream->dataset);
	ab_buf_add_text(&out->head, "}}");
}

enum ab_ask
luzmo_tags_request(struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;

	if (x->step == LUZMO_TAG_FIND) {
		luzmo_request_start(luzmo, out, "tag", "get");
		luzmo_find_tag(&out->head, tag_of(x));
	} else if (x->step == LUZMO_TAG_MAKE) {
		luzmo_request_start(luzmo, out, "tag", "create");
		ab_buf_add_text(&out->head, "\"properties\":{\"tag\":");
		ab_json_put_text(&out->head, tag_of(x));
		ab_buf_add_text(&out->head, "}}");
		out->single = true;
	} else if (x->step == LUZMO_TAGS) {
		luzmo_request_start(luzmo, out, "securable", "get");
		luzmo_find_tags_of(&out->head, stream->dataset);
	} else {
		request_association(luzmo, x, out);
	}
	return AB_SEND;
}

/* --- replies --- */

static enum ab_verdict
go_on(struct ab_exchange *x, enum luzmo_step step)
{
	x->step = step;
	return AB_NEXT;
}

/* Whether a refusal may mean that it was done already: by a try whose reply was lost, or another.
 */
static bool
may_be_done(enum ab_verdict verdict, const struct ab_reply *in)
{
	return verdict == AB_FAILED && in->status >= 400 && in->status != 401 && in->status != 403;
}

/* A refusal that is not believed yet: kept until it is known whether it matters. */
static void
keep_refusal(struct ab_exchange *x, const struct ab_error *refusal)
{
	if (x->scratch == NULL)
		x->scratch = ab_malloc(sizeof(*refusal));
	memcpy(x->scratch, refusal, sizeof(*refusal));
	((struct luzmo_stream *)x->stream->self)->looks = 0;
}

static enum ab_verdict
believe_refusal(const struct ab_exchange *x, struct ab_error *err)
{
	memcpy(err, x->scratch, sizeof(*err));
	return AB_FAILED;
}

/* A look does not show what would explain a refusal. */
static enum ab_verdict
look_again(struct ab_exchange *x, struct ab_error *err)
{
	if (luzmo_look_later(x, LUZMO_LOOKS, "changes of tags", err) == AB_WAIT)
		return AB_WAIT;
	return believe_refusal(x, err);
}

/* The tag is there: what for? */
static enum ab_verdict
found(struct ab_exchange *x)
{
	const struct luzmo_stream *stream = x->stream->self;

	if (x->phase == AB_BATCH)
		return go_on(x, LUZMO_PUSH);
	return go_on(x, stream->dataset[0] != '\0' ? LUZMO_TAG_LINK : LUZMO_NAMESAKES);
}

/* It is not. A begin makes none for a stream that may have no records. */
static enum ab_verdict
missing(struct ab_exchange *x, struct ab_error *err)
{
	const struct luzmo_stream *stream = x->stream->self;

	/* It was refused, and nobody else has made it. */
	if (x->scratch != NULL)
		return look_again(x, err);
	return stream->dataset[0] == '\0' && x->phase == AB_BEGIN ? AB_DONE
								  : go_on(x, LUZMO_TAG_MAKE);
}

/* A dataset of this stream that we do not know of yet cannot be older than its tag. */
static void
note_age(const struct ab_exchange *x, const cJSON *tag)
{
	struct luzmo_stream *stream = x->stream->self;

	if (x->phase != AB_END)
		ab_reply_copy_text(stream->since, sizeof(stream->since),
		    cJSON_GetObjectItemCaseSensitive(tag, "created_at"));
}

static enum ab_verdict
response_find(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "the look-up of a tag";
	char *id = id_place(luzmo, x);
	cJSON *document = NULL;
	const cJSON *rows = NULL;

	const enum ab_verdict verdict = luzmo_judge_rows(luzmo, x, in, what, &document, &rows, err);
	if (verdict != AB_DONE)
		return verdict;
	const bool there = luzmo_tag_list_have(rows, tag_of(x), id);
	note_age(x, luzmo_tag_list_find(rows, tag_of(x)));
	cJSON_Delete(document);
	if (there && id[0] == '\0')
		return ab_service_unreadable(&luzmo->service, x, what, err);
	return there ? found(x) : missing(x, err);
}

/* The tag may be there all the same. If it is not, the refusal stands. */
static enum ab_verdict
find_after_refusal(struct ab_exchange *x, const struct ab_error *err)
{
	keep_refusal(x, err);
	return go_on(x, LUZMO_TAG_FIND);
}

static enum ab_verdict
response_make(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "the making of a tag";
	cJSON *document = NULL;

	const enum ab_verdict verdict = luzmo_judge_object(luzmo, x, in, what, &document, err);
	if (verdict == AB_RETRY) {
		x->step = LUZMO_TAG_FIND;
		return verdict;
	}
	if (may_be_done(verdict, in) && x->scratch == NULL)
		return find_after_refusal(x, err);
	if (verdict != AB_DONE)
		return verdict;
	const bool made =
	    luzmo_id_copy(id_place(luzmo, x), cJSON_GetObjectItemCaseSensitive(document, "id"));
	note_age(x, document);
	cJSON_Delete(document);
	if (made)
		return found(x);
	ab_service_unreadable(&luzmo->service, x, what, err);
	return x->scratch == NULL ? find_after_refusal(x, err) : AB_FAILED;
}

static enum ab_verdict
linked(struct luzmo *luzmo, struct ab_exchange *x)
{
	struct luzmo_stream *stream = x->stream->self;

	if (x->phase != AB_END) {
		stream->linked = true;
		return luzmo_push_next(luzmo, x);
	}
	if (is_of_generation(x))
		return AB_DONE;
	memcpy(stream->off_id, luzmo->off_id, sizeof(stream->off_id));
	ab_note(x->stream, LUZMO_NOTE_RESET,
	    "no rows came: its dataset keeps its rows, and is tagged so that the next records "
	    "replace them");
	return AB_DONE;
}

static enum ab_verdict
taken_off(struct luzmo *luzmo, struct ab_exchange *x)
{
	off_id_of(x)[0] = '\0';
	if (!is_of_generation(x))
		return luzmo_push_next(luzmo, x);
	/* A refusal of this step is none of those that follow. */
	free(x->scratch);
	x->scratch = NULL;
	return luzmo_tags_settle(x);
}

enum ab_verdict
luzmo_tags_settle(struct ab_exchange *x)
{
	const struct luzmo_stream *stream = x->stream->self;

	if (!x->stream->overwrite || stream->generation_tag == NULL)
		return AB_DONE;
	return go_on(x, stream->older_id[0] != '\0' ? LUZMO_TAG_OFF : LUZMO_TAG_FIND);
}

static enum ab_verdict
response_association(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	const bool off = x->step == LUZMO_TAG_OFF;
	const enum ab_verdict verdict = luzmo_judge_change(
	    luzmo, x, in, off ? "the removal of a tag" : "a tag on the dataset", err);

	if (may_be_done(verdict, in)) {
		keep_refusal(x, err);
		return go_on(x, LUZMO_TAGS);
	}
	if (verdict != AB_DONE)
		return verdict;
	return off ? taken_off(luzmo, x) : linked(luzmo, x);
}

/* Whether the refusal was one to take a tag off. */
static bool
was_off(const struct ab_exchange *x)
{
	const struct luzmo_stream *stream = x->stream->self;

	return is_of_generation(x) ? stream->older_id[0] != '\0'
				   : x->phase == AB_BATCH && stream->linked;
}

/* Whether the tag that was to be put on or taken off is there. */
static bool
is_on(const struct ab_exchange *x, const cJSON *tags)
{
	char id[LUZMO_ID_MAX + 1];

	if (!was_off(x))
		return luzmo_tag_list_have(tags, tag_of(x), id);
	return is_of_generation(x) ? luzmo_tag_list_have_generation(tags, tag_of(x), id)
				   : luzmo_tag_list_have(tags, LUZMO_TAG_REPLACE, id);
}

/* Whether the tag is on the dataset, or off, although that was refused. */
static enum ab_verdict
response_tags(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	const bool off = was_off(x);
	cJSON *document = NULL;
	const cJSON *rows = NULL;

	const enum ab_verdict verdict = luzmo_judge_rows(
	    luzmo, x, in, "the look-up of the dataset's tags", &document, &rows, err);
	if (verdict != AB_DONE)
		return verdict;
	const cJSON *tags = cJSON_GetObjectItemCaseSensitive(rows->child, "tags");
	const bool on = is_on(x, tags);
	const bool known = cJSON_IsArray(tags);
	cJSON_Delete(document);
	if (!known || on == off)
		return look_again(x, err);
	return off ? taken_off(luzmo, x) : linked(luzmo, x);
}

enum ab_verdict
luzmo_tags_response(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	if (x->step == LUZMO_TAG_FIND)
		return response_find(luzmo, x, in, err);
	if (x->step == LUZMO_TAG_MAKE)
		return response_make(luzmo, x, in, err);
	if (x->step == LUZMO_TAGS)
		return response_tags(luzmo, x, in, err);
	return response_association(luzmo, x, in, err);
}
