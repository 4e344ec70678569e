#include "report/prometheus.h"

void prom_head(struct strbuf *sb, const char *metric, const char *type, const char *help)
{
	strbuf_addf(sb, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

static void add_escaped(struct strbuf *sb, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			strbuf_adds(sb, "\\n");
		else if (*value == '"' || *value == '\\')
			strbuf_addf(sb, "\\%c", *value);
		else
			strbuf_addc(sb, *value);
	}
}

void prom_sample(struct strbuf *sb, const char *metric, const struct prom_label *labels, size_t nlabels,
		 const char *number)
{
	const char *lead = "{";

	strbuf_adds(sb, metric);
	for (size_t i = 0; i < nlabels; i++) {
		if (!labels[i].value)
			continue;
		strbuf_addf(sb, "%s%s=\"", lead, labels[i].name);
		add_escaped(sb, labels[i].value);
		strbuf_addc(sb, '"');
		lead = ",";
	}
	strbuf_addf(sb, "%s %s\n", *lead == ',' ? "}" : "", number);
}
