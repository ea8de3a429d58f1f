/*
 * fields.h: pure: which fields of a stream's records go into which fields of Pendo's.
 *
 * Names are the fields of records that mean something: those that are sent, the id, and those whose
 * place in Pendo another one takes, which are left out. Fields are those of Pendo's that get
 * values; one name may fill several, or none.
 */
#ifndef PENDO_FIELDS_H
#define PENDO_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "kinds.h"
#include "mapping.h"

#define PENDO_NO_NAME SIZE_MAX
#define PENDO_GUESSES 128 /* members of a record whose names are guessed by their position */

struct pendo_name {
	char *text;
	size_t len;
	bool absent;   /* it is mapped to a field that Pendo does not have */
	uint32_t node; /* scratch: its value in the record at hand, 0 for none */
};

struct pendo_field {
	char *member; /* what stands before its value, "\"plan\":" */
	size_t len;
	size_t name; /* where its value is */
	enum pendo_type type;
};

struct pendo_fields {
	struct pendo_name *names; /* sorted */
	size_t name_count;
	size_t id;    /* which of them is the id */
	bool by_name; /* fields of records go into those that have their names */
	struct pendo_field *list;
	size_t count;
	size_t guesses[PENDO_GUESSES]; /* the name of the member at this place in the last record */
	uint64_t *filled;              /* scratch: a bit per field that the record at hand has */
	uint64_t *batch;               /* the same for all records of the open batch */
	size_t words;                  /* of each of the two */
};

struct cJSON;

/* group: fields as Pendo's schema has them (NULL: none); mapping may be NULL: all by their names.
 * So do they if nothing but the id is mapped. May be called again: the last call counts. Beyond
 * that absent gets the targets of the mapping that Pendo lacks, ", " between them, as far as they
 * fit; "" if there are none. */
void pendo_fields_init(struct pendo_fields *fields, const struct pendo_mapping *mapping,
    enum pendo_kind kind, const char *id_field, const struct cJSON *group, char *absent,
    size_t size);
void pendo_fields_release(struct pendo_fields *fields);

/* The name that the key at a node is, or PENDO_NO_NAME; position is its place in the record. */
size_t pendo_fields_find(
    struct pendo_fields *fields, size_t position, const struct ab_json *json, uint32_t key);

#endif
