import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { api } from '@/app/api'
import { language } from '@/app/language'

/** One object with its history. */
export function useObject(code: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['objects', code.value, language.value],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get('/api/objects/by-code/{code}', { params: { path: { code: code.value } }, signal }),
    })),
  )
}

export function objectPage(code: string): string {
  return `/objects/${encodeURIComponent(code)}`
}
