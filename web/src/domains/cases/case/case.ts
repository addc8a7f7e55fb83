import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { api } from '@/app/api'
import type { CaseOut } from '@/generated/api'

const PULSE_MS = 30_000

function options(number: string) {
  return {
    queryKey: ['cases', 'one', number],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.get('/api/cases/{number}', { params: { path: { number } }, signal }),
  }
}

/** One case whole, read again every half minute. */
export function useCase(number: Ref<string>) {
  return useQuery(computed(() => ({ ...options(number.value), refetchInterval: PULSE_MS, refetchOnWindowFocus: true })))
}

/** What was reported about a case, by whom, and what they were answered. */
export function useReports(number: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['cases', 'reports', number.value],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/cases/{number}/reports', { params: { path: { number: number.value } }, signal }),
    })),
  )
}

const NEAR_M = 500

/** Open cases near one, nearest first, itself among them. */
export function useNear(row: () => CaseOut | null) {
  const point = computed(() => {
    const { lon = null, lat = null } = row() ?? {}
    return lon === null || lat === null ? null : { lon, lat }
  })
  return useQuery(
    computed(() => ({
      queryKey: ['cases', 'near', point.value, NEAR_M],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/cases/near', {
          params: { query: { lon: point.value?.lon ?? 0, lat: point.value?.lat ?? 0, radius_m: NEAR_M } },
          signal,
        }),
      enabled: point.value !== null,
    })),
  )
}

/** Whom the responsibility ledger names for a case, and why. */
export function useProposal(number: Ref<string>, wanted: Ref<boolean>) {
  return useQuery(
    computed(() => ({
      queryKey: ['cases', 'proposal', number.value],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/cases/{number}/proposal', { params: { path: { number: number.value } }, signal }),
      enabled: wanted.value,
    })),
  )
}

/** Why a case is due when it is; read when somebody wants to know, and again when the case moved. */
export function useWhy(number: Ref<string>, seq: Ref<number>, wanted: Ref<boolean>) {
  return useQuery(
    computed(() => ({
      queryKey: ['cases', 'clocks', number.value, seq.value],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/cases/{number}/clocks', { params: { path: { number: number.value } }, signal }),
      enabled: wanted.value,
      placeholderData: keepPreviousData,
    })),
  )
}

/** Read a case before it is asked for, so that the next one of the queue opens at once. */
export function useForesight() {
  const client = useQueryClient()
  return (number: string) => void client.prefetchQuery(options(number))
}
