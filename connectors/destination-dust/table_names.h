/*
 * table_names.h: pure: the ids that the table of a stream may have.
 *
 * Agents keep their reference to a table's id, and a catalog need not hold all streams that were
 * ever written: to clear one stream the platform sends a catalog of that stream alone. So a stream
 * has two ids that depend on nothing but itself, a plain one and one with a suffix. Which of them
 * it has is kept in Dust, as the tags of the tables (table_begin.c). The catalog only decides who
 * may make a plain table that several of its streams would like to have.
 */
#ifndef DUST_TABLE_NAMES_H
#define DUST_TABLE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog.h"

struct dust_table_name {
	char
	    *plain; /* prefix, namespace and name, cleaned; as below if that is too long or empty */
	char *suffixed; /* the same, `_`, and eight digits of a hash of namespace and name */
	bool first;     /* of the streams with this plain id the one to have it */
};

/* names[i] is filled for streams[i]. */
void dust_table_names(const char *prefix, const struct ab_stream *streams, size_t count,
    struct dust_table_name *names);

void dust_table_name_release(struct dust_table_name *name);

#endif
