import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { api } from '@/app/api'
import { language } from '@/app/language'
import type { Wanted } from './asked'

const MINUTES_MS = 300_000

/** Rules in which all words stand, so many of them at most. */
export function useSearch(asked: Ref<Wanted>, most: Ref<number>) {
  return useQuery({
    queryKey: ['rules', 'search', language, asked, most],
    queryFn: ({ signal }) => {
      const { q, kind, major, urgent, on } = asked.value
      const query = { q, kind, major, limit: most.value, ...(urgent ? { urgent } : {}), ...(on ? { on } : {}) }
      return api.get('/api/rules/search', { params: { query }, signal })
    },
    placeholderData: keepPreviousData,
  })
}

export function useTree(on: Ref<string>) {
  return useQuery({
    queryKey: ['rules', 'tree', language, on],
    queryFn: ({ signal }) => api.get('/api/rules/tree', { params: { query: dayOf(on.value) }, signal }),
    placeholderData: keepPreviousData,
    staleTime: MINUTES_MS,
  })
}

export function useEditions() {
  return useQuery({
    queryKey: ['rules', 'editions'],
    queryFn: ({ signal }) => api.get('/api/rules/editions', { signal }),
  })
}

export function useDocuments() {
  return useQuery({
    queryKey: ['rules', 'documents', language],
    queryFn: ({ signal }) => api.get('/api/rules/documents', { signal }),
    staleTime: MINUTES_MS,
  })
}

/** A category with all its situations; asked for only once it has a code. */
export function useCategory(code: Ref<string>, on: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['rules', 'category', language.value, code.value, on.value],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/rules/categories/{category}', {
          params: { path: { category: code.value }, query: dayOf(on.value) },
          signal,
        }),
      enabled: code.value !== '',
      staleTime: MINUTES_MS,
    })),
  )
}

function dayOf(on: string) {
  return on ? { on } : {}
}
