# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Products of firmware/ that are part of the program.
        .section .rodata
        .globl kernel_boot_rom, kernel_boot_rom_end, dsdt_aml, dsdt_aml_end
        .hidden kernel_boot_rom, kernel_boot_rom_end, dsdt_aml, dsdt_aml_end
        .balign 16
kernel_boot_rom:
        .incbin "kernel_boot.bin"
kernel_boot_rom_end:
        .balign 16
dsdt_aml:
        .incbin "dsdt.aml"
dsdt_aml_end:
        .section .note.GNU-stack, "", @progbits
