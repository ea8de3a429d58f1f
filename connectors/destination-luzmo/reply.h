/*
 * reply.h: what Luzmo answers.
 *
 * An error is {"type":{"code","description"},"code","message","validation":{field:[message,...]}},
 * of which only message is sure; what stands between us and Luzmo may answer anything. A success of
 * the resources used here is {"count":n,"rows":[...]} for get, the object itself for create,
 * associate and update, and {"rows":[dataset]} or the dataset for a push.
 */
#ifndef LUZMO_REPLY_H
#define LUZMO_REPLY_H

#include "luzmo.h"

struct cJSON;

/* Appends Luzmo's own words about a refusal: "Bad Request (HTTP 400) [name: is no text]"; nothing
 * if there are none. */
void luzmo_refusal_describe(struct ab_buf *text, const struct ab_reply *in);

/* Whether a request whose reply was lost may still be under way: an answer of Luzmo's own ends it.
 */
bool luzmo_is_pending(const struct ab_reply *in);

/* The row count of a dataset in a reply; -1 if it has none. */
int64_t luzmo_row_count(const struct cJSON *dataset);

/* The usual verdict where success needs no words: 204, without a body, is one too. Unless it is
 * AB_DONE, err says "Luzmo refused <what> of stream X: <its own words>", or how the reply was lost.
 */
enum ab_verdict luzmo_judge_change(const struct luzmo *luzmo, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct ab_error *err);

/* The same for a reply that must be an object, which 204 is not; on AB_DONE *document is the
 * caller's, for cJSON_Delete. */
enum ab_verdict luzmo_judge_object(const struct luzmo *luzmo, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct cJSON **document, struct ab_error *err);

/* The same for a get: the document's member "rows" is an array, *rows. */
enum ab_verdict luzmo_judge_rows(const struct luzmo *luzmo, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct cJSON **document, const struct cJSON **rows,
    struct ab_error *err);

/* The same for a get of one dataset that was there before: *dataset. Without it the run fails, for
 * the user to mend; but if this run made it, AB_WAIT comes first, as it may not show yet. */
enum ab_verdict luzmo_judge_dataset(const struct luzmo *luzmo, struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct cJSON **document,
    const struct cJSON **dataset, struct ab_error *err);

/* The same for a list that the dataset has, {"rows":[{name:[...]}]}: *list. */
enum ab_verdict luzmo_judge_list(const struct luzmo *luzmo, struct ab_exchange *x,
    const struct ab_reply *in, const char *what, const char *name, struct cJSON **document,
    const struct cJSON **list, struct ab_error *err);

#endif
