/*
 * tables.h: tables mode: each stream becomes a table with records as rows.
 */
#ifndef DUST_TABLES_H
#define DUST_TABLES_H

#include "columns.h"
#include "dust.h"
#include "table_names.h"

/* Limits of a request. Dust has taken 1 MB and more; its edge is not documented. What is left out
 * of 1 MiB is room for what stands around the rows. */
#define DUST_ROWS_PER_REQUEST 500
#define DUST_ROWS_BYTES (((size_t)1 << 20) - 64)

/* The self of a stream in tables mode. */
struct dust_table {
	struct dust_table_name name;
	const char *id; /* of the table, and its name: one of the two, chosen in AB_BEGIN */
	bool missing;   /* it has to be made */
	bool adoptable; /* the plain one is there, belongs to nobody, and we may have it */
	struct dust_columns columns;
	size_t foreign; /* columns that the table has and we have not */
	bool replacing; /* the next rows replace what the table held before */
	char *marked;   /* the table with the tag of this generation, as it is sent when its
			   content is replaced; NULL if it gets none */
	struct dust_table *prev, *next; /* in dust->tables */
};

void dust_tables_open(struct dust *dust, struct ab_stream *streams, size_t count);
void dust_table_close(struct dust *dust, struct dust_table *table);

enum ab_taken dust_tables_append(struct dust *dust, struct ab_batch *batch,
    const struct ab_record *record, struct ab_error *err);
enum ab_ask dust_tables_request(
    struct dust *dust, struct ab_exchange *x, struct ab_request *out, struct ab_error *err);
enum ab_verdict dust_tables_response(
    struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err);

#endif
