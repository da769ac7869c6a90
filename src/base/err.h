/* err: one enum for every outcome, one table of texts.
 *
 * The first group is about the traffic and never stops a run: it becomes a fact.  The second is about us and travels
 * up to the command line, the only place that prints.
 */
#ifndef PP_BASE_ERR_H
#define PP_BASE_ERR_H

#define PP_ERR_LIST(X)                                                                                                 \
	X(PP_OK, "no error")                                                                                           \
	X(PP_MORE, "more bytes are needed")                                                                            \
	X(PP_TRUNCATED, "cut off by the capture")                                                                      \
	X(PP_MALFORMED, "malformed")                                                                                   \
	X(PP_UNSUPPORTED, "not supported")                                                                             \
	X(PP_END, "end of input")                                                                                      \
	X(PP_LIMIT, "a limit was reached")                                                                             \
	X(PP_NOMEM, "out of memory")                                                                                   \
	X(PP_IO, "input or output failed")                                                                             \
	X(PP_NOTCAPTURE, "not a capture file")                                                                         \
	X(PP_EMPTY, "empty")                                                                                           \
	X(PP_CUT, "cut short")                                                                                         \
	X(PP_PACKED, "packed in a way that is not read")                                                               \
	X(PP_TRACE, "a Windows event trace")                                                                           \
	X(PP_FOREIGN, "a capture in a format that is not read")                                                        \
	X(PP_USAGE, "wrong usage")

enum pp_err {
#define PP_ERR_ENUM(id, text) id,
	PP_ERR_LIST(PP_ERR_ENUM)
#undef PP_ERR_ENUM
};

#define PP_MUST_CHECK __attribute__((warn_unused_result))
/* A way off the one that nearly every packet takes: kept out of it, so that it stays short. */
#define PP_SELDOM __attribute__((noinline, cold))
/* A way of its own that many take: kept out of its caller, so that this stays short. */
#define PP_APART __attribute__((noinline))
/* A piece of a way that has a name only to be read: no call of its own. */
#define PP_ALWAYS __attribute__((always_inline)) inline

/* English text of a code, static; never NULL. */
const char *pp_err_text(enum pp_err err);

#endif
