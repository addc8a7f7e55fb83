import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { api } from '@/app/api'
import { language } from '@/app/language'

const DAY = /^\d{4}-\d{2}-\d{2}$/
type Part = 'area' | 'layer' | 'day' | 'against' | 'by'

/** What is counted stands in the address: it can be kept, sent and gone back to. */
export function useCensus() {
  const route = useRoute()
  const router = useRouter()
  const told = (name: string) => String(route.query[name] ?? '').slice(0, 40)
  const day = (name: string) => (DAY.test(told(name)) ? told(name) : '')

  const asked = computed(() => ({
    area: told('area'),
    layer: told('layer'),
    day: day('day'),
    against: day('against'),
    by: told('by'),
  }))
  const query = computed(() => Object.fromEntries(Object.entries(asked.value).filter(([, value]) => value !== '')))

  function address(changes: Partial<Record<Part, string>>) {
    const wanted = { ...query.value, ...changes }
    if ('layer' in changes) delete wanted['by']
    return { query: Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)) }
  }

  const found = useQuery({
    queryKey: computed(() => ['census', language.value, query.value]),
    queryFn: ({ signal }) => api.get('/api/objects/census', { params: { query: query.value }, signal }),
    placeholderData: keepPreviousData,
  })
  const ask = (changes: Parameters<typeof address>[0]) => void router.replace(address(changes))
  const file = (kind: 'csv' | 'xlsx') => `/api/objects/census.${kind}?${new URLSearchParams(query.value).toString()}`
  return { asked, found, address, ask, file }
}
