/** Times and dates as text, in the page's language and the person's calendar. Times come in as milliseconds UTC. */
import type { Settings } from "../core/api";
import { direction, locale, t } from "../i18n/index.svelte";

type Calendar = Settings["calendar"];

/** Unicode calendar keys. Umm al-Qura is the computed Islamic calendar; sighting-based ones cannot be computed. */
const calendars: Record<Calendar, string> = {
  gregorian: "gregory",
  persian: "persian",
  islamic: "islamic-umalqura",
};

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Making a formatter costs more than a hundred uses of it, so each is kept. */
function formatter(calendar: Calendar, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const tag = `${locale()}-u-ca-${calendars[calendar]}`;
  const key = tag + JSON.stringify(options);
  let made = formatters.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(tag, options);
    formatters.set(key, made);
  }
  return made;
}

/** Midnight before `at` in local time. */
export function dayStart(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** Whole local days from `at` to `now`; the rounding absorbs daylight saving. */
function daysAgo(at: number, now: number): number {
  return Math.round((dayStart(now) - dayStart(at)) / 86_400_000);
}

export function clock(at: number, calendar: Calendar): string {
  return formatter(calendar, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

/** For a list: the time today, then the weekday, then the date. */
export function listTime(at: number, now: number, calendar: Calendar): string {
  const days = daysAgo(at, now);
  if (days <= 0) return clock(at, calendar);
  if (days === 1) return t("day-yesterday");
  if (days < 7) return formatter(calendar, { weekday: "short" }).format(at);
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const options: Intl.DateTimeFormatOptions = sameYear
    ? { day: "numeric", month: "short" }
    : { day: "numeric", month: "short", year: "numeric" };
  return formatter(calendar, options).format(at);
}

/** For a separator between days. */
export function dayTitle(at: number, now: number, calendar: Calendar): string {
  const days = daysAgo(at, now);
  if (days === 0) return t("day-today");
  if (days === 1) return t("day-yesterday");
  return fullDate(at, calendar);
}

/** Weekday and date. The order is the translator's: ICU's own patterns for the Persian calendar are unfinished. */
export function fullDate(at: number, calendar: Calendar): string {
  return inPageDirection(
    t("date-full", {
      weekday: formatter(calendar, { weekday: "long" }).format(at),
      date: date(at, calendar),
    }),
  );
}

export function dateTime(at: number, calendar: Calendar): string {
  return inPageDirection(t("date-time", { date: date(at, calendar), time: clock(at, calendar) }));
}

/**
 * A text whose words all stand isolated, for use within a sentence. Isolated once more it would have no direction of its
 * own and run from left to right; on a right-to-left page a mark gives it the page's.
 */
export function inPageDirection(text: string): string {
  return direction() === "rtl" ? `\u200f${text}` : text;
}

function date(at: number, calendar: Calendar): string {
  return formatter(calendar, { day: "numeric", month: "long", year: "numeric" }).format(at);
}

export function number(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

/** "A, B and C"; of type `unit` without the last "and", for a list that goes on. */
export function list(values: readonly string[], type: "conjunction" | "unit" = "conjunction"): string {
  return new Intl.ListFormat(locale(), { type, style: "long" }).format(values);
}
