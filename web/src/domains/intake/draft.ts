import { reactive, ref, toRaw, watch } from 'vue'
import type { Point } from '@/domains/cockpit/points'

const KEPT = 'cityloop.draft.report'
const CHANNEL = 'cityloop.channel'

/** What an acceptor has typed so far. `key` makes sending it twice harmless. */
export interface Draft {
  key: string
  words: string
  address: string
  category: string
  channel: string
  /** What a hotline calls its order. */
  order: string
  point: Point | null
  photos: string[]
  name: string
  phone: string
  email: string
}

function empty(): Draft {
  return {
    key: crypto.randomUUID(),
    words: '',
    address: '',
    category: '',
    channel: localStorage.getItem(CHANNEL) ?? '',
    order: '',
    point: null,
    photos: [],
    name: '',
    phone: '',
    email: '',
  }
}

function kept(): Draft {
  try {
    return { ...empty(), ...(JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') as Partial<Draft>) }
  } catch {
    return empty()
  }
}

/** The report being typed; it outlives the page within its tab. */
export function useDraft() {
  const draft = reactive(kept())
  /** Grows with each new report, so that parts with a memory of their own begin anew. */
  const nth = ref(0)
  watch(draft, (now) => sessionStorage.setItem(KEPT, JSON.stringify(toRaw(now))), { deep: true })

  function startAnew() {
    if (draft.channel) localStorage.setItem(CHANNEL, draft.channel)
    Object.assign(draft, empty())
    nth.value += 1
  }
  return { draft, nth, startAnew }
}
