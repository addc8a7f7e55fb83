import { onBeforeUnmount, onMounted, ref } from 'vue'

const KEPT = 'cityloop.shortcuts'
const THEN_MS = 1500

/** Whether single keys act; who uses speech input switches them off. */
export const shortcutsOn = ref(localStorage.getItem(KEPT) !== 'off')

export function switchShortcuts(on: boolean): void {
  shortcutsOn.value = on
  localStorage.setItem(KEPT, on ? 'on' : 'off')
}

/** Act on single keys while the page is shown; a key of two letters is one pressed after the other (`gd`). An action
 *  that returns false leaves the key to the browser. Nothing acts while somebody types or a dialog is open. */
export function useShortcuts(keys: Record<string, (event: KeyboardEvent) => boolean | void>) {
  let before = ''
  let timer = 0

  function press(event: KeyboardEvent) {
    if (!shortcutsOn.value || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.isComposing || typing(event.target) || document.querySelector('dialog[open]')) return
    const key =
      event.key.length === 1 && event.shiftKey && event.key !== '?' ? `Shift+${event.key.toLowerCase()}` : event.key
    const action = keys[before + key] ?? keys[key]
    const starts = !before && Object.keys(keys).some((known) => known.length === 2 && known[0] === key)
    window.clearTimeout(timer)
    before = starts ? key : ''
    if (starts) timer = window.setTimeout(() => (before = ''), THEN_MS)
    if (action && action(event) !== false) event.preventDefault()
  }

  onMounted(() => window.addEventListener('keydown', press))
  onBeforeUnmount(() => {
    window.removeEventListener('keydown', press)
    window.clearTimeout(timer)
  })
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox'
  return target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName)
}
