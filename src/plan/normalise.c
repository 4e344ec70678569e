/* Spellings of one identifier: the server brings both sides into the same form, so that they are
 * compared alike whoever wrote them. */
#include "plan/subject.h"

#include "plan/calling.h"

static void e164(struct strbuf *sb, const char *expr, const char *country)
{
	const char *code = country ? calling_code(country) : NULL;
	const char *digits = "'[^0-9]', '', 'g')";

	/* +44 (0)20: the nought in brackets is for those who dial at home */
	strbuf_addf(sb, "CASE WHEN %s ~ '^[^0-9]*[+]' THEN '+' || pg_catalog.regexp_replace(pg_catalog.replace(%s, '(0)', ''), %s "
		    "WHEN %s ~ '^[^0-9+]*00' THEN '+' || pg_catalog.regexp_replace(pg_catalog.regexp_replace(%s, '^[^0-9+]*00', ''), %s ELSE ",
		    expr, expr, digits, expr, expr, digits);
	if (code)
		strbuf_addf(sb, "'+%s' || pg_catalog.regexp_replace(pg_catalog.regexp_replace(%s, %s, '%s', '') END", code, expr,
			    digits, calling_keeps_nought(country) ? "^$" : "^0+");
	else
		strbuf_addf(sb, "pg_catalog.regexp_replace(%s, %s END", expr, digits);
}

void subject_normalise(struct strbuf *sb, const struct identifier *id, const char *expr)
{
	AUTO_STRBUF text = STRBUF_INIT;

	strbuf_addf(&text, "(%s)::text", expr);
	if (!id->normalise)
		strbuf_adds(sb, strbuf_str(&text));
	else if (streq(id->normalise, "email"))
		strbuf_addf(sb, "pg_catalog.lower(normalize(pg_catalog.btrim(%s, E' \\t\\n\\r'), NFC))", strbuf_str(&text));
	else if (streq(id->normalise, "trim"))
		strbuf_addf(sb, "pg_catalog.btrim(%s, E' \\t\\n\\r')", strbuf_str(&text));
	else if (streq(id->normalise, "case"))
		strbuf_addf(sb, "pg_catalog.lower(%s)", strbuf_str(&text));
	else if (streq(id->normalise, "nfc"))
		strbuf_addf(sb, "normalize(%s, NFC)", strbuf_str(&text));
	else if (streq(id->normalise, "e164"))
		e164(sb, strbuf_str(&text), id->country);
	else
		bug(__FILE__, __LINE__, "a normalisation without a form");
}
