/* unnamed: a file without a name in TMPDIR (or /tmp), gone when it is closed; private to platform/linux/. */
#ifndef PP_PLATFORM_LINUX_UNNAMED_H
#define PP_PLATFORM_LINUX_UNNAMED_H

int pp_unnamed_file(void); /* a descriptor, mode 0600; -1 with errno */

#endif
