// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Calendar dates and seconds since 1970 (proleptic Gregorian, no leap seconds).
#ifndef DEVICE_TIMER_RTC_TIME_H
#define DEVICE_TIMER_RTC_TIME_H

#include <stdint.h>

struct rtc_time {
    int64_t year;
    unsigned month, day; /* from 1 */
    unsigned weekday;    /* 0 is Sunday */
    unsigned hour, minute, second;
};

void rtc_time_from_seconds(struct rtc_time *time, int64_t seconds);
/* Values beyond their range carry over, as 30 February does. weekday is not looked at. */
int64_t rtc_time_to_seconds(const struct rtc_time *time);

#endif
