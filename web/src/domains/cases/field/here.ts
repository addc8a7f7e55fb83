import { onMounted, readonly, ref, shallowRef } from 'vue'
import { usePosition } from '@/domains/cockpit/usePosition'
import type { Point } from '@/domains/cockpit/points'

/** Where the person stands, and how exact that is in metres; the pages of the field share it. */
const here = shallowRef<Point | null>(null)
const exact = ref(0)

/** The device's position: asked for at once where the browser lets us, else when the person says so. */
export function useHere() {
  const { state, ask } = usePosition((point, metres) => {
    here.value = point
    exact.value = Math.round(metres)
  })
  onMounted(async () => {
    const told = await navigator.permissions?.query({ name: 'geolocation' }).catch(() => null)
    if (told?.state === 'granted') ask()
  })
  return { here: readonly(here), exact: readonly(exact), state, ask }
}
