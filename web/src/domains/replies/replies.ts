import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { useActing } from '@/app/acting'
import { api } from '@/app/api'
import { language } from '@/app/language'
import type { ReplyOut } from '@/generated/api'

const PAGE = 50
/** What a list of replies is narrowed by; each stands in the address. */
export const ASKED = ['state', 'channel', 'q', 'overdue'] as const
type Told = Record<(typeof ASKED)[number], string>
/** The states in which an answer is owed: what the list shows unless something else is asked for. */
export const OWED = 'open,owed'
export const ALL = 'all'

const keyOf = (number: string) => ['replies', 'one', number, language.value]

/** `states`: those of the address, as the server takes them. */
function wish({ state, channel, q, overdue }: Told) {
  return { state: state === ALL ? '' : state || OWED, channel, q, overdue: overdue === 'true' }
}

export function useReplies(told: Ref<Told>) {
  return useInfiniteQuery({
    queryKey: computed(() => ['replies', 'list', language.value, told.value]),
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/replies', { params: { query: { ...wish(told.value), limit: PAGE, before: pageParam } }, signal }),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  })
}

/** How many there are in each state, whichever state is asked for. */
export function useReplyCounts(told: Ref<Told>) {
  return useQuery({
    queryKey: computed(() => ['replies', 'counts', { ...told.value, state: '' }]),
    queryFn: ({ signal }) =>
      api.get('/api/replies/counts', { params: { query: { ...wish(told.value), state: '' } }, signal }),
    placeholderData: keepPreviousData,
  })
}

/** The duty to answer one report. */
export function useReply(number: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: keyOf(number.value),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/reports/{number}/reply', { params: { path: { number: number.value } }, signal }),
    })),
  )
}

/** What is done about a reply; what comes back is shown, and lists and cases are read anew. */
export function useReplying() {
  const client = useQueryClient()
  return useActing<ReplyOut>((found) => {
    for (const room of ['replies', 'cases']) void client.invalidateQueries({ queryKey: [room] })
    client.setQueryData(keyOf(found.number), found)
  })
}
