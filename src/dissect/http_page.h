/* http_page: recognises the pages that filters and proxies put in place of an answer.
 *
 * Shape   in: the first bytes of a body, not compressed.  out: one enum.
 * Source  texts of the products' default pages; one row each in http_page.c.
 */
#ifndef PP_DISSECT_HTTP_PAGE_H
#define PP_DISSECT_HTTP_PAGE_H

#include "base/cur.h"
#include "dissect/http_facts.h"

enum pp_page pp_http_page(struct pp_span body);

#endif
