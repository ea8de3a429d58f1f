/*
 * mapping.h: what the configuration says about single streams.
 *
 * In one of two forms. The list `streams` holds {"stream", "namespace", "kind", "id_field",
 * "field_mappings": [{"source", "target"}]}. And every field of the configuration that is an object
 * is the form of the Singer target for Pendo: "<stream>": {"primary_key", "field_mappings":
 * {"<field in Pendo>": "<field of the record>"}}. There primary_key has the name that the field
 * gets, which says the kind if it is visitorId or accountId, and fields that are not mapped keep
 * theirs; in `streams` mappings are all that is sent, if there are any beside that of the id.
 *
 * What is mapped to visitorId is the id of a stream of visitors; in one of accounts it is a field
 * like others. Only the stream knows which it is: see begin.h.
 */
#ifndef PENDO_MAPPING_H
#define PENDO_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog.h"
#include "config.h"
#include "kinds.h"

struct pendo_rename {
	const char *source; /* the record's field */
	const char *target; /* Pendo's field */
};

/* Its texts are the configuration's. */
struct pendo_mapping {
	const char *stream;
	const char *namespace; /* NULL: any */
	bool has_kind;
	enum pendo_kind kind;
	const char *id_field;         /* NULL: what is mapped to it, or the primary key */
	struct pendo_rename *renames; /* also to ids; one for each target */
	size_t count;
	bool by_name; /* what is not renamed goes by its name, in any case */
	bool used;    /* a stream was found for it */
};

struct pendo_mappings {
	struct pendo_mapping *list;
	size_t count;
};

/* Config errors name the mapping and what is wrong. On failure what was filled is for
 * pendo_mappings_release all the same. */
AB_MUST_CHECK int pendo_mappings_read(
    struct pendo_mappings *mappings, const struct ab_config *config, struct ab_error *err);
void pendo_mappings_release(struct pendo_mappings *mappings);

/* The field that is mapped to a target, or NULL. */
const char *pendo_mapping_source(const struct pendo_mapping *mapping, const char *target);

/* The field that holds the id of objects of a kind; *id is NULL if the mapping does not say it. A
 * config error if it names two. */
AB_MUST_CHECK int pendo_mapping_id(const struct pendo_mapping *mapping, enum pendo_kind kind,
    const char **id, struct ab_error *err);

/* The mapping of a stream, one with its namespace first, or NULL. */
struct pendo_mapping *pendo_mappings_find(
    const struct pendo_mappings *mappings, const struct ab_stream *stream);

/* The streams whose mappings no stream was found for, "crm.users, orders", as far as they fit into
 * size bytes with a NUL; each is told only once. False if there is none. */
bool pendo_mappings_unused(struct pendo_mappings *mappings, char *names, size_t size);

/* Whether a field is one that sources and platforms add to records for themselves: never sent. */
bool pendo_is_metadata(const char *name, size_t len);

#endif
