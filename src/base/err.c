#include "base/err.h"

#include <stddef.h>

const char *pp_err_text(enum pp_err err)
{
	static const char *const text[] = {
#define PP_ERR_TEXT(id, words) [id] = words,
		PP_ERR_LIST(PP_ERR_TEXT)
#undef PP_ERR_TEXT
	};

	return (size_t)err < sizeof(text) / sizeof(text[0]) ? text[err] : "unknown error";
}
