import { readonly, ref } from 'vue'
import { rounded, type Point } from './points'

export type PositionState = 'idle' | 'asking' | 'found' | 'denied' | 'unknown' | 'missing'

/** Ask the device where it is, when the person says so; `found` gets the place and how exact it is in metres. */
export function usePosition(found: (place: Point, metres: number) => void) {
  const state = ref<PositionState>('idle')

  function ask() {
    if (!('geolocation' in navigator)) return void (state.value = 'missing')
    state.value = 'asking'
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        state.value = 'found'
        found(rounded({ lon: coords.longitude, lat: coords.latitude }), coords.accuracy)
      },
      (error) => {
        state.value = error.code === error.PERMISSION_DENIED ? 'denied' : 'unknown'
      },
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 30_000 },
    )
  }

  return { state: readonly(state), ask }
}
