/*
 * kinds.h: pure: the two kinds of objects, and the types their fields have.
 */
#ifndef PENDO_KINDS_H
#define PENDO_KINDS_H

#include <stdbool.h>

enum pendo_kind { PENDO_VISITOR, PENDO_ACCOUNT };
#define PENDO_KINDS 2

enum pendo_type {
	PENDO_TEXT,
	PENDO_BOOLEAN,
	PENDO_INTEGER,
	PENDO_FLOAT,
	PENDO_TIME,
	PENDO_LIST,
	PENDO_ANY, /* Pendo names no type, or one that is not known here */
};

/* "visitor", "account" */
const char *pendo_kind_name(enum pendo_kind kind);

/* "visitorId", "accountId" */
const char *pendo_kind_id(enum pendo_kind kind);

/* The kind of a name, exactly as above; false if it is none. */
bool pendo_kind_read(enum pendo_kind *kind, const char *name);

/* The kind whose name stands last in the name of a stream, in any case: "crm_account_visitors" is
 * of visitors. False if neither does. */
bool pendo_kind_guess(enum pendo_kind *kind, const char *stream);

/* A type as a schema of Pendo's has it. */
enum pendo_type pendo_type_read(const char *name);

/* What a value has to be: "a boolean". */
const char *pendo_type_name(enum pendo_type type);

/* The type as a JSON schema: {"type":"boolean"}. */
const char *pendo_type_schema(enum pendo_type type);

#endif
