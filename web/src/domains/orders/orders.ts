import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { useActing } from '@/app/acting'
import { api } from '@/app/api'
import { language } from '@/app/language'
import type { OrderOut } from '@/generated/api'

const PAGE = 50
const KINDS = ['reminder', 'supervision', 'instruction', 'matter'] as const
const LEVELS = ['ordinary', 'urgent', 'pressing'] as const
/** What a list of orders is narrowed by; each stands in the address. */
export const ASKED = ['kind', 'state', 'level', 'target', 'mine', 'overdue'] as const
type Told = Record<(typeof ASKED)[number], string>

const keyOf = (reference: string) => ['orders', 'one', reference]

function wish(told: Told) {
  return {
    kind: KINDS.find((one) => one === told.kind) ?? ('' as const),
    level: LEVELS.find((one) => one === told.level) ?? ('' as const),
    state: told.state,
    target: told.target,
    mine: told.mine === 'true',
    overdue: told.overdue === 'true',
  }
}

export function useOrders(told: Ref<Told>) {
  return useInfiniteQuery({
    queryKey: computed(() => ['orders', 'list', language.value, told.value]),
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/orders', { params: { query: { ...wish(told.value), limit: PAGE, before: pageParam } }, signal }),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  })
}

/** How many there are in each state, whichever state is asked for. */
export function useOrderCounts(told: Ref<Told>) {
  return useQuery({
    queryKey: computed(() => ['orders', 'counts', { ...told.value, state: '' }]),
    queryFn: ({ signal }) =>
      api.get('/api/orders/counts', { params: { query: { ...wish(told.value), state: '' } }, signal }),
    placeholderData: keepPreviousData,
  })
}

export function useOrder(reference: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: keyOf(reference.value),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/orders/{reference}', { params: { path: { reference: reference.value } }, signal }),
    })),
  )
}

export function useOrderChoices() {
  return useQuery({
    queryKey: computed(() => ['orders', 'choices', language.value]),
    queryFn: ({ signal }) => api.get('/api/orders/choices', { signal }),
  })
}

export function useOrdersOfCase(number: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['orders', 'case', number.value, language.value],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/cases/{number}/orders', { params: { path: { number: number.value } }, signal }),
    })),
  )
}

/** What is done with an order; what comes back is shown, and lists and cases are read anew. */
export function useOrdering() {
  const client = useQueryClient()
  return useActing<OrderOut>((found) => {
    for (const room of ['orders', 'cases']) void client.invalidateQueries({ queryKey: [room] })
    client.setQueryData(keyOf(found.reference), found)
  })
}
