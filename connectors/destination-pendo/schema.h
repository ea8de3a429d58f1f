/*
 * schema.h: the metadata schema of a kind: which fields a group has, and their types.
 *
 * GET /api/v1/metadata/schema/{kind} answers {"custom":{"plan":{"Type":"string","isDeleted":false,
 * ...},...},"agent":{...},...}. The names of attributes are read in any case, and with underscores,
 * since clients of Pendo's know all of these.
 */
#ifndef PENDO_SCHEMA_H
#define PENDO_SCHEMA_H

#include "pendo.h"

struct cJSON;

void pendo_schema_request(const struct pendo *pendo, enum pendo_kind kind, struct ab_request *out);

/* On AB_DONE *document is the caller's, for cJSON_Delete, and *group what it has of the group: an
 * object, or NULL if there is no such group. */
enum ab_verdict pendo_schema_judge(const struct pendo *pendo, struct ab_exchange *x,
    const struct ab_reply *in, struct cJSON **document, const struct cJSON **group,
    struct ab_error *err);

/* The type of a field, a member of a group; false if it was deleted, or is no field. */
bool pendo_schema_type(const struct cJSON *field, enum pendo_type *type);

#endif
