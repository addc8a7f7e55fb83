import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { api } from '@/app/api'
import { language } from '@/app/language'

/** Shares of the mean work up to which a beat counts as even, and as somewhat too heavy. */
const EVEN = 1.15
const HEAVY = 1.3
export type Weight = 'even' | 'more' | 'most'
export const WEIGHTS: Record<Weight, string> = { even: 'green', more: 'yellow-mark', most: 'red' }

export function weightOf(relative: number): Weight {
  return relative <= EVEN + 1e-9 ? 'even' : relative <= HEAVY ? 'more' : 'most'
}

/** The area and the number of beats stand in the address: a design can be kept, sent and gone back to. */
export function useBeats() {
  const route = useRoute()
  const router = useRouter()
  const area = computed(() => String(route.query['area'] ?? '').slice(0, 40))
  const beats = computed(() => Math.max(0, Math.trunc(Number(route.query['beats'] ?? 0)) || 0))

  const found = useQuery({
    queryKey: computed(() => ['beats', language.value, area.value, beats.value]),
    queryFn: ({ signal }) => {
      const query = { area: area.value, beats: beats.value }
      return api.get('/api/grids/beats', { params: { query }, signal })
    },
    // Of another area nothing stays: what is typed meanwhile would be lost.
    placeholderData: (before, query) => (query?.queryKey[2] === area.value ? before : undefined),
    retry: false,
  })
  const design = (count: number) => void router.replace({ query: { area: area.value, beats: String(count) } })
  return { area, beats, found, design }
}
