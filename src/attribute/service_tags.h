/* service_tags: Microsoft's weekly "Azure IP Ranges and Service Tags" JSON, for attribution by address.
 *
 * Errors  PP_MALFORMED with what is wrong; read by jansson.
 * Limits  PP_SERVICE_TAG_PREFIXES_MAX prefixes.
 */
#ifndef PP_ATTRIBUTE_SERVICE_TAGS_H
#define PP_ATTRIBUTE_SERVICE_TAGS_H

#include "attribute/catalogue.h"

enum { PP_SERVICE_TAG_PREFIXES_MAX = 1 << 20 };

struct pp_service_tags;

enum pp_err PP_MUST_CHECK pp_service_tags_read(struct pp_service_tags **ret_tags, const char *file, struct pp_span json,
					       struct pp_data_error *ret_error);
void pp_service_tags_free(struct pp_service_tags *tags);
/* The name of the most specific tag ("AzureActiveDirectory", "Storage.JapanEast"; longest prefix, then a tag that names
 * a service over plain AzureCloud, then the regional one) and the category it stands for, or NULL. */
const char *pp_service_tags_find(const struct pp_service_tags *tags, const struct pp_addr *addr,
				 const char **ret_category);

#endif
