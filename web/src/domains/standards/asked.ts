import { computed } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'

const KINDS = ['component', 'event'] as const
const DAY = /^\d{4}-\d{2}-\d{2}$/

export interface Wanted {
  q: string
  kind: '' | (typeof KINDS)[number]
  major: string
  urgent: boolean
  /** The day on which the edition read is in force; empty for today. */
  on: string
}

/** What is looked for in the rule book stands in the address: it can be kept, sent and gone back to. */
export function useAsked() {
  const route = useRoute()
  const router = useRouter()
  const text = (name: string) => String(route.query[name] ?? '').slice(0, 200)

  const asked = computed<Wanted>(() => ({
    q: text('q'),
    kind: KINDS.find((kind) => kind === text('kind')) ?? '',
    major: text('major').slice(0, 40),
    urgent: text('urgent') === 'true',
    on: DAY.test(text('on')) ? text('on') : '',
  }))

  function address(changes: Partial<Wanted>): LocationQueryRaw {
    return Object.fromEntries(
      Object.entries({ ...asked.value, ...changes })
        .filter(([, value]) => value)
        .map(([name, value]) => [name, String(value)]),
    )
  }

  function ask(changes: Partial<Wanted>) {
    void router.replace({ query: address(changes) })
  }

  return { asked, ask, address }
}

/** The page of a category, on the day that is being read. */
export function categoryPage(code: string, on = '') {
  return { path: `/rules/${encodeURIComponent(code)}`, query: on ? { on } : {} }
}
