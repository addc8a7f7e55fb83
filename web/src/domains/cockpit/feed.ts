import { onBeforeUnmount, onMounted, readonly, ref, type Ref } from 'vue'
import { api } from '@/app/api'
import { loadMe, me } from '@/app/session'

/** One step that was just taken somewhere in the city. */
export interface Entry {
  id: string
  number: string
  step: string
  state: string
  at: string
  light: string
  category: string
  lon: number | null
  lat: number | null
}

export type FeedState = 'connecting' | 'live' | 'reconnecting' | 'off'

const SHOWN = 12
const KNOWN = 3000
const WAITING = 300
const [SOON, LATE] = [2_000, 30_000]

/**
 * The live feed: what is new comes in batches, once a frame and each entry once; `reset` says to load everything anew.
 * The browser reconnects by itself; where it gave up we begin again with a fresh token and the last entry seen.
 */
export function useFeed(fresh: (entries: Entry[]) => void, reset: () => void): Readonly<Ref<FeedState>> {
  const state = ref<FeedState>('connecting')
  const known = new Set<string>()
  let source: EventSource | null = null
  let waiting: Entry[] = []
  let last = ''
  let pause = SOON
  let timer = 0
  let frame = 0

  function open() {
    const { feed_url: address, view_token: token } = me.value ?? {}
    if (!address || !token) return void (state.value = 'off')
    const query = new URLSearchParams({ t: token, ...(last ? { last } : { recent: String(SHOWN) }) })
    source = new EventSource(`${address}?${query}`)
    source.addEventListener('ready', (event) => {
      last = event.lastEventId
      state.value = 'live'
      pause = SOON
    })
    source.addEventListener('entry', heard)
    source.addEventListener('reset', (event) => {
      last = event.lastEventId
      reset()
    })
    source.addEventListener('error', () => {
      state.value = 'reconnecting'
      if (source?.readyState === EventSource.CLOSED) begin()
    })
  }

  function begin() {
    source?.close()
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void renew().finally(open), pause)
    pause = Math.min(pause * 2, LATE)
  }

  function heard(event: MessageEvent<string>) {
    last = event.lastEventId
    if (known.has(last)) return
    known.add(last)
    if (known.size > KNOWN) known.delete(known.values().next().value ?? '')
    waiting.push(read(last, event.data))
    if (waiting.length > WAITING) waiting = waiting.slice(-WAITING)
    frame ||= requestAnimationFrame(() => {
      frame = 0
      fresh(waiting.splice(0))
    })
  }

  onMounted(open)
  onBeforeUnmount(() => {
    source?.close()
    window.clearTimeout(timer)
    cancelAnimationFrame(frame)
  })
  return readonly(state)
}

/** Asking for something personal first: that is where an ended session is asked to sign in, with the page left as it is. */
async function renew(): Promise<void> {
  try {
    await api.get('/api/me/filters')
    await loadMe()
  } catch {
    // the server is away: the old token serves until it is back
  }
}

function read(id: string, data: string): Entry {
  const facts = JSON.parse(data) as Record<string, unknown>
  const word = (name: string) => String(facts[name] ?? '')
  const degrees = (name: string) => (typeof facts[name] === 'number' ? facts[name] : null)
  return {
    id,
    number: word('number'),
    step: word('step'),
    state: word('state'),
    at: word('at'),
    light: word('light'),
    category: word('category'),
    lon: degrees('lon'),
    lat: degrees('lat'),
  }
}
