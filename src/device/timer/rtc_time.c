// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Calendar dates and seconds since 1970 (proleptic Gregorian, no leap seconds).
#include "device/timer/rtc_time.h"

enum {
    DAY_SECONDS = 86400,
    DAYS_400_YEARS = 146097,
    DAYS_TO_1970 = 719468, /* from 1 March of year 0 */
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Years are counted from 1 March, so that the leap day is the last and month lengths repeat: 153
 * days in five months. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    year += floor_div(month - 1, 12);
    month = (month - 1) - 12 * floor_div(month - 1, 12); /* 0-11 */
    int64_t from_march = (month + 10) % 12;
    if (month < 2)
        year--;
    int64_t century_days =
        year * 365 + floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400);
    return century_days + (153 * from_march + 2) / 5 + day - 1 - DAYS_TO_1970;
}

int64_t rtc_time_to_seconds(const struct rtc_time *time)
{
    return days_from_date(time->year, time->month, time->day) * DAY_SECONDS +
           (int64_t)time->hour * 3600 + (int64_t)time->minute * 60 + time->second;
}

void rtc_time_from_seconds(struct rtc_time *time, int64_t seconds)
{
    int64_t days = floor_div(seconds, DAY_SECONDS);
    unsigned of_day = (unsigned)(seconds - days * DAY_SECONDS);
    time->hour = of_day / 3600;
    time->minute = of_day / 60 % 60;
    time->second = of_day % 60;
    int64_t week = days + 4; /* 1 January 1970 was a Thursday */
    time->weekday = (unsigned)(week - 7 * floor_div(week, 7));

    int64_t z = days + DAYS_TO_1970;
    int64_t era = floor_div(z, DAYS_400_YEARS);
    int64_t of_era = z - era * DAYS_400_YEARS;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    time->day = (unsigned)(of_year - (153 * from_march + 2) / 5 + 1);
    time->month = (unsigned)(from_march < 10 ? from_march + 3 : from_march - 9);
    time->year = year + era * 400 + (time->month <= 2);
}
