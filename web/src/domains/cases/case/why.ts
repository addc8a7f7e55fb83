import { instant } from '@/app/clock'
import { say } from '@/app/language'
import type { CaseOut, ClockOut, HoldOut, LinkOut, StretchOut } from '@/generated/api'
import { limitText } from './deadline'

type HoldState = 'asked' | 'lapsed' | 'denied' | 'running' | 'granted' | 'ended'

/** What became of a request for more time. */
export function holdState(hold: HoldOut): HoldState {
  if (hold.stands) return hold.stands
  if (hold.granted === null) return 'lapsed'
  if (!hold.granted) return 'denied'
  return hold.kind === 'extension' ? 'granted' : 'ended'
}

/** What a request asks for: `3 working days`, `until 2025-06-05 12:00`. */
export function wishOf(hold: HoldOut): string {
  if (hold.value !== null && hold.unit) return limitText({ value: hold.value, unit: hold.unit as LinkOut['unit'] })
  return hold.until_at ? say('cases.hold.until', { at: instant(hold.until_at) }) : ''
}

type Source = 'book' | 'city' | 'granted'

const STAGES: Record<ClockOut['what'], readonly string[]> = { case: ['total', 'handle'], unit: ['handle'], stage: [] }

/** Who set a limit: the rule that the case stands under, the city's own settings, or somebody who granted more. */
export function sourceOf(link: LinkOut, clock: ClockOut, row: CaseOut): Source {
  if (link.extends) return 'granted'
  const stages = clock.what === 'stage' ? [clock.stage] : STAGES[clock.what]
  const told = row.rule?.limits.some(
    (limit) =>
      stages.includes(limit.stage) &&
      limit.part === link.part &&
      limit.value === link.value &&
      limit.unit === link.unit &&
      !clock.shared.length,
  )
  return told ? 'book' : 'city'
}

/** The clocks to show: that of the unit is left out where it is the case's own. */
export function distinct(clocks: readonly ClockOut[]): ClockOut[] {
  const same = (one: ClockOut, other: ClockOut) => JSON.stringify(one.links) === JSON.stringify(other.links)
  const whole = clocks.find((clock) => clock.what === 'case')
  return clocks.filter(
    (clock) => !(clock.what === 'unit' && whole && clock.due_at === whole.due_at && same(clock, whole)),
  )
}

/** How long nobody works within a stretch of a day's work, in hours; known where hours are counted. */
export function breakOf(link: LinkOut, { begins, ends, counted }: StretchOut): number {
  if (link.unit !== 'wh' || !counted || !ends) return 0
  return (Date.parse(ends) - Date.parse(begins)) / 3_600_000 - counted
}

export interface Line {
  stretch: StretchOut
  /** How much of the limit is used up by its end. */
  used: number
}

/** The stretches of a limit with what is used up so far. */
export function linesOf(link: LinkOut): Line[] {
  let used = 0
  return link.stretches.map((stretch) => ({ stretch, used: (used += stretch.counted) }))
}
