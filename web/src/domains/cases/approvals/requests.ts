import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { api } from '@/app/api'
import { instant } from '@/app/clock'
import { language, say } from '@/app/language'
import type { ApprovalLine, LimitOut, StepIn } from '@/generated/api'
import { UNTOLD } from '../case/draft'
import { limitText } from '../case/deadline'

export const KINDS = ['extension', 'deferral', 'shelving', 'return'] as const
export type Kind = (typeof KINDS)[number] | ''
const PAGE = 50
const PULSE_MS = 30_000

/** A request in the list, and when the server told it: its countdowns go on from there. */
export interface Request extends ApprovalLine {
  toldAt: string
}

/** What waits for a decision by one of the person's posts, read again every half minute. */
export function useInbox(kind: Ref<Kind>) {
  const client = useQueryClient()
  const list = useInfiniteQuery({
    queryKey: computed(() => ['approvals', 'inbox', kind.value, language.value]),
    queryFn: async ({ pageParam, signal }) => {
      const query = { kind: kind.value, before: pageParam, limit: PAGE }
      const found = await api.get('/api/approvals', { params: { query }, signal })
      return { ...found, requests: found.requests.map((line) => ({ ...line, toldAt: found.at })) }
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: PULSE_MS,
  })
  const rows = computed<Request[]>(() => list.data.value?.pages.flatMap((page) => page.requests) ?? [])

  /** After a decision: the list, and how much waits, are others now. */
  async function reload() {
    void client.invalidateQueries({ queryKey: ['cases'] })
    await client.invalidateQueries({ queryKey: ['approvals'] })
  }
  return { list, rows, reload }
}

/** How many requests wait for the person, for the sign in the navigation. */
export function useWaiting(wanted: Ref<boolean>) {
  return useQuery({
    queryKey: ['approvals', 'counts'],
    queryFn: ({ signal }) => api.get('/api/approvals/counts', { signal }),
    enabled: wanted,
    refetchInterval: PULSE_MS,
  })
}

type Wish = Pick<ApprovalLine, 'value' | 'unit' | 'until_at' | 'review_on'>

/** What a request asks for: `3 working days`, `until 2025-06-05 12:00`, a day for looking at it again. */
export function wishOf({ value, unit, until_at, review_on }: Wish): string {
  if (value !== null && unit) return limitText({ value, unit: unit as LimitOut['unit'] })
  if (until_at) return say('approvals.until', { at: instant(until_at) })
  return review_on ? say('approvals.review', { day: review_on }) : ''
}

/** Whether the grant would be the last one that is needed. */
export function decides({ chain }: Pick<ApprovalLine, 'chain'>): boolean {
  return chain.filter((link) => !link.approved).length <= 1
}

/** A share as people say it: `12.5 %`. */
export function percent(share: number): string {
  return new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 1 }).format(share)
}

/** The step that grants a request, with words or without, or denies it for a reason. */
export function decision(row: ApprovalLine, granted: boolean, words: string): StepIn {
  const [grant = '', deny = ''] = row.steps
  const said = granted ? { note: words, reason: '' } : { note: '', reason: words }
  return { ...UNTOLD, ...said, step: granted ? grant : deny, seq: row.seq }
}
