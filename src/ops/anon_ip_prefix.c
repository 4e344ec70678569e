/* ip_prefix: the network an address is in. Host bits are cleared under a shorter mask too: 10.1.2.3/16
 * would keep its 2.3 otherwise. */
#include <arpa/inet.h>

#include "ops/anon_op.h"

/* More bits name one subscriber: a whole IPv4 address, more than the routed half of an IPv6 one. */
#define V4_MAX 31
#define V6_MAX 64

struct ip_prefix {
	int v4, v6;
	bool is_cidr;
};

struct address {
	bool is_v6;
	int bits;
	unsigned char bytes[16];
};

static bool ip_prefix_accepts(const struct anon_column *col)
{
	static const char *const names[] = { "inet", "cidr", NULL };

	return anon_base_in(col, names);
}

static bool ip_prefix_bind(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d)
{
	struct ip_prefix *p = arena_alloc(a, sizeof(*p));

	*p = (struct ip_prefix){ .v4 = 24, .v6 = 48, .is_cidr = streq(an->col.base, "cidr") };
	an->bound = p;
	return anon_param_int(an, op, "v4", 0, V4_MAX, &p->v4, d) &&
	       anon_param_int(an, op, "v6", 0, V6_MAX, &p->v6, d);
}

static void ip_prefix_sql(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct ip_prefix *p = an->bound;

	strbuf_adds(sb, "network(set_masklen(");
	anon_sql_column(an, r, sb);
	strbuf_adds(sb, ", least(masklen(");
	anon_sql_column(an, r, sb);
	strbuf_adds(sb, "), CASE family(");
	anon_sql_column(an, r, sb);
	strbuf_addf(sb, ") WHEN 4 THEN %d ELSE %d END)))", p->v4, p->v6);
}

static bool read_bits(const char *s, int max, int *ret)
{
	int n = 0;

	if (!*s || strlen(s) > 3)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		n = n * 10 + (*s - '0');
	}
	*ret = n;
	return n <= max;
}

static bool read_address(struct anon_field value, struct address *ret)
{
	char text[INET6_ADDRSTRLEN + 5], *slash;
	int max;

	if (value.len >= sizeof(text))
		return false;
	memcpy(text, value.text, value.len);
	text[value.len] = '\0';
	ret->is_v6 = strchr(text, ':') != NULL;
	ret->bits = max = ret->is_v6 ? 128 : 32;
	slash = strchr(text, '/');
	if (slash) {
		*slash = '\0';
		if (!read_bits(slash + 1, max, &ret->bits))
			return false;
	}
	return inet_pton(ret->is_v6 ? AF_INET6 : AF_INET, text, ret->bytes) == 1;
}

static void cut(struct address *x, int bits)
{
	int size = x->is_v6 ? 16 : 4;

	if (x->bits > bits)
		x->bits = bits;
	for (int i = 0; i < size; i++) {
		int kept = x->bits - i * 8;

		if (kept <= 0)
			x->bytes[i] = 0;
		else if (kept < 8)
			x->bytes[i] &= (unsigned char)(0xFF << (8 - kept));
	}
}

static bool ip_prefix_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
			    struct strbuf *out, bool *same, struct diag *d)
{
	const struct ip_prefix *p = an->bound;
	char text[INET6_ADDRSTRLEN];
	struct address x = { 0 }, y;

	(void)keys;
	if (!read_address(value, &x))
		return anon_unreadable(an, d);
	y = x;
	cut(&y, x.is_v6 ? p->v6 : p->v4);
	BUG_ON(!inet_ntop(y.is_v6 ? AF_INET6 : AF_INET, y.bytes, text, sizeof(text)));
	strbuf_addf(out, "%s/%d", text, y.bits);
	*same = x.bits == y.bits && memcmp(x.bytes, y.bytes, sizeof(x.bytes)) == 0;
	return true;
}

const struct anon_operator anon_op_ip_prefix = {
	.name = "ip_prefix",
	.face = ANON_GENERALIZES,
	.types = "inet and cidr",
	.params = {
		{ "v4", false, false, "bits of IPv4 that stay, 0 to 31, else 24" },
		{ "v6", false, false, "bits of IPv6 that stay, 0 to 64, else 48" },
	},
	.accepts = ip_prefix_accepts,
	.bind = ip_prefix_bind,
	.sql = ip_prefix_sql,
	.apply = ip_prefix_apply,
};
