// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A small printf: C17 7.21.6.1 without floating point and wide characters.
#include "base/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

struct output {
    char *buf;
    size_t size;
    size_t length; /* of the whole text, however much of it fits */
};

struct directive {
    bool left, zero, plus, space, alternate;
    size_t width;
    bool has_precision;
    size_t precision;
};

enum length { LENGTH_HH, LENGTH_H, LENGTH_INT, LENGTH_L, LENGTH_LL, LENGTH_Z, LENGTH_J, LENGTH_T };

static void put(struct output *out, char c)
{
    if (out->length + 1 < out->size)
        out->buf[out->length] = c;
    out->length++;
}

static void put_repeated(struct output *out, char c, size_t count)
{
    while (count-- > 0)
        put(out, c);
}

static void put_padded(struct output *out, const struct directive *d, const char *text,
                       size_t length)
{
    size_t padding = d->width > length ? d->width - length : 0;
    if (!d->left)
        put_repeated(out, ' ', padding);
    for (size_t i = 0; i < length; i++)
        put(out, text[i]);
    if (d->left)
        put_repeated(out, ' ', padding);
}

static void put_string(struct output *out, const struct directive *d, const char *text)
{
    size_t length = 0;
    if (text == NULL)
        text = "(null)";
    while ((!d->has_precision || length < d->precision) && text[length] != '\0')
        length++;
    put_padded(out, d, text, length);
}

/* prefix: sign or 0x, at most two characters. */
static void put_number(struct output *out, const struct directive *d, uintmax_t value,
                       unsigned base, bool upper, const char *prefix)
{
    char digits[CHAR_BIT * sizeof(uintmax_t)];
    const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    size_t count = 0, prefix_length = 0, zeros = 0;

    for (; value != 0; value /= base)
        digits[count++] = set[value % base];
    while (prefix[prefix_length] != '\0')
        prefix_length++;
    if (d->has_precision)
        zeros = d->precision > count ? d->precision - count : 0;
    else if (count == 0)
        zeros = 1;
    if (base == 8 && d->alternate && zeros == 0)
        zeros = 1;
    if (d->zero && !d->left && !d->has_precision && d->width > prefix_length + zeros + count)
        zeros = d->width - prefix_length - count;

    size_t total = prefix_length + zeros + count;
    size_t padding = d->width > total ? d->width - total : 0;
    if (!d->left)
        put_repeated(out, ' ', padding);
    for (size_t i = 0; i < prefix_length; i++)
        put(out, prefix[i]);
    put_repeated(out, '0', zeros);
    while (count > 0)
        put(out, digits[--count]);
    if (d->left)
        put_repeated(out, ' ', padding);
}

static const char *parse_flags(const char *p, struct directive *d)
{
    for (;; p++) {
        switch (*p) {
        case '-': d->left = true; break;
        case '0': d->zero = true; break;
        case '+': d->plus = true; break;
        case ' ': d->space = true; break;
        case '#': d->alternate = true; break;
        default: return p;
        }
    }
}

static const char *parse_count(const char *p, size_t *count)
{
    *count = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        *count = *count * 10 + (size_t)(*p - '0');
    return p;
}

static const char *parse_length(const char *p, enum length *length)
{
    *length = LENGTH_INT;
    switch (*p) {
    case 'h': *length = p[1] == 'h' ? LENGTH_HH : LENGTH_H; return p + (p[1] == 'h' ? 2 : 1);
    case 'l': *length = p[1] == 'l' ? LENGTH_LL : LENGTH_L; return p + (p[1] == 'l' ? 2 : 1);
    case 'z': *length = LENGTH_Z; return p + 1;
    case 'j': *length = LENGTH_J; return p + 1;
    case 't': *length = LENGTH_T; return p + 1;
    default: return p;
    }
}

/* A va_list parameter may be an array: it is carried in a struct so that a pointer to it can be
 * passed on. */
struct arguments {
    va_list ap;
};

static intmax_t signed_argument(struct arguments *args, enum length length)
{
    switch (length) {
    case LENGTH_HH: return (signed char)va_arg(args->ap, int);
    case LENGTH_H: return (short)va_arg(args->ap, int);
    case LENGTH_L: return va_arg(args->ap, long);
    case LENGTH_LL: return va_arg(args->ap, long long);
    case LENGTH_Z: return (ptrdiff_t)va_arg(args->ap, size_t);
    case LENGTH_J: return va_arg(args->ap, intmax_t);
    case LENGTH_T: return va_arg(args->ap, ptrdiff_t);
    default: return va_arg(args->ap, int);
    }
}

static uintmax_t unsigned_argument(struct arguments *args, enum length length)
{
    switch (length) {
    case LENGTH_HH: return (unsigned char)va_arg(args->ap, unsigned);
    case LENGTH_H: return (unsigned short)va_arg(args->ap, unsigned);
    case LENGTH_L: return va_arg(args->ap, unsigned long);
    case LENGTH_LL: return va_arg(args->ap, unsigned long long);
    case LENGTH_Z: return va_arg(args->ap, size_t);
    case LENGTH_J: return va_arg(args->ap, uintmax_t);
    case LENGTH_T: return (uintmax_t)va_arg(args->ap, ptrdiff_t);
    default: return va_arg(args->ap, unsigned);
    }
}

static void put_signed(struct output *out, const struct directive *d, intmax_t value)
{
    uintmax_t magnitude = value < 0 ? -(uintmax_t)value : (uintmax_t)value;
    put_number(out, d, magnitude, 10, false, value < 0 ? "-" : d->plus ? "+" : d->space ? " " : "");
}

static void put_unsigned(struct output *out, const struct directive *d, char conversion,
                         uintmax_t value)
{
    unsigned base = conversion == 'o' ? 8 : conversion == 'u' ? 10 : 16;
    const char *prefix = "";
    if (base == 16 && d->alternate && value != 0)
        prefix = conversion == 'X' ? "0X" : "0x";
    put_number(out, d, value, base, conversion == 'X', prefix);
}

static void put_conversion(struct output *out, struct directive *d, char conversion,
                           enum length length, struct arguments *args)
{
    switch (conversion) {
    case 'd':
    case 'i': put_signed(out, d, signed_argument(args, length)); break;
    case 'u':
    case 'o':
    case 'x':
    case 'X': put_unsigned(out, d, conversion, unsigned_argument(args, length)); break;
    case 'p':
        d->alternate = true;
        put_unsigned(out, d, 'x', (uintptr_t)va_arg(args->ap, void *));
        break;
    case 'c': {
        char c = (char)va_arg(args->ap, int);
        put_padded(out, d, &c, 1);
        break;
    }
    case 's': put_string(out, d, va_arg(args->ap, const char *)); break;
    case '%': put(out, '%'); break;
    default:
        /* Not in our language: show it rather than lose it. */
        put(out, '%');
        put(out, conversion);
    }
}

/* Width and precision; a negative * width means left, a negative * precision none (7.21.6.1p5). */
static const char *parse_sizes(const char *p, struct directive *d, struct arguments *args)
{
    if (*p == '*') {
        int width = va_arg(args->ap, int);
        if (width < 0)
            d->left = true;
        d->width = width < 0 ? -(size_t)width : (size_t)width;
        p++;
    } else {
        p = parse_count(p, &d->width);
    }
    if (*p != '.')
        return p;
    p++;
    d->has_precision = true;
    if (*p != '*')
        return parse_count(p, &d->precision);
    int precision = va_arg(args->ap, int);
    d->has_precision = precision >= 0;
    d->precision = precision < 0 ? 0 : (size_t)precision;
    return p + 1;
}

size_t vformat(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct output out = { buf, size, 0 };
    struct arguments args;

    va_copy(args.ap, ap);
    for (const char *p = fmt; *p != '\0';) {
        if (*p != '%') {
            put(&out, *p++);
            continue;
        }
        struct directive d = { 0 };
        enum length length;
        p = parse_sizes(parse_flags(p + 1, &d), &d, &args);
        p = parse_length(p, &length);
        if (*p == '\0')
            break;
        put_conversion(&out, &d, *p++, length, &args);
    }
    va_end(args.ap);
    if (size > 0)
        buf[MIN(out.length, size - 1)] = '\0';
    return out.length;
}

size_t format(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t length = vformat(buf, size, fmt, ap);
    va_end(ap);
    return length;
}
