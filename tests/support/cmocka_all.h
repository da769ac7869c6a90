/* cmocka's header needs these first, in this order. */
#ifndef PP_TESTS_CMOCKA_ALL_H
#define PP_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
