/*
 * table_names.h: pure: the table of each stream. Agents keep their reference to a table's id, so it
 * depends on nothing but the streams of the catalog.
 */
#ifndef DUST_TABLE_NAMES_H
#define DUST_TABLE_NAMES_H

#include <stddef.h>

#include "catalog.h"

/* ids[i] becomes the id of the table of streams[i], malloced: prefix, namespace and name, cleaned,
 * all different. */
void dust_table_names(
    const char *prefix, const struct ab_stream *streams, size_t count, char **ids);

#endif
