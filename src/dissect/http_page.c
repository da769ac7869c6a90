#include "dissect/http_page.h"

#include "dissect/http_text.h"

#include <limits.h>

/* Both texts must occur, in any order and case; they are lower case here.  The first row that fits counts, so what
 * names its author best stands first.  A text must be one that only the page itself says: a product's name alone is
 * enough only where nobody else writes about it. */
static const struct row {
	enum pp_page page;
	const char *text[2];
} rows[] = {
	{ PP_PAGE_AZURE_FIREWALL, { "action: deny", "request from" } },
	{ PP_PAGE_SQUID, { "the requested url could not be retrieved", NULL } },
	{ PP_PAGE_SQUID, { "<body id=\"err_", NULL } },
	{ PP_PAGE_SQUID, { "<body id=err_", NULL } },
	{ PP_PAGE_BLOCK, { "fortiguard intrusion prevention", NULL } },
	{ PP_PAGE_BLOCK, { "fortiguard web filtering", NULL } },
	{ PP_PAGE_BLOCK, { "//globalurl.fortinet.net", NULL } },
	{ PP_PAGE_BLOCK, { "<title>web filter violation", NULL } },
	{ PP_PAGE_BLOCK, { "violation of your internet usage policy", NULL } },
	{ PP_PAGE_BLOCK, { "web page blocked", NULL } }, /* FortiGate, Palo Alto */
	{ PP_PAGE_BLOCK, { "application blocked", "company policy" } },
	{ PP_PAGE_BLOCK, { "in accordance with company policy", NULL } },
	{ PP_PAGE_BLOCK, { "internet security by zscaler", NULL } },
	{ PP_PAGE_BLOCK, { "zscaler to protect you", NULL } },
	{ PP_PAGE_BLOCK, { "zscaler", "blocked" } },
	{ PP_PAGE_BLOCK, { "access denied (policy_denied)", NULL } }, /* Blue Coat ProxySG */
	{ PP_PAGE_BLOCK, { "access denied (content_filter_denied)", NULL } },
	{ PP_PAGE_BLOCK, { "denied because of its content categorization", NULL } },
	{ PP_PAGE_BLOCK, { "your system policy has denied access", NULL } },
	{ PP_PAGE_BLOCK, { "symantec web security service", NULL } },
	{ PP_PAGE_BLOCK, { "mcafee web gateway", NULL } },
	{ PP_PAGE_BLOCK, { "skyhigh secure web gateway", NULL } },
	{ PP_PAGE_BLOCK, { "sophos", "blocked" } },
	{ PP_PAGE_BLOCK, { "cisco umbrella", "blocked" } },
	{ PP_PAGE_BLOCK, { "block.opendns.com", NULL } },
	{ PP_PAGE_BLOCK, { "your organization's access policies", NULL } }, /* Cisco Web Security Appliance */
	{ PP_PAGE_BLOCK, { "websense", "blocked" } },
	{ PP_PAGE_BLOCK, { "forcepoint", "blocked" } },
	{ PP_PAGE_BLOCK, { "blockpage.cgi?ws-session", NULL } },
	{ PP_PAGE_BLOCK, { "check point", "usercheck" } },
	{ PP_PAGE_BLOCK, { "netskope", "blocked" } },
	{ PP_PAGE_BLOCK, { "barracuda", "blocked" } },
	{ PP_PAGE_BLOCK, { "sonicwall", "blocked" } },
	{ PP_PAGE_BLOCK, { "denied by watchguard", NULL } },
	{ PP_PAGE_BLOCK, { "interscan web security", NULL } },
	{ PP_PAGE_BLOCK, { "trend micro", "url blocked" } },
	{ PP_PAGE_BLOCK, { "iboss", "blocked" } },
	{ PP_PAGE_BLOCK, { "dansguardian", "denied" } },
	{ PP_PAGE_BLOCK, { "e2guardian", "denied" } },
	{ PP_PAGE_BLOCK, { "violates network policy", NULL } }, /* Untangle */
	{ PP_PAGE_BLOCK, { "<title>i-filter", NULL } },
	{ PP_PAGE_BLOCK, { "intersafe webfilter", NULL } },
	{ PP_PAGE_BLOCK, { "blocked by your administrator", NULL } },
	{ PP_PAGE_BLOCK, { "blocked by the network administrator", NULL } },
	{ PP_PAGE_BLOCK, { "blocked by your organization", NULL } },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

_Static_assert(2 * ROWS <= UINT8_MAX, "a text has a number of eight bits");

/* The texts by the character they begin with, so that most places of a page are passed over with one look. */
struct beginnings {
	uint8_t first[UCHAR_MAX + 1], next[2 * ROWS]; /* 2 * row + text + 1; 0: no further */
};

static struct beginnings row_beginnings(void)
{
	struct beginnings begins = { .first = { 0 } };

	for (size_t i = 0; i < 2 * ROWS; i++) {
		const char *text = rows[i / 2].text[i % 2];

		if (!text)
			continue;
		begins.next[i] = begins.first[(uint8_t)text[0]];
		begins.first[(uint8_t)text[0]] = (uint8_t)(i + 1);
	}
	return begins;
}

static void look_here(struct pp_cur cur, const struct beginnings *begins, bool found[ROWS][2])
{
	uint8_t i = begins->first[pp_text_lower((uint8_t)pp_cur_peek(&cur, 0))];
	struct pp_span here = pp_cur_rest(&cur);

	for (; i > 0; i = begins->next[i - 1]) {
		bool *its = &found[(i - 1) / 2][(i - 1) % 2];

		*its = *its || pp_text_begins(here, rows[(i - 1) / 2].text[(i - 1) % 2]);
	}
}

enum pp_page pp_http_page(struct pp_span body)
{
	struct beginnings begins = row_beginnings();
	bool found[ROWS][2] = { { false, false } };
	struct pp_cur cur = pp_cur_span(body, PP_MORE);

	for (; pp_cur_left(&cur) > 0; pp_cur_skip(&cur, 1))
		look_here(cur, &begins, found);
	for (size_t i = 0; i < ROWS; i++) {
		if (found[i][0] && (found[i][1] || !rows[i].text[1]))
			return rows[i].page;
	}
	return PP_PAGE_NONE;
}
