// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The local APIC of one processor: SDM 3A chapter 10, xAPIC mode.
#include "device/intc/lapic.h"

#include "base/format.h"
#include "base/state.h"
#include "device/intc/lapic_internal.h"
#include "host/host.h"

/* What may be written in each LVT entry: delivery status and Remote IRR are the APIC's. */
static const uint32_t lvt_writable[LVT_COUNT] = {
    [LVT_TIMER] = 0x300ff, [LVT_THERMAL] = 0x107ff, [LVT_PERFORMANCE] = 0x107ff,
    [LVT_LINT0] = 0x1a7ff, [LVT_LINT1] = 0x1a7ff,   [LVT_ERROR] = 0x100ff,
};

static void vector_set(struct vectors *v, unsigned vector)
{
    v->word[vector >> 5] |= UINT32_C(1) << (vector & 31);
}

static void vector_clear(struct vectors *v, unsigned vector)
{
    v->word[vector >> 5] &= ~(UINT32_C(1) << (vector & 31));
}

static bool vector_test(const struct vectors *v, unsigned vector)
{
    return bit(v->word[vector >> 5], vector & 31);
}

/* The highest vector in the set, -1 if it is empty. */
static int vector_highest(const struct vectors *v)
{
    for (int i = 7; i >= 0; i--) {
        if (v->word[i] != 0)
            return i * 32 + 31 - __builtin_clz(v->word[i]);
    }
    return -1;
}

/* 10.8.3.1: the class in service, or the task priority where that is as high. */
uint8_t lapic_processor_priority(const struct lapic *lapic)
{
    int service = vector_highest(&lapic->isr);
    unsigned class = service < 0 ? 0 : (unsigned)service & 0xf0;
    return (uint8_t)((lapic->tpr & 0xf0u) >= class ? lapic->tpr : class);
}

/* The vector that would interrupt the processor now, or -1. */
static int deliverable(const struct lapic *lapic)
{
    int request = vector_highest(&lapic->irr);
    if (request < 0 || (request & 0xf0) <= (lapic_processor_priority(lapic) & 0xf0))
        return -1;
    return request;
}

static unsigned lvt_delivery(const struct lapic *lapic, enum lvt entry)
{
    return (unsigned)bits(lapic->lvt[entry], LVT_DELIVERY_SHIFT, 3);
}

/* Is the 8259A's request let through? LINT0 or LINT1 in ExtINT mode, or a message of that mode. */
static bool extint_pending(const struct lapic *lapic)
{
    if (lapic->extint)
        return true;
    for (unsigned n = 0; n < 2; n++) {
        enum lvt entry = n == 0 ? LVT_LINT0 : LVT_LINT1;
        if (lapic->lint[n] && !(lapic->lvt[entry] & LVT_MASKED) &&
            lvt_delivery(lapic, entry) == APIC_EXTINT)
            return true;
    }
    return false;
}

void lapic_update(struct lapic *lapic)
{
    bool intr;
    if (!lapic->global_enabled)
        intr = lapic->lint[0];
    else
        intr = deliverable(lapic) >= 0 || extint_pending(lapic);
    if (intr == lapic->intr)
        return;
    lapic->intr = intr;
    if (lapic->cpu.set_intr != NULL)
        lapic->cpu.set_intr(lapic->cpu.opaque, intr);
}

/* 10.5.3: an error is kept for the next write of ESR, and interrupts by the LVT error entry. */
void lapic_error(struct lapic *lapic, uint32_t error)
{
    bool known = lapic->esr_pending & error;
    lapic->esr_pending |= error;
    if (!known) /* also what ends the loop where the error entry's own vector is illegal */
        lapic_fire(lapic, LVT_ERROR);
}

static void accept(struct lapic *lapic, uint8_t vector, bool level)
{
    if (vector < 16) {
        lapic_error(lapic, ESR_RECEIVE_ILLEGAL_VECTOR);
        return;
    }
    vector_set(&lapic->irr, vector);
    if (level)
        vector_set(&lapic->tmr, vector);
    else
        vector_clear(&lapic->tmr, vector);
    lapic_update(lapic);
}

static void call(struct lapic *lapic, void (*pin)(void *opaque))
{
    if (pin != NULL)
        pin(lapic->cpu.opaque);
}

bool lapic_accepts(const struct lapic *lapic, enum apic_delivery delivery)
{
    if (!lapic->global_enabled)
        return false;
    if (lapic->svr & SVR_ENABLED)
        return true;
    return delivery == APIC_SMI || delivery == APIC_NMI || delivery == APIC_INIT ||
           delivery == APIC_STARTUP;
}

void lapic_receive(struct lapic *lapic, const struct apic_message *message)
{
    switch (message->delivery) {
    case APIC_FIXED:
    case APIC_LOWEST_PRIORITY: accept(lapic, message->vector, message->level); break;
    case APIC_SMI: call(lapic, lapic->cpu.smi); break;
    case APIC_NMI: call(lapic, lapic->cpu.nmi); break;
    case APIC_INIT: call(lapic, lapic->cpu.init); break;
    case APIC_STARTUP:
        if (lapic->cpu.startup != NULL)
            lapic->cpu.startup(lapic->cpu.opaque, message->vector);
        break;
    case APIC_EXTINT:
        lapic->extint = true;
        lapic_update(lapic);
        break;
    case APIC_REMOTE_READ:
        LOG(lapic->log, GUEST_ERRORS, "lapic: message of reserved delivery mode %u\n",
            message->delivery);
        break;
    }
}

void lapic_fire(struct lapic *lapic, enum lvt entry)
{
    uint32_t lvt = lapic->lvt[entry];
    if (lvt & LVT_MASKED)
        return;
    struct apic_message message = { .vector = (uint8_t)(lvt & LVT_VECTOR) };
    if (entry != LVT_TIMER && entry != LVT_ERROR)
        message.delivery = (enum apic_delivery)lvt_delivery(lapic, entry);
    /* Only LINT0 knows levels, and only in fixed mode. */
    if (entry == LVT_LINT0 && (lvt & LVT_LEVEL) && message.delivery == APIC_FIXED) {
        if (lvt & LVT_REMOTE_IRR)
            return;
        lapic->lvt[entry] |= LVT_REMOTE_IRR;
        message.level = true;
    }
    if (message.delivery != APIC_EXTINT) /* that one follows the pin: extint_pending() */
        lapic_receive(lapic, &message);
}

void lapic_set_lint(void *opaque, unsigned lint, bool level)
{
    struct lapic *lapic = opaque;
    host_assert(lint < 2, "lapic: no such pin");
    bool rises = level && !lapic->lint[lint];
    lapic->lint[lint] = level;
    if (lapic->global_enabled) {
        if (rises)
            lapic_fire(lapic, lint == 0 ? LVT_LINT0 : LVT_LINT1);
    } else if (rises && lint == 1) {
        call(lapic, lapic->cpu.nmi);
    }
    lapic_update(lapic);
}

int lapic_acknowledge(struct lapic *lapic)
{
    int vector = lapic->global_enabled ? deliverable(lapic) : -1;
    if (vector >= 0) {
        vector_clear(&lapic->irr, (unsigned)vector);
        vector_set(&lapic->isr, (unsigned)vector);
    } else if (!lapic->global_enabled || extint_pending(lapic)) {
        lapic->extint = false;
        if (lapic->cpu.pic_acknowledge != NULL)
            vector = lapic->cpu.pic_acknowledge(lapic->cpu.opaque);
    } else if (vector_highest(&lapic->irr) >= 0) {
        vector = lapic->svr & 0xff; /* the task priority rose between request and INTA (10.9) */
    }
    lapic_update(lapic);
    LOG(lapic->log, INTC, "lapic: acknowledge gives vector %02x\n", (unsigned)vector & 0xff);
    return vector;
}

void lapic_end_of_interrupt(struct lapic *lapic)
{
    int vector = vector_highest(&lapic->isr);
    if (vector < 0)
        return;
    vector_clear(&lapic->isr, (unsigned)vector);
    if (vector_test(&lapic->tmr, (unsigned)vector)) {
        uint32_t *lint0 = &lapic->lvt[LVT_LINT0];
        if ((*lint0 & LVT_REMOTE_IRR) && (*lint0 & LVT_VECTOR) == (uint32_t)vector) {
            *lint0 &= ~LVT_REMOTE_IRR;
            if (lapic->lint[0])
                lapic_fire(lapic, LVT_LINT0);
        }
        apic_bus_eoi(lapic->bus, (uint8_t)vector);
    }
    lapic_update(lapic);
}

/* Software-disabled, all LVT entries are masked and stay so (10.4.7.2). */
void lapic_write_svr(struct lapic *lapic, uint32_t value)
{
    lapic->svr = value & 0x3ff;
    if (!(value & SVR_ENABLED)) {
        for (unsigned i = 0; i < LVT_COUNT; i++)
            lapic->lvt[i] |= LVT_MASKED;
        lapic_timer_arm(lapic);
    }
    lapic_update(lapic);
    apic_bus_retry(lapic->bus);
}

void lapic_write_lvt(struct lapic *lapic, enum lvt entry, uint32_t value)
{
    uint32_t *lvt = &lapic->lvt[entry];
    bool was_masked = *lvt & LVT_MASKED;
    value &= lvt_writable[entry];
    if (!(lapic->svr & SVR_ENABLED))
        value |= LVT_MASKED;
    if (value & LVT_LEVEL)
        value |= *lvt & LVT_REMOTE_IRR;
    *lvt = value;
    if (entry == LVT_TIMER)
        lapic_timer_arm(lapic);
    if (entry == LVT_LINT0 && was_masked && (value & LVT_LEVEL) && lapic->lint[0])
        lapic_fire(lapic, LVT_LINT0);
    lapic_update(lapic);
}

/* The interrupt command register, 10.6.1. */
void lapic_send(struct lapic *lapic)
{
    struct apic_message message = {
        .vector = (uint8_t)lapic->icr_low,
        .destination = (uint8_t)(lapic->icr_high >> 24),
        .delivery = (enum apic_delivery)bits(lapic->icr_low, 8, 3),
        .logical = bit(lapic->icr_low, 11),
    };
    bool assert = bit(lapic->icr_low, 14), by_level = bit(lapic->icr_low, 15);
    if (message.delivery == APIC_INIT && by_level && !assert)
        return; /* INIT level de-assert: synchronizes arbitration IDs, nothing since the Pentium 4
                 */
    if (message.delivery <= APIC_LOWEST_PRIORITY && message.vector < 16) {
        lapic_error(lapic, ESR_SEND_ILLEGAL_VECTOR);
        return;
    }
    if (message.delivery == APIC_EXTINT || message.delivery == APIC_REMOTE_READ) {
        LOG(lapic->log, GUEST_ERRORS, "lapic: ICR with reserved delivery mode %u\n",
            message.delivery);
        return;
    }
    switch (bits(lapic->icr_low, 18, 2)) {
    case 0: apic_bus_deliver(lapic->bus, &message); break;
    case 1: /* self */
        if (lapic_accepts(lapic, message.delivery))
            lapic_receive(lapic, &message);
        break;
    case 2: apic_bus_broadcast(lapic->bus, &message, NULL); break;
    default: apic_bus_broadcast(lapic->bus, &message, lapic); break;
    }
}

uint8_t lapic_id(const struct lapic *lapic)
{
    return lapic->id;
}

/* 10.6.2: physical, or logical in the flat or the cluster model; 0FFH is everybody. */
bool lapic_matches(const struct lapic *lapic, uint8_t destination, bool logical)
{
    if (destination == 0xff)
        return true;
    if (!logical)
        return destination == lapic->id;
    uint8_t logical_id = (uint8_t)(lapic->ldr >> 24);
    if (lapic->dfr >> 28 == 0xf)
        return logical_id & destination;
    if (lapic->dfr >> 28 != 0)
        return false;
    bool cluster = destination >> 4 == 0xf || destination >> 4 == logical_id >> 4;
    return cluster && (destination & logical_id & 0xf);
}

/* 10.6.2.4: highest of TPR, ISR and IRR, by class. */
uint8_t lapic_arbitration_priority(const struct lapic *lapic)
{
    int request = vector_highest(&lapic->irr), service = vector_highest(&lapic->isr);
    unsigned irr = request < 0 ? 0 : (unsigned)request & 0xf0,
             isr = service < 0 ? 0 : (unsigned)service & 0xf0;
    if ((lapic->tpr & 0xf0u) >= irr && (lapic->tpr & 0xf0u) > isr)
        return lapic->tpr;
    return (uint8_t)MAX(MAX(lapic->tpr & 0xf0u, isr), irr);
}

/* The state after power-up (10.4.7.1), registers only. */
static void reset_registers(struct lapic *lapic)
{
    timer_cancel(&lapic->timer);
    lapic->tpr = 0;
    lapic->svr = 0xff;
    lapic->ldr = 0;
    lapic->dfr = UINT32_MAX;
    lapic->esr = lapic->esr_pending = 0;
    lapic->icr_low = lapic->icr_high = 0;
    lapic->extint = false;
    lapic->irr = lapic->isr = lapic->tmr = (struct vectors){ 0 };
    for (unsigned i = 0; i < LVT_COUNT; i++)
        lapic->lvt[i] = LVT_MASKED;
    lapic->timer_initial = lapic->timer_divide = 0;
}

void lapic_apic_base_changed(struct lapic *lapic, uint64_t value)
{
    bool enabled = bit(value, 11);
    region_set_base(lapic->region, value & UINT64_C(0xffffff000));
    region_set_enabled(lapic->region, enabled);
    if (enabled != lapic->global_enabled) {
        lapic->global_enabled = enabled;
        reset_registers(lapic);
    }
    lapic_update(lapic);
}

void lapic_init(struct lapic *lapic)
{
    reset_registers(lapic);
    lapic_update(lapic);
}

void lapic_reset(struct lapic *lapic)
{
    lapic->id = lapic->initial_id;
    reset_registers(lapic);
    lapic->global_enabled = true;
    region_set_base(lapic->region, LAPIC_DEFAULT_BASE);
    region_set_enabled(lapic->region, true);
    lapic_update(lapic);
}

static const struct region_desc lapic_desc = {
    "lapic", 0x1000, 1, 4, lapic_read_register, lapic_write_register
};

struct lapic *lapic_create(struct memory *memory, const struct log *log, struct clock *clock,
                           struct apic_bus *bus, const struct lapic_cpu *cpu, uint8_t id,
                           uint32_t bus_frequency)
{
    struct lapic *lapic = host_alloc(sizeof *lapic);
    lapic->log = log;
    lapic->clock = clock;
    lapic->bus = bus;
    lapic->cpu = *cpu;
    lapic->initial_id = id;
    lapic->bus_frequency = bus_frequency;
    timer_init(&lapic->timer, clock, lapic_timer_expire, lapic);
    /* Above the MSI range and whatever PCI puts there: the access never leaves the processor. */
    lapic->region =
        region_map_io(memory, MEMORY_SPACES, &lapic_desc, lapic, LAPIC_DEFAULT_BASE, 100);
    bool added = apic_bus_add_lapic(bus, lapic);
    host_assert(added, "lapic: too many on the bus");
    lapic_reset(lapic);
    return lapic;
}

void lapic_destroy(struct lapic *lapic)
{
    if (lapic == NULL)
        return;
    timer_cancel(&lapic->timer);
    region_unmap(lapic->region);
    host_free(lapic);
}

void lapic_state(struct lapic *lapic, struct state *s)
{
    uint32_t *words[] = { &lapic->svr,      &lapic->ldr,           &lapic->dfr,
                          &lapic->esr,      &lapic->esr_pending,   &lapic->icr_low,
                          &lapic->icr_high, &lapic->timer_initial, &lapic->timer_divide };
    uint64_t base = region_base(lapic->region);
    state_section(s, "lapic", 1);
    state_u64(s, &base);
    state_bool(s, &lapic->global_enabled);
    state_bool(s, &lapic->lint[0]);
    state_bool(s, &lapic->lint[1]);
    state_bool(s, &lapic->intr);
    state_bool(s, &lapic->extint);
    state_u8(s, &lapic->id);
    state_u8(s, &lapic->tpr);
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
        state_u32(s, words[i]);
    for (unsigned i = 0; i < LVT_COUNT; i++)
        state_u32(s, &lapic->lvt[i]);
    for (unsigned i = 0; i < 8; i++) {
        state_u32(s, &lapic->irr.word[i]);
        state_u32(s, &lapic->isr.word[i]);
        state_u32(s, &lapic->tmr.word[i]);
    }
    state_i64(s, &lapic->timer_start);
    if (s->loading) {
        region_set_base(lapic->region, base);
        region_set_enabled(lapic->region, lapic->global_enabled);
        lapic_timer_arm(lapic);
    }
}

static void print_vectors(const char *name, const struct vectors *v,
                          void (*line)(void *, const char *), void *opaque)
{
    char text[128];
    size_t n = format(text, sizeof text, "%s", name);
    unsigned count = 0;
    for (unsigned i = 0; i < 256; i++) {
        if (vector_test(v, i) && n < sizeof text - 8) {
            n += format(text + n, sizeof text - n, " %02x", i);
            count++;
        }
    }
    if (count == 0)
        format(text + n, sizeof text - n, " (none)");
    line(opaque, text);
}

void lapic_print(const struct lapic *lapic, void (*line)(void *opaque, const char *text),
                 void *opaque)
{
    static const char names[LVT_COUNT][8] = {
        "TIMER", "THERMAL", "PERF", "LINT0", "LINT1", "ERROR"
    };
    char text[128];
    format(text, sizeof text,
           "local APIC id %u %s base %llx svr %03x tpr %02x ppr %02x ldr %08x dfr %08x", lapic->id,
           lapic->global_enabled ? "on" : "off", (unsigned long long)region_base(lapic->region),
           lapic->svr, lapic->tpr, lapic_processor_priority(lapic), lapic->ldr, lapic->dfr);
    line(opaque, text);
    for (unsigned i = 0; i < LVT_COUNT; i++) {
        format(text, sizeof text, "LVT %-7s %08x%s", names[i], lapic->lvt[i],
               lapic->lvt[i] & LVT_MASKED ? " masked" : "");
        line(opaque, text);
    }
    format(text, sizeof text, "timer initial %u current %u divide %x; icr %08x%08x esr %08x",
           lapic->timer_initial, lapic_timer_count(lapic), lapic->timer_divide, lapic->icr_high,
           lapic->icr_low, lapic->esr);
    line(opaque, text);
    print_vectors("ISR", &lapic->isr, line, opaque);
    print_vectors("IRR", &lapic->irr, line, opaque);
}
