/*
 * table_begin.h: opening a stream in tables mode: which is its table, is it there, and has it room
 * for the columns?
 */
#ifndef DUST_TABLE_BEGIN_H
#define DUST_TABLE_BEGIN_H

#include "dust.h"

/* Returns -1 if the table would have more columns than Dust keeps. */
AB_MUST_CHECK int dust_table_check_columns(const struct ab_stream *stream, struct ab_error *err);

/* The reply to GET of the table with table->id. AB_NEXT: it has to be made if table->missing, else
 * table->id is now another one to be looked at. AB_DONE: table->id is the stream's table, and
 * stream->hold and the table's replacing, foreign and marked are set; if the table holds the
 * stream's generation already, stream->overwrite is taken back. */
enum ab_verdict dust_table_look_response(const struct dust *dust, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

/* Makes the table; or sends it once more, with the tag of the stream's generation: an upsert by id,
 * which keeps the rows. The reply is judged alike. */
void dust_table_make_request(
    const struct dust *dust, const struct ab_exchange *x, struct ab_request *out);
void dust_table_mark_request(
    const struct dust *dust, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict dust_table_make_response(const struct dust *dust, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

#endif
