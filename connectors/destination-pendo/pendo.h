/*
 * pendo.h: what the parts of the Pendo connector share.
 *
 * A record sets metadata fields of one visitor or account, found by its id. Pendo takes many in one
 * call, changes what is named and leaves the rest; it can neither append nor delete. README.md in
 * this folder holds the facts about the API and their sources.
 */
#ifndef PENDO_H
#define PENDO_H

#include <stdbool.h>
#include <stddef.h>

#include "destination.h"
#include "fields.h"
#include "mapping.h"
#include "report.h"
#include "service.h"

/* What becomes of a record that cannot be written as it is. */
enum pendo_policy { PENDO_REJECT, PENDO_IGNORE, PENDO_FAIL };

/* What is sent for a null. */
enum pendo_nulls { PENDO_OMIT, PENDO_NULL, PENDO_EMPTY };

/* Ids of notes; see ab_note(). */
enum pendo_note {
	PENDO_NOTE_UNMAPPED, /* fields of records that Pendo does not have */
	PENDO_NOTE_ABSENT,   /* fields of the mapping that Pendo does not have */
	PENDO_NOTE_REPLACE,  /* what is there cannot be removed */
	PENDO_NOTE_STRANGER, /* mappings of streams that are not there */
	PENDO_NOTE_LARGE,    /* calls are halved: they are too large, or take too long */
	PENDO_NOTE_SEARCH,   /* calls are halved: some records are refused */
	PENDO_NOTE_REPORT,   /* the first of PENDO_REASONS + 1: records by reason */
};

/* Calls with one record that Pendo refused as a whole; see values.h. */
struct pendo_refusals {
	unsigned count;   /* of ids, since Pendo worked on a call, whatever became of its records */
	struct ab_buf id; /* the last of them: it may come again with another version */
	bool worked;      /* it has, ever */
	char *words;      /* what Pendo said of the first; NULL: there is none */
};

/* The self of a stream. */
struct pendo_stream {
	enum pendo_kind kind;
	const char *id_field;                /* of the record */
	const struct pendo_mapping *mapping; /* NULL: every field goes by its name */
	struct pendo_fields fields;          /* from the begin on */
	struct pendo_report report;
	struct pendo_refusals refusals;
};

struct pendo {
	char *base_url;
	const char *key; /* the integration key: a secret */
	char advice[96]; /* on a 403: "; the key ends in .eu: set region to EU", or "" */
	const char *group;
	bool create_missing;
	enum pendo_policy on_missing;
	enum pendo_policy on_unmapped_field;
	enum pendo_nulls nulls;
	struct ab_service service;
	struct pendo_mappings mappings;
};

/* Begins a request: <base_url>/api/v1/<path>, with the headers of all. */
void pendo_request_start(
    const struct pendo *pendo, struct ab_request *out, enum ab_method method, const char *path);

#endif
