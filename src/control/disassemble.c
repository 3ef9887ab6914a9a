// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The disassembler library, asked for one instruction or a block.
#include "control/disassemble.h"

#include <stdio.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "base/bits.h"
#include "base/log.h"
#include "cpu/insn.h"

unsigned disassemble_line(char text[DISASSEMBLE_TEXT], uint64_t address, const uint8_t *bytes,
                          size_t available, unsigned code_size)
{
    enum { BYTES_SHOWN = 11, BYTES_WIDTH = 3 * BYTES_SHOWN };
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    char hex[3 * ZYDIS_MAX_INSTRUCTION_LENGTH + 1] = "", name[96];

    if (code_size == 64)
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    else if (code_size == 32)
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    else
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, available, &insn, operands)))
        return 0;
    for (unsigned n = 0; n < insn.length; n++)
        snprintf(hex + 3 * n, 4, "%02x ", bytes[n]);
    if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &insn, operands,
                                                      insn.operand_count_visible, name, sizeof name,
                                                      address, NULL)))
        snprintf(name, sizeof name, "?");
    snprintf(text, DISASSEMBLE_TEXT, "0x%08llx:  %-*s %s", (unsigned long long)address, BYTES_WIDTH,
             hex, name);
    return insn.length;
}

void disassemble_block(const struct log *log, uint64_t address, const uint8_t *bytes,
                       unsigned length, unsigned mode)
{
    unsigned code_size = mode & MODE_CS64 ? 64 : mode & MODE_CS32 ? 32 : 16;
    char text[DISASSEMBLE_TEXT];
    while (length > 0) {
        unsigned size = disassemble_line(text, address, bytes, length, code_size);
        if (size == 0) {
            snprintf(text, sizeof text, "0x%08llx:  %02x  (bad)", (unsigned long long)address,
                     *bytes);
            size = 1;
        }
        log_write(log, "%s\n", text);
        address += size, bytes += size, length -= size;
    }
}
