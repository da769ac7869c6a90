/* builtin: the files of filters/ as the build embeds them (tools/embed.py). */
#ifndef PP_ATTRIBUTE_BUILTIN_H
#define PP_ATTRIBUTE_BUILTIN_H

#include <stddef.h>

extern const unsigned char pp_builtin_endpoints[];
extern const size_t pp_builtin_endpoints_len;
extern const unsigned char pp_builtin_agents[];
extern const size_t pp_builtin_agents_len;
extern const unsigned char pp_builtin_issuers[];
extern const size_t pp_builtin_issuers_len;

#endif
