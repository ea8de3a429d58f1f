/*
 * finds.h: pure: the look-ups, as request bodies.
 *
 * Each ends the body that luzmo_request_start began. Attributes, includes and their spelling are
 * those that Luzmo's own clients and its Airbyte connector use.
 */
#ifndef LUZMO_FINDS_H
#define LUZMO_FINDS_H

#include "luzmo.h"

#define LUZMO_PAGE 200 /* datasets per page of namesakes */

/* Datasets that have a tag: {id, name, rows, tags, columns: [{id, source_name, order}]}. */
void luzmo_find_tagged(struct ab_buf *body, const char *tag);

/* A dataset's tags: {id, tags: [{id, tag}]}. */
void luzmo_find_tags_of(struct ab_buf *body, const char *dataset);

/* A dataset's row count: {id, rows}. */
void luzmo_find_count(struct ab_buf *body, const char *dataset);

/* A dataset's columns: {id, columns: [{id, source_name, order, type, subtype}]}. */
void luzmo_find_columns(struct ab_buf *body, const char *dataset);

/* The tag with this text: {id, tag, created_at}. */
void luzmo_find_tag(struct ab_buf *body, const char *tag);

/* A page of all datasets, newest first: {id, name, rows, created_at, tags: [{id, tag}]}. */
void luzmo_find_datasets(struct ab_buf *body, size_t offset);

#endif
