import { computed, watch } from 'vue'
import { span, useNow } from '@/app/clock'
import { say } from '@/app/language'
import type { Countdown } from '@/generated/api'

const HOUR = 3_600
const DAY = 24 * HOUR
/** So many hours of work are told without their minutes. */
const MANY_HOURS = 100
/** Not all screens ask in the same second when work begins or ends. */
const SPREAD_MS = 5_000

/** Whether the limit runs round the clock; else it counts time of work. */
export function roundTheClock(told: Countdown): boolean {
  return told.runs && told.changes_at === null
}

/** Whether the count shrinks at `now`; past the next change it is known to have turned. */
export function runsAt(now: number, told: Countdown): boolean {
  return told.runs !== (told.changes_at !== null && now >= Date.parse(told.changes_at))
}

/** Seconds of the limit's own time that are left at `now`, below nothing when late; `at` is when the server said it. */
export function leftAt(now: number, told: Countdown, at: number): number {
  const change = told.changes_at === null ? null : Date.parse(told.changes_at)
  const [from, to] = told.runs ? [at, Math.min(now, change ?? now)] : [change ?? now, now]
  return told.remaining_s - Math.max(0, to - from) / 1000
}

/** `02:59:07`, with days in front where there are any; unless `exact`, what lasts longer is told without seconds. */
export function timeText(seconds: number, told: Countdown, exact: boolean): string {
  const whole = seconds < 0 ? Math.floor(-seconds) : Math.ceil(seconds)
  const elapsed = roundTheClock(told)
  if (!exact && whole >= DAY) return elapsed ? span(whole * 1000) : workText(whole)
  const days = elapsed ? Math.floor(whole / DAY) : 0
  const time = clockText(whole - days * DAY)
  return days ? say('clocks.days', { d: days, time }) : time
}

function workText(seconds: number): string {
  const [h, m] = [Math.floor(seconds / HOUR), Math.floor((seconds % HOUR) / 60)]
  return m && h < MANY_HOURS ? say('app.span.hm', { h, m }) : say('app.span.h', { h })
}

function clockText(seconds: number): string {
  const parts = [Math.floor(seconds / HOUR), Math.floor((seconds % HOUR) / 60), seconds % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

/** Ask the server again whenever the next of these instants has come: work began or ended, the counts turned. */
export function useTurns(instants: () => readonly (string | null | undefined)[], ask: () => unknown): void {
  const now = useNow()
  const late = Math.random() * SPREAD_MS
  let asked = now.value
  const marks = computed(() => instants().flatMap((mark) => (mark ? [Date.parse(mark)] : [])))
  watch(now, (at) => {
    const passed = marks.value.filter((mark) => mark > asked && mark + late <= at)
    if (!passed.length) return
    asked = Math.max(...passed)
    void ask()
  })
}
