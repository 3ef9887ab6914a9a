// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// System-management mode: entry, the saved state, RSM, SMRAM of the i440FX.
#include "board.h"

/* The handler's results and orders, in RAM that it sees in SMM as everybody does. */
enum {
    COUNT = 0x9000,
    EAX = 0x9004,
    IN_CR0 = 0x9008,
    IN_CR4 = 0x900c,
    IN_EFLAGS = 0x9010,
    IN_CS = 0x9014,
    IN_DATA = 0x9018,
    IN_DR7 = 0x901c,
    IN_HIGH = 0x9020,
    IN_EIP = 0x9024,
    SMBASE = 0x9030,
    ORDERS = 0x9034,
    SKIP = 0x9038,
    NEW_SMBASE = 0x903c,
    CLOSED = 0x9040,  /* what data at SMBASE + 8000h was with D_CLS, and without it again */
    WRITTEN = 0x9048, /* and what a store with D_CLS had come to */
    MAP = 0x9100      /* a copy of the upper 512 bytes of the state save map */
};
enum {
    CHANGE_EBX = 1,
    RELOCATE = 2,
    NO_RESTART = 4,
    NMI_INSIDE = 8,
    SMI_INSIDE = 16,
    CLOSE_DATA = 32,
    BREAK_STATE = 64
};

/* The architectural fields: SDM 3C table 34-1. */
enum {
    F_CR0 = 0x7ffc,
    F_CR3 = 0x7ff8,
    F_EFLAGS = 0x7ff4,
    F_EIP = 0x7ff0,
    F_EDI = 0x7fec,
    F_EBX = 0x7fdc,
    F_ECX = 0x7fd4,
    F_EAX = 0x7fd0,
    F_DR7 = 0x7fc8,
    F_TR = 0x7fc4,
    F_LDTR = 0x7fc0,
    F_GS = 0x7fbc,
    F_FS = 0x7fb8,
    F_DS = 0x7fb4,
    F_SS = 0x7fb0,
    F_CS = 0x7fac,
    F_ES = 0x7fa8,
    F_HALT = 0x7f00, /* in its upper half */
    F_REVISION = 0x7efc,
    F_SMBASE = 0x7ef8
};

extern uint8_t smi_handler[], smi_handler_end[];
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
     "smi_behind: nop; nop; nop; nop; mov smi_ebx, ebx; mov smi_edi, edi");
CODE(smi_user, "mov al, 0x55; out 0xb2, al; smi_user_behind: nop; nop; mov eax, cs; int 0x30");
CODE(rsm, ".byte 0x0f, 0xaa");

extern char smi_behind[], smi_user_behind[];

static uint32_t field(unsigned offset)
{
    return load32(MAP + offset - 0x7e00);
}

enum { SMRAM_OPEN = 0x4a, SMRAM_CLOSED = 0x0a, SMRAM_LOCKED = 0x1a };

static void set_smram(uint32_t v)
{
    pci_write(0, 0x72, (pci_read(0, 0x72) & ~0xff0000u) | v << 16);
}

static uint32_t smram(void)
{
    return pci_read(0, 0x72) >> 16 & 0xff;
}

static void place_handler(uint32_t smbase)
{
    for (uint8_t *p = smi_handler; p < smi_handler_end; p++)
        store8(smbase + 0x8000 + (uint32_t)(p - smi_handler), *p);
}

/* Our handler in place of the firmware's, whose SMBASE is A0000h; SMIs by port B2h. */
static void begin(unsigned orders)
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

TEST(smm_entry_state, "SDM 3C 34.5.1, table 34-4")
{
    begin(0);
    set_cr0(CR0_TS | CR0_NE, 0);
    set_cr4(CR4_DE, 0);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    EQUAL(load32(IN_CR0) & (CR0_PE | CR0_EM | CR0_TS | CR0_PG), 0);
    EQUAL(load32(IN_CR0) & CR0_NE, CR0_NE); /* the others stay */
    EQUAL(load32(IN_CR4), 0);
    EQUAL(load32(IN_EFLAGS), 2);
    EQUAL(load32(IN_CS), 0xa000);
    EQUAL(load32(IN_EIP) & 0xffff, 0x8000);
    EQUAL(load32(IN_DATA), 0);
    EQUAL(load32(IN_DR7), 0x400);
    EQUAL(load32(IN_HIGH), 0x600d600d);
    EQUAL(cr0() & (CR0_TS | CR0_NE), CR0_TS | CR0_NE);
    EQUAL(cr4(), CR4_DE);
}

TEST(smm_saved_state, "SDM 3C 34.4.1, 34.9, 34.11, table 34-1")
{
    begin(0);
    SET_DR(7, 0x401);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(field(F_EIP), smi_behind);
    EQUAL(field(F_EAX) & 0xff, 0x55);
    EQUAL(field(F_EBX), 0x11223344);
    EQUAL(field(F_ECX), 0x99aabbcc);
    EQUAL(field(F_EDI), 0x55667788);
    EQUAL(field(F_CR0), cr0());
    EQUAL(field(F_CR3), 0);
    EQUAL(field(F_DR7), 0x401);
    EQUAL(field(F_EFLAGS) & (EFLAGS_IF | 2), 2);
    EQUAL(field(F_TR) & 0xffff, TSS_SEL);
    EQUAL(field(F_LDTR) & 0xffff, 0);
    EQUAL(field(F_CS) & 0xffff, CODE0);
    EQUAL(field(F_DS) & 0xffff, DATA0);
    EQUAL(field(F_SS) & 0xffff, DATA0);
    EQUAL(field(F_ES) & 0xffff, DATA0);
    EQUAL(field(F_GS) & 0xffff, 0);
    EQUAL(field(F_REVISION) & 0x20000, 0x20000); /* SMBASE can be relocated */
    EQUAL(field(F_SMBASE), 0xa0000);
    EQUAL(field(F_HALT) >> 16 & 1, 0);
    EQUAL(smi_ebx, 0x11223344);
    EQUAL(smi_edi, 0x55667788);
    uint32_t dr7;
    __asm__ volatile("movl %%dr7, %0" : "=r"(dr7));
    EQUAL(dr7, 0x401);
}

TEST(rsm_loads_what_was_written, "SDM 3C 34.3.2, 34.4.1")
{
    begin(CHANGE_EBX);
    store32(SKIP, 2);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(smi_ebx, 0xfeedbeef);
    EQUAL(smi_edi, 0x55667788);
}

TEST(rsm_outside_smm, "SDM 2 RSM; SDM 3C 34.3.2")
{
    RAISES(rsm, EXC_UD, 0);
    EQUAL(last.eip, rsm);
}

TEST(smi_at_level_3, "SDM 3C 34.3")
{
    begin(0);
    tss.io[0xb2 / 8] = 0;
    EQUAL(try_user(smi_user, 0), BACK);
    EQUAL(load32(COUNT), 1);
    EQUAL(last.eax, CODE3);
    EQUAL(last.cs, CODE3);
    EQUAL(last.ss, DATA3);
    EQUAL(field(F_CS) & 0xffff, CODE3);
    EQUAL(field(F_EIP), smi_user_behind);
}

TEST(smi_with_paging, "SDM 3C 34.3.2, 34.5.1")
{
    static uint32_t directory[1024] __attribute__((aligned(4096)));
    begin(0);
    for (unsigned n = 0; n < 1024; n++)
        directory[n] = n << 22 | 0x83;
    directory[2] = 0x400083; /* linear 800000h shows 400000h, here and not in SMM */
    set_cr4(CR4_PSE, 0);
    set_cr3(directory);
    set_cr0(CR0_PG, 0);
    store32(0x800000, 0xcafecafe);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    EQUAL(load32(IN_CR0) & CR0_PG, 0);
    EQUAL(field(F_CR3), directory);
    EQUAL(cr0() & CR0_PG, CR0_PG);
    EQUAL(cr4(), CR4_PSE);
    EQUAL(load32(0x800000), 0xcafecafe);
    EQUAL(load32(0x400000), 0xcafecafe);
}

TEST(smbase_relocation, "SDM 3C 34.11")
{
    begin(RELOCATE);
    store32(NEW_SMBASE, 0x500000);
    place_handler(0x500000);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(field(F_SMBASE), 0xa0000);
    store32(SMBASE, 0x500000);
    store32(NEW_SMBASE, 0xa0000);
    EQUAL(try_call(smi_by_port), -1); /* there, and back */
    EQUAL(load32(COUNT), 2);
    EQUAL(field(F_SMBASE), 0x500000);
    EQUAL(field(F_EIP), smi_behind);
    EQUAL(load32(IN_HIGH), 0x600d600d);
    store32(SMBASE, 0xa0000);
    store32(ORDERS, 0);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 3);
    EQUAL(field(F_SMBASE), 0xa0000);
}

static void at_nmi(struct frame *f)
{
    if (f->vector == EXC_NMI)
        store32(0x9080, load32(COUNT));
}

TEST(nmi_waits_for_rsm, "SDM 3C 34.8")
{
    if (!has(HAS_APIC))
        return;
    begin(NMI_INSIDE);
    count_interrupts(at_nmi);
    store32(0x9080, 0);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    EQUAL(came[EXC_NMI], 1);
    EQUAL(load32(0x9080), 1);
    EQUAL(order_count, 1);
}

TEST(smi_within_smi, "SDM 3C 34.2, 34.3.1")
{
    if (!has(HAS_APIC))
        return;
    begin(SMI_INSIDE);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 2); /* one after the other */
    EQUAL(smi_ebx, 0x11223344);
}

TEST(smi_by_apic_message, "SDM 3A 10.6.1; 3C 34.2")
{
    if (!has(HAS_APIC))
        return;
    begin(0);
    apic_send(ICR_SMI);
    EQUAL(WAIT(load32(COUNT)), true);
    EQUAL(load32(COUNT), 1);
}

/*
 * HLT that an SMI interrupts: the handler decides whether it goes on. The timer's interrupt ends it
 * else. On a busy host the SMI may come before the HLT: once more.
 */
static uint32_t halt_with(unsigned orders, uint32_t backup)
{
    for (unsigned n = 0; n < 50; n++) {
        begin(orders);
        count_interrupts(apic_eoi);
        set_apic(APIC_LVT_LINT0, 0x200); /* INTR makes an SMI */
        drop_irq0();
        pic_mask(0xfffe);
        set_apic(APIC_DIVIDE, orders & NO_RESTART ? 0xa : 0xb);
        set_apic(APIC_LVT_TIMER, 0x50);
        set_apic(APIC_INITIAL, backup);
        outb(0x43, 0x30);
        outb(0x40, 0);
        outb(0x40, 0x80);
        __asm__ volatile("sti; hlt; cli" : : : "memory");
        uint32_t woken = came[0x50];
        set_apic(APIC_INITIAL, 0);
        set_apic(APIC_LVT_TIMER, 0x10000);
        pic_mask(0xffff);
        set_apic(APIC_LVT_LINT0, 0x700);
        if (load32(COUNT) == 1 && (field(F_HALT) & 0x10000))
            return woken;
    }
    return 0xffff; /* never met the HLT */
}

TEST(smi_ends_halt, "SDM 3C 34.10")
{
    if (!has(HAS_APIC))
        return;
    EQUAL(halt_with(NO_RESTART, 0x01000000), 0); /* the SMI alone ended it */
}

TEST(smi_restarts_halt, "SDM 3C 34.10")
{
    if (!has(HAS_APIC))
        return;
    EQUAL(halt_with(0, 200000000), 1); /* only the timer's interrupt did */
}

/* ---- SMRAM of the i440FX --------------------------------------------------------------------- */

TEST(smram_visibility, "82441FX 3.2.21 SMRAM")
{
    begin(0);
    store32(0xa8000, 0x5a5a5a5a); /* closed: to the display, if anybody */
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1); /* the handler is untouched */
    CHECK(load32(0xa8000) != load32((uint32_t)smi_handler));
    set_smram(SMRAM_OPEN);
    EQUAL(load32(0xa8000), load32((uint32_t)smi_handler));
    set_smram(0x02); /* G_SMRAME clear: no SMRAM at all, open or not */
    CHECK(load32(0xa8000) != load32((uint32_t)smi_handler));
    set_smram(SMRAM_CLOSED);
    EQUAL(smram(), SMRAM_CLOSED);
}

/* The bits work while SMRAM is enabled. */
TEST(smram_open_wants_enable, "82441FX 3.2.21 SMRAM, open")
{
    begin(0);
    set_smram(0x42);
    EQUAL(smram(), 0x42);
    CHECK(load32(0xa8000) != load32((uint32_t)smi_handler));
    set_smram(SMRAM_OPEN);
    EQUAL(load32(0xa8000), load32((uint32_t)smi_handler));
    set_smram(SMRAM_CLOSED);
}

/* The handler goes on in SMRAM while what it reads and writes there is the display. */
TEST(smram_closed_to_data, "82441FX 3.2.21 SMRAM, closed")
{
    begin(CLOSE_DATA);
    set_smram(SMRAM_OPEN);
    store32(0xa9000, 0);
    set_smram(SMRAM_CLOSED);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    CHECK(load32(CLOSED) != load32((uint32_t)smi_handler));
    EQUAL(load32(CLOSED + 4), load32((uint32_t)smi_handler));
    EQUAL(load32(WRITTEN), 0);
    EQUAL(smi_ebx, 0x11223344);
    EQUAL(smram(), SMRAM_CLOSED);
}

/* RSM into a state that cannot be is a shutdown, which the board answers by a reset. */
TEST(rsm_of_invalid_state, "SDM 3C 34.3.2; SDM 2 RSM")
{
    begin(BREAK_STATE);
    expect_reset();
    try_call(smi_by_port);
    WAIT(false);
    CHECK(false);
}

/* D_LCK is for ever: it ends with a reset. */
TEST(smram_lock, "82441FX 3.2.21 SMRAM")
{
    begin(0);
    set_smram(SMRAM_OPEN | 0x10); /* locking closes it */
    EQUAL(smram() & 0x50, 0x10);
    set_smram(SMRAM_OPEN);
    EQUAL(smram() & 0x50, 0x10);
    CHECK(load32(0xa8000) != load32((uint32_t)smi_handler));
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    expect_reset();
    outb(0xcf9, 2);
    outb(0xcf9, 6);
    WAIT(false);
    EQUAL(smram(), 0xffff); /* still here */
}

TEST(smram_unlocked_by_reset, "82441FX 3.2.21 SMRAM")
{
    begin(0);
    set_smram(SMRAM_OPEN);
    EQUAL(smram(), SMRAM_OPEN);
    set_smram(SMRAM_CLOSED);
}
