/*
 * tag_list.h: pure: the tags that a reply lists: [{id, tag}, ...]. A list may be NULL: it is empty.
 */
#ifndef LUZMO_TAG_LIST_H
#define LUZMO_TAG_LIST_H

#include "luzmo.h"

struct cJSON;

/* The tag with this text; NULL if there is none. */
const struct cJSON *luzmo_tag_list_find(const struct cJSON *tags, const char *text);

/* Whether there is one. If so its id is copied, "" if that is none. */
bool luzmo_tag_list_have(const struct cJSON *tags, const char *text, char id[LUZMO_ID_MAX + 1]);

/* The same for a tag that says which generation a dataset holds, other than this one. */
bool luzmo_tag_list_have_generation(
    const struct cJSON *tags, const char *other_than, char id[LUZMO_ID_MAX + 1]);

/* Whether there is a tag of ours other than these two (old_tag may be NULL), REPLACE DATA and
 * those of generations: one of another stream. */
bool luzmo_tag_list_have_other(const struct cJSON *tags, const char *tag, const char *old_tag);

#endif
