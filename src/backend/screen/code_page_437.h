// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The VGA's characters on other terminals.
#ifndef BACKEND_SCREEN_CODE_PAGE_437_H
#define BACKEND_SCREEN_CODE_PAGE_437_H

#include <stdint.h>

/* As Unicode, the control codes as the pictures that the VGA has for them. */
extern const uint16_t code_page_437_unicode[256];
/* The nearest in ASCII. */
char code_page_437_ascii(uint8_t character);

#endif
