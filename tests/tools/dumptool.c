/* dumptool: the archive reader and writer (src/dump) by hand, for tests.
 *
 *	dumptool list FILE			format, codec, wrapper, version; then each entry with rows
 *	dumptool verify FILE			counts of each entry; or the refusal, exit 1
 *	dumptool copy FILE OUT			nothing asked: an identity rewrite
 *	dumptool filter FILE OUT		every row asked for and kept
 *	dumptool drop FILE OUT N		drops the N-th row of every table (0: all rows), empties objects
 *	dumptool set FILE OUT FIELD TEXT	replaces that field (from 0) of every row; \N: NULL
 *	dumptool omit FILE OUT			leaves statistics out
 *	dumptool print FILE			every row's decoded fields, <NULL>, parted by |
 *	dumptool schema FILE			what the archive says of its tables
 *	dumptool replace FILE N			drop, verified, in the place of FILE
 *	dumptool sweep FOLDER
 *
 * max_row comes from MAX_ROW in the environment. */
#include "dump/replace.h"
#include "dump/schema.h"

#include <stdio.h>
#include <stdlib.h>

struct job {
	const char *verb;
	uint64_t n;
	size_t field;
	const char *text;
};

static int refuse(const struct diag *d)
{
	fprintf(stderr, "%s: %s%s%s%s\n", diag_word(d->cls), d->message, *d->where ? " (" : "", d->where,
		*d->where ? ")" : "");
	return 1;
}

static enum dump_treat treat(void *ctx, const struct dump_entry *e)
{
	const struct job *job = ctx;

	if (e->kind == DUMP_STATISTICS)
		return streq(job->verb, "omit") ? DUMP_OMIT : DUMP_COPY;
	return streq(job->verb, "copy") || streq(job->verb, "omit") ? DUMP_COPY : DUMP_FILTER;
}

static void print_row(struct dump_row *row)
{
	printf("%s.%s:", row->entry->into_schema, row->entry->into_table);
	for (size_t i = 0; i < row->nfields; i++) {
		struct dump_value v = dump_row_value(row, i);

		fputs(i ? "|" : " ", stdout);
		if (v.null)
			fputs(v.computed ? "<DEFAULT>" : "<NULL>", stdout);
		else
			fwrite(v.bytes, 1, v.len, stdout);
	}
	putchar('\n');
}

static bool on_row(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	const struct job *job = ctx;

	(void)d;
	if (streq(job->verb, "print"))
		print_row(row);
	if ((streq(job->verb, "drop") || streq(job->verb, "replace")) && (job->n == 0 || row->number == job->n))
		*ret = DUMP_DROP;
	if (streq(job->verb, "set") && job->field < row->nfields) {
		if (streq(job->text, "\\N"))
			dump_row_set_null(row, job->field);
		else
			dump_row_set(row, job->field, job->text, strlen(job->text));
		*ret = DUMP_REPLACE;
	}
	return true;
}

static bool on_object(void *ctx, const struct dump_entry *e, uint32_t oid, enum dump_verdict *ret,
		      struct diag *d)
{
	const struct job *job = ctx;

	(void)e;
	(void)oid;
	(void)d;
	if (streq(job->verb, "drop") || streq(job->verb, "replace"))
		*ret = DUMP_DROP;
	return true;
}

static void list(const struct dump *dump)
{
	char deps[4096];

	printf("%s codec %s wrapper %s version 1.%d encoding %s strings %s\n", dump_format_word(dump->format),
	       dump_codec_word(dump->codec), dump_codec_word(dump->wrapper), dump->minor, dump->encoding,
	       dump->std_strings ? "standard" : "escaped");
	for (size_t i = 0; i < dump->nentries; i++) {
		const struct dump_entry *e = &dump->entries[i];
		size_t n = 0;

		if (e->kind != DUMP_ROWS)
			continue;
		deps[0] = '\0';
		for (size_t k = 0; k < e->ncolumns && n < sizeof(deps); k++)
			n += (size_t)snprintf(deps + n, sizeof(deps) - n, "%s%s", k ? "," : "", e->columns[k]);
		printf("%s.%s (%s)%s\n", e->into_schema, e->into_table, deps, e->via_root ? " via root" : "");
	}
	for (size_t i = 0; i < dump->nextras; i++)
		printf("extra %s\n", dump->extras[i]);
}

static void print_counts(const struct dump *dump, const struct dump_count *c)
{
	for (size_t i = 0; i < dump->nentries; i++) {
		const struct dump_entry *e = &dump->entries[i];

		if (e->kind == DUMP_ROWS && c[i].decoded)
			printf("%s.%s rows %llu %llu dropped %llu replaced %llu\n", e->schema, e->tag,
			       (unsigned long long)c[i].rows_in, (unsigned long long)c[i].rows_out,
			       (unsigned long long)c[i].dropped, (unsigned long long)c[i].replaced);
		if (e->kind == DUMP_BLOBS)
			printf("objects %llu emptied %llu bytes %llu\n", (unsigned long long)c[i].objects,
			       (unsigned long long)c[i].emptied, (unsigned long long)c[i].bytes_in);
	}
}

static void print_names(const char *what, const struct dump_names *n)
{
	printf(" %s(", what);
	for (size_t i = 0; i < n->n; i++)
		printf("%s%s", i ? "," : "", n->v[i]);
	putchar(')');
}

static bool schema(const struct dump *dump, struct diag *d)
{
	static const char *const on_delete[] = { "no action", "restrict", "cascade", "set null", "set default" };
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct dump_schema s;

	if (!dump_schema_read(dump, a, &s, d))
		return false;
	for (size_t i = 0; i < s.tables.n; i++) {
		const struct dump_table *t = &s.tables.v[i];

		printf("table %s.%s%s\n", t->name.schema, t->name.name, t->partitioned ? " partitioned" : "");
		for (size_t k = 0; k < t->columns.n; k++)
			printf("  %s: %s%s%s\n", t->columns.v[k].name, t->columns.v[k].type,
			       t->columns.v[k].not_null ? " not null" : "",
			       t->columns.v[k].generated ? " generated" : "");
	}
	for (size_t i = 0; i < s.links.n; i++)
		printf("%s %s.%s of %s.%s\n", s.links.v[i].partition ? "partition" : "child",
		       s.links.v[i].child.schema, s.links.v[i].child.name, s.links.v[i].parent.schema,
		       s.links.v[i].parent.name);
	for (size_t i = 0; i < s.keys.n; i++) {
		printf("%s %s.%s %s", s.keys.v[i].primary ? "primary" : "unique", s.keys.v[i].table.schema,
		       s.keys.v[i].table.name, s.keys.v[i].name);
		print_names("", &s.keys.v[i].columns);
		putchar('\n');
	}
	for (size_t i = 0; i < s.fkeys.n; i++) {
		const struct dump_fkey *f = &s.fkeys.v[i];

		printf("foreign %s.%s %s", f->table.schema, f->table.name, f->name);
		print_names("", &f->columns);
		printf(" to %s.%s", f->parent.schema, f->parent.name);
		print_names("", &f->parent_columns);
		printf(" %s", on_delete[f->on_delete]);
		print_names("of", &f->set_columns);
		putchar('\n');
	}
	return true;
}

static bool rewrite(struct dump *dump, const char *out, const struct job *job, struct diag *d)
{
	struct dump_calls calls = { (void *)(uintptr_t)job, treat, on_row, on_object, NULL, 0 };
	AUTO(auto_free) struct dump_count *c = calloc(dump->nentries + 1, sizeof(*c));
	AUTO(dump_free_auto) struct dump *again = NULL;

	if (!dump_rewrite(dump, out, &calls, c, d))
		return false;
	print_counts(dump, c);
	return dump_open(out, NULL, &again, d) && dump_verify(again, NULL, d);
}

static bool read_only(struct dump *dump, const struct job *job, struct diag *d)
{
	struct dump_calls calls = { (void *)(uintptr_t)job, treat, on_row, NULL, NULL, 0 };
	AUTO(auto_free) struct dump_count *c = calloc(dump->nentries + 1, sizeof(*c));

	if (streq(job->verb, "list")) {
		list(dump);
		return true;
	}
	if (streq(job->verb, "schema"))
		return schema(dump, d);
	if (streq(job->verb, "print"))
		return dump_scan(dump, &calls, NULL, d);
	if (!dump_verify(dump, c, d))
		return false;
	print_counts(dump, c);
	return true;
}

static int replace(const char *path, const struct job *job, struct diag *d)
{
	AUTO_DUMP_REPLACE r = DUMP_REPLACE_INIT;
	AUTO(dump_free_auto) struct dump *dump = NULL;

	if (!dump_replace_begin(&r, path, d) || !dump_open(path, NULL, &dump, d) ||
	    !rewrite(dump, r.temp, job, d) || !dump_replace_commit(&r, d))
		return refuse(d);
	return 0;
}

int main(int argc, char **argv)
{
	struct diag d = DIAG_INIT;
	struct job job = { .verb = argc > 2 ? argv[1] : "" };
	const char *most = getenv("MAX_ROW");
	struct dump_limits limits = { most ? strtoull(most, NULL, 10) : 0 };
	AUTO(dump_free_auto) struct dump *dump = NULL;
	const char *arg3 = argc > 3 ? argv[3] : NULL, *arg4 = argc > 4 ? argv[4] : NULL;
	bool writes = arg3 && !streq(job.verb, "replace");

	if (argc < 3)
		return fprintf(stderr, "usage: see the head of dumptool.c\n"), 2;
	job.n = strtoull(streq(job.verb, "replace") && arg3 ? arg3 : arg4 ? arg4 : "0", NULL, 10);
	job.field = (size_t)job.n;
	job.text = argc > 5 ? argv[5] : "";
	if (streq(job.verb, "sweep")) {
		size_t n;

		if (!dump_replace_sweep(argv[2], &n, &d))
			return refuse(&d);
		printf("%zu\n", n);
		return 0;
	}
	if (streq(job.verb, "replace"))
		return replace(argv[2], &job, &d);
	if (!dump_open(argv[2], &limits, &dump, &d) ||
	    !(writes ? rewrite(dump, arg3, &job, &d) : read_only(dump, &job, &d)))
		return refuse(&d);
	return 0;
}
