import { language } from '@/app/language'
import type { CalendarOut, DayOut } from '@/generated/api'

export type Kind = DayOut['kind']
/** What differs from its weekday, in the order of the legend. */
export const SPECIAL: Kind[] = ['holiday', 'make_up', 'changed']
export const WEEKDAYS = [0, 1, 2, 3, 4, 5, 6] as const

export interface Month {
  first: DayOut
  /** Weeks from Monday to Sunday; null outside the month. */
  weeks: (DayOut | null)[][]
  workingDays: number
  /** Seconds. */
  work: number
  /** The first day that is provisional, if any. */
  provisional: DayOut | undefined
}

const LOCALES = { zh: 'zh-CN', en: 'en-GB' } as const

/** A day without a time, in words; days of a calendar have no zone. */
export function dayText(day: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(LOCALES[language.value], { timeZone: 'UTC', ...options }).format(Date.parse(day))
}

/** 0 is Monday. */
export function weekdayOf(day: string): number {
  return (new Date(day).getUTCDay() + 6) % 7
}

/** `Monday`, or short: `Mon`, `一`. */
export function weekdayText(weekday: number, style: 'long' | 'short' | 'narrow'): string {
  return dayText(`2024-01-0${weekday + 1}`, { weekday: style })
}

/** `08:00–12:00, 14:00–18:00` */
export function hoursText(periods: DayOut['periods']): string {
  return periods.map((period) => period.join('–')).join(', ')
}

export function monthsOf(calendar: CalendarOut): Month[] {
  return Array.from({ length: 12 }, (_, index) => {
    const days = calendar.days.filter((day) => Number(day.day.slice(5, 7)) === index + 1)
    return {
      first: days[0]!,
      weeks: weeksOf(days),
      workingDays: days.filter((day) => day.periods.length > 0).length,
      work: days.reduce((sum, day) => sum + workOf(day.periods), 0),
      provisional: days.find((day) => day.provisional),
    }
  })
}

function weeksOf(days: DayOut[]): (DayOut | null)[][] {
  const before = Array.from({ length: weekdayOf(days[0]!.day) }, () => null)
  const cells = [...before, ...days]
  const weeks = Array.from({ length: Math.ceil(cells.length / 7) }, (_, index) => cells.slice(index * 7, index * 7 + 7))
  return weeks.map((week) => [...week, ...Array.from({ length: 7 - week.length }, () => null)])
}

function workOf(periods: DayOut['periods']): number {
  return periods.reduce((sum, [opens, closes]) => sum + seconds(closes) - seconds(opens), 0)
}

function seconds(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  return hour * 3600 + minute * 60
}

/** Weekdays with the same hours in a row: `Monday to Thursday`, then its hours; days without work are left out. */
export function weekOf(calendar: CalendarOut): { from: number; to: number; hours: string }[] {
  const runs: { from: number; to: number; hours: string }[] = []
  for (const weekday of WEEKDAYS) {
    const usual = calendar.days.find((day) => weekdayOf(day.day) === weekday && ['work', 'rest'].includes(day.kind))
    const hours = hoursText(usual?.periods ?? [])
    const last = runs.at(-1)
    if (last && last.hours === hours && last.to === weekday - 1) last.to = weekday
    else runs.push({ from: weekday, to: weekday, hours })
  }
  return runs.filter((run) => run.hours)
}

export interface Special {
  kind: Kind
  from: DayOut
  to: DayOut
  days: number
}

/** Days that differ from their weekday, those in a row and alike as one; rest days between two holidays join them. */
export function specialOf(calendar: CalendarOut): Special[] {
  const told: Special[] = []
  let rest = 0
  for (const day of calendar.days) {
    const last = told.at(-1)
    const follows = last && next(last.to.day, rest + 1) === day.day
    if (day.kind === 'rest' && follows && last.kind === 'holiday') rest += 1
    else {
      if (SPECIAL.includes(day.kind)) {
        const alike = follows && last.kind === day.kind && hoursText(last.to.periods) === hoursText(day.periods)
        if (alike) Object.assign(last, { to: day, days: last.days + rest + 1 })
        else told.push({ kind: day.kind, from: day, to: day, days: 1 })
      }
      rest = 0
    }
  }
  return told
}

function next(day: string, by: number): string {
  return new Date(Date.parse(day) + by * 86_400_000).toISOString().slice(0, 10)
}
