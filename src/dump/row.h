/* Inside dump/: rows of COPY's text form as COPY TO writes them (fields parted by one TAB, ended by one
 * LF, NULL as \N, escapes \b \f \n \r \t \v \\ and no others), so that a raw TAB or LF is always a
 * border; and rows of INSERT (insert.c). Splitting keeps its place, so a row may come in pieces. */
#ifndef PGRETAIN_DUMP_ROW_H
#define PGRETAIN_DUMP_ROW_H

#include "dump/io.h"

enum row_found { ROW_MORE, ROW_DONE, ROW_END, ROW_BAD };

struct row_split {
	size_t at;			/* bytes of the row looked at */
	size_t begin;			/* of the field at hand */
	size_t nfields, max;		/* max: 0 is a table without columns, whose rows are empty */
	size_t *ends;			/* max of them */
	char mark;			/* 'N' or '.': the field is \N, or the row may be the end mark */
	const char *why;		/* BAD: what is wrong, for a sentence that names the row */
};
void row_split_init(struct row_split *s, size_t max);
void row_split_done(struct row_split *s);
void row_split_next(struct row_split *s);	/* begins a new row */
/* row: its first byte; avail: bytes there, BYTES_SLACK more may be read. DONE: at = length with LF. END:
 * the line \. */
enum row_found row_split(struct row_split *s, const char *row, size_t avail);

/* One field. */
bool row_unescape(const char *raw, size_t n, char *to, size_t *ret_n);	/* false: no COPY TO output */
void row_escape(struct bytes *to, const char *value, size_t n);	/* BYTES_SLACK more may be read */

struct row_field {
	size_t begin, end;		/* in the row's raw bytes */
	bool set, set_null;		/* by dump_row_set */
	bool absent;			/* INSERT: not in its list of columns */
	size_t set_at, set_len;		/* in sets */
	uint64_t known;			/* the row whose value this is */
	struct dump_value value;
};

struct dump_row_impl {
	enum dump_form form;
	bool std_strings;
	struct row_field *fields;
	size_t nfields;
	uint64_t turn;			/* counts rows, over entries */
	struct bytes scratch, sets;
	bool any_set;
};
void row_begin(struct dump_row *row);		/* after raw, raw_len and the fields' borders are set */
/* The row with what was set, without LF. */
void row_render(struct dump_row *row, struct bytes *to);
/* insert.c: the same two for one value of an INSERT. */
struct dump_value insert_value(const char *raw, size_t n, bool std_strings, struct bytes *scratch);
void insert_literal(struct bytes *to, const char *value, size_t n, bool std_strings);

#endif
