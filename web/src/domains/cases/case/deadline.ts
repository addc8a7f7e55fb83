import { span } from '@/app/clock'
import { say } from '@/app/language'
import type { CaseOut, Light, LimitOut } from '@/generated/api'

/** Something with a deadline: a case, a stay in a stage. */
export interface Timed {
  due: string | null
  yellow: string | null
  ended: string | null
}

export function timesOf(row: CaseOut): Timed {
  return { due: row.due_at, yellow: row.yellow_at, ended: row.closed_at }
}

/** The light at an instant; what has ended keeps the light that it ended with. */
export function lightAt(now: number, { due, yellow, ended }: Timed): Light {
  if (due === null) return 'none'
  const moment = ended === null ? now : Math.min(now, Date.parse(ended))
  if (moment > Date.parse(due)) return 'red'
  return yellow !== null && moment >= Date.parse(yellow) ? 'yellow' : 'green'
}

/** How long is left, or by how much it is late; for what has ended, how it ended. */
export function countdown(now: number, { due, ended }: Timed): string {
  if (due === null) return ''
  const left = Date.parse(due) - (ended === null ? now : Date.parse(ended))
  const time = span(left)
  if (ended !== null) return left < 0 ? say('cases.case.endedLate', { time }) : say('cases.case.endedInTime')
  return left < 0 ? say('cases.case.overdue', { time }) : say('cases.case.left', { time })
}

/** A limit of the rule book in words: `3 working days`. */
export function limitText({ value, unit }: Pick<LimitOut, 'value' | 'unit'>): string {
  return say(`cases.case.limit.${unit}`, { n: value })
}
