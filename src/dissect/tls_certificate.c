#include "dissect/tls_certificate.h"

void pp_tls_certificate_read(struct pp_cur cur, struct pp_tls_chain *ret_chain)
{
	struct pp_cur list = pp_cur_sub_clip(&cur, pp_cur_u24(&cur));

	*ret_chain = (struct pp_tls_chain){ 0 };
	while (pp_cur_left(&list) > 0) {
		struct pp_span der = pp_cur_take(&list, pp_cur_u24(&list));

		if (!pp_cur_ok(&list))
			break;
		if (ret_chain->count < PP_TLS_CERTIFICATES_MAX)
			ret_chain->der[ret_chain->count++] = der;
		else
			ret_chain->clipped = true;
	}
	ret_chain->cut = pp_cur_finish(&cur) != PP_OK || !pp_cur_ok(&list);
}
