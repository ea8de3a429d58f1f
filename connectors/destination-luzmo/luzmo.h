/*
 * luzmo.h: what the parts of the Luzmo connector share.
 *
 * A stream is a dataset, found by a tag that names the stream. Rows are pushed into it; a push
 * appends, or replaces all rows. A second tag, REPLACE DATA, says that the next push shall replace;
 * a third, GENERATION and a number, of which generation the rows are, where the next attempt may go
 * on with it (resumable, catalog.h).
 * README.md in this folder holds the facts about the API and their sources.
 */
#ifndef LUZMO_H
#define LUZMO_H

#include <stdbool.h>
#include <stddef.h>

#include "columns.h"
#include "destination.h"
#include "service.h"
#include "tally.h"

#define LUZMO_TAG_PREFIX "[AIRBYTE - DO NOT DELETE] - "
#define LUZMO_TAG_REPLACE LUZMO_TAG_PREFIX "REPLACE DATA"
#define LUZMO_TAG_GENERATION LUZMO_TAG_PREFIX "GENERATION "
#define LUZMO_ROWS_PER_PUSH 10000 /* Luzmo takes no more; flush_interval may be less */
#define LUZMO_ID_MAX 63           /* bytes; Luzmo's ids are UUIDs */

/* Ids of notes; see ab_note(). */
enum luzmo_note {
	LUZMO_NOTE_UNDECLARED, /* fields that the catalog does not have */
	LUZMO_NOTE_MOMENT,     /* texts that are no date-times */
	LUZMO_NOTE_NAMESAKES,  /* several datasets may be a half-made one of ours */
	LUZMO_NOTE_ADOPTED,    /* a dataset of the Python connector was taken over */
	LUZMO_NOTE_LEFT,       /* lost creates left more than one */
	LUZMO_NOTE_SHARED,     /* the dataset has other streams' tags too */
	LUZMO_NOTE_UNSETTLED,  /* whether a push arrived is not known */
	LUZMO_NOTE_TWICE,      /* a push arrived after it was given up */
	LUZMO_NOTE_COUNT,      /* the rows do not add up in the end */
	LUZMO_NOTE_TYPE,       /* a column did not get its type */
	LUZMO_NOTE_RESET,      /* no records came: the next ones will replace */
};

/*
 * Steps of all exchanges; which follow which is said in begin.h, namesakes.h, push.h,
 * count.h, types.h and tags.h.
 *
 *   begin   LOOK, LOOK_OLD, TAGS; a dataset of the Python connector gets our tag: TAG_FIND,
 *           TAG_MAKE, TAG_LINK; without a dataset TAG_FIND, NAMESAKES, NAMESAKE; nothing for a
 *           stream that comes again and has one
 *   batch   for a new dataset TAG_MAKE; PUSH; COUNT or NAMESAKES if its reply was lost; COLUMNS and
 *           TYPES if columns are new; TAG_LINK; TAG_OFF
 *   end     of an overwrite without records TAG_FIND, TAG_MAKE, TAG_LINK of REPLACE DATA; of a
 *           stream that had a lost reply COUNT; where rows of a resumable one were replaced TAG_OFF
 *           of an older GENERATION, then TAG_FIND, TAG_MAKE, TAG_LINK of its own
 */
enum luzmo_step {
	LUZMO_START,
	LUZMO_LOOK,      /* the dataset that has our tag, with its columns and row count */
	LUZMO_LOOK_OLD,  /* the one that has the Python connector's tag */
	LUZMO_TAGS,      /* all tags of the dataset */
	LUZMO_TAG_FIND,  /* is there such a tag? */
	LUZMO_TAG_MAKE,  /* make it */
	LUZMO_TAG_LINK,  /* put it on the dataset */
	LUZMO_TAG_OFF,   /* take REPLACE DATA off, or an older GENERATION */
	LUZMO_NAMESAKES, /* datasets that are called as ours would be, and have no tag yet */
	LUZMO_NAMESAKE,  /* the columns of one */
	LUZMO_PUSH,      /* rows */
	LUZMO_COUNT,     /* how many rows are there? */
	LUZMO_COLUMNS,   /* the types of the columns */
	LUZMO_TYPES,     /* set them, one item for each column */
};

/* A column whose type is to be set. */
struct luzmo_retype {
	char id[LUZMO_ID_MAX + 1];
	enum luzmo_kind kind;
};

/* The self of a stream. */
struct luzmo_stream {
	char *name;           /* of the dataset */
	char *tag;            /* that finds it */
	char *old_tag;        /* the Python connector's; NULL if it could mean another stream */
	char *generation_tag; /* of the rows that this run brings; NULL unless it is resumable */

	char dataset[LUZMO_ID_MAX + 1];       /* id; "": there is none (yet) */
	char tag_id[LUZMO_ID_MAX + 1];        /* of our tag; "": not known */
	char off_id[LUZMO_ID_MAX + 1];        /* of REPLACE DATA if it is on the dataset, else "" */
	char generation_id[LUZMO_ID_MAX + 1]; /* of generation_tag; "": not known */
	char older_id[LUZMO_ID_MAX + 1];      /* of another GENERATION on the dataset, else "" */
	bool linked;                          /* our tag is on the dataset */
	bool replacing;                       /* the next push replaces all rows */
	bool ours;    /* the dataset is made or adopted by this run: all it holds is this run's, or
			 was never acknowledged */
	bool written; /* its rows were replaced in this run */
	bool untyped; /* the next push makes columns, or may find some without their types */

	struct luzmo_columns columns;
	struct luzmo_tally tally;
	struct luzmo_retype *retypes;
	size_t retype_count;

	bool doubtful;  /* the reply to a push was lost, or might as well have been */
	bool pending;   /* it may still be under way */
	unsigned looks; /* for what it did, in vain */

	/* Of NAMESAKES. */
	size_t offset; /* of the page */
	size_t pages;
	size_t namesakes;
	char namesake[LUZMO_ID_MAX + 1]; /* the newest */
	int64_t namesake_rows;           /* -1: not known */
	char newest[40];                 /* created_at of the newest */
	char since[40]; /* a dataset of ours that we do not know of yet is not older */
	bool alone;     /* in the begin there was none */
	bool after;     /* a dataset of ours is younger than that, not as old */

	struct luzmo_stream *prev, *next; /* in luzmo->streams */
};

struct luzmo {
	char *api_host;
	char *credentials; /* the members key, token and version of each request: a secret */
	struct ab_service service;
	bool first_batch; /* an overwrite removes old data with its first batch */
	bool typed_columns;
	size_t flush_interval;         /* rows */
	char off_id[LUZMO_ID_MAX + 1]; /* of the tag REPLACE DATA, once it is known; else "" */
	struct luzmo_stream *streams;  /* all there are, in no order */
};

/*
 * Begins a request: URL, headers and the common members of its body, which the caller goes on with
 * and closes: {"action":"get","key":...,"token":...,"version":"0.1.0",
 */
void luzmo_request_start(
    const struct luzmo *luzmo, struct ab_request *out, const char *resource, const char *action);

/* Whether the request may have been carried out although nobody said so. */
bool luzmo_is_ambiguous(const struct ab_reply *in);

/* Copies an id; false if it is none. */
bool luzmo_id_copy(char id[LUZMO_ID_MAX + 1], const struct cJSON *value);

#endif
