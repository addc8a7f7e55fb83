import { language } from './language'
import words from '@/generated/words.json'

type Kind = keyof typeof words

/** What a code of the trade is called (a state, a step, a light, a role), from the catalogue of the server. */
export function word(kind: Kind, code: string): string {
  const found = (words[kind] as Record<string, Record<'zh' | 'en', string>>)[code]
  const title = found?.[language.value] ?? code
  return title.charAt(0).toUpperCase() + title.slice(1)
}

/** The codes of one kind, in the order of the server's table. */
export function codes(kind: Kind): string[] {
  return Object.keys(words[kind])
}
