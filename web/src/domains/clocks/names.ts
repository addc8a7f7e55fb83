import { i18n, say } from '@/app/language'

/** What a calendar is called: its code, but for the one that every city has. */
export function calendarText(code: string): string {
  return code === 'default' ? say('clocks.calendar.default') : code
}

/** What a limit of several is for: a word of the rule book, translated where it is a usual one. */
export function partText(part: string): string {
  const key = `clocks.part.${part}`
  return part && (i18n.global.te as (key: string) => boolean)(key) ? say(key) : part
}
