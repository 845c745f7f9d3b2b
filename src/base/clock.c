/*
 * Times and durations by plain arithmetic: the C library's calendar functions
 * read the time zone of the environment, which a daemon must not depend on.
 */
#include "base/clock.h"

#include "base/strings.h"
#include <time.h>

#define NSEC_PER_MIN (60 * BRIG_NSEC_PER_SEC)
#define NSEC_PER_HOUR (60 * NSEC_PER_MIN)
#define SEC_PER_DAY 86400

static int64_t now(clockid_t clock)
{
        struct timespec ts;

        brig_assert(clock_gettime(clock, &ts) == 0);
        return (int64_t)ts.tv_sec * BRIG_NSEC_PER_SEC + ts.tv_nsec;
}

int64_t brig_now_realtime(void)
{
        return now(CLOCK_REALTIME);
}

int64_t brig_now_monotonic(void)
{
        return now(CLOCK_MONOTONIC);
}

/*
 * Day number since 1970-01-01 of a date in the proleptic Gregorian calendar, and back.
 * Years are counted from March, so that the leap day is the last day of its year.
 */
static int64_t days_from_date(int64_t year, int month, int day)
{
        int64_t y = month <= 2 ? year - 1 : year;
        int64_t era = (y >= 0 ? y : y - 399) / 400;
        int64_t year_of_era = y - era * 400;
        int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

        return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
        int64_t z = days + 719468;
        int64_t era = (z >= 0 ? z : z - 146096) / 146097;
        int64_t day_of_era = z - era * 146097;
        int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        int64_t m = (5 * day_of_year + 2) / 153;

        *day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
        *month = (int)(m < 10 ? m + 3 : m - 9);
        *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static void time_format(int64_t ns, bool full, char out[BRIG_TIME_STRING])
{
        int64_t sec = ns / BRIG_NSEC_PER_SEC, nsec = ns % BRIG_NSEC_PER_SEC, days, rest;
        int year, month, day, n, digits = 9;

        if (ns == BRIG_TIME_ZERO) {
                (void)snprintf(out, BRIG_TIME_STRING, "0001-01-01T00:00:00Z");
                return;
        }
        if (nsec < 0) {
                nsec += BRIG_NSEC_PER_SEC;
                sec--;
        }
        days = sec / SEC_PER_DAY;
        rest = sec % SEC_PER_DAY;
        if (rest < 0) {
                rest += SEC_PER_DAY;
                days--;
        }
        date_from_days(days, &year, &month, &day);
        n = snprintf(out, BRIG_TIME_STRING, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day,
                     (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
        for (; !full && digits > 0 && nsec % 10 == 0; digits--)
                nsec /= 10;
        if (digits > 0)
                n += snprintf(out + n, BRIG_TIME_STRING - (size_t)n, ".%0*d", digits, (int)nsec);
        (void)snprintf(out + n, BRIG_TIME_STRING - (size_t)n, "Z");
}

void brig_time_format(int64_t ns, char out[BRIG_TIME_STRING])
{
        time_format(ns, false, out);
}

void brig_time_format_full(int64_t ns, char out[BRIG_TIME_STRING])
{
        time_format(ns, true, out);
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* Reads exactly n digits and moves on. */
static bool take_digits(const char **s, int n, int *ret)
{
        int value = 0;

        for (int i = 0; i < n; i++) {
                if (!is_digit((*s)[i]))
                        return false;
                value = value * 10 + ((*s)[i] - '0');
        }
        *s += n;
        *ret = value;
        return true;
}

static bool take_char(const char **s, char c)
{
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

/* Digits behind a point as billionths; what is finer is dropped. False when there is no digit. */
static bool take_fraction(const char **s, int64_t *ret)
{
        int64_t value = 0, unit = BRIG_NSEC_PER_SEC / 10;

        if (!is_digit(**s))
                return false;
        for (; is_digit(**s); (*s)++) {
                value += (**s - '0') * unit;
                unit /= 10;
        }
        *ret = value;
        return true;
}

static int month_days(int year, int month)
{
        static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        return days[month - 1] + (month == 2 && leap);
}

/* "Z", "+01:00" or nothing (UTC): seconds east of UTC. */
static bool take_zone(const char **s, int *ret)
{
        int hours, minutes, sign = **s == '-' ? -1 : 1;

        *ret = 0;
        if (**s == '\0' || take_char(s, 'Z') || take_char(s, 'z'))
                return true;
        if (!take_char(s, '+') && !take_char(s, '-'))
                return false;
        if (!take_digits(s, 2, &hours) || !take_char(s, ':') || !take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
                return false;
        *ret = sign * (hours * 3600 + minutes * 60);
        return true;
}

/* "T03:04", "T03:04:05", "T03:04:05.6" behind a date. */
static bool take_clock(const char **s, int64_t *ret_sec, int64_t *ret_nsec)
{
        int hour, minute, second = 0;

        if (!take_digits(s, 2, &hour) || !take_char(s, ':') || !take_digits(s, 2, &minute))
                return false;
        if (take_char(s, ':')) {
                if (!take_digits(s, 2, &second))
                        return false;
                if (take_char(s, '.') && !take_fraction(s, ret_nsec))
                        return false;
        }
        /* RFC 3339 allows a leap second. */
        if (hour > 23 || minute > 59 || second > 60)
                return false;
        *ret_sec = hour * 3600 + minute * 60 + second;
        return true;
}

static int64_t saturate(int64_t sec, int64_t nsec)
{
        __int128 ns = (__int128)sec * BRIG_NSEC_PER_SEC + nsec;

        if (ns > INT64_MAX)
                return INT64_MAX;
        return ns < BRIG_TIME_ZERO ? BRIG_TIME_ZERO : (int64_t)ns;
}

static int date_parse(const char *s, int64_t *ret)
{
        int64_t clock = 0, nsec = 0;
        int year, month, day, zone;

        if (!take_digits(&s, 4, &year) || !take_char(&s, '-') || !take_digits(&s, 2, &month) ||
            !take_char(&s, '-') || !take_digits(&s, 2, &day))
                return -EINVAL;
        if (month < 1 || month > 12 || day < 1 || day > month_days(year, month))
                return -EINVAL;
        if ((take_char(&s, 'T') || take_char(&s, 't') || take_char(&s, ' ')) && !take_clock(&s, &clock, &nsec))
                return -EINVAL;
        if (!take_zone(&s, &zone) || *s)
                return -EINVAL;
        *ret = saturate(days_from_date(year, month, day) * SEC_PER_DAY + clock - zone, nsec);
        return 0;
}

/* "1700000000" and "1700000000.5": seconds since the epoch. */
static int epoch_parse(const char *s, int64_t *ret)
{
        int64_t sec = 0, nsec = 0;

        if (!is_digit(*s))
                return -EINVAL;
        for (; is_digit(*s); s++)
                if (__builtin_mul_overflow(sec, 10, &sec) || __builtin_add_overflow(sec, *s - '0', &sec))
                        return -EINVAL;
        if (take_char(&s, '.') && !take_fraction(&s, &nsec))
                return -EINVAL;
        if (*s)
                return -EINVAL;
        *ret = saturate(sec, nsec);
        return 0;
}

int brig_time_parse(const char *s, int64_t now_ns, int64_t *ret)
{
        int64_t back;

        if (!s || !*s)
                return -EINVAL;
        if (epoch_parse(s, ret) == 0 || date_parse(s, ret) == 0)
                return 0;
        if (brig_duration_parse(s, &back) < 0 || __builtin_sub_overflow(now_ns, back, ret))
                return -EINVAL;
        return 0;
}

typedef struct DurationUnit {
        const char *name;
        int64_t ns;
} DurationUnit;

/* Two-letter names first: "m" would swallow the start of "ms". Go writes both the micro sign and the Greek mu. */
static const DurationUnit duration_units[] = {
        { "ns", 1 }, { "us", 1000 }, { "\xc2\xb5s", 1000 }, { "\xce\xbcs", 1000 }, { "ms", BRIG_NSEC_PER_MSEC },
        { "s", BRIG_NSEC_PER_SEC }, { "m", NSEC_PER_MIN }, { "h", NSEC_PER_HOUR },
};

static const DurationUnit *take_unit(const char **s)
{
        for (size_t i = 0; i < ARRAY_SIZE(duration_units); i++)
                if (brig_str_has_prefix(*s, duration_units[i].name)) {
                        *s += strlen(duration_units[i].name);
                        return &duration_units[i];
                }
        return NULL;
}

/* One number with its unit, such as "3.5s". */
static int take_duration(const char **s, int64_t *ret)
{
        int64_t whole = 0, fraction = 0, part;
        const DurationUnit *unit;
        bool digits = is_digit(**s);

        for (; is_digit(**s); (*s)++)
                if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, **s - '0', &whole))
                        return -ERANGE;
        if (take_char(s, '.') && !take_fraction(s, &fraction) && !digits)
                return -EINVAL;
        if (!digits && fraction == 0)
                return -EINVAL;
        unit = take_unit(s);
        if (!unit)
                return -EINVAL;
        part = (int64_t)((__int128)fraction * unit->ns / BRIG_NSEC_PER_SEC);
        if (__builtin_mul_overflow(whole, unit->ns, &whole) || __builtin_add_overflow(whole, part, ret))
                return -ERANGE;
        return 0;
}

int brig_duration_parse(const char *s, int64_t *ret)
{
        int64_t total = 0, part;
        bool negative;

        if (!s)
                return -EINVAL;
        negative = *s == '-';
        if (*s == '-' || *s == '+')
                s++;
        if (!*s)
                return -EINVAL;
        if (streq(s, "0")) {
                *ret = 0;
                return 0;
        }
        while (*s) {
                int r = take_duration(&s, &part);

                if (r < 0)
                        return r;
                if (__builtin_add_overflow(total, part, &total))
                        return -ERANGE;
        }
        *ret = negative ? -total : total;
        return 0;
}

typedef struct HumanRow {
        int64_t below;        /* used while the duration in seconds is below this */
        int64_t divisor;      /* seconds per unit */
        int64_t rounding;     /* seconds added first */
        const char *one;      /* wording of exactly one unit, NULL: as the others */
        const char *unit;
} HumanRow;

/* The words of docker's HumanDuration: hours are rounded to the nearest, everything else is cut. */
static const HumanRow human_rows[] = {
        { 60, 1, 0, "1 second", "seconds" },
        { 3600, 60, 0, "About a minute", "minutes" },
        { 48 * 3600 - 1800, 3600, 1800, "About an hour", "hours" },
        { 24 * 14 * 3600 - 1800, 24 * 3600, 1800, NULL, "days" },
        { 24 * 60 * 3600 - 1800, 24 * 7 * 3600, 1800, NULL, "weeks" },
        { 24 * INT64_C(730) * 3600 - 1800, 24 * 30 * 3600, 1800, NULL, "months" },
        { INT64_MAX, 24 * 365 * 3600, 0, NULL, "years" },
};

void brig_duration_human(int64_t ns, char out[40])
{
        int64_t sec = ns / BRIG_NSEC_PER_SEC, count;
        const HumanRow *row = human_rows;

        if (sec < 1) {
                (void)snprintf(out, 40, "Less than a second");
                return;
        }
        while (sec >= row->below)
                row++;
        count = (sec + row->rounding) / row->divisor;
        if (count == 1 && row->one)
                (void)snprintf(out, 40, "%s", row->one);
        else
                (void)snprintf(out, 40, "%lld %s", (long long)count, row->unit);
}
