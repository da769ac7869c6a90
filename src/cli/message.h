/* message: diagnostics, one line each, on standard error: what, where, what to do. */
#ifndef PP_CLI_MESSAGE_H
#define PP_CLI_MESSAGE_H

/* "pathproof: WHAT\n".  Control characters, as file names may hold them, are shown and not obeyed. */
void pp_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
