import { language, say } from '@/app/language'
import { word } from '@/app/words'
import type { RuleIn } from '@/generated/api'
import { limitLines, lineText, listed, photoText, windowText } from './texts'

/** What a rule says beside whom it is for, in reading order. */
export const FIELDS = [
  'situation_names',
  'filing_condition',
  'limits',
  'closing_condition',
  'urgent',
  'photos',
  'check_mode',
  'check_window',
  'closing_kinds',
  'handlers',
  'self_handling',
  'self_handling_cap',
  'do_not_collect',
  'no_collect',
  'documents',
  'law_clause',
  'source',
  'translations',
] as const satisfies readonly (keyof RuleIn)[]
export type Field = (typeof FIELDS)[number]

export const PROSE = ['filing_condition', 'closing_condition', 'do_not_collect'] as const
export const LANGUAGES = ['zh', 'en'] as const

/** A field of a rule in words, one line for each thing in it; none where it says nothing. */
export function fieldLines(rule: RuleIn, field: Field): string[] {
  switch (field) {
    case 'situation_names':
      return Object.entries(rule.situation_names).map(([code, name]) => inLanguage(code, name))
    case 'translations':
      return Object.entries(rule.translations).flatMap(([code, words]) =>
        PROSE.filter((name) => words[name]).map((name) =>
          inLanguage(code, say('standards.pair', { name: say(`standards.field.${name}`), value: words[name] })),
        ),
      )
    case 'limits':
      return limitLines(rule.limits).map(lineText)
    case 'photos':
      return rule.photos.map(photoText)
    case 'check_mode':
      return [word('check_modes', rule.check_mode)]
    case 'check_window':
      return rule.check_window === 'same_hours' ? [say('standards.sameHours')] : filled(rule.check_window)
    case 'closing_kinds':
      return rule.closing_kinds.length
        ? filled(listed(rule.closing_kinds, 'closing_kinds'))
        : [say('standards.anyKind')]
    case 'handlers':
      return filled(listed(rule.handlers, 'handlers'))
    case 'no_collect':
      return rule.no_collect.map(windowText)
    case 'documents':
      return rule.documents.map(({ code, clause }) => `${code} ${clause ?? ''}`.trim())
    case 'urgent':
    case 'self_handling':
      return rule[field] ? [say('standards.yes')] : []
    default:
      return filled(String(rule[field] ?? ''))
  }
}

function filled(text: string): string[] {
  return text ? [text] : []
}

function inLanguage(code: string, text: string): string {
  const known = LANGUAGES.find((one) => one === code)
  return known ? say('standards.pair', { name: say(`standards.language.${known}`), value: text }) : text
}

/** What the situation of a rule as written is called in the language spoken. */
export function situationName(rule: RuleIn): string {
  const names = rule.situation_names
  return names[language.value] || Object.values(names)[0] || rule.situation
}

/** Where a problem with a form lies: `limits.0.value` is the value in the first line of limits. */
export function placeText(field: string): string {
  const [first = '', second = '', third = ''] = field.split('.')
  if (first === 'limits') {
    const line = say('standards.limitLine', { n: Number(second) + 1 })
    return third ? `${line}${say('standards.comma')}${say(`standards.limitField.${third}`)}` : line
  }
  if (first === 'translations' && second && third) {
    return `${say(`standards.field.${third}`)} (${say(`standards.language.${second}`)})`
  }
  const known = [...FIELDS, 'category', 'situation'].find((name) => name === first)
  return known ? say(`standards.field.${known}`) : field
}
