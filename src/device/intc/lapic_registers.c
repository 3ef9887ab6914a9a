// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The local APIC's registers in memory (SDM 3A table 10-1).
#include "base/bits.h"
#include "device/intc/lapic_internal.h"
#include "device/intc/msi.h"

enum {
    REG_ID = 0x020,
    REG_VERSION = 0x030,
    REG_TPR = 0x080,
    REG_APR = 0x090,
    REG_PPR = 0x0a0,
    REG_EOI = 0x0b0,
    REG_RRD = 0x0c0,
    REG_LDR = 0x0d0,
    REG_DFR = 0x0e0,
    REG_SVR = 0x0f0,
    REG_ISR = 0x100,
    REG_TMR = 0x180,
    REG_IRR = 0x200,
    REG_ESR = 0x280,
    REG_ICR_LOW = 0x300,
    REG_ICR_HIGH = 0x310,
    REG_LVT = 0x320,
    REG_TIMER_INITIAL = 0x380,
    REG_TIMER_CURRENT = 0x390,
    REG_TIMER_DIVIDE = 0x3e0,
};

/* An integrated APIC, version 14H, with LVT entries 0 to 5. */
enum { VERSION = (LVT_COUNT - 1) << 16 | 0x14 };

static uint32_t read_dword(struct lapic *lapic, unsigned reg)
{
    if (reg >= REG_ISR && reg < REG_ISR + 0x80)
        return lapic->isr.word[(reg - REG_ISR) >> 4];
    if (reg >= REG_TMR && reg < REG_TMR + 0x80)
        return lapic->tmr.word[(reg - REG_TMR) >> 4];
    if (reg >= REG_IRR && reg < REG_IRR + 0x80)
        return lapic->irr.word[(reg - REG_IRR) >> 4];
    if (reg >= REG_LVT && reg < REG_LVT + 0x10 * LVT_COUNT)
        return lapic->lvt[(reg - REG_LVT) >> 4];
    switch (reg) {
    case REG_ID: return (uint32_t)lapic->id << 24;
    case REG_VERSION: return VERSION;
    case REG_TPR: return lapic->tpr;
    case REG_APR: return lapic_arbitration_priority(lapic);
    case REG_PPR: return lapic_processor_priority(lapic);
    case REG_EOI: /* write-only */
    case REG_RRD: return 0;
    case REG_LDR: return lapic->ldr;
    case REG_DFR: return lapic->dfr;
    case REG_SVR: return lapic->svr;
    case REG_ESR: return lapic->esr;
    case REG_ICR_LOW: return lapic->icr_low;
    case REG_ICR_HIGH: return lapic->icr_high;
    case REG_TIMER_INITIAL: return lapic->timer_initial;
    case REG_TIMER_CURRENT: return lapic_timer_count(lapic);
    case REG_TIMER_DIVIDE: return lapic->timer_divide;
    default:
        LOG(lapic->log, GUEST_ERRORS, "lapic: read of register %03x\n", reg);
        lapic_error(lapic, ESR_ILLEGAL_REGISTER);
        return 0;
    }
}

/* Registers are four bytes wide at multiples of 16; in between there is nothing. */
bool lapic_read_register(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct lapic *lapic = opaque;
    unsigned within = offset & 15;
    *value = 0;
    if (within + size > 4) {
        LOG(lapic->log, GUEST_ERRORS, "lapic: read of %u bytes at %03x\n", size, (unsigned)offset);
        return true;
    }
    *value = read_dword(lapic, (unsigned)offset & ~15u) >> 8 * within & size_mask(size);
    return true;
}

static void write_dword(struct lapic *lapic, unsigned reg, uint32_t value)
{
    if (reg >= REG_LVT && reg < REG_LVT + 0x10 * LVT_COUNT) {
        lapic_write_lvt(lapic, (enum lvt)((reg - REG_LVT) >> 4), value);
        return;
    }
    switch (reg) {
    case REG_ID:
        lapic->id = (uint8_t)(value >> 24);
        apic_bus_retry(lapic->bus);
        break;
    case REG_TPR:
        lapic->tpr = (uint8_t)value;
        lapic_update(lapic);
        break;
    case REG_EOI: lapic_end_of_interrupt(lapic); break;
    case REG_LDR:
        lapic->ldr = value & 0xff000000;
        apic_bus_retry(lapic->bus);
        break;
    case REG_DFR:
        lapic->dfr = value | 0x0fffffff;
        apic_bus_retry(lapic->bus);
        break;
    case REG_SVR: lapic_write_svr(lapic, value); break;
    case REG_ESR: /* a write makes the errors since the last one readable (10.5.3) */
        lapic->esr = lapic->esr_pending;
        lapic->esr_pending = 0;
        break;
    case REG_ICR_LOW:
        lapic->icr_low = value & 0x000ccfff;
        lapic_send(lapic);
        break;
    case REG_ICR_HIGH: lapic->icr_high = value & 0xff000000; break;
    case REG_TIMER_INITIAL: lapic_timer_write_initial(lapic, value); break;
    case REG_TIMER_DIVIDE: lapic_timer_write_divide(lapic, value); break;
    default:
        LOG(lapic->log, GUEST_ERRORS, "lapic: write of register %03x: %08x\n", reg, value);
        lapic_error(lapic, ESR_ILLEGAL_REGISTER);
        break;
    }
}

bool lapic_write_register(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct lapic *lapic = opaque;
    if (size == 4 && offset < 16)
        return msi_deliver(lapic->bus, LAPIC_DEFAULT_BASE | offset, (uint32_t)value);
    if (size != 4 || offset & 15) {
        LOG(lapic->log, GUEST_ERRORS, "lapic: write of %u bytes at %03x\n", size, (unsigned)offset);
        return true;
    }
    write_dword(lapic, (unsigned)offset, (uint32_t)value);
    return true;
}
