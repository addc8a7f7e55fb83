import { ref, watch, type Ref } from 'vue'

/** What is being typed; the tab keeps it under its key until it is sent or thrown away. */
export function useKept<Form extends object>(key: string, empty: () => Form) {
  const form = ref(read(key, empty)) as Ref<Form>
  const begun = ref(sessionStorage.getItem(key) !== null)
  watch(
    form,
    (now) => {
      sessionStorage.setItem(key, JSON.stringify(now))
      begun.value = true
    },
    { deep: true },
  )

  function forget() {
    form.value = empty()
    // After the watcher, which would write it back.
    queueMicrotask(() => drop())
  }
  function drop() {
    sessionStorage.removeItem(key)
    begun.value = false
  }
  return { form, begun, forget }
}

function read<Form extends object>(key: string, empty: () => Form): Form {
  try {
    return { ...empty(), ...(JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<Form>) }
  } catch {
    return empty()
  }
}
