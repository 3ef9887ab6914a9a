// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The handler of SMIs.
#include "smm.h"

__asm__(".intel_syntax noprefix\n.text\n.globl smi_handler, smi_handler_end\n"
        "smi_handler: .code16\n"
        "mov [0x9004], eax\n"
        "mov esp, 0x9f00\n"
        "pushfd\n"
        "pop dword ptr [0x9010]\n"
        "inc dword ptr [0x9000]\n"
        "mov eax, cr0\n"
        "mov [0x9008], eax\n"
        "mov eax, cr4\n"
        "mov [0x900c], eax\n"
        "xor eax, eax\n"
        "mov ax, cs\n"
        "mov [0x9014], eax\n"
        "mov ax, ds\n"
        "mov bx, es\n"
        "or ax, bx\n"
        "mov bx, ss\n"
        "or ax, bx\n"
        "mov bx, fs\n"
        "or ax, bx\n"
        "mov bx, gs\n"
        "or ax, bx\n"
        "mov [0x9018], eax\n"
        "mov eax, dr7\n"
        "mov [0x901c], eax\n"
        "mov ebx, 0x600000\n"
        "mov eax, [ebx]\n" /* limits are 4 GiB */
        "mov [0x9020], eax\n"
        "call 1f\n"
        "1: pop ax\n"
        "sub ax, offset 1b - smi_handler\n"
        "mov [0x9024], ax\n"
        "mov ebp, [0x9030]\n"
        "lea esi, [ebp + 0xfe00]\n"
        "mov edi, 0x9100\n"
        "mov ecx, 0x80\n"
        "cld\n"
        "addr32 rep movsd\n"
        "mov eax, [0x9034]\n"
        "test al, 1\n"
        "jz 2f\n"
        "mov dword ptr [ebp + 0xffdc], 0xfeedbeef\n"
        "mov ebx, [0x9038]\n"
        "add [ebp + 0xfff0], ebx\n"
        "2: test al, 2\n"
        "jz 3f\n"
        "mov ebx, [0x903c]\n"
        "mov [ebp + 0xfef8], ebx\n"
        "3: test al, 4\n"
        "jz 4f\n"
        "mov word ptr [ebp + 0xff02], 0\n"
        "4: test al, 0x18\n"
        "jz 7f\n"
        "mov ebx, 0xfee00020\n"
        "mov ecx, [ebx]\n"
        "mov ebx, 0xfee00310\n"
        "mov [ebx], ecx\n"
        "mov ebx, 0xfee00300\n"
        "test al, 8\n"
        "jz 5f\n"
        "mov dword ptr [ebx], 0x4400\n"
        "5: test al, 16\n"
        "jz 7f\n"
        "mov dword ptr [ebx], 0x4200\n"
        "and dword ptr [0x9034], 0xffffffef\n"
        "7: test byte ptr [0x9034], 32\n"
        "jz 8f\n"
        "mov ebx, 0x2a\n"
        "call set_d_cls\n"
        "mov eax, [ebp + 0x8000]\n"
        "mov [0x9040], eax\n"
        "mov dword ptr [ebp + 0x9000], 0x12345678\n"
        "mov ebx, 0x0a\n"
        "call set_d_cls\n"
        "mov eax, [ebp + 0x8000]\n"
        "mov [0x9044], eax\n"
        "mov eax, [ebp + 0x9000]\n"
        "mov [0x9048], eax\n"
        "8: test byte ptr [0x9034], 64\n"
        "jz 9f\n"
        "or dword ptr [ebp + 0xfffc], 0x20000000\n" /* CR0.NW without CD */
        "9: rsm\n"
        "set_d_cls: mov dx, 0xcf8\n"
        "mov eax, 0x80000070\n"
        "out dx, eax\n"
        "mov dl, 0xfe\n"
        "mov al, bl\n"
        "out dx, al\n"
        "ret\n"
        ".code32\n"
        "smi_handler_end:\n.att_syntax\n");

uint32_t smi_ebx, smi_edi;
CODE(smi_by_port,
     "mov ebx, 0x11223344; mov edi, 0x55667788; mov ecx, 0x99aabbcc; mov al, 0x55; out 0xb2, al;"
     ".globl smi_behind; smi_behind: nop; nop; nop; nop; mov smi_ebx, ebx; mov smi_edi, edi");

uint32_t field(unsigned offset)
{
    return load32(MAP + offset - 0x7e00);
}

void set_smram(uint32_t v)
{
    pci_write(0, 0x72, (pci_read(0, 0x72) & ~0xff0000u) | v << 16);
}

uint32_t smram(void)
{
    return pci_read(0, 0x72) >> 16 & 0xff;
}

void place_handler(uint32_t smbase)
{
    for (uint8_t *p = smi_handler; p < smi_handler_end; p++)
        store8(smbase + 0x8000 + (uint32_t)(p - smi_handler), *p);
}

void smm_begin(unsigned orders)
{
    if (has(HAS_APIC))
        apic_init();
    pic_init(0);
    count_interrupts(0);
    set_smram(SMRAM_OPEN);
    place_handler(0xa0000);
    set_smram(SMRAM_CLOSED);
    pci_write(0x0b, 0x58, pci_read(0x0b, 0x58) | 1 << 25); /* PIIX4: APMC_EN */
    uint16_t pm = pci_read(0x0b, 0x40) & 0xffc0;
    outl((uint16_t)(pm + 0x28), inl((uint16_t)(pm + 0x28)) | 1); /* SMI_EN */
    store32(COUNT, 0);
    store32(SMBASE, 0xa0000);
    store32(ORDERS, orders);
    store32(SKIP, 0);
    store32(0x600000, 0x600d600d);
}
