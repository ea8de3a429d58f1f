/*
 * names.h: pure: what the datasets and tags of a catalog's streams are called.
 *
 * The key of a stream is its namespace and name, put together without anything between them; so
 * says the documentation of Luzmo's own connector, which in truth leaves the namespace out.
 */
#ifndef LUZMO_NAMES_H
#define LUZMO_NAMES_H

#include "luzmo.h"

/*
 * Fills name, tag, old_tag and generation_tag of each stream's self, a struct luzmo_stream.
 * old_tag, the tag that the Python connector gave the dataset, is NULL if the stream has no
 * namespace, if the catalog has another stream of that name, or if it is the tag of another one.
 * Two streams with one tag are a config error, and so is a stream whose tag would be REPLACE DATA
 * or a GENERATION. Streams that come one by one have no namespaces, and so tags of their own: they
 * need not be compared.
 */
AB_MUST_CHECK int luzmo_names_init(
    const struct ab_stream *catalog, size_t count, struct ab_error *err);

/* Whether a tag says which generation a dataset holds: the word GENERATION, then digits and
 * dots alone. */
bool luzmo_is_generation_tag(const char *tag);

#endif
