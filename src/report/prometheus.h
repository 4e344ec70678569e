/* Prometheus text exposition format, version 0.0.4. */
#ifndef PGRETAIN_REPORT_PROMETHEUS_H
#define PGRETAIN_REPORT_PROMETHEUS_H

#include "base/strbuf.h"

struct prom_label {
	const char *name, *value;	/* value NULL: the label is left out */
};

/* # HELP and # TYPE; all samples of a metric follow its head at once. type: "gauge" or "counter". */
void prom_head(struct strbuf *sb, const char *metric, const char *type, const char *help);
/* number: as written in a sample ("17", "1.9"). Label values are escaped. */
void prom_sample(struct strbuf *sb, const char *metric, const struct prom_label *labels, size_t nlabels,
		 const char *number);

#endif
