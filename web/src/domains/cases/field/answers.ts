import { onBeforeUnmount, onMounted, readonly, ref, shallowRef, watch, type Ref } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api } from '@/app/api'
import { Problem, said } from '@/app/problem'
import { me } from '@/app/session'
import type { StepOut } from '@/generated/api'
import { UNTOLD } from '../case/draft'
import type { TaskStep } from './tasks'

/** What was handed in on the spot: the step, the entry it acts upon, when and where. */
interface Handed {
  step: TaskStep
  seq: number
  at: string
  lon: number | null
  lat: number | null
}

/** What somebody answers to a task. It stays on the device until the server has it. */
export interface Answer {
  verdict: string
  note: string
  photos: string[]
  /** Set once it was handed in; it is sent again with the same time and place. */
  handed: Handed | null
  /** Why the server did not take it, in its words. */
  refused: string
}

const BLANK: Answer = { verdict: '', note: '', photos: [], handed: null, refused: '' }
const AGAIN_MS = 30_000

/** A device may be used by several people: everybody's answers are their own. */
const prefix = () => `cityloop.field.${me.value?.user?.username ?? ''}.`

function kept(number: string): Answer {
  try {
    return { ...BLANK, ...(JSON.parse(localStorage.getItem(prefix() + number) ?? '{}') as Partial<Answer>) }
  } catch {
    return { ...BLANK }
  }
}

function keep(number: string, answer: Answer): void {
  const empty = !answer.verdict && !answer.note && !answer.photos.length
  if (empty) localStorage.removeItem(prefix() + number)
  else localStorage.setItem(prefix() + number, JSON.stringify(answer))
}

/** The cases whose answer was handed in and is not sent yet, and those whose answer was not taken. */
const waiting = ref<string[]>([])
const refused = ref<string[]>([])
function recount() {
  const numbers = Object.keys(localStorage)
    .filter((key) => key.startsWith(prefix()))
    .map((key) => key.slice(prefix().length))
  waiting.value = numbers.filter((number) => kept(number).handed)
  refused.value = numbers.filter((number) => kept(number).refused)
}

/** What became of the answer that was sent last. */
const sent = shallowRef<StepOut | null>(null)
const underway = new Map<string, Promise<StepOut>>()

/** Send what was handed in, once at a time. Without network it stays handed in; what is refused is given back. */
function post(number: string): Promise<StepOut> {
  const call = underway.get(number) ?? sendOne(number).finally(() => underway.delete(number))
  underway.set(number, call)
  return call
}

async function sendOne(number: string): Promise<StepOut> {
  const { handed, refused: _refused, ...words } = kept(number)
  if (!handed) throw new Error(number)
  try {
    const after = await api.post('/api/cases/{number}/steps', {
      params: { path: { number } },
      body: { ...UNTOLD, ...words, ...handed },
    })
    localStorage.removeItem(prefix() + number)
    sent.value = after
    return after
  } catch (error) {
    if (!unreachable(error)) keep(number, { ...words, handed: null, refused: said(error) })
    throw error
  } finally {
    recount()
  }
}

export function unreachable(error: unknown): boolean {
  return error instanceof Problem && (error.status === 0 || error.status >= 500)
}

/** The answer to one task; `after`: what became of it once the server had it. */
export function useAnswer(number: Ref<string>) {
  const client = useQueryClient()
  const answer = ref(kept(number.value))
  const sending = ref(false)
  const after = shallowRef<StepOut | null>(null)
  watch(answer, (now) => keep(number.value, now), { deep: true })
  watch(number, () => {
    answer.value = kept(number.value)
    after.value = null
  })
  // It may have been sent from here, or by itself when the network came back.
  watch(sent, (found) => {
    if (found?.number !== number.value) return
    answer.value = { ...BLANK }
    after.value = found
  })
  watch(refused, (numbers) => {
    if (numbers.includes(number.value) && answer.value.handed) answer.value = kept(number.value)
  })

  async function send(handed: Handed | null = answer.value.handed) {
    if (sending.value || !handed) return
    sending.value = true
    answer.value = { ...answer.value, handed, refused: '' }
    keep(number.value, answer.value)
    await post(number.value).catch((error: unknown) => {
      if (!unreachable(error)) answer.value = kept(number.value)
    })
    sending.value = false
    await client.invalidateQueries({ queryKey: ['cases'] })
  }
  return { answer, sending, after, send }
}

/** Sends what waits as soon as the network is back, while a page of the field is open. */
export function useOutbox() {
  const client = useQueryClient()
  const online = ref(navigator.onLine)
  let timer = 0
  let busy = false

  async function sendAll() {
    recount()
    if (busy || !waiting.value.length) return
    busy = true
    const sent = await Promise.all(waiting.value.map((number) => post(number).catch(() => null)))
    busy = false
    if (sent.some(Boolean)) await client.invalidateQueries({ queryKey: ['cases'] })
  }
  function turn() {
    online.value = navigator.onLine
    if (online.value) void sendAll()
  }

  onMounted(() => {
    window.addEventListener('online', turn)
    window.addEventListener('offline', turn)
    timer = window.setInterval(() => void sendAll(), AGAIN_MS)
    void sendAll()
  })
  onBeforeUnmount(() => {
    window.removeEventListener('online', turn)
    window.removeEventListener('offline', turn)
    window.clearInterval(timer)
  })
  return { online: readonly(online), waiting: readonly(waiting), refused: readonly(refused), sendAll }
}
