import { reactive, ref, watch } from 'vue'
import { api, formOf } from '@/app/api'
import { Problem, said } from '@/app/problem'
import type { Upload } from '@/domains/evidence/photos'
import type { TicketOut } from '@/generated/api'

const KEPT = 'cityloop.report'

interface Draft {
  /** Made once per report: sent again, the server answers with the same number. */
  key: string
  point: { lon: number; lat: number } | null
  accuracy: number | null
  address: string
  category: string
  words: string
  photos: string[]
  name: string
  phone: string
  email: string
}

function blank(): Draft {
  return {
    key: crypto.randomUUID(),
    point: null,
    accuracy: null,
    address: '',
    category: '',
    words: '',
    photos: [],
    name: '',
    phone: '',
    email: '',
  }
}

function kept(): Draft {
  try {
    return { ...blank(), ...(JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Partial<Draft>) }
  } catch {
    return blank()
  }
}

export const sendPublicPhoto: Upload = (file) => api.post('/api/public/photos', formOf({ file }))

/** What a citizen has typed so far. It outlives the page and the net, until the server has it. */
export function useDraft() {
  const draft = reactive(kept())
  const sending = ref(false)
  const problem = ref('')
  /** The report could not reach the server: it is sent by itself when the net is back. */
  const offline = ref(false)
  const ticket = ref<TicketOut | null>(null)

  watch(draft, () => localStorage.setItem(KEPT, JSON.stringify(draft)), { deep: true })

  async function send() {
    if (sending.value) return
    sending.value = true
    problem.value = ''
    offline.value = false
    try {
      ticket.value = await api.post('/api/public/reports', {
        body: {
          key: draft.key,
          lon: draft.point?.lon ?? null,
          lat: draft.point?.lat ?? null,
          accuracy_m: draft.point ? draft.accuracy : null,
          address: draft.address,
          category: draft.category,
          words: draft.words,
          photos: draft.photos,
          contact: { name: draft.name, phone: draft.phone, email: draft.email },
        },
      })
      restart()
    } catch (error) {
      problem.value = said(error)
      offline.value = error instanceof Problem && error.code === 'unreachable'
    } finally {
      sending.value = false
    }
  }

  function restart() {
    Object.assign(draft, blank())
    localStorage.removeItem(KEPT)
  }

  return { draft, sending, problem, offline, ticket, send, restart }
}
