import { span } from '@/app/clock'
import { say } from '@/app/language'
import type { CaseOut, HoldOut, Light, LimitOut, SpanOut } from '@/generated/api'

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

/** How something with a deadline ended: in time, or by how much late. */
export function ending({ due, ended }: Timed): string {
  if (due === null || ended === null) return ''
  const left = Date.parse(due) - Date.parse(ended)
  return left < 0 ? say('cases.case.endedLate', { time: span(left) }) : say('cases.case.endedInTime')
}

/** Whether a stay is that of a duty beside the handling. */
export function besides(stay: Pick<SpanOut, 'stage'>): boolean {
  return stay.stage.startsWith('duty_')
}

/** Where a case stands now: the stay that is open, at the unit if it is with one. */
export function openStay(row: CaseOut): SpanOut | undefined {
  const open = row.spans.filter((stay) => stay.ended_at === null && !besides(stay))
  return open.find((stay) => !stay.main) ?? open[0]
}

/** The request for more time that waits or whose pause lasts. */
export function standingHold(row: CaseOut): HoldOut | undefined {
  return row.holds.find((hold) => hold.stands)
}

/** A limit of the rule book in words: `3 working days`. */
export function limitText({ value, unit }: Pick<LimitOut, 'value' | 'unit'>): string {
  return say(`cases.case.limit.${unit}`, { n: value })
}
