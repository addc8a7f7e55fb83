import { onScopeDispose, readonly, ref, type Ref } from 'vue'

/** Whether the browser fulfils a media query, now and whenever that changes. */
export function useMediaQuery(query: string): Readonly<Ref<boolean>> {
  const list = window.matchMedia(query)
  const matches = ref(list.matches)
  const changed = () => (matches.value = list.matches)
  list.addEventListener('change', changed)
  onScopeDispose(() => list.removeEventListener('change', changed))
  return readonly(matches)
}
