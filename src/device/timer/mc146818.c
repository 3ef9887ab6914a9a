// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The MC146818A real-time clock with 128 bytes of CMOS RAM.
#include "device/timer/mc146818.h"

#include "base/state.h"
#include "device/timer/rtc_time.h"
#include "host/host.h"

enum {
    REG_SECONDS,
    REG_SECONDS_ALARM,
    REG_MINUTES,
    REG_MINUTES_ALARM,
    REG_HOURS,
    REG_HOURS_ALARM,
    REG_WEEKDAY,
    REG_DAY,
    REG_MONTH,
    REG_YEAR,
    REG_A,
    REG_B,
    REG_C,
    REG_D,
    REG_CENTURY = 0x32, /* of the IBM AT's CMOS map, and what the ACPI FADT names */
    CMOS_SIZE = 128,
};

enum { A_UIP = 0x80, A_RATE = 0x0f };
enum {
    B_SET = 0x80,
    B_PIE = 0x40,
    B_AIE = 0x20,
    B_UIE = 0x10,
    B_SQWE = 0x08,
    B_BINARY = 0x04,
    B_24H = 0x02
};
enum { C_IRQF = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10 };
enum { D_VRT = 0x80 };
enum {
    CRYSTAL = 32768,
    UIP_NS = 244141, /* UIP rises 244 us before the update */
    ALARM_ANY = 0xc0,
    MAX_OWED = 1000, /* a host that never keeps up must not owe ever more */
};

/*
 * Nothing ticks here: the time shown is base + clock_now() + offset while the clock runs, and what
 * the time registers hold while SET or the divider stop it, or until the update after a write.
 * Flags of register C are set when somebody looks; the timer is armed only for enabled interrupts.
 */
struct mc146818 {
    const struct log *log;
    struct clock *clock;
    struct region *region;
    struct irq_line irq;
    struct timer timer;
    int64_t base;        /* seconds since 1970; apart, since a guest may set any of 10000 years */
    int64_t offset;      /* ns */
    int64_t last_second; /* up to which update and alarm have been looked at */
    int64_t last_tick;   /* the same for the periodic flag, in crystal periods */
    bool makes_up; /* periodic interrupts that came while one was pending follow it */
    uint32_t owed; /* so many of them */
    /* Since the last update the time registers were written: they hold what was, be it a time or
     * not, and the next update goes on from there. */
    bool written;
    uint8_t weekday_shift;
    uint8_t index;
    bool nmi_masked;
    uint8_t cmos[CMOS_SIZE];
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The divider chain counts (bits 6-4 of register A: 11x hold it in reset). */
static bool divider_running(const struct mc146818 *rtc)
{
    return (rtc->cmos[REG_A] & 0x60) != 0x60;
}

static bool running(const struct mc146818 *rtc)
{
    return divider_running(rtc) && !(rtc->cmos[REG_B] & B_SET);
}

static int64_t now_ns(const struct mc146818 *rtc)
{
    return clock_now(rtc->clock) + rtc->offset;
}

static int64_t now_second(const struct mc146818 *rtc)
{
    return rtc->base + floor_div(now_ns(rtc), NS_PER_SECOND);
}

static int64_t now_tick(const struct mc146818 *rtc)
{
    int64_t ns = now_ns(rtc), second = floor_div(ns, NS_PER_SECOND);
    return second * CRYSTAL + muldiv64(ns - second * NS_PER_SECOND, CRYSTAL, NS_PER_SECOND);
}

/* The time on rtc->clock at which a second begins. */
static int64_t second_time(const struct mc146818 *rtc, int64_t second)
{
    return (second - rtc->base) * NS_PER_SECOND - rtc->offset;
}

/* The same of a crystal period. */
static int64_t tick_time(const struct mc146818 *rtc, int64_t tick)
{
    int64_t second = floor_div(tick, CRYSTAL);
    return second * NS_PER_SECOND + muldiv64(tick - second * CRYSTAL, NS_PER_SECOND, CRYSTAL) + 1 -
           rtc->offset;
}

/* Crystal periods between periodic interrupts; 0: none. Rates 1 and 2 are those of 8 and 9
 * (MC146818A table 5). */
static unsigned period(const struct mc146818 *rtc)
{
    unsigned rate = rtc->cmos[REG_A] & A_RATE;
    if (rate == 0 || !divider_running(rtc))
        return 0;
    return 1u << ((rate <= 2 ? rate + 7 : rate) - 1);
}

static uint8_t encode(const struct mc146818 *rtc, unsigned value)
{
    return (uint8_t)(rtc->cmos[REG_B] & B_BINARY ? value : value / 10 << 4 | value % 10);
}

static unsigned decode(const struct mc146818 *rtc, uint8_t value)
{
    return rtc->cmos[REG_B] & B_BINARY ? value : (value >> 4) * 10u + (value & 15);
}

static uint8_t encode_hour(const struct mc146818 *rtc, unsigned hour)
{
    if (rtc->cmos[REG_B] & B_24H)
        return encode(rtc, hour);
    return encode(rtc, hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? 0x80 : 0);
}

static unsigned decode_hour(const struct mc146818 *rtc, uint8_t value)
{
    if (rtc->cmos[REG_B] & B_24H)
        return decode(rtc, value);
    return decode(rtc, value & 0x7f) % 12 + (value & 0x80 ? 12 : 0);
}

/* The time registers show this second. */
static void fill_registers(struct mc146818 *rtc, int64_t second)
{
    struct rtc_time t;
    rtc_time_from_seconds(&t, second);
    rtc->cmos[REG_SECONDS] = encode(rtc, t.second);
    rtc->cmos[REG_MINUTES] = encode(rtc, t.minute);
    rtc->cmos[REG_HOURS] = encode_hour(rtc, t.hour);
    rtc->cmos[REG_WEEKDAY] = encode(rtc, (t.weekday + rtc->weekday_shift) % 7 + 1);
    rtc->cmos[REG_DAY] = encode(rtc, t.day);
    rtc->cmos[REG_MONTH] = encode(rtc, t.month);
    rtc->cmos[REG_YEAR] = encode(rtc, (unsigned)(t.year % 100));
    rtc->cmos[REG_CENTURY] = encode(rtc, (unsigned)(t.year / 100 % 100));
}

/* The second that the time registers show. The weekday counts on its own, from whatever was set. */
static int64_t registers_second(struct mc146818 *rtc)
{
    struct rtc_time t = {
        .year =
            (int64_t)decode(rtc, rtc->cmos[REG_CENTURY]) * 100 + decode(rtc, rtc->cmos[REG_YEAR]),
        .month = decode(rtc, rtc->cmos[REG_MONTH]),
        .day = decode(rtc, rtc->cmos[REG_DAY]),
        .hour = decode_hour(rtc, rtc->cmos[REG_HOURS]),
        .minute = decode(rtc, rtc->cmos[REG_MINUTES]),
        .second = decode(rtc, rtc->cmos[REG_SECONDS]),
    };
    int64_t second = rtc_time_to_seconds(&t);
    rtc_time_from_seconds(&t, second);
    rtc->weekday_shift = (uint8_t)((decode(rtc, rtc->cmos[REG_WEEKDAY]) + 13 - t.weekday) % 7);
    return second;
}

/* Show `second` from now on, within it where the divider stands. */
static void set_second(struct mc146818 *rtc, int64_t second)
{
    rtc->base += second - now_second(rtc);
    rtc->last_second = second;
    rtc->last_tick = now_tick(rtc);
}

/* From the next update on. */
static void start_from_registers(struct mc146818 *rtc)
{
    set_second(rtc, registers_second(rtc));
    rtc->written = true;
}

/* From the second looked at last to what was written during it. */
static int64_t written_shift(struct mc146818 *rtc)
{
    return rtc->written ? registers_second(rtc) - rtc->last_second : 0;
}

/* The second that was written in ends. */
static void settle(struct mc146818 *rtc)
{
    int64_t shift = written_shift(rtc);
    rtc->base += shift;
    rtc->last_second += shift;
    rtc->written = false;
}

static bool alarm_matches(uint8_t alarm, uint8_t value)
{
    return (alarm & ALARM_ANY) == ALARM_ANY || alarm == value;
}

/* The first second after `second` that the alarm registers match; INT64_MAX if none does. */
static int64_t next_alarm(const struct mc146818 *rtc, int64_t second)
{
    int64_t limit = second + 2 * 86400;
    for (second++; second < limit;) {
        struct rtc_time t;
        rtc_time_from_seconds(&t, second);
        if (!alarm_matches(rtc->cmos[REG_HOURS_ALARM], encode_hour(rtc, t.hour)))
            second += 3600 - t.minute * 60 - t.second;
        else if (!alarm_matches(rtc->cmos[REG_MINUTES_ALARM], encode(rtc, t.minute)))
            second += 60 - t.second;
        else if (!alarm_matches(rtc->cmos[REG_SECONDS_ALARM], encode(rtc, t.second)))
            second++;
        else
            return second;
    }
    return INT64_MAX;
}

/* IRQF is the OR of flags whose enable bit is set, and the IRQ pin follows it. */
static void update_irq(struct mc146818 *rtc)
{
    bool irq = rtc->cmos[REG_C] & rtc->cmos[REG_B] & (C_PF | C_AF | C_UF);
    rtc->cmos[REG_C] = (rtc->cmos[REG_C] & ~C_IRQF) | (irq ? C_IRQF : 0);
    irq_set(rtc->irq, irq);
}

/* The chip forgets a periodic interrupt for which PF is still set. */
static void sync_periodic(struct mc146818 *rtc, unsigned ticks, int64_t tick)
{
    int64_t passed = floor_div(tick, ticks) - floor_div(rtc->last_tick, ticks);
    if (passed <= 0)
        return;
    if (rtc->makes_up && rtc->cmos[REG_B] & B_PIE) {
        int64_t more = passed - !(rtc->cmos[REG_C] & C_PF);
        rtc->owed = (uint32_t)MIN(rtc->owed + more, MAX_OWED);
    }
    rtc->cmos[REG_C] |= C_PF;
}

static void sync_second(struct mc146818 *rtc)
{
    if (now_second(rtc) > rtc->last_second) {
        settle(rtc);
        rtc->cmos[REG_C] |= C_UF;
        if (next_alarm(rtc, rtc->last_second) <= now_second(rtc))
            rtc->cmos[REG_C] |= C_AF;
    }
    rtc->last_second = now_second(rtc);
    if (!rtc->written)
        fill_registers(rtc, rtc->last_second);
}

/* Set the flags of what has happened since the last look. */
static void sync(struct mc146818 *rtc)
{
    unsigned ticks = period(rtc);
    int64_t tick = now_tick(rtc);
    if (ticks != 0)
        sync_periodic(rtc, ticks, tick);
    rtc->last_tick = tick;
    if (running(rtc))
        sync_second(rtc);
    update_irq(rtc);
}

/* Arm for the earliest event that raises the pin. */
static void arm(struct mc146818 *rtc)
{
    uint8_t wanted = rtc->cmos[REG_B] & ~rtc->cmos[REG_C];
    int64_t deadline = CLOCK_NEVER;
    unsigned ticks = period(rtc);
    if (rtc->cmos[REG_C] & C_IRQF)
        wanted = 0; /* raised already; reading register C arms again */
    if ((wanted & B_PIE) && ticks != 0)
        deadline = tick_time(rtc, (floor_div(rtc->last_tick, ticks) + 1) * ticks);
    if (running(rtc)) {
        if (wanted & B_UIE)
            deadline = MIN(deadline, second_time(rtc, rtc->last_second + 1));
        int64_t shift = written_shift(rtc);
        int64_t alarm = wanted & B_AIE ? next_alarm(rtc, rtc->last_second + shift) : INT64_MAX;
        if (alarm != INT64_MAX)
            deadline = MIN(deadline, second_time(rtc, alarm - shift));
    }
    if (deadline == CLOCK_NEVER)
        timer_cancel(&rtc->timer);
    else
        timer_set(&rtc->timer, deadline);
}

static void expire(void *opaque)
{
    struct mc146818 *rtc = opaque;
    sync(rtc);
    arm(rtc);
}

static void write_a(struct mc146818 *rtc, uint8_t value)
{
    bool was = divider_running(rtc);
    if ((value ^ rtc->cmos[REG_A]) & A_RATE)
        rtc->owed = 0;
    rtc->cmos[REG_A] = value & ~A_UIP;
    if (was && !divider_running(rtc))
        return; /* the registers keep the last time */
    if (!was && divider_running(rtc)) {
        /* The first update comes half a second after the divider was let go (MC146818A, "divider
         * stages"). */
        rtc->offset = NS_PER_SECOND / 2 - clock_now(rtc->clock);
        start_from_registers(rtc);
    }
}

static void write_b(struct mc146818 *rtc, uint8_t value)
{
    bool was = running(rtc);
    if (value & B_SET)
        value &= ~B_UIE;
    if (!(value & B_PIE))
        rtc->owed = 0;
    if (was)
        settle(rtc);
    rtc->cmos[REG_B] = value;
    /* After a change of DM or 24/12 the next update writes in the new format; while SET stops it
     * the bytes stay. */
    if (was && running(rtc))
        fill_registers(rtc, now_second(rtc));
    else if (!was && running(rtc))
        start_from_registers(rtc);
}

static bool is_time_register(unsigned index)
{
    return index == REG_SECONDS || index == REG_MINUTES || index == REG_HOURS ||
           (index >= REG_WEEKDAY && index <= REG_YEAR) || index == REG_CENTURY;
}

static void write_register(struct mc146818 *rtc, unsigned index, uint8_t value)
{
    switch (index) {
    case REG_A: write_a(rtc, value); break;
    case REG_B: write_b(rtc, value); break;
    case REG_C:
    case REG_D: break; /* read-only */
    default:
        rtc->cmos[index] = value;
        rtc->written |= is_time_register(index);
        break;
    }
    update_irq(rtc);
}

/* Clears all flags, and with them the pin: one that is owed raises it anew. */
static void acknowledge(struct mc146818 *rtc)
{
    rtc->cmos[REG_C] = 0;
    update_irq(rtc);
    if (rtc->owed == 0)
        return;
    rtc->owed--;
    rtc->cmos[REG_C] = C_PF;
    update_irq(rtc);
}

static uint8_t read_register(struct mc146818 *rtc, unsigned index)
{
    uint8_t value = rtc->cmos[index];
    if (index == REG_A && running(rtc) &&
        now_ns(rtc) - floor_div(now_ns(rtc), NS_PER_SECOND) * NS_PER_SECOND >=
            NS_PER_SECOND - UIP_NS)
        value |= A_UIP;
    if (index == REG_C)
        acknowledge(rtc);
    return value;
}

static bool port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct mc146818 *rtc = opaque;
    (void)size;
    if (offset == 0) {
        rtc->index = value & 0x7f;
        rtc->nmi_masked = bit(value, 7);
        return true;
    }
    LOG(rtc->log, NVRAM, "rtc: register %02x write %02x\n", rtc->index, (unsigned)value);
    sync(rtc);
    write_register(rtc, rtc->index, (uint8_t)value);
    arm(rtc);
    return true;
}

static bool port_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct mc146818 *rtc = opaque;
    (void)size;
    if (offset == 0) { /* write-only */
        *value = 0xff;
        return true;
    }
    sync(rtc);
    *value = read_register(rtc, rtc->index);
    arm(rtc);
    LOG(rtc->log, NVRAM, "rtc: register %02x read %02x\n", rtc->index, (unsigned)*value);
    return true;
}

static const struct region_desc rtc_desc = { "rtc", 2, 1, 1, port_read, port_write };

struct mc146818 *mc146818_create(struct memory *memory, const struct log *log, struct clock *clock,
                                 int64_t base_ns, struct irq_line irq)
{
    struct mc146818 *rtc = host_alloc(sizeof *rtc);
    rtc->log = log;
    rtc->clock = clock;
    rtc->irq = irq;
    rtc->base = floor_div(base_ns, NS_PER_SECOND);
    rtc->offset = base_ns - rtc->base * NS_PER_SECOND - clock_now(clock);
    rtc->cmos[REG_A] = 0x26; /* 32.768 kHz, 1024 Hz */
    rtc->cmos[REG_B] = B_24H;
    rtc->cmos[REG_D] = D_VRT;
    rtc->last_second = now_second(rtc);
    rtc->last_tick = now_tick(rtc);
    fill_registers(rtc, rtc->last_second);
    timer_init(&rtc->timer, clock, expire, rtc);
    rtc->region = region_map_io(memory, 1u << SPACE_PORTS, &rtc_desc, rtc, 0x70, 0);
    return rtc;
}

void mc146818_destroy(struct mc146818 *rtc)
{
    if (rtc == NULL)
        return;
    timer_cancel(&rtc->timer);
    region_unmap(rtc->region);
    host_free(rtc);
}

void mc146818_reset(struct mc146818 *rtc)
{
    sync(rtc);
    rtc->cmos[REG_B] &= ~(B_PIE | B_AIE | B_UIE | B_SQWE);
    rtc->cmos[REG_C] = 0;
    rtc->owed = 0;
    rtc->nmi_masked = false;
    update_irq(rtc);
    arm(rtc);
}

void mc146818_state(struct mc146818 *rtc, struct state *s)
{
    state_section(s, "mc146818", 3);
    state_i64(s, &rtc->base);
    state_i64(s, &rtc->offset);
    state_i64(s, &rtc->last_second);
    state_i64(s, &rtc->last_tick);
    state_u32(s, &rtc->owed);
    state_bool(s, &rtc->written);
    state_u8(s, &rtc->weekday_shift);
    state_u8(s, &rtc->index);
    state_bool(s, &rtc->nmi_masked);
    state_bytes(s, rtc->cmos, sizeof rtc->cmos);
    rtc->index &= CMOS_SIZE - 1;
    if (s->loading)
        arm(rtc);
}

void mc146818_make_up(struct mc146818 *rtc, bool on)
{
    rtc->makes_up = on;
}

void mc146818_set_cmos(struct mc146818 *rtc, uint8_t index, uint8_t value)
{
    host_assert(index < CMOS_SIZE && index > REG_D, "mc146818: not a CMOS byte");
    rtc->cmos[index] = value;
}

uint8_t mc146818_cmos(const struct mc146818 *rtc, uint8_t index)
{
    return rtc->cmos[index & (CMOS_SIZE - 1)];
}

bool mc146818_nmi_masked(const struct mc146818 *rtc)
{
    return rtc->nmi_masked;
}

int64_t mc146818_time(struct mc146818 *rtc)
{
    return running(rtc) ? now_second(rtc) + written_shift(rtc) : registers_second(rtc);
}
