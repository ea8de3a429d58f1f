/*
 * begin.h: a stream's kind and id, before its first record, and the fields that Pendo has for it.
 */
#ifndef PENDO_BEGIN_H
#define PENDO_BEGIN_H

#include "pendo.h"

/*
 * Finds out what a stream is about. The kind is its destination_object_name, else what the
 * configuration says, else the one its name says, else the one whose id a field is mapped to; the
 * id is what is mapped to that of the kind, or id_field, else its primary key. Config errors if
 * either is missing, if the object name is none of Pendo's or not the kind configured, if the key
 * is more than one field, or if it would be the id although the id of the other kind is mapped, and
 * no kind configured. *made is the caller's.
 */
AB_MUST_CHECK int pendo_stream_new(struct pendo_stream **made, const struct pendo *pendo,
    const struct ab_stream *stream, struct ab_error *err);
void pendo_stream_free(struct pendo_stream *stream);

/* AB_BEGIN: asks for the schema. Fields of the mapping that Pendo lacks are told; it is a config
 * error if on_unmapped_field says fail, or if no field at all is left. */
enum ab_ask pendo_begin_request(
    const struct pendo *pendo, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict pendo_begin_response(const struct pendo *pendo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

#endif
