import { onBeforeUnmount, ref, watch } from 'vue'

const TYPING_MS = 250

/** What is typed into a search field: asked for after a moment's rest or at once by `seek`; follows what is asked elsewhere. */
export function useTyped(asked: () => string, ask: (words: string) => void) {
  const words = ref(asked())
  let timer = 0

  watch(asked, (now) => {
    if (now !== words.value.trim()) words.value = now
  })

  function type() {
    window.clearTimeout(timer)
    timer = window.setTimeout(seek, TYPING_MS)
  }

  function seek() {
    window.clearTimeout(timer)
    if (words.value.trim() !== asked()) ask(words.value.trim())
  }

  onBeforeUnmount(() => window.clearTimeout(timer))
  return { words, type, seek }
}
