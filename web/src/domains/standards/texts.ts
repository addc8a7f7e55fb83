import { language, say } from '@/app/language'
import { word } from '@/app/words'
import { calendarText, partText } from '@/domains/clocks/names'
import type { RuleLimitOut, RulePhoto, RuleWindow } from '@/generated/api'

type Limit = Omit<RuleLimitOut, 'value'> & { value: number | string }

/** The calendar of a limit for which none is named. */
const USUAL = 'default'

/** `2 hours (round the clock)`, `5 working days`. */
export function limitText({ value, unit, calendar }: Pick<Limit, 'value' | 'unit' | 'calendar'>): string {
  const n = Number(value)
  const text = say(`standards.limit.${unit}`, { n })
  const named = unit.startsWith('w') && calendar && calendar !== USUAL
  return named ? say('standards.limit.onCalendar', { limit: text, calendar: calendarText(calendar) }) : text
}

export interface LimitLine {
  stage: string
  where: string
  parts: { part: string; text: string }[]
}

/** Limits in reading order: one line for each stage, area class and season, with its parts one after another. */
export function limitLines(limits: readonly Limit[]): LimitLine[] {
  const lines = new Map<string, LimitLine>()
  for (const limit of limits) {
    const key = [limit.stage, limit.area_class, limit.season].join('|')
    const line = lines.get(key) ?? { stage: limit.stage, where: whereText(limit), parts: [] }
    line.parts.push({ part: partText(limit.part), text: limitText(limit) })
    lines.set(key, line)
  }
  return [...lines.values()]
}

function whereText({ area_class, season }: Pick<Limit, 'area_class' | 'season'>): string {
  return [
    area_class && say('standards.limit.areaClass', { name: area_class }),
    season && say('standards.limit.season', { name: season }),
  ]
    .filter(Boolean)
    .join(say('standards.comma'))
}

/** A line of limits as one sentence, as comparisons set them side by side. */
export function lineText({ stage, where, parts }: LimitLine): string {
  const said = parts.map(({ part, text }) => (part ? say('standards.limit.part', { part, limit: text }) : text))
  const head = word('limit_stages', stage) + (where ? say('standards.limit.where', { where }) : '')
  return say('standards.pair', { name: head, value: said.join(say('standards.limit.then')) })
}

export function photoText({ kind, app }: RulePhoto): string {
  const name = word('photo_kinds', kind)
  return app ? say('standards.photoInApp', { name }) : name
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
/** A Monday. */
const A_MONDAY = Date.UTC(2024, 0, 1)

/** A code of a weekday in the language spoken. */
export function weekday(code: string): string {
  const day = new Date(A_MONDAY + WEEKDAYS.indexOf(code) * 86_400_000)
  return new Intl.DateTimeFormat(language.value, { weekday: 'short', timeZone: 'UTC' }).format(day)
}

/** `06-01 to 09-30, Mon, Tue, 12:00–15:00` */
export function windowText({ first, last, days, start, end }: RuleWindow): string {
  return [
    first && say('standards.fromTo', { from: first, to: last }),
    (days ?? []).map(weekday).join(say('standards.comma')),
    start && say('standards.fromTo', { from: start, to: end }),
  ]
    .filter(Boolean)
    .join(say('standards.comma'))
}

/** How the work is checked, and when. */
export function checkText(mode: string, window: string): string {
  const name = word('check_modes', mode)
  if (!window) return name
  return window === 'same_hours'
    ? say('standards.checkSameHours', { name })
    : say('standards.checkWithin', { name, hours: window.replace('-', ' – ') })
}

export function listed(codes: readonly string[], kind: 'handlers' | 'closing_kinds'): string {
  return codes.map((code) => word(kind, code)).join(say('standards.comma'))
}
