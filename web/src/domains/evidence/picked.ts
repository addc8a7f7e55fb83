import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { say } from '@/app/language'
import { Problem, said } from '@/app/problem'
import { MOST_BYTES, type Upload } from './photos'

/** A file on its way to the server; `url` shows it until the browser turns out not to know its kind, and `file` is
    there as long as it may be sent (again). */
export interface Picked {
  key: number
  name: string
  url: string
  file: File | null
  state: 'waiting' | 'sending' | 'done' | 'failed'
  id: string
  problem: string
}

let made = 0

/** Photos picked by a person, sent one after the other; each fails or succeeds alone. `ids` are those that arrived. */
export function usePicked(ids: Ref<string[]>, upload: () => Upload) {
  const items = ref<Picked[]>([])
  let busy = false

  // A form may come back from its draft with photos, or be emptied, from outside.
  watch(
    ids,
    (now) => {
      for (const item of items.value.filter((item) => item.state === 'done' && !now.includes(item.id))) drop(item)
      for (const id of now) {
        if (!items.value.some((item) => item.id === id)) items.value.push(picked(null, id))
      }
    },
    { immediate: true },
  )
  onScopeDispose(() => items.value.forEach(forget))

  function picked(file: File | null, id = ''): Picked {
    const url = file?.type.startsWith('image/') ? URL.createObjectURL(file) : ''
    return { key: ++made, name: file?.name ?? '', url, file, state: id ? 'done' : 'waiting', id, problem: '' }
  }

  function add(files: Iterable<File>) {
    for (const file of files) {
      const item = picked(file)
      if (file.size > MOST_BYTES) {
        const size = Math.ceil(file.size / 1024 / 1024)
        item.state = 'failed'
        item.problem = say('evidence.tooLarge', { size })
        item.file = null
      }
      items.value.push(item)
    }
    void sendAll()
  }

  async function sendAll() {
    if (busy) return
    busy = true
    let item: Picked | undefined
    while ((item = items.value.find((each) => each.state === 'waiting'))) await send(item)
    busy = false
  }

  async function send(item: Picked) {
    item.state = 'sending'
    try {
      const { id } = await upload()(item.file as File)
      if (!items.value.includes(item)) return
      if (ids.value.includes(id)) return drop(item)
      item.id = id
      item.state = 'done'
      ids.value = [...ids.value, id]
    } catch (error) {
      item.problem = said(error)
      item.state = 'failed'
      if (final(error)) item.file = null
    }
  }

  function again(item: Picked) {
    item.state = 'waiting'
    void sendAll()
  }

  function drop(item: Picked) {
    forget(item)
    items.value = items.value.filter((each) => each !== item)
    if (ids.value.includes(item.id)) ids.value = ids.value.filter((id) => id !== item.id)
  }

  return { items, add, again, drop }
}

/** Whether the server would say the same of the same file again. */
function final(error: unknown): boolean {
  return error instanceof Problem && [400, 403, 413, 415, 422].includes(error.status)
}

function forget(item: Picked) {
  if (item.url) URL.revokeObjectURL(item.url)
}
