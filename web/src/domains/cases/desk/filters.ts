import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import { codes } from '@/app/words'
import type { paths } from '@/generated/api'

type ListQuery = NonNullable<paths['/api/cases']['get']['parameters']['query']>

/** What narrows and orders the desk's list: the very parameters of the API, without those that page. */
export type DeskQuery = Omit<ListQuery, 'before' | 'limit'>
export type DeskKey = keyof DeskQuery

/** The parameters that narrow the list; each of them can be a chip. */
export const NARROWING = [
  'state',
  'light',
  'category',
  'organisation',
  'area',
  'channel',
  'q',
  'from',
  'to',
  'open',
  'provisional',
  'waiting',
] as const

const LIGHTS = ['red', 'yellow', 'green', 'none'] as const
const DAY = /^\d{4}-\d{2}-\d{2}$/

function one(query: LocationQuery, key: string): string {
  const value = query[key]
  return (Array.isArray(value) ? value[0] : value)?.trim() ?? ''
}

function among<Word extends string>(word: string, words: readonly Word[]): Word | undefined {
  return words.find((known) => known === word)
}

/** The filter that an address stands for. What it cannot mean is left out; an address without a filter is my work. */
export function filterOf(query: LocationQuery): DeskQuery {
  const text = (key: string) => one(query, key).slice(0, 100) || undefined
  const day = (key: string) => (DAY.test(one(query, key)) ? one(query, key) : undefined)
  const states = one(query, 'state')
    .split(',')
    .filter((state) => codes('states').includes(state))
  const filter: DeskQuery = {
    state: states.join(',') || undefined,
    light: among(one(query, 'light'), LIGHTS),
    category: text('category'),
    organisation: text('organisation'),
    area: text('area'),
    channel: text('channel'),
    q: text('q'),
    from: day('from'),
    to: day('to'),
    open: { true: true, false: false }[one(query, 'open')],
    provisional: { true: true }[one(query, 'provisional')],
    waiting: { true: true }[one(query, 'waiting')],
    sort: among(one(query, 'sort'), ['due', 'newest'] as const),
  }
  const narrowed = NARROWING.some((key) => filter[key] !== undefined)
  filter.queue = among(one(query, 'queue'), ['mine', 'all'] as const) ?? (narrowed ? 'all' : 'mine')
  return trimmed(filter)
}

/** The address of a filter: `filterOf` turned round. */
export function addressOf(filter: DeskQuery): LocationQueryRaw {
  return Object.fromEntries(Object.entries(trimmed(filter)).map(([key, value]) => [key, String(value)]))
}

function trimmed(filter: DeskQuery): DeskQuery {
  return Object.fromEntries(
    Object.entries(filter).filter(([, value]) => value !== undefined && value !== ''),
  ) as DeskQuery
}

/** The states a filter names. */
export function statesOf(filter: DeskQuery): string[] {
  return filter.state?.split(',') ?? []
}

/** The order of a list when none is asked for: what I must do by urgency, all there is by age. */
export function sortOf(filter: DeskQuery): 'due' | 'newest' {
  return filter.sort || (filter.queue === 'mine' ? 'due' : 'newest')
}
