import { onBeforeUnmount, onMounted, readonly, ref, type Ref } from 'vue'

/** The size for which the wall is laid out; on others all of it grows or shrinks alike. */
const [WIDTH, HEIGHT, TYPE] = [1920, 1080, 18]
/** Below this the wall is a page that scrolls, with type as everywhere. */
const LEAST = 0.62

/** Scale the page's type with the screen while the wall is open; `fits`: nothing needs scrolling. */
export function useWallSize(): { fits: Readonly<Ref<boolean>>; scale: Readonly<Ref<number>> } {
  const fits = ref(true)
  const scale = ref(1)
  const root = document.documentElement

  function measure() {
    const share = Math.min(window.innerWidth / WIDTH, window.innerHeight / HEIGHT)
    fits.value = share >= LEAST
    scale.value = fits.value ? share : 1
    root.style.fontSize = fits.value ? `${share * TYPE}px` : ''
  }

  measure()
  onMounted(() => window.addEventListener('resize', measure))
  onBeforeUnmount(() => {
    window.removeEventListener('resize', measure)
    root.style.fontSize = ''
  })
  return { fits: readonly(fits), scale: readonly(scale) }
}
