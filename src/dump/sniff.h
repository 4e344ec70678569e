/* Inside dump/: what a file is, by its first bytes. */
#ifndef PGRETAIN_DUMP_SNIFF_H
#define PGRETAIN_DUMP_SNIFF_H

#include "dump/codec.h"

/* Sets format and wrapper of dump, whose file is open. */
bool sniff_file(struct dump *dump, struct diag *d) must_use;

/* The bytes of a tar or plain file, out of its wrapper. */
struct unwrapped {
	struct in in;			/* what to read */
	struct in file;
	struct source source;		/* decoded; the file's own pieces are `raw` */
	struct source raw;
	struct decoder *dec;
	uint8_t *buf;
};
void unwrap(struct unwrapped *u, const struct dump *dump, int fd);
void unwrap_done(struct unwrapped *u);

/* tar.c: is this a tar's first header? */
#define TAR_BLOCK 512
bool tar_is_header(const uint8_t *block);

#endif
