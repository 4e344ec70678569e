/* Archives of pg_dump, read and written as a stream without a server: custom (1.10 to 1.16),
 * directory, tar, plain; payloads of none, gzip, lz4 and zstd; a plain or tar file inside gzip, lz4 or
 * zstd (the wrapper). Knows neither libpq nor policy: whoever calls says what happens to which row.
 *
 * Strict, because pg_restore is not: whatever is not what pg_dump writes is refused, and the refusal
 * names the file (message), what was expected and found (message), and byte and entry (where). No
 * column value is ever in a diag. Every refusal is of class STEP: other archives can go on. Nothing here
 * changes the file that was opened; `dump/replace.h` puts a new one in its place.
 *
 * Memory: the table of contents, the codec's window, and one row (at most max_row). */
#ifndef PGRETAIN_DUMP_DUMP_H
#define PGRETAIN_DUMP_DUMP_H

#include "base/arena.h"
#include "base/diag.h"

enum dump_format { DUMP_CUSTOM, DUMP_DIRECTORY, DUMP_TAR, DUMP_PLAIN };
enum dump_codec { DUMP_NONE, DUMP_GZIP, DUMP_LZ4, DUMP_ZSTD };

enum dump_kind {
	DUMP_OTHER,		/* definitions and the like: copied as they are */
	DUMP_ROWS,		/* TABLE DATA */
	DUMP_BLOBS,		/* bytes of large objects */
	DUMP_STATISTICS,	/* STATISTICS DATA: column values in the table of contents */
};

enum dump_form { DUMP_COPY_TEXT, DUMP_INSERTS };

/* The state of an entry's position in a custom archive. */
enum dump_position { DUMP_UNRECORDED = 1, DUMP_RECORDED = 2, DUMP_NO_DATA = 3 };

/* One entry of the table of contents. Strings are never NULL but where said; names are unquoted.
 *
 * A plain dump has no table of contents: its entries are made from its statements, in their order, with
 * ids 1, 2, …: TABLE DATA (each COPY, each run of INSERTs into one table), BLOBS (all lo_open … lo_close
 * of one run), STATISTICS DATA, TABLE, TABLE ATTACH, CONSTRAINT, FK CONSTRAINT; others are left out. */
struct dump_entry {
	int id;				/* dump id: > 0, unique in the archive, gaps are normal */
	enum dump_kind kind;
	bool has_data;			/* owns a block, a file, a member, lines */
	const char *desc, *schema, *tag, *owner;	/* schema "": none */
	const char *defn;		/* SQL that creates it; "" */
	const char *copy;		/* COPY statement as it stands, or NULL */
	int section;			/* 1 none, 2 pre-data, 3 data, 4 post-data; plain: 1 */
	int relkind;			/* from 1.16 on; else 0 */
	uint32_t oid;			/* of the object; ROWS: of the table; plain: 0 */
	const int *deps;		/* dump ids that it depends on */
	size_t ndeps;
	const char *file;		/* directory, tar: without suffix; "" */
	const char *database;		/* plain: since \connect; else NULL */
	enum dump_position position;	/* custom */
	uint64_t offset;		/* custom, RECORDED: of its block; plain: of its first byte */

	/* ROWS only. Columns in the order of the fields; dropped and generated ones are not there (but with
	 * INSERTS without a column list). The table is the one that COPY or INSERT names: another one than
	 * schema.tag when the archive loads through a partition root. A plain dump names only that one. */
	enum dump_form form;
	const char *const *columns;
	size_t ncolumns;
	const char *into_schema, *into_table;
	bool via_root;
	bool columns_known;		/* false: INSERTS, and neither they nor a definition tell; not to filter */

	uint64_t bytes;			/* tar, plain: how many the data takes, decoded; else 0 */
	struct dump_place {		/* of dump/ alone: the raw entry */
		size_t start, end, offset;
	} place;
};

struct dump {
	const char *path;
	enum dump_format format;
	enum dump_codec codec;		/* of the payloads; directory: as its header says */
	enum dump_codec wrapper;	/* tar, plain: around the whole file */
	int minor;			/* archive version 1.minor; plain: 0 */
	int level;			/* compression level of the header, up to 1.14; else -1 */
	const char *database, *server_version, *dump_version;	/* as said in the archive; "" */
	int64_t created;		/* `timestamp` of base/instant.h, in the dumping host's unknown zone,
					 * never later than the data; plain: INSTANT_MINUS_INFINITY */
	const char *encoding;		/* client encoding, e.g. "UTF8"; "" when the archive does not say */
	bool std_strings;		/* standard_conforming_strings */
	const struct dump_entry *entries;
	size_t nentries;
	const char *const *extras;	/* directory: files that no entry names; they are copied */
	size_t nextras;
	struct dump_impl *impl;
};

struct dump_limits {
	uint64_t max_row;		/* bytes of one row or statement; 0: 1 GiB, which is the server's own */
};

/* Recognises what `path` is by its bytes, never by its name, and reads the table of contents; of a
 * plain file the whole file. limits NULL: all defaults. Refused by name: newer and older versions,
 * encodings whose characters may hold a backslash as a later byte, WITH OIDS, zip, encrypted files,
 * pg_dumpall's directories, whatever else is no archive. The file stays open until dump_free. */
bool dump_open(const char *path, const struct dump_limits *limits, struct dump **ret, struct diag *d)
	must_use;
void dump_free(struct dump *dump);
AUTO_DEFINE(struct dump, dump_free)

const char *dump_format_word(enum dump_format format);		/* "custom", "directory", "tar", "plain" */
const char *dump_codec_word(enum dump_codec codec);		/* "none", "gzip", "lz4", "zstd" */

/* ---- rows ---- */

/* One row, valid during the callback. */
struct dump_row {
	const struct dump_entry *entry;
	uint64_t number;		/* from 1, within the entry */
	const char *raw;		/* as it stands: COPY without its LF, INSERT with its brackets */
	size_t raw_len;
	size_t nfields;			/* = entry->ncolumns */
	struct dump_row_impl *impl;
};

/* A field as COPY's text form means it: escapes undone, no quotes; booleans t and f in INSERTS too.
 * Not ended by a NUL; may lie in the row itself. Valid until the row is done. */
struct dump_value {
	const char *bytes;
	size_t len;
	bool null;
	bool computed;			/* INSERTS: the word DEFAULT, or not in the list (a generated column); not to
					 * be set */
};
struct dump_value dump_row_value(struct dump_row *row, size_t field);

/* New values, for DUMP_REPLACE; bytes are copied, must hold no NUL and be in the archive's encoding.
 * What is not set stays byte for byte. Nothing checks NOT NULL, CHECK, UNIQUE, length or type. */
void dump_row_set(struct dump_row *row, size_t field, const char *bytes, size_t len);
void dump_row_set_null(struct dump_row *row, size_t field);

enum dump_verdict {
	DUMP_KEEP,			/* byte for byte */
	DUMP_DROP,
	DUMP_REPLACE,			/* with the values that were set */
	DUMP_ENOUGH,			/* dump_scan only: no more rows of this entry */
};

enum dump_treat {
	DUMP_COPY,			/* payload byte for byte, not decoded (wrapped files: re-encoded whole) */
	DUMP_FILTER,			/* ROWS: every row is asked for; BLOBS: every object is */
	DUMP_OMIT,			/* STATISTICS only: the entry goes from the table of contents */
};

struct dump_calls {
	void *ctx;
	/* Asked once for each entry of kind ROWS, BLOBS, STATISTICS, in their order, before the first row.
	 * NULL: ROWS and BLOBS are filtered, STATISTICS copied. dump_scan skips what is not FILTER. */
	enum dump_treat (*treat)(void *ctx, const struct dump_entry *entry);
	/* false with the diag filled ends the pass. NULL: KEEP. */
	bool (*row)(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d);
	/* KEEP or DROP. A dropped object stays as an empty one: its oid is named in other entries. Its
	 * owner entry in the archive is `entry`. NULL: KEEP. */
	bool (*object)(void *ctx, const struct dump_entry *entry, uint32_t oid, enum dump_verdict *ret,
		       struct diag *d);
	/* After about every MiB read, with the bytes read so far; false ends the pass (a signal). May be
	 * NULL. */
	bool (*tick)(void *ctx, uint64_t bytes, struct diag *d);
	int level;			/* of what is encoded anew; 0: the codec's fast one */
};

/* What a pass met, one for each entry, by its index. In every pass without ENOUGH
 * rows_in = rows_out + dropped. decoded false: copied or skipped, nothing was counted. */
struct dump_count {
	bool decoded;
	uint64_t rows_in, rows_out, dropped, replaced;
	uint64_t objects, emptied;	/* BLOBS */
	uint64_t bytes_in, bytes_out;	/* of the payload, decoded */
};

/* Read only: asks as a rewrite would. All blocks are walked, those of FILTER are decoded. counts: an
 * array of nentries, zeroed here; may be NULL. */
bool dump_scan(struct dump *dump, const struct dump_calls *calls, struct dump_count *counts,
	       struct diag *d) must_use;

/* One pass into `out`, which must not exist yet: a new file (0600) or, for a directory archive, a new
 * directory on the same filesystem, where unchanged files are hard links (copies where links cannot be
 * made). Kept rows and entries not filtered are the same bytes; positions in a custom archive are
 * recorded anew. What was written is synced to disk. On failure `out` is removed. Verify it before use. */
bool dump_rewrite(struct dump *dump, const char *out, const struct dump_calls *calls,
		  struct dump_count *counts, struct diag *d) must_use;

/* The proof: every stream decoded to its end, every row split and counted, every entry with data met
 * exactly once where it is recorded to be, nothing after the last. */
bool dump_verify(struct dump *dump, struct dump_count *counts, struct diag *d) must_use;

#endif
