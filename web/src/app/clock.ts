import { onScopeDispose, readonly, ref } from 'vue'
import { language, say } from './language'
import { city } from './session'

const offset = ref(0)
const ticking = ref(Date.now())
let listeners = 0
let timer = 0

/** Set the clock by what the server says it is now: the city's clock need not be the machine's. */
export function setClock(now: string): void {
  offset.value = Date.parse(now) - Date.now()
  ticking.value = Date.now() + offset.value
}

/** The city's present instant in milliseconds, renewed every second while somebody looks. */
export function useNow() {
  if (listeners++ === 0) timer = window.setInterval(tick, 1000)
  tick()
  onScopeDispose(() => {
    if (--listeners === 0) window.clearInterval(timer)
  })
  return readonly(ticking)
}

function tick() {
  ticking.value = Date.now() + offset.value
}

const LOCALES = { zh: 'zh-CN', en: 'en-GB' } as const

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(LOCALES[language.value], { timeZone: city.value?.zone, hour12: false, ...options })
}

/** `2015-10-30 08:05` in the city's zone, alike in both languages. */
export function instant(at: string | number | null | undefined): string {
  if (at === null || at === undefined) return ''
  const parts = format({
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(new Date(at))
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}`
}

/** `08:05` in the city's zone. */
export function timeOfDay(at: string | number): string {
  return instant(at).slice(11)
}

/** `6月2日 周一`, `Mon 2 Jun` in the city's zone. */
export function dayOf(at: string | number): string {
  const [day, weekday] = ([{ month: 'short', day: 'numeric' }, { weekday: 'short' }] as const).map((options) =>
    format(options).format(new Date(at)),
  )
  return say('app.day', { day, weekday })
}

/** The instant at which a clock on the wall of the city shows `2015-10-30T08:05`; empty where that is none. */
export function cityInstant(wall: string): string {
  const wanted = Date.parse(`${wall}Z`)
  if (Number.isNaN(wanted)) return ''
  const shown = (at: number) => Date.parse(`${instant(at).replace(' ', 'T')}Z`)
  // What a zone is ahead of UTC changes a few times a year: a second look finds the right side of a change.
  const first = wanted + (wanted - shown(wanted))
  return new Date(first + (wanted - shown(first))).toISOString()
}

/** A month by its number, 1 to 12: `3月`, `Mar`. */
export function monthName(month: number): string {
  return new Intl.DateTimeFormat(LOCALES[language.value], { month: 'short' }).format(new Date(2000, month - 1))
}

/** A span of milliseconds in its two largest units: `3 d 4 h`, `12 min`. */
export function span(milliseconds: number): string {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000)
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60]
  if (days >= 10) return say('app.span.d', { d: days })
  if (days > 0) return hours ? say('app.span.dh', { d: days, h: hours }) : say('app.span.d', { d: days })
  if (hours > 0) return rest ? say('app.span.hm', { h: hours, m: rest }) : say('app.span.h', { h: hours })
  return rest ? say('app.span.m', { m: rest }) : say('app.span.s')
}
