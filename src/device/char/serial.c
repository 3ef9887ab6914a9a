// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 16550A universal asynchronous receiver and transmitter.
#include "device/char/serial.h"

#include "base/state.h"
#include "host/host.h"

/* Registers and bits: PC16550D data sheet, table II. */
enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };
enum { IER_RDA = 1, IER_THRE = 2, IER_RLS = 4, IER_MSR = 8 };
enum {
    IIR_MSR = 0,
    IIR_NONE = 1,
    IIR_THRE = 2,
    IIR_RDA = 4,
    IIR_RLS = 6,
    IIR_TIMEOUT = 0xc,
    IIR_FIFOS = 0xc0
};
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4 };
enum { LCR_STOP = 4, LCR_PARITY = 8, LCR_BREAK = 0x40, LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10 };
enum {
    LSR_DR = 1,
    LSR_OE = 2,
    LSR_PE = 4,
    LSR_FE = 8,
    LSR_BI = 0x10,
    LSR_THRE = 0x20,
    LSR_TEMT = 0x40,
    LSR_FIFO_ERROR = 0x80,
    LSR_ERRORS = LSR_OE | LSR_PE | LSR_FE | LSR_BI,
};
enum {
    MSR_DCTS = 1,
    MSR_DDSR = 2,
    MSR_TERI = 4,
    MSR_DDCD = 8,
    MSR_CTS = 0x10,
    MSR_DSR = 0x20,
    MSR_RI = 0x40,
    MSR_DCD = 0x80
};

enum { FIFO_SIZE = 16, BAUD_BASE = 115200 };

struct fifo {
    uint8_t data[FIFO_SIZE];
    uint8_t errors[FIFO_SIZE]; /* LSR bits of each character received */
    uint8_t head, count;
};

struct serial {
    const struct log *log;
    struct irq_line irq;
    struct char_backend *backend;
    struct timer timeout; /* four character times without a character */
    struct fifo rx, tx;
    uint8_t last_rx; /* what the receiver buffer shows when it is empty */
    uint8_t ier, fcr, lcr, mcr, msr, scr;
    uint8_t errors; /* LSR_ERRORS that are to be read */
    uint16_t divisor;
    bool thre_pending; /* the transmitter-empty interrupt is due */
    bool timeout_pending;
};

static unsigned capacity(const struct serial *serial)
{
    return serial->fcr & FCR_ENABLE ? FIFO_SIZE : 1;
}

static unsigned trigger(const struct serial *serial)
{
    static const uint8_t levels[4] = { 1, 4, 8, 14 };
    return serial->fcr & FCR_ENABLE ? levels[serial->fcr >> 6] : 1;
}

static uint8_t interrupt_id(const struct serial *serial)
{
    if ((serial->ier & IER_RLS) && serial->errors)
        return IIR_RLS;
    if ((serial->ier & IER_RDA) && serial->rx.count >= trigger(serial))
        return IIR_RDA;
    if ((serial->ier & IER_RDA) && serial->timeout_pending)
        return IIR_TIMEOUT;
    if ((serial->ier & IER_THRE) && serial->thre_pending)
        return IIR_THRE;
    if ((serial->ier & IER_MSR) && (serial->msr & 0xf))
        return IIR_MSR;
    return IIR_NONE;
}

/*
 * On a PC, OUT2 gates the pin to the bus; yet not every system that ran on emulators sets it, and
 * none relies on the gate. So the pin is not gated.
 */
static void update_irq(struct serial *serial)
{
    irq_set(serial->irq, interrupt_id(serial) != IIR_NONE);
}

static int64_t character_time(const struct serial *serial)
{
    unsigned length = 1 + 5 + (serial->lcr & 3) + (serial->lcr & LCR_PARITY ? 1 : 0) +
                      (serial->lcr & LCR_STOP ? 2 : 1);
    unsigned divisor = serial->divisor != 0 ? serial->divisor : 1;
    return (int64_t)length * divisor * (NS_PER_SECOND / BAUD_BASE);
}

/* Receiver FIFO timeout: characters are there, and none came or went for four character times. */
static void restart_timeout(struct serial *serial)
{
    serial->timeout_pending = false;
    if ((serial->fcr & FCR_ENABLE) && serial->rx.count > 0)
        timer_set(&serial->timeout, clock_now(serial->timeout.clock) + 4 * character_time(serial));
    else
        timer_cancel(&serial->timeout);
}

static void timeout_expire(void *opaque)
{
    struct serial *serial = opaque;
    serial->timeout_pending = serial->rx.count > 0;
    update_irq(serial);
}

static void fifo_clear(struct fifo *fifo)
{
    fifo->head = fifo->count = 0;
}

static void fifo_put(struct fifo *fifo, uint8_t data, uint8_t errors)
{
    unsigned at = (fifo->head + fifo->count++) % FIFO_SIZE;
    fifo->data[at] = data;
    fifo->errors[at] = errors;
}

static uint8_t fifo_get(struct fifo *fifo)
{
    uint8_t data = fifo->data[fifo->head];
    fifo->head = (fifo->head + 1) % FIFO_SIZE;
    fifo->count--;
    return data;
}

/* A character's errors show in LSR when it comes to the top of the FIFO. */
static void reveal_errors(struct serial *serial)
{
    if (serial->rx.count > 0) {
        serial->errors |= serial->rx.errors[serial->rx.head];
        serial->rx.errors[serial->rx.head] = 0;
    }
}

static void receive_character(struct serial *serial, uint8_t data, uint8_t errors)
{
    if (serial->rx.count >= capacity(serial)) {
        /* Overrun: the FIFO keeps what it has; the single buffer is overwritten. */
        serial->errors |= LSR_OE;
        if (serial->fcr & FCR_ENABLE)
            return;
        fifo_clear(&serial->rx);
    }
    fifo_put(&serial->rx, data, errors);
    reveal_errors(serial);
}

static size_t can_receive(void *opaque)
{
    struct serial *serial = opaque;
    if (serial->mcr & MCR_LOOP)
        return 0;
    return capacity(serial) - MIN(serial->rx.count, capacity(serial));
}

static void receive(void *opaque, const uint8_t *data, size_t length)
{
    struct serial *serial = opaque;
    for (size_t i = 0; i < length; i++)
        receive_character(serial, data[i], 0);
    restart_timeout(serial);
    update_irq(serial);
}

/* A break is a zero character with BI and FE. */
static void event(void *opaque, enum char_event what)
{
    struct serial *serial = opaque;
    if (what != CHAR_EVENT_BREAK || serial->mcr & MCR_LOOP)
        return;
    receive_character(serial, 0, LSR_BI | LSR_FE);
    restart_timeout(serial);
    update_irq(serial);
}

/* Hand on what waits; the moment the last byte is gone is the transmitter-empty interrupt. */
static void transmit(struct serial *serial)
{
    bool waiting = serial->tx.count > 0;
    while (serial->tx.count > 0) {
        uint8_t data = serial->tx.data[serial->tx.head];
        if (serial->mcr & MCR_LOOP) {
            receive_character(serial, data, 0);
            restart_timeout(serial);
        } else if (char_write(serial->backend, &data, 1) == 0) {
            return; /* writable() will come */
        }
        fifo_get(&serial->tx);
    }
    if (waiting)
        serial->thre_pending = true;
}

static void writable(void *opaque)
{
    struct serial *serial = opaque;
    transmit(serial);
    update_irq(serial);
}

static void write_data(struct serial *serial, uint8_t value)
{
    serial->thre_pending = false;
    if (serial->tx.count < capacity(serial))
        fifo_put(&serial->tx, value, 0);
    else if (!(serial->fcr & FCR_ENABLE))
        serial->tx.data[serial->tx.head] = value; /* a full holding register is overwritten */
    transmit(serial);
}

static uint8_t read_data(struct serial *serial)
{
    if (serial->rx.count > 0) {
        serial->last_rx = fifo_get(&serial->rx);
        reveal_errors(serial);
        restart_timeout(serial);
        char_accept_input(serial->mcr & MCR_LOOP ? NULL : serial->backend);
    }
    return serial->last_rx;
}

static void write_fcr(struct serial *serial, uint8_t value)
{
    bool switched = (value ^ serial->fcr) & FCR_ENABLE;
    /* Bits 7-1 are programmed only together with bit 0. */
    serial->fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
    if (switched || (value & FCR_CLEAR_RX)) {
        fifo_clear(&serial->rx);
        restart_timeout(serial);
        char_accept_input(serial->mcr & MCR_LOOP ? NULL : serial->backend);
    }
    if ((switched || (value & FCR_CLEAR_TX)) && serial->tx.count > 0) {
        fifo_clear(&serial->tx);
        serial->thre_pending = true;
    }
}

/* The modem inputs: always ready at the back end; in loopback the outputs of MCR. */
static void update_msr(struct serial *serial)
{
    uint8_t lines = MSR_CTS | MSR_DSR | MSR_DCD;
    if (serial->mcr & MCR_LOOP)
        lines = (serial->mcr & MCR_RTS ? MSR_CTS : 0) | (serial->mcr & MCR_DTR ? MSR_DSR : 0) |
                (serial->mcr & MCR_OUT1 ? MSR_RI : 0) | (serial->mcr & MCR_OUT2 ? MSR_DCD : 0);
    uint8_t changed = (serial->msr ^ lines) & 0xf0;
    uint8_t deltas = changed >> 4;
    if (lines & MSR_RI) /* only the trailing edge of RI counts */
        deltas &= ~MSR_TERI;
    serial->msr = lines | (serial->msr & 0xf) | deltas;
}

static void write_mcr(struct serial *serial, uint8_t value)
{
    bool looped = serial->mcr & MCR_LOOP;
    serial->mcr = value & 0x1f;
    update_msr(serial);
    if (looped && !(value & MCR_LOOP)) {
        transmit(serial);
        char_accept_input(serial->backend);
    }
}

static void write_lcr(struct serial *serial, uint8_t value)
{
    bool changed = (value ^ serial->lcr) & LCR_BREAK;
    serial->lcr = value;
    if (changed)
        char_set_break(serial->backend, value & LCR_BREAK);
}

void serial_write(struct serial *serial, unsigned offset, uint8_t value)
{
    bool dlab = serial->lcr & LCR_DLAB;
    switch (offset) {
    case REG_DATA:
        if (dlab)
            serial->divisor = (serial->divisor & 0xff00) | value;
        else
            write_data(serial, value);
        break;
    case REG_IER:
        if (dlab) {
            serial->divisor = (uint16_t)((serial->divisor & 0xff) | value << 8);
            break;
        }
        /* Enabling the transmitter-empty interrupt while it is empty raises it at once. */
        if ((value & ~serial->ier & IER_THRE) && serial->tx.count == 0)
            serial->thre_pending = true;
        serial->ier = value & 0xf;
        break;
    case REG_IIR_FCR: write_fcr(serial, value); break;
    case REG_LCR: write_lcr(serial, value); break;
    case REG_MCR: write_mcr(serial, value); break;
    case REG_SCR: serial->scr = value; break;
    default: break; /* LSR and MSR: factory test only */
    }
    update_irq(serial);
}

static uint8_t read_lsr(struct serial *serial)
{
    uint8_t lsr = serial->errors;
    if (serial->rx.count > 0)
        lsr |= LSR_DR;
    if (serial->tx.count == 0)
        lsr |= LSR_THRE | LSR_TEMT;
    if (serial->fcr & FCR_ENABLE) {
        for (unsigned i = 0; i < serial->rx.count; i++) {
            if (serial->rx.errors[(serial->rx.head + i) % FIFO_SIZE])
                lsr |= LSR_FIFO_ERROR;
        }
        if (serial->errors & (LSR_PE | LSR_FE | LSR_BI))
            lsr |= LSR_FIFO_ERROR;
    }
    serial->errors = 0;
    return lsr;
}

static uint8_t read_iir(struct serial *serial)
{
    uint8_t id = interrupt_id(serial);
    if (id == IIR_THRE) /* reading it as the source takes it back */
        serial->thre_pending = false;
    return id | (serial->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

uint8_t serial_read(struct serial *serial, unsigned offset)
{
    bool dlab = serial->lcr & LCR_DLAB;
    uint8_t value;
    switch (offset) {
    case REG_DATA: value = dlab ? (uint8_t)serial->divisor : read_data(serial); break;
    case REG_IER: value = dlab ? (uint8_t)(serial->divisor >> 8) : serial->ier; break;
    case REG_IIR_FCR: value = read_iir(serial); break;
    case REG_LCR: value = serial->lcr; break;
    case REG_MCR: value = serial->mcr; break;
    case REG_LSR: value = read_lsr(serial); break;
    case REG_MSR:
        value = serial->msr;
        serial->msr &= 0xf0;
        break;
    default: value = serial->scr; break;
    }
    update_irq(serial);
    return value;
}

struct serial *serial_create(const struct log *log, struct clock *clock, struct irq_line irq,
                             struct char_backend *backend)
{
    struct serial *serial = host_alloc(sizeof *serial);
    serial->log = log;
    serial->irq = irq;
    serial->backend = backend;
    timer_init(&serial->timeout, clock, timeout_expire, serial);
    serial_reset(serial);
    const struct char_user user = { can_receive, receive, event, writable, serial };
    char_attach(backend, &user);
    return serial;
}

void serial_destroy(struct serial *serial)
{
    if (serial == NULL)
        return;
    const struct char_user nobody = { 0 };
    char_attach(serial->backend, &nobody);
    timer_cancel(&serial->timeout);
    host_free(serial);
}

void serial_reset(struct serial *serial)
{
    timer_cancel(&serial->timeout);
    fifo_clear(&serial->rx);
    fifo_clear(&serial->tx);
    write_lcr(serial, 0);
    serial->ier = serial->fcr = serial->mcr = serial->errors = 0;
    serial->divisor = 12; /* 9600 baud; undefined in the data sheet */
    serial->thre_pending = serial->timeout_pending = false;
    update_msr(serial);
    serial->msr &= 0xf0;
    update_irq(serial);
    char_accept_input(serial->backend); /* it may have been full */
}

static void fifo_state(struct fifo *fifo, struct state *s)
{
    state_bytes(s, fifo->data, sizeof fifo->data);
    state_bytes(s, fifo->errors, sizeof fifo->errors);
    state_u8(s, &fifo->head);
    state_u8(s, &fifo->count);
    if (fifo->head >= FIFO_SIZE || fifo->count > FIFO_SIZE) {
        s->failed = true;
        fifo_clear(fifo);
    }
}

void serial_state(struct serial *serial, struct state *s)
{
    uint8_t *registers[] = { &serial->last_rx, &serial->ier, &serial->fcr, &serial->lcr,
                             &serial->mcr,     &serial->msr, &serial->scr, &serial->errors };
    state_section(s, "serial", 1);
    fifo_state(&serial->rx, s);
    fifo_state(&serial->tx, s);
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++)
        state_u8(s, registers[i]);
    state_u16(s, &serial->divisor);
    state_bool(s, &serial->thre_pending);
    bool timeout_pending = serial->timeout_pending;
    state_bool(s, &timeout_pending);
    if (s->loading) {
        restart_timeout(serial);
        serial->timeout_pending = timeout_pending;
        char_accept_input(serial->backend);
    }
}
